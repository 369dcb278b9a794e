package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Bytes of each CPU's ring of events.
const perfRing = 64 << 10

// events reads a perf event array.
type events struct {
	reader *sys.PerfReader
	fd     int
}

// Events implements offload.EventReader: for perf event arrays, which programs
// on the device and on the host write to alike, and for ring buffers, which those
// on the host have.
func (d *Device) Events(_ context.Context, mapID uint32) (offload.Events, error) {
	op := fmt.Sprintf("read events of map %d", mapID)
	fd, err := sys.OpenID(sys.Maps, mapID)
	if err != nil {
		return nil, d.fail(op, err)
	}
	m, err := sys.ReadMap(fd)
	if err == nil && m.Type == bpf.MapTypeRingbuf {
		r, err := openRing(fd)
		if err != nil {
			return nil, d.fail(op, err)
		}
		return r, nil
	}
	r, err := openEvents(op, fd)
	if err == nil {
		return &events{reader: r, fd: fd}, nil
	}
	unix.Close(fd)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, os.ErrNotExist) {
		return nil, &offload.Error{Op: op, Kind: offload.ErrNotSupported, Err: err, Reason: "this kernel is built without perf events"}
	}
	return nil, d.fail(op, err)
}

func openEvents(op string, fd int) (*sys.PerfReader, error) {
	m, err := sys.ReadMap(fd)
	if err != nil {
		return nil, err
	}
	if typ := m.Type; typ != bpf.MapTypePerfEventArray {
		return nil, &offload.Error{Op: op, Err: unix.EINVAL, Reason: fmt.Sprintf("it is a map of type %s; events come through perf event arrays and ring buffers", typ)}
	}
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, err
	}
	return sys.OpenPerf(fd, int(m.MaxEntries), cpus, perfRing)
}

// Read implements offload.Events.
func (e *events) Read() (offload.Event, error) {
	rec, err := e.reader.Read()
	return offload.Event(rec), err
}

// Close implements offload.Events.
func (e *events) Close() error { return errors.Join(e.reader.Close(), unix.Close(e.fd)) }
