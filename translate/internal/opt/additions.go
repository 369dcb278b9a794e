package opt

import (
	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// SplitAdditions returns the pass that divides atomic additions of numbers that
// may have more than so many bits, for back ends on which additions of fewer bits
// cost much less than others; 0 for none.
func SplitAdditions(bits int) Pass {
	return Pass{
		pass.Info{Name: "split-additions", Doc: "add a number the short way if it turns out small"},
		alone(func(f *ssa.Func) bool { return bits > 0 && splitAdditions(f, bits) }),
	}
}

func splitAdditions(f *ssa.Func, bits int) (changed bool) {
	taken := map[ssa.ID]bool{} // whose old value somebody takes
	for _, b := range f.RPO() {
		for _, id := range f.B(b).Values {
			if v := f.V(id); v.Op == ssa.Word {
				taken[v.Args[0]] = true
			}
		}
	}
	for _, b := range f.RPO() {
		for k := 0; k < len(f.B(b).Values); k++ {
			id := f.B(b).Values[k]
			if f.V(id).Op == ssa.AtomicAdd && !taken[id] && mayBeEither(f, f.V(id), bits) {
				b, k = splitAddition(f, b, k, bits), -1
				changed = true
			}
		}
	}
	return changed
}

// addend returns the words of the number that is added; the high one may be 0, for
// none.
func addend(v *ssa.Value) (lo, hi ssa.ID) {
	if v.Size == 8 {
		n := len(v.Args)
		return v.Args[n-2], v.Args[n-1]
	}
	return v.Args[len(v.Args)-1], 0
}

// mayBeEither reports whether a number may have more bits or not, as far as it is
// known.
func mayBeEither(f *ssa.Func, v *ssa.Value, bits int) bool {
	lo, hi := addend(v)
	most, least := uint64(f.UMax(lo)), uint64(0)
	_, least32 := f.Known(lo)
	least = uint64(least32)
	if hi != 0 {
		_, least32 = f.Known(hi)
		most, least = most|uint64(f.UMax(hi))<<32, least|uint64(least32)<<32
	}
	return least>>bits == 0 && most>>bits != 0
}

// splitAddition has the addition at place k of block b done in two ways, and
// returns the block behind them.
func splitAddition(f *ssa.Func, b ssa.BlockID, k, bits int) ssa.BlockID {
	small, large, rest := f.NewBlock(), f.NewBlock(), f.NewBlock()
	from := f.B(b)
	id := from.Values[k]
	v := f.V(id)
	lo, hi := addend(v)
	f.B(rest).Values, f.B(rest).Term = append([]ssa.ID(nil), from.Values[k+1:]...), from.Term
	for _, x := range f.B(rest).Values {
		f.V(x).Block = rest
	}
	from.Values = from.Values[:k:k]
	from.Term = ssa.Term{Kind: ssa.Branch, Cond: ssa.ULT, Slot: v.Slot, X: lo, Y: f.Const(1 << bits), Succs: []ssa.Edge{{To: large}, {To: small}}}
	if hi != 0 {
		from.Term.Wide, from.Term.XH, from.Term.YH = true, hi, f.Const(0)
	}
	f.V(id).Block = large
	f.B(large).Values = []ssa.ID{id}
	short := *f.V(id)
	m := &ssa.Maker{F: f, Block: small, Slot: short.Slot, Out: &f.B(small).Values}
	part := m.And(lo, 1<<bits-1)
	short.Args = append([]ssa.ID(nil), short.Args...)
	n := len(short.Args)
	if hi != 0 {
		short.Args[n-2], short.Args[n-1] = part, f.Const(0)
	} else {
		short.Args[n-1] = part
	}
	m.Add(short)
	for _, way := range []ssa.BlockID{small, large} {
		f.B(way).Term = ssa.Term{Kind: ssa.Jump, Slot: short.Slot, Succs: []ssa.Edge{{To: rest}}}
	}
	return rest
}
