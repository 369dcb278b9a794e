package debug

import (
	"bytes"

	"github.com/skipsw/skipsw/sim"
)

// point is a checkpoint: the machine's state before a packet.
type point struct {
	packet int
	state  []byte // nil is a new machine
}

// Bounds of the checkpoints of a session. Where there would be more, every second
// one goes, and new ones are kept in twice the distance.
const (
	mostPoints = 64
	mostBytes  = 256 << 20
	distance   = 64 // packets between two, at first
)

// points are the checkpoints of a session, in the order of their packets. That of
// the first packet is none: a new machine stands there.
type points struct {
	list  []point
	every int // packets between two
	bytes int
	off   bool // the machine has none
}

// before returns the last checkpoint that is not behind a packet.
func (p *points) before(packet int) *point {
	at := &point{}
	for k := range p.list {
		if p.list[k].packet <= packet {
			at = &p.list[k]
		}
	}
	return at
}

// keep takes a checkpoint before a packet, if it is one of those.
func (p *points) keep(packet int, m *sim.Machine) {
	if p.every == 0 {
		p.every = distance
	}
	if p.off || packet == 0 || packet%p.every != 0 || p.before(packet).packet == packet {
		return
	}
	var b bytes.Buffer
	if err := m.Save(&b); err != nil {
		p.off = true // a model without a state: all is run again from the first packet
		return
	}
	p.list = append(p.list, point{packet, b.Bytes()})
	p.bytes += b.Len()
	for len(p.list) > mostPoints || p.bytes > mostBytes {
		p.thin()
		if len(p.list) == 0 {
			p.off = true // one alone is too large
		}
	}
}

// thin drops those that are not in twice the distance.
func (p *points) thin() {
	p.every *= 2
	kept := p.list[:0]
	for _, at := range p.list {
		if at.packet%p.every == 0 {
			kept = append(kept, at)
			continue
		}
		p.bytes -= len(at.state)
	}
	clear(p.list[len(kept):])
	p.list = kept
}
