package nic

import (
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/mem"
)

// usage counts for whom the parts of the memory are busy.
type usage struct {
	units   []mem.Unit
	parts   []mem.Part
	packets mem.UnitID
	served  []uint64 // cycle in which the last command of each context was over
	owners  []*owner // in the order in which they came up
	of      map[*mem.Region]*owner
	last    *mem.Region
	lastOf  *owner
}

// owner is a map that keeps parts busy.
type owner struct {
	region *mem.Region
	name   string
	busy   []uint64 // cycles of each part
}

func newUsage() *usage { return &usage{of: map[*mem.Region]*owner{}} }

// connect names the parts and says how many contexts there are.
func (u *usage) connect(sys *sim.System, contexts int) {
	u.units, u.packets = sys.Memories()
	u.parts, u.served = sys.Parts(), make([]uint64, contexts)
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
	by := &u.served[sim.Moment{Core: int(c.Ticket.Source), Context: int(c.Ticket.Context)}.Place()]
	*by = max(*by, start+n)
	if r.Unit == u.packets {
		return
	}
	if r != u.last {
		u.last, u.lastOf = r, u.owner(r)
	}
	u.lastOf.busy[c.Part] += n
}

func (u *usage) owner(r *mem.Region) *owner {
	o := u.of[r]
	if o == nil {
		o = &owner{region: r, name: r.Name, busy: make([]uint64, len(u.parts))}
		u.of[r] = o
		u.owners = append(u.owners, o)
	}
	return o
}

// reset forgets what was counted.
func (u *usage) reset() {
	clear(u.served)
	for _, o := range u.owners {
		clear(o.busy)
	}
}

// heaviest returns the map that keeps a part busy the most and its share of
// that; "" where packets are or nothing happened.
func (u *usage) heaviest(part int) (name string, share float64) {
	var most, all uint64
	for _, o := range u.owners {
		n := o.busy[part]
		all += n
		if n > most {
			name, most = o.name, n
		}
	}
	if all == 0 {
		return "", 0
	}
	return name, float64(most) / float64(all)
}

// unitUses returns what parts of the memory did in a number of cycles, those with
// something to do, the busiest first.
func (u *usage) unitUses(busy []uint64, cycles float64) (out []UnitUse) {
	for i, p := range u.parts {
		if busy[i] == 0 {
			continue
		}
		use := UnitUse{Name: p.Name(u.units), Busy: min(float64(busy[i])/cycles, 1)}
		if p.Kind != mem.PartBus {
			use.Memory = u.units[p.Unit].Name
		}
		use.Map, use.MapShare = u.heaviest(i)
		out = append(out, use)
	}
	sortUses(out)
	return out
}
