package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var (
	_ = register(&Helper{ID: bpf.HelperSkbChangeTail, Inline: changeTail})
	_ = register(&Helper{ID: bpf.HelperSkbChangeHead, Inline: changeHead})
)

// maxSkb is the length in bytes above which the tc helpers refuse.
const maxSkb = 0xffff

// changeTail makes bpf_skb_change_tail: the frame gets the length in R2, but not
// so short that the network header's place is cut off, and not when the program
// has put it into another. Where the kernel finds
// more memory a card's buffer ends: -ENOMEM.
func changeTail(c *Call) error {
	n, _ := c.Reg(2)
	ptr, length := c.Packet()
	words := c.withoutFlags(3, func(no func() []ssa.ID) []ssa.ID {
		return c.Choose(ssa.Compare{Cond: ssa.UGT, XL: n, YL: c.Const(maxSkb)}, no, func() []ssa.ID {
			return c.Choose(ssa.Compare{Cond: ssa.ULT, XL: n, YL: c.NetworkHeader()}, no, func() []ssa.ID {
				return when(c, isZero(c, c.Encapsulated()), func() []ssa.ID {
					return c.Choose(ssa.Compare{Cond: ssa.ULE, XL: n, YL: length},
						func() []ssa.ID { return c.resized(ptr, n) },
						func() []ssa.ID { return c.grow(n, c.noRoom) })
				}, func() []ssa.ID { return []ssa.ID{c.Errno(bpf.ENOTSUPP), length} })
			})
		})
	})
	c.PacketIs(ptr, words[1])
	c.SetResult(words[0])
	return nil
}

// noRoom returns -ENOMEM and the length as it is.
func (c *Call) noRoom() []ssa.ID {
	_, length := c.Packet()
	return []ssa.ID{c.Errno(bpf.ENOMEM), length}
}

// withoutFlags makes the way of a helper whose flags in register r must be 0.
// The ways return the helper's result and the packet's length.
func (c *Call) withoutFlags(r int, yes func(no func() []ssa.ID) []ssa.ID) []ssa.ID {
	_, length := c.Packet()
	lo, hi := c.Reg(r)
	no := func() []ssa.ID { return []ssa.ID{c.Errno(bpf.EINVAL), length} }
	none := ssa.Compare{Cond: ssa.EQ, XL: lo, XH: hi, YL: c.Const(0), YH: c.Const(0)}
	return when(c, none, func() []ssa.ID { return yes(no) }, no)
}

// changeHead makes bpf_skb_change_head: zeros in front of the frame, which the
// network header's offset counts.
func changeHead(c *Call) error {
	n, _ := c.Reg(2)
	ptr, length := c.Packet()
	network := c.NetworkHeader()
	newLength := c.Op(ssa.Add, 0, length, n)
	words := c.withoutFlags(3, func(no func() []ssa.ID) []ssa.ID {
		return c.Choose(ssa.Compare{Cond: ssa.UGT, XL: n, YL: c.Const(maxSkb)}, no, func() []ssa.ID {
			return c.Choose(ssa.Compare{Cond: ssa.UGT, XL: newLength, YL: c.Const(maxSkb)}, no, func() []ssa.ID {
				return c.headroom(n, func() []ssa.ID {
					start := c.Op(ssa.Sub, 0, ptr, n)
					c.resized(start, newLength)
					c.zero(start, n)
					return []ssa.ID{c.Const(0), newLength}
				})
			})
		})
	})
	// A length that changed says that the helper did its work.
	by := c.Op(ssa.Sub, 0, words[1], length)
	c.PacketIs(c.Op(ssa.Sub, 0, ptr, by), words[1])
	c.SetNetworkHeader(c.Op(ssa.Add, 0, network, by))
	c.SetResult(words[0])
	return nil
}

// headroom makes the way where there are n bytes in front of the packet, else
// the one that answers -ENOMEM.
func (c *Call) headroom(n ssa.ID, yes func() []ssa.ID) []ssa.ID {
	ptr, _ := c.Packet()
	room := c.AddConst(c.And(ptr, c.T.Packet.OffsetMask()), -uint32(c.T.AdjustHead.OffMin)-c.TagRoom())
	return c.Choose(ssa.Compare{Cond: ssa.ULE, XL: n, YL: room}, yes, c.noRoom)
}
