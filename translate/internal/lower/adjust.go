package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var (
	_ = register(&Helper{ID: bpf.HelperXDPAdjustHead, Inline: adjustHead})
	_ = register(&Helper{ID: bpf.HelperXDPAdjustTail, Inline: adjustTail})
)

// adjustHead makes bpf_xdp_adjust_head: it moves the packet's start by the
// words of R2, forwards or backwards, as far as the target's buffers allow.
func adjustHead(c *Call) error {
	limits := c.T.AdjustHead
	ptr, length := c.Packet()
	delta, _ := c.Reg(2)
	off := c.Op(ssa.Add, 0, c.And(ptr, c.T.Packet.OffsetMask()), delta)
	newLength := c.Op(ssa.Sub, 0, length, delta)
	above := c.AddConst(off, -uint32(limits.OffMin))
	adjust(c, func(no func() []ssa.ID, yes func() []ssa.ID) []ssa.ID {
		room := uint32(limits.OffMax - limits.OffMin)
		return c.Choose(ssa.Compare{Cond: ssa.ULE, XL: above, YL: c.Const(room)},
			func() []ssa.ID {
				return c.Choose(ssa.Compare{Cond: ssa.SGE, XL: newLength, YL: c.Const(uint32(limits.MinLength))}, yes, no)
			}, no)
	}, ptr, length, func() (ssa.ID, ssa.ID) { return c.Op(ssa.Add, 0, ptr, delta), newLength })
	return nil
}

// adjustTail makes bpf_xdp_adjust_tail: it cuts bytes off the end. Packets
// cannot grow.
func adjustTail(c *Call) error {
	ptr, length := c.Packet()
	delta, _ := c.Reg(2)
	newLength := c.Op(ssa.Add, 0, length, delta)
	adjust(c, func(no func() []ssa.ID, yes func() []ssa.ID) []ssa.ID {
		return c.Choose(ssa.Compare{Cond: ssa.ULE, XL: newLength, YL: length},
			func() []ssa.ID {
				return c.Choose(ssa.Compare{Cond: ssa.UGE, XL: newLength, YL: c.Const(uint32(c.T.AdjustTail.MinLength))}, yes, no)
			}, no)
	}, ptr, length, func() (ssa.ID, ssa.ID) { return ptr, newLength })
	return nil
}

// adjust makes the two ways of an adjustment: refused with -EINVAL, or done.
func adjust(c *Call, choose func(no, yes func() []ssa.ID) []ssa.ID, ptr, length ssa.ID, after func() (ssa.ID, ssa.ID)) {
	words := choose(
		func() []ssa.ID { return []ssa.ID{c.Errno(bpf.EINVAL), ptr, length} },
		func() []ssa.ID {
			p, n := after()
			c.Add(ssa.Value{Op: ssa.SetPkt, Args: []ssa.ID{p, n}})
			return []ssa.ID{c.Const(0), p, n}
		})
	c.PacketIs(words[1], words[2])
	c.SetResult(words[0])
}
