package lower

import (
	"cmp"
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var _ = register(&Helper{ID: bpf.HelperMapUpdateElem, Map: 1, OnMap: updateArray, Routine: update})

// update calls the routine for an update. Arrays of a firmware are asked only
// for what it does right.
func update(c *Call) error {
	if c.Map.Type == bpf.MapTypeArray {
		return updateArray(c)
	}
	return updateRoutine(c, narrowFlags(c, 4))
}

// updateRoutine calls the routine for an update.
func updateRoutine(c *Call, flags ssa.ID) error {
	s, args, err := updateCall(c, flags)
	if err != nil {
		return err
	}
	c.returns(c.AddCall(s, args))
	return nil
}

// updateCall makes the call of the routine for an update: its arguments are the
// flags, the key and the value.
func updateCall(c *Call, flags ssa.ID) (ssa.CallSite, []ssa.ID, error) {
	s, args := c.site()
	key, err := c.Behind(2, int(c.Map.KeySize))
	if err != nil {
		return s, nil, err
	}
	value, err := c.Behind(3, int(c.Map.ValueSize))
	if err != nil {
		return s, nil, err
	}
	for w, use := range c.place().Use {
		if use == ssa.WordCounter && !c.F.Is(value[w], 0) {
			return s, nil, c.Unsupported(fmt.Sprintf("an update of map %s with an atomic counter that is not 0", c.Map.Name),
				"the card stores counters in another byte order")
		}
	}
	high := c.Const(0)
	if c.Inner {
		high, args = args[1], nil
	}
	s.Pairs = []uint8{uint8(c.T.Calls.Flags)}
	args = append(append(args, flags, high), c.passed(&s, c.Map, key, value)...)
	if c.pointed(&s) {
		args = append(args, c.StackBase())
	}
	return s, args, nil
}

// narrowFlags returns the flags in register r in one word, for routines look at no other:
// those with bits above it, all of which are unknown, as other unknown ones.
func narrowFlags(c *Call, r int) ssa.ID {
	lo, hi := c.Reg(r)
	if c.F.Is(hi, 0) {
		return lo
	}
	words := c.Choose(ssa.Compare{Cond: ssa.EQ, XL: hi, YL: c.Const(0)},
		func() []ssa.ID { return []ssa.ID{lo} },
		func() []ssa.ID { return []ssa.ID{c.Const(^uint32(0))} })
	return words[0]
}

// updateArray writes a value to an entry: -EINVAL for flags that nobody knows,
// -E2BIG beyond the end, -EEXIST if the entry must not exist, -EINVAL for a lock
// that entries do not have, in this order.
func updateArray(c *Call) error {
	lo, hi := c.Reg(4)
	flags, constLo := c.F.IsConst(lo)
	flagsHi, constHi := c.F.IsConst(hi)
	constant := constLo && constHi
	if constant && flagsHi == 0 && flags <= bpf.Exist && !c.T.Direct() {
		return updateRoutine(c, lo)
	}
	key, err := c.Behind(2, 4)
	if err != nil {
		return err
	}
	store, err := arrayStore(c, key[0])
	if err != nil {
		return err
	}
	number := func(e bpf.Errno) func() []ssa.ID {
		return func() []ssa.ID { return []ssa.ID{c.Errno(e)} }
	}
	locked := number(bpf.EINVAL)
	if at, ok, _ := c.Map.SpinLock(); ok {
		if err := c.hasLocks(); err != nil {
			return err
		}
		locked = func() []ssa.ID {
			lock, high := c.AddConst(c.entry(key[0]), at), c.Const(c.Env.Machine.MapHigh)
			c.acquire(c.K, lock, high)
			result := store()
			c.release(c.K, lock, high)
			return result
		}
	}
	inRange := func(yes func() []ssa.ID) []ssa.ID {
		return c.Choose(ssa.Compare{Cond: ssa.ULT, XL: key[0], YL: c.Const(c.Map.MaxEntries)}, yes, number(bpf.E2BIG))
	}
	var words []ssa.ID
	switch {
	case constant && (flagsHi != 0 || flags&^bpf.FLock > bpf.Exist):
		words = number(bpf.EINVAL)()
	case constant && flags&bpf.NoExist != 0:
		words = inRange(number(bpf.EEXIST))
	case constant && flags&bpf.FLock != 0:
		words = inRange(locked)
	case constant:
		words = inRange(store)
	default:
		unset := func(bit uint32) ssa.Compare {
			return ssa.Compare{Cond: ssa.EQ, XL: c.And(lo, bit), YL: c.Const(0)}
		}
		known := ssa.Compare{Cond: ssa.ULE, XL: c.And(lo, ^uint32(bpf.FLock)), XH: hi, YL: c.Const(bpf.Exist), YH: c.Const(0)}
		words = c.Choose(known, func() []ssa.ID {
			return inRange(func() []ssa.ID {
				return c.Choose(unset(bpf.NoExist), func() []ssa.ID {
					return c.Choose(unset(bpf.FLock), store, locked)
				}, number(bpf.EEXIST))
			})
		}, number(bpf.EINVAL))
	}
	c.SetResult(words[0])
	return nil
}

// arrayStore returns what makes the store of an entry whose index is in range,
// and gives the result's low word.
func arrayStore(c *Call, index ssa.ID) (func() []ssa.ID, error) {
	if !c.T.Direct() {
		s, args, err := updateCall(c, c.Const(0))
		return func() []ssa.ID { return []ssa.ID{c.Result(c.AddCall(s, args), 0)} }, err
	}
	high := c.Const(c.Env.Machine.MapHigh)
	lock, locks, _ := c.Map.SpinLock()
	if c.Map.ValueSize > maxPieces && !locks && isFar(c, 3) && !c.place().Swapped {
		return copyEntry(c, index), nil
	}
	value, err := c.Behind(3, int(c.Map.ValueSize))
	order := ssa.Little
	if c.place().Swapped {
		order = ssa.Big
	}
	return func() []ssa.ID {
		at := c.entry(index)
		for j, w := range value {
			if locks && uint32(4*j) == lock {
				continue
			}
			c.Add(ssa.Value{
				Op: ssa.Store, Space: ssa.MapValue, Aux: int32(c.K), Order: order, Size: 4, Imm: uint32(4 * j),
				Args: []ssa.ID{at, high, w},
			})
		}
		return []ssa.ID{c.Const(0)}
	}, err
}

// copyEntry is arrayStore for a long value in memory, piece after piece.
func copyEntry(c *Call, index ssa.ID) func() []ssa.ID {
	return func() []ssa.ID {
		from, _ := c.Reg(3)
		copyBytes(c, c.Const(c.Map.ValueSize), from, c.entry(index), func(from, to ssa.ID, size int) {
			v, err := c.LoadBehind(3, from, size)
			c.failed = cmp.Or(c.failed, err)
			c.Add(ssa.Value{Op: ssa.Store, Space: ssa.MapValue, Aux: int32(c.K), Size: uint8(size), Args: []ssa.ID{to, c.Const(c.Env.Machine.MapHigh), v}})
		})
		return []ssa.ID{c.Const(0)}
	}
}
