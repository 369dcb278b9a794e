package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var _ = register(&Helper{ID: bpf.HelperSkbChangeProto, Inline: changeProto})

// changeProto makes bpf_skb_change_proto: a frame of IPv4 gets the room of an IPv6
// header in the place of its own, zeros in front of it, and one of IPv6 loses as
// much. The program writes the headers.
func changeProto(c *Call) error {
	network, ok := c.F.IsConst(c.NetworkHeader())
	switch {
	case !c.T.SkbScratch:
		return c.Unsupported("bpf_skb_change_proto", "target "+c.T.Name+" does not have the frame's protocol")
	case !ok || network != etherHeader:
		return c.Unsupported("bpf_skb_change_proto behind bpf_skb_change_head", "where the network header is depends on the run")
	}
	to, _ := c.Reg(2)
	to = c.And(to, 0xffff)
	flags, flagsHi := c.Reg(3)
	ptr, length := c.Packet()
	own := c.Protocol()
	r := &room{Call: c}
	const more = ipv6Header - ipv4Header
	no := func(e bpf.Errno) func() []ssa.ID {
		return func() []ssa.ID { return []ssa.ID{c.Errno(e), ptr, length, own} }
	}
	longer := func() []ssa.ID {
		by := c.Const(more)
		words := c.headroom(by, func() []ssa.ID {
			start, size := c.AddConst(ptr, ^uint32(more-1)), c.AddConst(length, more)
			head := r.loadHead(ptr, etherHeader)
			c.resized(start, size)
			r.storeHead(start, head, etherHeader)
			c.zero(c.AddConst(start, etherHeader), by)
			return []ssa.ID{c.Const(0), size}
		})
		// A length that changed says that there was room.
		start := c.Op(ssa.Sub, 0, ptr, c.Op(ssa.Sub, 0, words[1], length))
		protocol := c.Choose(isZero(c, words[0]), one(c.Const(ethIPv6)), one(own))
		return []ssa.ID{words[0], start, words[1], protocol[0]}
	}
	shorter := func() []ssa.ID {
		return c.Choose(ssa.Compare{Cond: ssa.UGE, XL: length, YL: c.Const(etherHeader + more)}, func() []ssa.ID {
			start, size := c.AddConst(ptr, more), c.AddConst(length, ^uint32(more-1))
			head := r.loadHead(ptr, etherHeader)
			c.resized(start, size)
			r.storeHead(start, head, etherHeader)
			return []ssa.ID{c.Const(0), start, size, c.Const(ethIPv4)}
		}, no(bpf.ENOMEM))
	}
	is := func(x ssa.ID, n uint32) ssa.Compare { return ssa.Compare{Cond: ssa.EQ, XL: x, YL: c.Const(n)} }
	between := func(from, into uint32, do, other func() []ssa.ID) func() []ssa.ID {
		return func() []ssa.ID {
			return either(c, is(to, into), func() []ssa.ID { return either(c, is(own, from), do, other) }, other)
		}
	}
	none := ssa.Compare{Cond: ssa.EQ, XL: flags, XH: flagsHi, YL: c.Const(0), YH: c.Const(0)}
	words := either(c, none, between(ethIPv4, ethIPv6, longer, between(ethIPv6, ethIPv4, shorter, no(bpf.ENOTSUPP))), no(bpf.EINVAL))
	c.PacketIs(words[1], words[2])
	c.SetProtocol(words[3])
	if hash := c.Hash(); !c.F.Is(hash, 0) {
		c.SetHash(c.Choose(isZero(c, words[0]), one(c.Const(0)), one(hash))[0])
	}
	c.SetResult(words[0])
	return nil
}
