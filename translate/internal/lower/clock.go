package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// The card is never suspended, so that its monotonic and its boot clock are one,
// and each reading is as fine as the clock. It knows no leap seconds.
var (
	_ = register(&Helper{ID: bpf.HelperKtimeGetNs, Inline: clock})
	_ = register(&Helper{ID: bpf.HelperKtimeGetBootNs, Inline: clock})
	_ = register(&Helper{ID: bpf.HelperKtimeGetCoarseNs, Inline: clock})
	_ = register(&Helper{ID: bpf.HelperKtimeGetTaiNs, Inline: clock})
	_ = register(&Helper{ID: bpf.HelperJiffies64, Inline: jiffies})
)

// jiffy is what bpf_jiffies64 counts, in nanoseconds: that of a kernel whose timer
// ticks 250 times a second, as distributions have it.
const jiffy = 4_000_000

// jiffies makes bpf_jiffies64.
func jiffies(c *Call) error {
	if err := clock(c); err != nil {
		return err
	}
	lo, hi := c.Reg(0)
	lo, hi = c.DivideConst(lo, hi, jiffy)
	c.SetReg(0, lo, hi)
	return nil
}

// clock makes the time in nanoseconds of the core's timestamp. Its two words
// cannot be read at once: when the high one changes in between, the low one has
// just been 0.
func clock(c *Call) error {
	word := func(n uint32) ssa.ID { return c.Add(ssa.Value{Op: ssa.Timestamp, Imm: n}) }
	before := word(1)
	lo := word(0)
	hi := word(1)
	lo = c.Choose(ssa.Compare{Cond: ssa.EQ, XL: before, YL: hi}, one(lo), one(c.Const(0)))[0]
	tick := c.Const(c.T.Clock.Tick())
	high := c.Op(ssa.Add, 0, c.Op(ssa.MulHi, 0, lo, tick), c.Op(ssa.Mul, 0, hi, tick))
	c.SetReg(0, c.Op(ssa.Mul, 0, lo, tick), high)
	return nil
}
