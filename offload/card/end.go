package card

import (
	"errors"
	"sync/atomic"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim/ports"
)

// flow counts frames in one direction.
type flow struct{ packets, bytes atomic.Uint64 }

func (f *flow) add(bytes int) {
	f.packets.Add(1)
	f.bytes.Add(uint64(bytes))
}

// end is what a port's wire or host is connected to.
type end struct {
	name string
	port ports.Port
	tx   chan []byte
	dead atomic.Bool // nothing comes in any more

	rx, sent                            flow
	noBuffer, full, noPeer, size, other atomic.Uint64
}

func newEnd(name string, p ports.Port) *end {
	return &end{name: name, port: p, tx: make(chan []byte, queue)}
}

// put queues a frame, or loses it.
func (e *end) put(frame []byte) {
	select {
	case e.tx <- frame:
	default:
		e.full.Add(1)
	}
}

// send sends a frame.
func (e *end) send(frame []byte) {
	switch err := e.port.Send(frame); {
	case err == nil:
		e.sent.add(len(frame))
	case errors.Is(err, ports.ErrNoPeer):
		e.noPeer.Add(1)
	case errors.Is(err, ports.ErrSize):
		e.size.Add(1)
	default:
		e.other.Add(1)
	}
}

// counters lists what the end has counted.
func (e *end) counters(group string) []offload.Counter {
	var all []offload.Counter
	for _, c := range []struct {
		name string
		n    *atomic.Uint64
	}{
		{"rx_packets", &e.rx.packets},
		{"rx_bytes", &e.rx.bytes},
		{"rx_no_buffer", &e.noBuffer},
		{"tx_packets", &e.sent.packets},
		{"tx_bytes", &e.sent.bytes},
		{"tx_queue_full", &e.full},
		{"tx_no_peer", &e.noPeer},
		{"tx_too_long", &e.size},
		{"tx_errors", &e.other},
	} {
		all = append(all, offload.Counter{Group: group, Name: c.name, Value: c.n.Load()})
	}
	return all
}
