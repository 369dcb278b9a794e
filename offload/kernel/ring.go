package kernel

import (
	"errors"
	"io"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
)

// ringEvents reads a ring buffer. The kernel does not tell what was lost: a
// program that finds no room is told itself.
type ringEvents struct {
	reader *ringbuf.Reader
	m      *ebpf.Map
}

// openRing takes over the descriptor of a ring buffer.
func openRing(fd int) (*ringEvents, error) {
	m, err := ebpf.NewMapFromFD(fd)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	r, err := ringbuf.NewReader(m)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return &ringEvents{r, m}, nil
}

// Read implements offload.Events.
func (e *ringEvents) Read() (offload.Event, error) {
	rec, err := e.reader.Read()
	if errors.Is(err, os.ErrClosed) {
		return offload.Event{}, io.EOF
	}
	return offload.Event{Data: rec.RawSample}, err
}

// Close implements offload.Events.
func (e *ringEvents) Close() error { return errors.Join(e.reader.Close(), e.m.Close()) }
