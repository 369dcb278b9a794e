package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// lookupInner makes a lookup in a map of maps. The inner map is the low word of
// its address, 0 for none.
func lookupInner(c *Call) error {
	load := func(low, high ssa.ID) []ssa.ID {
		return []ssa.ID{c.Add(ssa.Value{Op: ssa.Load, Space: ssa.MapValue, Size: 4, Aux: int32(c.K), Args: []ssa.ID{low, high}})}
	}
	none := one(c.Const(0))
	key, err := c.Behind(2, int(c.Map.KeySize))
	if err != nil {
		return err
	}
	var word ssa.ID
	if c.Map.Type == bpf.MapTypeArrayOfMaps {
		inside := ssa.Compare{Cond: ssa.ULT, XL: key[0], YL: c.Const(c.Map.MaxEntries)}
		word = either(c, inside, func() []ssa.ID { return load(c.entry(key[0]), c.Const(c.Env.Machine.MapHigh)) }, none)[0]
	} else {
		s := ssa.CallSite{Helper: c.ID, Map: int32(c.K), Near: c.place().Near}
		key = c.passed(&s, c.Map, key, nil)
		if c.pointed(&s) {
			key = append(key, c.StackBase())
		}
		call := c.AddCall(s, key)
		low, high := c.Result(call, 0), c.Result(call, 1)
		word = c.Choose(isZero(c, low), none, func() []ssa.ID { return load(low, high) })[0]
	}
	c.SetReg(0, word, c.Const(0))
	return nil
}
