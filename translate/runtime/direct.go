package runtime

import (
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/ssa"
)

// directMap makes a map helper as code of the program's own, for targets whose
// programs address map memory themselves, or as a call of the map's routine.
func (h *Helpers) directMap(b *ssa.Builder, helper int32) error {
	m, k, err := theMap(b)
	if err != nil {
		return err
	}
	switch m.Type {
	case mapHash, mapPerCPUHash, mapLRUHash, mapLRUCPUHash, mapLPMTrie:
		return h.routine(b, helper)
	}
	if m.Type != mapArray && m.Type != mapPerCPUArray {
		return b.Unsupported("a call on map "+m.Name, "there is no code for maps of its type")
	}
	if helper == mapDeleteElem {
		setResult(b, b.Const(errInval))
		return nil
	}
	key, err := b.Behind(2, 4)
	if err != nil {
		return err
	}
	if helper == mapUpdateElem {
		return h.updateArray(b, m, k, key[0])
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

// updateArray writes a value to an entry: -E2BIG beyond the end, -EEXIST if it
// must not exist, -EINVAL for other flags.
func (h *Helpers) updateArray(b *ssa.Builder, m *object.Map, k int, index ssa.ID) error {
	value, err := b.Behind(3, int(m.ValueSize))
	if err != nil {
		return err
	}
	lo, hi := b.Reg(4)
	flag, ok := b.F.IsConst(lo)
	if !ok || !b.F.Is(hi, 0) {
		return b.Unsupported("an update with flags known at run time only", "the compiler takes constant flags")
	}
	switch {
	case flag > 2:
		setResult(b, b.Const(errInval))
		return nil
	case flag == 1:
		words := b.Choose(ssa.Compare{Cond: ssa.ULT, XL: index, YL: b.Const(m.MaxEntries)},
			func() []ssa.ID { return []ssa.ID{b.Const(errExist)} },
			func() []ssa.ID { return []ssa.ID{b.Const(err2Big)} })
		setResult(b, words[0])
		return nil
	}
	order := ssa.Little
	if b.Env.Maps[k].Swapped {
		order = ssa.Big
	}
	high := b.Const(b.MapHigh())
	words := b.Choose(ssa.Compare{Cond: ssa.ULT, XL: index, YL: b.Const(m.MaxEntries)},
		func() []ssa.ID {
			at := entry(b, k, index)
			for j, w := range value {
				b.Add(ssa.Value{
					Op: ssa.Store, Space: ssa.MapValue, Aux: int32(k), Order: order, Size: 4, Imm: uint32(4 * j),
					Args: []ssa.ID{at, high, w},
				})
			}
			return []ssa.ID{b.Const(0)}
		},
		func() []ssa.ID { return []ssa.ID{b.Const(err2Big)} })
	setResult(b, words[0])
	return nil
}
