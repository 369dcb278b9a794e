package opt

import "github.com/skipsw/skipsw/translate/internal/ssa"

// maxKnown is how many of the latest comparisons of a value are looked at.
const maxKnown = 16

// outcome is how a comparison of a value came out on the way into a block.
type outcome struct {
	in   ssa.BlockID
	cond ssa.Cond // holds there
	y    ssa.ID
}

// outcomes knows, for each value that was compared, how that came out on the ways
// into blocks that nothing else leads to. What such a block dominates lies behind
// it: there the comparison is known to have come out so, of this very value, for a
// value that was computed again would have to be compared again.
type outcomes struct {
	f    *ssa.Func
	dom  *ssa.Dom
	ways []int32 // by block: edges that lead there
	of   map[ssa.ID][]outcome
}

func newOutcomes(f *ssa.Func, dom *ssa.Dom, order []ssa.BlockID) *outcomes {
	o := &outcomes{f: f, dom: dom, ways: make([]int32, len(f.Blocks)), of: map[ssa.ID][]outcome{}}
	for _, b := range order {
		for _, e := range f.B(b).Term.Succs {
			o.ways[e.To]++
		}
	}
	return o
}

// note keeps what the ways out of a branch say.
func (o *outcomes) note(t *ssa.Term) {
	if t.Kind != ssa.Branch || t.Wide {
		return
	}
	for s, cond := range [...]ssa.Cond{t.Cond.Not(), t.Cond} {
		if to := t.Succs[s].To; o.ways[to] == 1 {
			o.of[t.X] = append(o.of[t.X], outcome{to, cond, t.Y})
		}
	}
}

// decide evaluates the comparison that ends block b, if earlier ones tell how it
// comes out.
func (o *outcomes) decide(b ssa.BlockID, t *ssa.Term) (taken, ok bool) {
	if t.Kind != ssa.Branch || t.Wide {
		return false, false
	}
	_, lo := o.f.Known(t.X)
	hi := o.f.UMax(t.X)
	list := o.of[t.X]
	for n := len(list) - 1; n >= max(0, len(list)-maxKnown); n-- {
		k := &list[n]
		if !o.dom.Dominates(k.in, b) {
			continue
		}
		if k.y == t.Y && (k.cond == t.Cond || k.cond == t.Cond.Not()) {
			return k.cond == t.Cond, true
		}
		if y, isConst := o.f.IsConst(k.y); isConst {
			lo, hi = narrow(lo, hi, k.cond, y)
		}
	}
	y, isConst := o.f.IsConst(t.Y)
	if !isConst || lo > hi {
		return false, false
	}
	if t.Cond == ssa.EQ || t.Cond == ssa.NE {
		if y < lo || y > hi {
			return t.Cond == ssa.NE, true
		}
		return t.Cond == ssa.EQ, lo == hi
	}
	return decideRange(t.Cond, uint64(lo), uint64(hi), uint64(y), uint64(y))
}

// narrow returns the part of the range from lo to hi that a comparison with y
// leaves.
func narrow(lo, hi uint32, c ssa.Cond, y uint32) (uint32, uint32) {
	switch {
	case c == ssa.EQ:
		return max(lo, y), min(hi, y)
	case c == ssa.UGE, c == ssa.NE && y < lo:
		return max(lo, y), hi
	case c == ssa.ULE:
		return lo, min(hi, y)
	case c == ssa.UGT && y != ^uint32(0), c == ssa.NE && y == lo && lo < hi:
		return max(lo, y+1), hi
	case c == ssa.ULT && y != 0, c == ssa.NE && y == hi && lo < hi:
		return lo, min(hi, y-1)
	}
	return lo, hi
}
