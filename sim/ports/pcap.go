package ports

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/pcap"
)

// capture is a port made of capture files.
type capture struct {
	o     Options
	name  string
	file  io.ReadCloser // nil without one
	in    *pcap.Reader
	pause pause

	mu  sync.Mutex
	out *captureOut // nil without one
}

// captureOut is a capture that is written.
type captureOut struct {
	file *os.File
	buf  *bufio.Writer
	w    *pcap.Writer
}

// openPcap reads [IN][,OUT].
func openPcap(arg string, o Options) (Port, error) {
	in, out, _ := strings.Cut(arg, ",")
	if in == "" && out == "" {
		return nil, fmt.Errorf("a capture needs a file: %s", pcapForm)
	}
	p := &capture{o: o, name: filepath.Base(in), pause: newPause()}
	if in != "" {
		f, err := infile.Open(in, "a capture", infile.Capture)
		if err != nil {
			return nil, err
		}
		p.file = f
		if p.in, err = pcap.NewReader(f); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", in, err), f.Close())
		}
	}
	if out != "" {
		if err := p.create(out); err != nil {
			return nil, errors.Join(err, p.Close())
		}
	}
	return p, nil
}

// create begins the file of what leaves.
func (p *capture) create(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("%w; what leaves goes to a new file", err)
	}
	if p.o.UID >= 0 {
		if err := f.Chown(p.o.UID, p.o.GID); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	out := &captureOut{file: f, buf: bufio.NewWriter(f)}
	if out.w, err = pcap.NewWriter(out.buf); err != nil {
		return errors.Join(err, f.Close())
	}
	p.out = out
	return nil
}

// Finite implements Port.
func (p *capture) Finite() bool { return true }

// Patient implements Port.
func (p *capture) Patient() bool { return true }

// Receive implements Port. With a pace, frames come at the distances of the
// capture.
func (p *capture) Receive(take func(Frame) bool) error {
	if p.in == nil {
		return nil
	}
	var first, begin time.Time
	for n := 1; ; n++ {
		f, err := p.in.Next()
		switch {
		case err == io.EOF || p.pause.closed():
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", p.name, err)
		case f.Length > len(f.Data):
			return fmt.Errorf("%s: packet %d was cut to %d of %d bytes; a program would see the bytes that are missing", p.name, n, len(f.Data), f.Length)
		case len(f.Data) > MaxFrame:
			p.o.logf("%s: packet %d of %d bytes is dropped; ports take up to %d", p.name, n, len(f.Data), MaxFrame)
			continue
		}
		due := time.Now()
		if begin.IsZero() {
			first, begin = f.Time, due
		}
		if p.o.Paced {
			due = begin.Add(f.Time.Sub(first))
			if !p.pause.until(due) {
				return nil
			}
		}
		if !take(Frame{Data: bytes.Clone(f.Data), Due: due}) {
			return nil
		}
	}
}

// Send implements Port.
func (p *capture) Send(frame []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out == nil {
		return ErrNoPeer
	}
	return p.out.w.Write(pcap.Packet{Data: frame, Time: time.Now()})
}

// Close implements Port.
func (p *capture) Close() error {
	p.pause.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	if p.file != nil {
		err = p.file.Close()
		p.file = nil
	}
	if p.out != nil {
		err = errors.Join(err, p.out.buf.Flush(), p.out.file.Close())
		p.out = nil
	}
	return err
}

// pause waits for points in time, until it is closed.
type pause struct {
	once *sync.Once
	done chan struct{}
}

func newPause() pause { return pause{&sync.Once{}, make(chan struct{})} }

func (p *pause) close() { p.once.Do(func() { close(p.done) }) }

func (p *pause) closed() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// until waits; false means that it was closed meanwhile.
func (p *pause) until(t time.Time) bool {
	left := time.Until(t)
	if left <= 0 {
		return !p.closed()
	}
	select {
	case <-p.done:
		return false
	case <-time.After(left):
		return true
	}
}
