package card

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/remote"
)

// StatusOf asks a running card how it is.
func StatusOf(c *remote.Client) (s Status, err error) {
	err = c.Call(opStatus, nil, &s)
	return s, err
}

// LogOf asks a running card for the last lines of its log.
func LogOf(c *remote.Client) (lines []string, err error) {
	err = c.Call(opLog, nil, &lines)
	return lines, err
}

// StopCard asks a running card to end and waits until it has.
func StopCard(ctx context.Context, c *remote.Client) error {
	switch err := c.Call(opStop, nil, nil); {
	case errors.Is(err, offload.ErrDeviceGone):
		return nil // it has ended before it could answer
	case err != nil:
		return err
	}
	s, err := c.Stream(ctx, opCapture, captureArgs{Port: -1})
	if err != nil {
		return nil // it has ended already
	}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	defer s.Close()
	for {
		var ignored any
		if last, err := s.Next(&ignored); last || err != nil {
			return ctx.Err()
		}
	}
}

// Capture gives what is seen at a port of a running card, -1 for all, to f until
// it returns an error, ctx ends or the card does. First, begin is told what the
// ports are.
func Capture(ctx context.Context, c *remote.Client, port int, begin func(Status) error, f func(Seen) error) error {
	s, err := c.Stream(ctx, opCapture, captureArgs{Port: port})
	if err != nil {
		return err
	}
	defer s.Close()
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	var st Status
	if last, err := s.Next(&st); last || err != nil {
		return err
	}
	if err := begin(st); err != nil {
		return err
	}
	for {
		var seen Seen
		last, err := s.Next(&seen)
		if last {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := f(seen); err != nil {
			return err
		}
	}
}

// Save writes a checkpoint of a running card.
func Save(ctx context.Context, c *remote.Client, w io.Writer) error {
	s, err := c.Stream(ctx, opSave, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	for {
		var part []byte
		last, err := s.Next(&part)
		if err != nil {
			return fmt.Errorf("save %s: %w", c.Name(), err)
		}
		if _, err := w.Write(part); err != nil || last {
			return err
		}
	}
}
