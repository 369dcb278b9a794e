package opt

import (
	"fmt"
	"maps"
	"slices"

	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// counted is what a function has of an eBPF instruction's code.
type counted struct{ values, branches int }

// census counts values and branches by the slots that they come from.
func census(f *ssa.Func) map[int32]counted {
	out := map[int32]counted{}
	for _, b := range f.RPO() {
		blk := f.B(b)
		for _, id := range blk.Values {
			slot := f.V(id).Slot
			n := out[slot]
			n.values++
			out[slot] = n
		}
		if blk.Term.Kind == ssa.Branch {
			n := out[blk.Term.Slot]
			n.branches++
			out[blk.Term.Slot] = n
		}
	}
	return out
}

// remarkGone says what a pass has removed since a census.
func remarkGone(f *ssa.Func, r *pass.Run, name string, before map[int32]counted) {
	after := census(f)
	for _, slot := range slices.Sorted(maps.Keys(before)) {
		if slot < 0 {
			continue
		}
		n, left := before[slot], after[slot]
		if gone := n.values - left.values; gone > 0 {
			r.Remark(pass.Remark{Pass: name, Slot: slot, Other: -1, Done: true, Count: gone, What: "values removed"})
		}
		if gone := n.branches - left.branches; gone > 0 {
			r.Remark(pass.Remark{Pass: name, Slot: slot, Other: -1, Done: true, Count: gone, What: "branches removed"})
		}
	}
}

// remark says what became of a load on account of another value: done if nothing
// was against it.
func (p *plan) remark(f *ssa.Func, id, other ssa.ID, what, why string) {
	if !p.run.Remarking() {
		return
	}
	m := pass.Remark{Pass: mergeLoads.Name, Slot: f.V(id).Slot, Other: -1, Done: why == "", What: what, Why: why}
	if other != 0 {
		m.Other = f.V(other).Slot
	}
	p.run.Remark(m)
}

// remarkNear says that a load is what a lookup returns.
func (p *plan) remarkNear(f *ssa.Func, id, call ssa.ID) {
	if p.run.Remarking() {
		p.run.Remark(pass.Remark{Pass: NearValues.Name, Slot: f.V(id).Slot, Other: f.V(call).Slot, Done: true, What: "returned by the lookup, without a read of its own"})
	}
}

// remarkJoined says that a load is read with others.
func (p *plan) remarkJoined(f *ssa.Func, g *group, id ssa.ID) {
	what := "read with other bytes by one command"
	if f.V(g.leader).Block != f.V(id).Block {
		what = "hoisted: read in an earlier block with other bytes by one command"
	}
	p.remark(f, id, g.leader, what, "")
}

// remarkAlone says why a load is not read with others of its address.
func (p *plan) remarkAlone(f *ssa.Func, dom *ssa.Dom, vs *versions, list []*group, id ssa.ID, a bytesOf) {
	if !p.run.Remarking() || len(list) == 0 {
		return
	}
	const what = "not read with other bytes of its address"
	g := list[len(list)-1]
	lead, first, end := f.V(g.leader), int64(0), int64(0)
	first, end = g.with(a)
	switch {
	case lead.Space != f.V(id).Space || lead.Aux != f.V(id).Aux:
	case g.moved(f, first, end) > int64(p.most(lead, f.V(id))):
		p.remark(f, id, g.leader, what, fmt.Sprintf("together they span %d bytes, and a command reads %d at most", g.moved(f, first, end), p.most(lead, f.V(id))))
	case lead.Space == ssa.MapValue && lead.Block != f.V(id).Block:
		p.remark(f, id, g.leader, what, "bytes of a map value are read only where they are proven to be there")
	case !dom.Dominates(lead.Block, f.V(id).Block):
		p.remark(f, id, g.leader, what, "the other read is on some of the ways here only")
	default:
		other, why := vs.between(a, vs.at[id], vs.at[g.leader])
		if other == 0 {
			other = g.leader
		}
		p.remark(f, id, other, what, why)
	}
}

// between says what keeps the bytes that a sees at one version from being those
// of another: the store, or 0 where it is no single one.
func (s *versions) between(a bytesOf, from, to int32) (ssa.ID, string) {
	for from != to {
		st := s.stores[from]
		switch {
		case st == 0:
			return 0, "a call, an atomic operation, a change of the packet's bounds, or a store on one of the ways that meet lies between"
		case access(s.f.V(st)).base != a.base:
			return st, "a store in between may alias"
		case access(s.f.V(st)).overlaps(a):
			return st, "a store in between changes the bytes"
		}
		from = s.before[from]
	}
	return 0, "the words of the value that the other read may touch are not known"
}

// crowdedBy says why stores that are held back are written before another.
func (p *pending) crowdedBy(slot int32, a bytesOf, space ssa.Space) {
	why := "two stores may alias: their addresses differ by more than a constant"
	switch {
	case p.space != space:
		why = "they go to different memories"
	case p.base == a.base:
		why = fmt.Sprintf("no more than %d bytes are held back", 2*p.max)
	}
	p.missed(slot, "not written with the stores before it", why)
}

// readBy says that stores that are held back are written before a load.
func (p *pending) readBy(slot int32, a bytesOf) {
	why := "the load wants bytes of them"
	if p.base != a.base {
		why = "the load and the stores may alias"
	}
	p.missed(slot, "stores are written before it instead of later, with others", why)
}

func (p *pending) missed(slot int32, what, why string) {
	if p.run.Remarking() {
		p.run.Remark(pass.Remark{Pass: mergeStores.Name, Slot: slot, Other: p.slot, What: what, Why: why})
	}
}

// remarkMerged says that stores that are about to be written share commands.
func (p *pending) remarkMerged() {
	if len(p.stores) > 1 {
		for _, slot := range p.stores[1:] {
			p.run.Remark(pass.Remark{Pass: mergeStores.Name, Slot: slot, Other: p.stores[0], Done: true, What: "held back and written with another store"})
		}
	}
	p.stores = p.stores[:0]
}
