package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var (
	_ = register(&Helper{ID: bpf.HelperSkbPullData, Inline: pullData})
	_ = register(&Helper{ID: bpf.HelperSetHash, Inline: func(c *Call) error {
		lo, _ := c.Reg(2)
		return setHash(c, lo)
	}})
	_ = register(&Helper{ID: bpf.HelperSkbChangeType, Inline: changeType})
	_ = register(&Helper{ID: bpf.HelperSkbSetTstamp, Inline: setTstamp})
	_ = register(&Helper{ID: bpf.HelperSetHashInvalid, Inline: func(c *Call) error { return setHash(c, c.Const(0)) }})
)

// pullData makes bpf_skb_pull_data: what a packet buffer has room for lies in one
// piece, so that there is nothing to do unless more is asked for.
func pullData(c *Call) error {
	n, _ := c.Reg(2)
	_, length := c.Packet()
	words := c.Choose(ssa.Compare{Cond: ssa.ULE, XL: n, YL: length}, one(c.Const(0)), one(c.Errno(bpf.ENOMEM)))
	c.SetResult(words[0])
	return nil
}

// setHash makes bpf_set_hash and bpf_set_hash_invalid.
func setHash(c *Call, hash ssa.ID) error {
	c.SetHash(hash)
	c.SetReg(0, c.Const(0), c.Const(0))
	return nil
}

// changeType makes bpf_skb_change_type. A frame that came in may be of any type
// that the helper can make it; nobody on the card asks afterwards.
func changeType(c *Call) error {
	const most = 3 // PACKET_OTHERHOST
	typ, _ := c.Reg(2)
	words := either(c, ssa.Compare{Cond: ssa.ULE, XL: typ, YL: c.Const(most)}, one(c.Const(0)), one(c.Errno(bpf.EINVAL)))
	c.SetResult(words[0])
	return nil
}

// setTstamp makes bpf_skb_set_tstamp: the time of a frame of IP, in R2, by the
// clock in R3. A clock that runs has no time 0.
func setTstamp(c *Call) error {
	const realtime, last = 0, 2 // BPF_SKB_CLOCK_REALTIME, BPF_SKB_CLOCK_TAI
	if !c.T.SkbScratch {
		return c.Unsupported("bpf_skb_set_tstamp", "target "+c.T.Name+" has no place for it")
	}
	lo, hi := c.Reg(2)
	clock, _ := c.Reg(3)
	oldLo, oldHi, oldClock := c.Tstamp()
	no := func(e bpf.Errno) func() []ssa.ID {
		return func() []ssa.ID { return []ssa.ID{c.Errno(e), oldLo, oldHi, oldClock} }
	}
	set := func() []ssa.ID { return []ssa.ID{c.Const(0), lo, hi, clock} }
	running := func() []ssa.ID {
		return either(c, ssa.Compare{Cond: ssa.UGT, XL: clock, YL: c.Const(last)}, no(bpf.EINVAL), func() []ssa.ID {
			return either(c, ssa.Compare{Cond: ssa.EQ, XL: lo, XH: hi, YL: c.Const(0), YH: c.Const(0)}, no(bpf.EINVAL), set)
		})
	}
	byClock := func() []ssa.ID {
		return either(c, ssa.Compare{Cond: ssa.EQ, XL: clock, YL: c.Const(realtime)}, set, running)
	}
	protocol := c.Protocol()
	is := func(n uint32) ssa.Compare { return ssa.Compare{Cond: ssa.EQ, XL: protocol, YL: c.Const(n)} }
	words := c.Choose(is(ethIPv4), byClock, func() []ssa.ID { return c.Choose(is(ethIPv6), byClock, no(bpf.EOPNOTSUPP)) })
	c.SetTstamp(words[1], words[2], words[3])
	c.SetResult(words[0])
	return nil
}
