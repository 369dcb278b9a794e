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
	sys     *sim.System
	// The cycle in which the last command of each context was over: to units that islands
	// share, and to those that an island has for itself.
	served, servedOwn []uint64
	// counts are of the units that islands share, and then of each island's own.
	counts []counting
}

// counting is for whom some parts were busy.
type counting struct {
	owners []*owner // in the order in which they came up
	of     map[*mem.Region]*owner
	last   *mem.Region
	lastOf *owner
}

// owner is a map that keeps parts busy.
type owner struct {
	region *mem.Region
	name   string
	busy   []uint64 // cycles of each part
}

// connect names the parts and says how many contexts there are.
func (u *usage) connect(sys *sim.System, contexts int) {
	u.sys = sys
	u.units, u.packets = sys.Memories()
	u.parts, u.served, u.servedOwn = sys.Parts(), make([]uint64, contexts), make([]uint64, contexts)
	u.counts = make([]counting, 1+sys.Islands())
	for i := range u.counts {
		u.counts[i].of = map[*mem.Region]*owner{}
	}
}

// hooks returns hooks that count, beside others.
func (u *usage) hooks(others sim.MemoryHooks) sim.MemoryHooks {
	next := others.Count
	others.Count = func(c *mem.Command, start, done uint64) {
		u.serve(c, start)
		if next != nil {
			next(c, start, done)
		}
	}
	return others
}

func (u *usage) serve(c *mem.Command, start uint64) {
	r := c.Region
	n := u.units[r.Unit].Occupied(c)
	place := sim.Moment{Core: int(c.Ticket.Source), Context: int(c.Ticket.Context)}.Place()
	by, count := &u.served[place], &u.counts[0]
	if u.sys.OwnUnit(r.Unit) {
		by, count = &u.servedOwn[place], &u.counts[1+u.sys.Island(int(c.Ticket.Source))]
	}
	*by = max(*by, start+n)
	if r.Unit == u.packets {
		return
	}
	if r != count.last {
		count.last, count.lastOf = r, count.owner(r, len(u.parts))
	}
	count.lastOf.busy[c.Part] += n
}

// servedUntil returns the cycle in which the last command of a context was over.
func (u *usage) servedUntil(place int) uint64 { return max(u.served[place], u.servedOwn[place]) }

func (n *counting) owner(r *mem.Region, parts int) *owner {
	o := n.of[r]
	if o == nil {
		o = &owner{region: r, name: r.Name, busy: make([]uint64, parts)}
		n.of[r] = o
		n.owners = append(n.owners, o)
	}
	return o
}

// reset forgets what was counted.
func (u *usage) reset() {
	clear(u.served)
	clear(u.servedOwn)
	for i := range u.counts {
		for _, o := range u.counts[i].owners {
			clear(o.busy)
		}
	}
}

// heaviest returns the map that keeps a part busy the most and its share of
// that; "" where packets are or nothing happened.
func (u *usage) heaviest(part int) (name string, share float64) {
	var most, all uint64
	for i := range u.counts {
		for _, o := range u.counts[i].owners {
			n := o.busy[part]
			all += n
			if n > most {
				name, most = o.name, n
			}
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
