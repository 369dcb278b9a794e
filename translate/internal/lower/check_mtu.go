package lower

import (
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

var _ = register(&Helper{ID: bpf.HelperCheckMTU, Inline: checkMTU})

// checkMTU makes bpf_check_mtu: whether the frame, or the length behind R3, with
// the bytes in R4 more goes through the interface in R2, 0 for the one that it came
// by. What R3 points to becomes the interface's MTU. A card has no segments to
// check: each frame is one.
func checkMTU(c *Call) error {
	links := c.network(maplayout.LinksMap)
	behind, err := c.Behind(3, 4)
	if err != nil {
		return err
	}
	ingress, err := c.ingress()
	if err != nil {
		return err
	}
	index, _ := c.Reg(2)
	diff, _ := c.Reg(4)
	flags, flagsHi := c.Reg(5)
	input := behind[0]
	_, length := c.Packet()
	fails := func(e bpf.Errno) func() []ssa.ID {
		return func() []ssa.ID { return []ssa.ID{c.Errno(e), input} }
	}
	check := func() []ssa.ID {
		index := either(c, isZero(c, index), one(ingress), one(index))[0]
		link := links.find(index)
		return c.Choose(isZero(c, link), fails(bpf.ENODEV), func() []ssa.ID {
			mtu, header := links.load(link, maplayout.LinkMTU), links.load(link, maplayout.LinkHeader)
			size := either(c, isZero(c, input), one(length), func() []ssa.ID { return []ssa.ID{c.Op(ssa.Add, 0, input, header)} })[0]
			fits := ssa.Compare{Cond: ssa.SLE, XL: c.Op(ssa.Add, 0, size, diff), YL: c.Op(ssa.Add, 0, mtu, header)}
			code := c.Choose(fits, one(c.Const(bpf.MTUChkRetSuccess)), one(c.Const(bpf.MTUChkRetFragNeeded)))
			return []ssa.ID{code[0], mtu}
		})
	}
	without := func(x, hi ssa.ID, yes func() []ssa.ID) []ssa.ID {
		return either(c, ssa.Compare{Cond: ssa.EQ, XL: x, XH: hi, YL: c.Const(0), YH: c.Const(0)}, yes, fails(bpf.EINVAL))
	}
	var words []ssa.ID
	if c.Prog.Source().Type == object.XDP {
		words = without(flags, flagsHi, check)
	} else {
		words = without(c.And(flags, ^uint32(bpf.MTUChkSegs)), flagsHi, func() []ssa.ID {
			// Segments are those of a whole frame as it is.
			return either(c, isZero(c, flags), check, func() []ssa.ID { return without(c.Op(ssa.Or, 0, diff, input), c.Const(0), check) })
		})
	}
	if err := c.Fill(3, 4, words[1:]); err != nil {
		return err
	}
	c.SetResult(words[0])
	return nil
}
