package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var _ = register(&Helper{ID: bpf.HelperMapLookupPerCPUElem, Map: 1, OnMap: lookupArrayCPU, Routine: lookupHashCPU})

// lookupArrayCPU makes a lookup of another CPU's value in an array: NULL for an index or
// a CPU that there is not.
func lookupArrayCPU(c *Call) error {
	key, err := c.Behind(2, 4)
	if err != nil {
		return err
	}
	return c.cpuThere(func(number ssa.ID) []ssa.ID {
		return c.Choose(ssa.Compare{Cond: ssa.ULT, XL: key[0], YL: c.Const(c.Map.MaxEntries)}, func() []ssa.ID {
			return []ssa.ID{c.ofCPU(c.first(key[0]), func(*Call) ssa.ID { return number }), c.Const(c.Env.Machine.MapHigh)}
		}, func() []ssa.ID { return null(c) })
	})
}

// lookupHashCPU makes one by the map's routine, which takes the CPU where an update takes
// its flags.
func lookupHashCPU(c *Call) error {
	return c.cpuThere(func(number ssa.ID) []ssa.ID {
		s, args := c.site()
		high := c.Const(0)
		if c.Inner {
			high, args = args[1], nil
		}
		s.Pairs = []uint8{uint8(c.T.Calls.Flags)}
		key, err := c.Behind(2, int(c.Map.KeySize))
		if err != nil {
			c.failed = err
			return null(c)
		}
		args = append(append(args, number, high), c.passed(&s, c.Map, key, nil)...)
		if c.pointed(&s) {
			args = append(args, c.StackBase())
		}
		call := c.AddCall(s, args)
		return []ssa.ID{c.Result(call, 0), c.Result(call, 1)}
	})
}

// cpuThere makes R0 what found returns for the CPU in R3, NULL where there is none of that
// number.
func (c *Call) cpuThere(found func(number ssa.ID) []ssa.ID) error {
	number, _ := c.Reg(3) // the kernel takes a word
	words := c.Choose(ssa.Compare{Cond: ssa.ULT, XL: number, YL: c.Const(max(c.place().Copies.CPUs, 1))},
		func() []ssa.ID { return found(number) },
		func() []ssa.ID { return null(c) })
	c.SetReg(0, words[0], words[1])
	return nil
}

func null(c *Call) []ssa.ID { return []ssa.ID{c.Const(0), c.Const(0)} }
