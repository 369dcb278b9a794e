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
	if c.Map.Inner != nil {
		return lookupInner(c)
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

// place returns where the map is, without its base for one that a map of maps
// holds.
func (c *Call) place() *ssa.MapPlace {
	if p := &c.Env.Maps[c.K]; !c.Inner {
		return p
	}
	return c.Env.Maps[c.K].Inner
}

// base returns the low word of the address of the map.
func (c *Call) base() ssa.ID {
	if !c.Inner {
		return c.Const(uint32(c.place().Base))
	}
	base, _ := c.Reg(helpers[c.ID].Map)
	return base
}

// entry returns the low word of the address of an array's entry, of a per-CPU one that
// of the CPU at hand.
func (c *Call) entry(index ssa.ID) ssa.ID { return c.ofCPU(c.first(index), cpu) }

// ofCPU returns the low word of the address of the value of a CPU, from that of the first
// one.
func (c *Call) ofCPU(first ssa.ID, number func(*Call) ssa.ID) ssa.ID {
	copies := c.place().Copies
	if copies.CPUs == 0 {
		return first
	}
	id := c.Op(ssa.Add, 0, c.Op(ssa.Mul, 0, number(c), c.Const(copies.Step)), first)
	c.F.V(id).NonZero = true
	return id
}

// first returns the low word of the address of an array's entry, of a per-CPU one that of
// the first CPU.
func (c *Call) first(index ssa.ID) ssa.ID {
	place := c.place()
	base := c.base()
	at := c.Op(ssa.Mul, 0, index, c.Const(place.Stride))
	if n, ok := c.F.IsConst(at); ok && n > 0 && c.Inner {
		id := c.Op(ssa.Element, 0, base, at)
		c.F.V(id).NonZero = true
		return id
	}
	id := c.Op(ssa.Add, 0, at, base)
	if _, ok := c.F.IsConst(id); !ok && id != base {
		// Map memory begins above offset 0. The base of an inner map is that on the
		// ways here only.
		c.F.V(id).NonZero = true
	}
	return id
}
