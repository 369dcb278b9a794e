package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var (
	_ = register(&Helper{ID: bpf.HelperSkbVlanPush, Inline: vlanPush})
	_ = register(&Helper{ID: bpf.HelperSkbVlanPop, Inline: vlanPop})
)

// VLAN EtherTypes as a context has them, in network byte order.
const (
	ethVLAN = 0x0081
	ethQinQ = 0xa888
)

// isVLAN makes the ways for a protocol of VLAN tags and for others.
func isVLAN(c *Call, proto ssa.ID, yes, no func() []ssa.ID) []ssa.ID {
	is := func(p uint32) ssa.Compare { return ssa.Compare{Cond: ssa.EQ, XL: proto, YL: c.Const(p)} }
	other := when(c, is(ethVLAN), one(c.Const(0)), func() []ssa.ID {
		return when(c, is(ethQinQ), one(c.Const(0)), one(c.Const(1)))
	})
	return when(c, isZero(c, other[0]), yes, no)
}

// tags refuses what the helpers for tags cannot do here.
func (c *Call) tags() error {
	if !c.T.SkbScratch {
		return c.Unsupported("helper "+c.ID.String(), "target "+c.T.Name+" does not have the frame's protocol")
	}
	if chain := c.Env.Chain; chain != nil && chain.Nested {
		return c.Unsupported("helper "+c.ID.String()+" among functions that make tail calls", "the tag beside the frame is put into it where a program ends")
	}
	return nil
}

// frameState is what the helpers for tags change: the frame's start, length,
// protocol and network header, and the tag beside it.
type frameState struct{ result, ptr, length, protocol, network, present, proto, tci ssa.ID }

func (c *Call) state(result ssa.ID) *frameState {
	s := &frameState{result: result, protocol: c.Protocol(), network: c.NetworkHeader()}
	s.ptr, s.length = c.Packet()
	s.present, s.proto, s.tci = c.Tag()
	return s
}

func (s *frameState) words() []ssa.ID {
	return []ssa.ID{s.result, s.ptr, s.length, s.protocol, s.network, s.present, s.proto, s.tci}
}

// become takes words that both ways of a choice have made for what is so.
func (c *Call) become(w []ssa.ID) {
	c.PacketIs(w[1], w[2])
	c.SetProtocol(w[3])
	c.SetNetworkHeader(w[4])
	c.SetTag(w[5], w[6], w[7])
	c.SetResult(w[0])
}

// vlanPush makes bpf_skb_vlan_push: the tag is kept beside the frame, as the
// kernel does, and put into it at the end. One that is there already goes into
// the frame now.
func vlanPush(c *Call) error {
	if err := c.tags(); err != nil {
		return err
	}
	proto, _ := c.Reg(2)
	tci, _ := c.Reg(3)
	proto, tci = c.And(proto, 0xffff), c.And(tci, 0xffff)
	proto = isVLAN(c, proto, one(proto), one(c.Const(ethVLAN)))[0]
	pushed := func(s *frameState) []ssa.ID {
		s.present, s.proto, s.tci = c.Const(1), proto, tci
		return s.words()
	}
	s := c.state(c.Const(0))
	room := func(n uint32, yes func() []ssa.ID) []ssa.ID {
		above := c.AddConst(c.And(s.ptr, c.T.Packet.OffsetMask()), -uint32(c.T.AdjustHead.OffMin))
		return c.Choose(ssa.Compare{Cond: ssa.UGE, XL: above, YL: c.Const(n)}, yes, c.state(c.Errno(bpf.ENOMEM)).words)
	}
	whole := ssa.Compare{Cond: ssa.UGE, XL: s.length, YL: c.Const(etherHeader)}
	c.become(c.Choose(whole, func() []ssa.ID { return c.pushBeside(s, room, pushed) }, c.state(c.Errno(bpf.ENOMEM)).words))
	return nil
}

// pushBeside makes the ways of a push: with a tag beside the frame already, or
// without.
func (c *Call) pushBeside(s *frameState, room func(n uint32, yes func() []ssa.ID) []ssa.ID, pushed func(*frameState) []ssa.ID) []ssa.ID {
	return when(c, isZero(c, s.present), func() []ssa.ID {
		return room(ssa.VlanTag, func() []ssa.ID { return pushed(c.state(c.Const(0))) })
	}, func() []ssa.ID {
		return room(2*ssa.VlanTag, func() []ssa.ID {
			s := c.state(c.Const(0))
			s.ptr, s.length = c.InsertTag(s.proto, s.tci)
			s.protocol = s.proto
			return pushed(s)
		})
	})
}

// vlanPop makes bpf_skb_vlan_pop: the outermost tag goes, from beside the frame or
// out of it, and the next one comes out of the frame beside it.
func vlanPop(c *Call) error {
	if err := c.tags(); err != nil {
		return err
	}
	present, _, _ := c.Tag()
	zero := c.Const(0)
	c.become(when(c, isZero(c, present), func() []ssa.ID {
		return isVLAN(c, c.Protocol(), func() []ssa.ID {
			return c.cut(func(ssa.ID) []ssa.ID { return c.next() })
		}, c.state(zero).words)
	}, func() []ssa.ID {
		c.SetTag(zero, zero, zero)
		return c.next()
	}))
	return nil
}

// next brings the first tag of the frame beside it, if there is one.
func (c *Call) next() []ssa.ID {
	proto := c.Protocol()
	return isVLAN(c, proto, func() []ssa.ID {
		return c.cut(func(tci ssa.ID) []ssa.ID {
			s := c.state(c.Const(0))
			s.present, s.proto, s.tci = c.Const(1), proto, tci
			return s.words()
		})
	}, c.state(c.Const(0)).words)
}

// cut takes the first tag out of the frame and goes on with what follows it;
// frames too short for one are left alone.
func (c *Call) cut(then func(tci ssa.ID) []ssa.ID) []ssa.ID {
	_, length := c.Packet()
	network := c.NetworkHeader()
	whole := ssa.Compare{Cond: ssa.UGE, XL: length, YL: c.Const(etherHeader + ssa.VlanTag)}
	return c.Choose(whole, func() []ssa.ID {
		ptr, shorter, tci := c.CutTag()
		c.PacketIs(ptr, shorter)
		c.SetProtocol(c.FindProtocol())
		c.SetNetworkHeader(c.networkAfterCut(network))
		return then(tci)
	}, c.state(c.Errno(bpf.ENOMEM)).words)
}

// networkAfterCut returns the offset of the network header in a frame whose first
// tag has gone: not inside the Ethernet header.
func (c *Call) networkAfterCut(network ssa.ID) ssa.ID {
	least := c.Const(etherHeader)
	if n, ok := c.F.IsConst(network); ok && n <= etherHeader+ssa.VlanTag {
		return least
	}
	moved := c.Op(ssa.Sub, 0, network, c.Const(ssa.VlanTag))
	return c.Choose(ssa.Compare{Cond: ssa.SGE, XL: moved, YL: least}, one(moved), one(least))[0]
}
