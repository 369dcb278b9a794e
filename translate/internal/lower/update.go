package lower

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

// Flags of map_update_elem. Maps with spin locks are refused, so that updateLock
// finds none.
const (
	updateNoExist = 1
	updateExist   = 2
	updateLock    = 4
)

// update makes map_update_elem: arrays are written by code of the program's own
// where it can address map memory, all others by their routines.
func (h *Helpers) update(b *ssa.Builder) error {
	m, k, err := theMap(b)
	if err != nil {
		return err
	}
	switch {
	case isArray(m.Type):
		return h.updateArray(b, m, k)
	case h.Target.Direct() && !hasRoutine(m.Type):
		return noCode(b, m)
	}
	return updateRoutine(b, m, k, narrowFlags(b))
}

// updateRoutine calls the routine for an update.
func updateRoutine(b *ssa.Builder, m *object.Map, k int, flags ssa.ID) error {
	call, err := updateCall(b, m, k, flags)
	if err != nil {
		return err
	}
	setResults(b, b.Add(call))
	return nil
}

// wordAtomic marks words of map values that are atomic counters.
const wordAtomic = 3

// updateCall makes the call of the routine for an update: its arguments are the
// table, the flags' two words, the words of key and value, and the stack.
func updateCall(b *ssa.Builder, m *object.Map, k int, flags ssa.ID) (ssa.Value, error) {
	call := ssa.Value{Op: ssa.Call, Imm: mapUpdateElem, Aux: int32(k)}
	key, err := b.Behind(2, int(m.KeySize))
	if err != nil {
		return call, err
	}
	value, err := b.Behind(3, int(m.ValueSize))
	if err != nil {
		return call, err
	}
	for w, use := range b.Env.Maps[k].WordUse {
		if use == wordAtomic && !b.F.Is(value[w], 0) {
			return call, b.Unsupported(fmt.Sprintf("an update of map %s with an atomic counter that is not 0", m.Name),
				"the card stores counters in another byte order")
		}
	}
	table, _ := b.Reg(1)
	call.Size = uint8(len(key))
	call.Args = append([]ssa.ID{table, flags, b.Const(0)}, key...)
	call.Args = append(append(call.Args, value...), b.StackBase())
	return call, nil
}

// narrowFlags returns the flags in one word, for routines look at no other:
// those with bits above it, all of which are unknown, as other unknown ones.
func narrowFlags(b *ssa.Builder) ssa.ID {
	lo, hi := b.Reg(4)
	if b.F.Is(hi, 0) {
		return lo
	}
	words := b.Choose(ssa.Compare{Cond: ssa.EQ, XL: hi, YL: b.Const(0)},
		func() []ssa.ID { return []ssa.ID{lo} },
		func() []ssa.ID { return []ssa.ID{b.Const(^uint32(0))} })
	return words[0]
}

// updateArray writes a value to an entry: -EINVAL for flags that nobody knows,
// -E2BIG beyond the end, -EEXIST if the entry must not exist, -EINVAL for an
// entry without a lock, in this order.
func (h *Helpers) updateArray(b *ssa.Builder, m *object.Map, k int) error {
	lo, hi := b.Reg(4)
	flags, constLo := b.F.IsConst(lo)
	flagsHi, constHi := b.F.IsConst(hi)
	constant := constLo && constHi
	if constant && flagsHi == 0 && flags <= updateExist && !h.Target.Direct() {
		return updateRoutine(b, m, k, lo)
	}
	key, err := b.Behind(2, 4)
	if err != nil {
		return err
	}
	store, err := h.arrayStore(b, m, k, key[0])
	if err != nil {
		return err
	}
	number := func(n uint32) func() []ssa.ID {
		return func() []ssa.ID { return []ssa.ID{b.Const(n)} }
	}
	inRange := func(yes func() []ssa.ID) []ssa.ID {
		return b.Choose(ssa.Compare{Cond: ssa.ULT, XL: key[0], YL: b.Const(m.MaxEntries)}, yes, number(err2Big))
	}
	var words []ssa.ID
	switch {
	case constant && (flagsHi != 0 || flags&^updateLock > updateExist):
		words = number(errInval)()
	case constant && flags&updateNoExist != 0:
		words = inRange(number(errExist))
	case constant && flags&updateLock != 0:
		words = inRange(number(errInval))
	case constant:
		words = inRange(store)
	default:
		unset := func(bit uint32) ssa.Compare {
			return ssa.Compare{Cond: ssa.EQ, XL: b.And(lo, bit), YL: b.Const(0)}
		}
		known := ssa.Compare{Cond: ssa.ULE, XL: b.And(lo, ^uint32(updateLock)), XH: hi, YL: b.Const(updateExist), YH: b.Const(0)}
		words = b.Choose(known, func() []ssa.ID {
			return inRange(func() []ssa.ID {
				return b.Choose(unset(updateNoExist), func() []ssa.ID {
					return b.Choose(unset(updateLock), store, number(errInval))
				}, number(errExist))
			})
		}, number(errInval))
	}
	setResult(b, words[0])
	return nil
}

// arrayStore returns what makes the store of an entry whose index is in range,
// and gives the result's low word.
func (h *Helpers) arrayStore(b *ssa.Builder, m *object.Map, k int, index ssa.ID) (func() []ssa.ID, error) {
	if !h.Target.Direct() {
		call, err := updateCall(b, m, k, b.Const(0))
		return func() []ssa.ID {
			return []ssa.ID{b.Add(ssa.Value{Op: ssa.Result, Args: []ssa.ID{b.Add(call)}})}
		}, err
	}
	value, err := b.Behind(3, int(m.ValueSize))
	order := ssa.Little
	if b.Env.Maps[k].Swapped {
		order = ssa.Big
	}
	high := b.Const(b.MapHigh())
	return func() []ssa.ID {
		at := entry(b, k, index)
		for j, w := range value {
			b.Add(ssa.Value{
				Op: ssa.Store, Space: ssa.MapValue, Aux: int32(k), Order: order, Size: 4, Imm: uint32(4 * j),
				Args: []ssa.ID{at, high, w},
			})
		}
		return []ssa.ID{b.Const(0)}
	}, err
}
