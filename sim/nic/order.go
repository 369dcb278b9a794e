package nic

import (
	"slices"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/traffic"
)

// Order is which frames leave the card in the order in which they came in.
type Order uint8

// The orders.
const (
	// OrderFlow is those of a flow that came in at one port.
	OrderFlow Order = iota
	// OrderPort is all that came in at one port.
	OrderPort
	// OrderNone is none: a frame leaves when its program has ended.
	OrderNone
)

// lanes is the number of sequences of a port that OrderFlow keeps; flows share them
// by their numbers.
const lanes = 1024

// lane is frames that leave in the order in which they came in. One whose program
// ends before that of a frame before it is parked.
type lane struct {
	given  uint64 // frames that have a place
	next   uint64 // place of the one that leaves next
	parked []departure
}

// departure is a frame whose program has ended.
type departure struct {
	frame
	fate     fate
	length   int // bytes that the program left
	redirect sim.Redirect
	data     []byte // with Spec.Leave, what the program left
}

// newLanes returns the lanes of all ports.
func newLanes(s *Spec) []lane {
	switch s.Order {
	case OrderNone:
		return nil
	case OrderPort:
		return make([]lane, s.Ports)
	}
	return make([]lane, s.Ports*lanes)
}

// accept gives a frame that has a buffer its place.
func (r *run) accept(f *frame) {
	switch r.card.spec.Order {
	case OrderNone:
		return
	case OrderPort:
		f.lane = f.port
	case OrderFlow:
		f.lane = f.port * lanes
		if s, ok := r.rx[f.port].in.Source.(traffic.Flows); ok {
			f.lane += int(s.Flow(&f.packet) % lanes)
		}
	}
	l := &r.lanes[f.lane]
	f.turn = l.given
	l.given++
}

// depart lets a frame leave when it is its turn, and those that have waited for it.
func (r *run) depart(d *departure, now uint64) {
	if r.lanes == nil {
		r.release(d, now)
		return
	}
	l := &r.lanes[d.lane]
	if d.turn != l.next {
		at := len(l.parked)
		for at > 0 && l.parked[at-1].turn > d.turn {
			at--
		}
		kept := *d
		kept.redirect.Interfaces = slices.Clone(d.redirect.Interfaces)
		kept.data = slices.Clone(d.data)
		l.parked = slices.Insert(l.parked, at, kept)
		r.parked++
		return
	}
	r.release(d, now)
	l.next++
	n := 0
	for ; n < len(l.parked) && l.parked[n].turn == l.next; n++ {
		r.release(&l.parked[n], now)
		l.next++
	}
	r.parked -= n
	l.parked = slices.Delete(l.parked, 0, n)
}
