package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// lookupArray makes a lookup in an array that the program addresses itself.
func lookupArray(c *Call) error {
	if _, ok := redirectKinds[c.Map.Type]; ok {
		return lookupTarget(c)
	}
	key, err := c.Behind(2, 4)
	if err != nil {
		return err
	}
	words := c.Choose(ssa.Compare{Cond: ssa.ULT, XL: key[0], YL: c.Const(c.Map.MaxEntries)},
		func() []ssa.ID { return []ssa.ID{c.entry(key[0]), c.Const(c.Env.Machine.MapHigh)} },
		func() []ssa.ID { return []ssa.ID{c.Const(0), c.Const(0)} })
	c.SetReg(0, words[0], words[1])
	return nil
}

// deleteArray makes a deletion, which arrays do not have.
func deleteArray(c *Call) error {
	c.SetResult(c.Errno(bpf.EINVAL))
	return nil
}

// entry returns the low word of the address of an array's entry.
func (c *Call) entry(index ssa.ID) ssa.ID {
	place := &c.Env.Maps[c.K]
	id := c.AddConst(c.Op(ssa.Mul, 0, index, c.Const(place.Stride)), uint32(place.Base))
	if _, ok := c.F.IsConst(id); !ok {
		// Map memory begins above offset 0.
		c.F.V(id).NonZero = true
	}
	return id
}
