package nic

import (
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/mem"
)

// usage counts for how many cycles memory units are busy, and for whom.
type usage struct {
	units   []mem.Unit
	packets mem.UnitID
	busy    []uint64 // of each unit
	served  []uint64 // cycle in which the last command of each context was over
	owners  []*owner // in the order in which they came up
	of      map[*mem.Region]*owner
	last    *mem.Region
	lastOf  *owner
}

// owner is a map that keeps a unit busy.
type owner struct {
	name string
	unit mem.UnitID
	busy uint64
}

func newUsage() *usage { return &usage{of: map[*mem.Region]*owner{}} }

// connect names the units and says how many contexts there are.
func (u *usage) connect(units []mem.Unit, packets mem.UnitID, contexts int) {
	u.units, u.packets = units, packets
	u.busy, u.served = make([]uint64, len(units)), make([]uint64, contexts)
}

// hooks returns hooks that count and then call others.
func (u *usage) hooks(then sim.MemoryHooks) sim.MemoryHooks {
	next := then.Serve
	then.Serve = func(c *mem.Command, start, done uint64) {
		u.serve(c, start)
		if next != nil {
			next(c, start, done)
		}
	}
	return then
}

func (u *usage) serve(c *mem.Command, start uint64) {
	r := c.Region
	n := u.units[r.Unit].Occupied(c)
	u.busy[r.Unit] += n
	by := &u.served[sim.Moment{Core: int(c.Ticket.Source), Context: int(c.Ticket.Context)}.Place()]
	*by = max(*by, start+n)
	if r.Unit == u.packets {
		return
	}
	if r != u.last {
		u.last, u.lastOf = r, u.owner(r)
	}
	u.lastOf.busy += n
}

func (u *usage) owner(r *mem.Region) *owner {
	o := u.of[r]
	if o == nil {
		o = &owner{name: r.Name, unit: r.Unit}
		u.of[r] = o
		u.owners = append(u.owners, o)
	}
	return o
}

// reset forgets what was counted.
func (u *usage) reset() {
	clear(u.busy)
	clear(u.served)
	for _, o := range u.owners {
		o.busy = 0
	}
}

// heaviest returns the map that keeps a unit busy the most and its share of
// that; nil where packets are or nothing happened.
func (u *usage) heaviest(unit mem.UnitID) (o *owner, share float64) {
	for _, c := range u.owners {
		if c.unit == unit && (o == nil || c.busy > o.busy) {
			o = c
		}
	}
	if o == nil || u.busy[unit] == 0 {
		return nil, 0
	}
	return o, float64(o.busy) / float64(u.busy[unit])
}
