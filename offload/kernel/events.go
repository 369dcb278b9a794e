package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/perf"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
)

// Bytes of each CPU's ring of events.
const perfRing = 64 << 10

// events reads a perf event array.
type events struct {
	reader *perf.Reader
	m      *ebpf.Map
}

// Events implements offload.EventReader for perf event arrays, which programs on
// the device and on the host write to alike.
func (d *Device) Events(_ context.Context, mapID uint32) (offload.Events, error) {
	op := fmt.Sprintf("read events of map %d", mapID)
	m, err := ebpf.NewMapFromID(ebpf.MapID(mapID))
	if err != nil {
		return nil, d.fail(op, err)
	}
	if m.Type() != ebpf.PerfEventArray {
		m.Close()
		return nil, fmt.Errorf("%s: it is a map of type %s; events come through a perf event array", op, m.Type())
	}
	r, err := perf.NewReader(m, perfRing)
	if err != nil {
		m.Close()
		if errors.Is(err, unix.ENOSYS) || errors.Is(err, os.ErrNotExist) {
			return nil, &offload.Error{Op: op, Kind: offload.ErrNotSupported, Err: err, Reason: "this kernel is built without perf events"}
		}
		return nil, d.fail(op, err)
	}
	return &events{reader: r, m: m}, nil
}

// Read implements offload.Events.
func (e *events) Read() (offload.Event, error) {
	rec, err := e.reader.Read()
	if errors.Is(err, perf.ErrClosed) {
		return offload.Event{}, io.EOF
	}
	if err != nil {
		return offload.Event{}, err
	}
	return offload.Event{CPU: rec.CPU, Data: rec.RawSample, Lost: rec.LostSamples}, nil
}

// Close implements offload.Events.
func (e *events) Close() error { return errors.Join(e.reader.Close(), e.m.Close()) }
