package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/outfile"
	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/internal/pcap"
)

// dash is the name of standard input or output in the place of a file. A file of
// that name is "./-".
const dash = "-"

// streams are standard input and output as files: each stands for one file of a
// command at most. What is written there is bytes, so text that a command prints
// besides goes to standard error.
type streams struct {
	in  io.Reader
	out io.Writer
	// What they stand for, "" for nothing yet.
	inIs, outIs string
}

// fileName is what errors call a file.
func fileName(path, standard string) string {
	if path == dash {
		return standard
	}
	return path
}

// inName is the name of an input in errors.
func inName(path string) string { return fileName(path, "standard input") }

// read reads a file that a user names, or standard input.
func (s *streams) read(path, what string, most int64) ([]byte, error) {
	if path != dash {
		return infile.Read(path, what, most)
	}
	if s.inIs != "" {
		return nil, usagef("standard input cannot be both %s and %s", s.inIs, what)
	}
	s.inIs = what
	return infile.All(s.in, inName(path), what, most)
}

// write writes a file that a user names, or standard output. what names the
// kind of file, as "an image".
func (s *streams) write(path, what string, write func(io.Writer) error) error {
	if path != dash {
		return outfile.Write(path, write)
	}
	if s.outIs != "" {
		return usagef("standard output cannot be both %s and %s", s.outIs, what)
	}
	s.outIs = what
	return write(s.out)
}

// report returns where a command prints its text that writes to the given
// files.
func report(cmd *cobra.Command, files ...string) io.Writer {
	for _, f := range files {
		if f == dash {
			return cmd.ErrOrStderr()
		}
	}
	return cmd.OutOrStdout()
}

// capture reads the packets of a capture file.
func (s *streams) capture(path string) ([]pcap.Packet, error) {
	if path != dash {
		return pcap.ReadFile(path)
	}
	data, err := s.read(path, "a capture", infile.Capture)
	if err != nil {
		return nil, err
	}
	packets, err := pcap.Read(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", inName(path), err)
	}
	return packets, nil
}

// capture is a capture file that is read packet by packet.
type capture struct {
	reader *pcap.Reader
	name   string
	file   io.Closer
	// size is that of the file in bytes, 0 for unknown; read is how much of it
	// has been read.
	size int64
	read atomic.Int64
	// packets is how many were read, for whoever watches.
	packets atomic.Int64
	watched bool
}

// openCapture opens a capture file. When ctx ends, so does reading.
func (s *streams) openCapture(ctx context.Context, path string) (*capture, error) {
	c := &capture{name: inName(path), file: io.NopCloser(nil)}
	in := s.in
	if path == dash {
		if s.inIs != "" {
			return nil, usagef("standard input cannot be both %s and a capture", s.inIs)
		}
		s.inIs = "a capture"
	} else {
		f, err := infile.Open(path, "a capture", infile.Stream)
		if err != nil {
			return nil, err
		}
		c.name, c.file, in = filepath.Base(path), f, f
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			c.size = info.Size()
		}
	}
	if c.size == 0 { // a pipe or a device, which may have nothing for a while
		in = &interruptible{ctx: ctx, r: in}
	}
	var err error
	if c.reader, err = pcap.NewReader(&counted{in, &c.read}); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", c.name, err), c.Close())
	}
	return c, nil
}

// Next implements packetrun.Source.
func (c *capture) Next() (pcap.Packet, error) {
	if c.watched {
		c.packets.Add(1)
	}
	return c.reader.Next()
}

// blame names the file that an error of a run is about: the capture, or the
// program, "" for one that is named already.
func (c *capture) blame(program string, err error) error {
	var input *packetrun.InputError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &input):
		return fmt.Errorf("%s: %w", c.name, err)
	case program == "":
		return err
	}
	return fmt.Errorf("%s: %w", program, err)
}

// Close implements io.Closer.
func (c *capture) Close() error { return c.file.Close() }

// counted counts what is read, for whoever watches.
type counted struct {
	r io.Reader
	n *atomic.Int64
}

// Read implements io.Reader.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// interruptible reads in a goroutine of its own, so that nobody waits for input when
// ctx has ended.
type interruptible struct {
	ctx  context.Context
	r    io.Reader
	ask  chan []byte // buffers to fill; nil until the first read
	got  chan filled
	rest []byte
	buf  []byte
}

// filled is what a read gave.
type filled struct {
	n   int
	err error
}

// Read implements io.Reader.
func (i *interruptible) Read(b []byte) (int, error) {
	if len(i.rest) == 0 {
		if err := i.fetch(); err != nil {
			return 0, err
		}
	}
	n := copy(b, i.rest)
	i.rest = i.rest[n:]
	return n, nil
}

// fetch waits for input. After ctx has ended there is none: the goroutine may still
// be in its read.
func (i *interruptible) fetch() error {
	if err := i.ctx.Err(); err != nil {
		return err
	}
	if i.ask == nil {
		i.ask, i.got, i.buf = make(chan []byte, 1), make(chan filled, 1), make([]byte, 64<<10)
		go func() {
			for b := range i.ask {
				n, err := i.r.Read(b)
				i.got <- filled{n, err}
			}
		}()
	}
	i.ask <- i.buf
	select {
	case <-i.ctx.Done():
		close(i.ask)
		return i.ctx.Err()
	case f := <-i.got:
		i.rest = i.buf[:f.n]
		if f.n > 0 {
			return nil // an error comes again
		}
		if f.err == nil {
			return nil
		}
		return f.err
	}
}
