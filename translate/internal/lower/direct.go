package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

// directMap makes a lookup or deletion as code of the program's own, for targets
// whose programs address map memory themselves, or as a call of the map's
// routine.
func (h *Helpers) directMap(b *ssa.Builder, helper int32) error {
	m, k, err := theMap(b)
	if err != nil {
		return err
	}
	if hasRoutine(m.Type) {
		return h.routine(b, helper)
	}
	if !isArray(m.Type) {
		return noCode(b, m)
	}
	if helper == mapDeleteElem {
		setResult(b, b.Const(errInval))
		return nil
	}
	key, err := b.Behind(2, 4)
	if err != nil {
		return err
	}
	words := b.Choose(ssa.Compare{Cond: ssa.ULT, XL: key[0], YL: b.Const(m.MaxEntries)},
		func() []ssa.ID { return []ssa.ID{entry(b, k, key[0]), b.Const(b.MapHigh())} },
		func() []ssa.ID { return []ssa.ID{b.Const(0), b.Const(0)} })
	b.SetReg(0, words[0], words[1])
	return nil
}

// entry returns the low word of the address of an array's entry.
func entry(b *ssa.Builder, k int, index ssa.ID) ssa.ID {
	place := &b.Env.Maps[k]
	id := b.AddConst(b.Op(ssa.Mul, 0, index, b.Const(place.Stride)), uint32(place.Base))
	if _, ok := b.F.IsConst(id); !ok {
		// Map memory begins above offset 0.
		b.F.V(id).NonZero = true
	}
	return id
}

// isArray reports whether maps of a type are arrays.
func isArray(t bpf.MapType) bool { return t == mapArray || t == mapPerCPUArray }

// hasRoutine reports whether maps of a type have routines of their own.
func hasRoutine(t bpf.MapType) bool {
	switch t {
	case mapHash, mapPerCPUHash, mapLRUHash, mapLRUCPUHash, mapLPMTrie:
		return true
	}
	return false
}

// noCode is the error for a map that is neither.
func noCode(b *ssa.Builder, m *object.Map) error {
	return b.Unsupported("a call on map "+m.Name, "there is no code for maps of its type")
}
