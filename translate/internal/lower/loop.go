package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var _ = register(&Helper{ID: bpf.HelperLoop, Inline: loop})

// maxLoops is the kernel's BPF_MAX_LOOPS.
const maxLoops = 8 << 20

// loop makes bpf_loop: R1 rounds of the function in R2, which gets the round's
// number and R3. Flags are -EINVAL, more than maxLoops rounds -E2BIG; else R0 is
// the number of calls.
func loop(c *Call) error {
	rounds, _ := c.Reg(1)
	lo, hi := c.Reg(3)
	flags, flagsHi := c.Reg(4)
	var err error
	run := func() []ssa.ID {
		var n ssa.ID
		n, err = c.CallBack(rounds, func(round ssa.ID) [][2]ssa.ID {
			return [][2]ssa.ID{{round, c.Const(0)}, {lo, hi}}
		})
		if err != nil {
			n = c.Const(0)
		}
		return []ssa.ID{n}
	}
	number := func(e bpf.Errno) func() []ssa.ID {
		return func() []ssa.ID { return []ssa.ID{c.Errno(e)} }
	}
	none := ssa.Compare{Cond: ssa.EQ, XL: flags, XH: flagsHi, YL: c.Const(0), YH: c.Const(0)}
	n := either(c, none, func() []ssa.ID {
		return either(c, ssa.Compare{Cond: ssa.ULE, XL: rounds, YL: c.Const(maxLoops)}, run, number(bpf.E2BIG))
	}, number(bpf.EINVAL))
	if err == nil {
		c.SetResult(n[0])
	}
	return err
}

// either is Choose where constants do not decide, and else the way that they
// choose, so that nothing is made for the other one.
func either(c *Call, cmp ssa.Compare, yes, no func() []ssa.ID) []ssa.ID {
	x, xOk := c.F.IsConst(cmp.XL)
	y, yOk := c.F.IsConst(cmp.YL)
	var xh, yh uint32
	if cmp.XH != 0 {
		var ok bool
		if xh, ok = c.F.IsConst(cmp.XH); !ok {
			xOk = false
		}
		if yh, ok = c.F.IsConst(cmp.YH); !ok {
			yOk = false
		}
	}
	switch {
	case !xOk || !yOk:
		return c.Choose(cmp, yes, no)
	case cmp.Cond.Eval64(uint64(xh)<<32|uint64(x), uint64(yh)<<32|uint64(y)):
		return yes()
	}
	return no()
}
