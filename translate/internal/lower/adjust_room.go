package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var _ = register(&Helper{ID: bpf.HelperSkbAdjustRoom, Inline: adjustRoom})

// Sizes of headers and the kernel's limit of a change, in bytes.
const (
	etherHeader = 14
	ipv4Header  = 20
	ipv6Header  = 40
	maxRoom     = 0xfff
)

// Protocols as a context has them, in network byte order.
const (
	ethIPv4 = 0x0008
	ethIPv6 = 0xdd86
)

// The flags of bpf_skb_adjust_room.
const (
	encapL3   = bpf.FAdjRoomEncapL3IPv4 | bpf.FAdjRoomEncapL3IPv6
	encapL4   = bpf.FAdjRoomEncapL4Gre | bpf.FAdjRoomEncapL4UDP
	decapL3   = bpf.FAdjRoomDecapL3IPv4 | bpf.FAdjRoomDecapL3IPv6
	roomFlags = bpf.FAdjRoomFixedGSO | encapL3 | encapL4 | bpf.FAdjRoomEncapL2Eth | decapL3 | bpf.FAdjRoomNoCsumReset |
		uint64(bpf.AdjRoomEncapL2Mask)<<bpf.AdjRoomEncapL2Shift
	// shrinkFlags are those that a frame may be made shorter with.
	shrinkFlags = bpf.FAdjRoomFixedGSO | decapL3 | bpf.FAdjRoomNoCsumReset
)

// room is a call of bpf_skb_adjust_room with what is constant in it.
type room struct {
	*Call
	delta ssa.ID // bytes that come, or go if negative
	mode  uint32
	flags uint64
}

// adjustRoom makes bpf_skb_adjust_room: bytes come or go behind the Ethernet
// header (BPF_ADJ_ROOM_MAC) or behind the IP header without options
// (BPF_ADJ_ROOM_NET); new ones are zero. What is wrong is answered in the
// kernel's order.
func adjustRoom(c *Call) error {
	delta, _ := c.Reg(2)
	mode, _ := c.Reg(3)
	lo, hi := c.Reg(4)
	m, okMode := c.F.IsConst(mode)
	flo, okLow := c.F.IsConst(lo)
	fhi, okHigh := c.F.IsConst(hi)
	network, okNetwork := c.F.IsConst(c.NetworkHeader())
	switch {
	case !c.T.SkbScratch:
		return c.Unsupported("bpf_skb_adjust_room", "target "+c.T.Name+" does not have the frame's protocol")
	case !okMode || !okLow || !okHigh:
		return c.Unsupported("bpf_skb_adjust_room with a mode or flags known at run time only", "the compiler takes constant ones")
	case !okNetwork || network != etherHeader:
		return c.Unsupported("bpf_skb_adjust_room behind bpf_skb_change_head", "where the network header is depends on the run")
	}
	r := &room{c, delta, m, uint64(fhi)<<32 | uint64(flo)}
	ptr, length := c.Packet()
	level, protocol, encap := c.ChecksumLevel(), c.Protocol(), c.Encapsulated()
	as := func(result, ptr, length, protocol, encap ssa.ID) []ssa.ID {
		return []ssa.ID{result, ptr, length, protocol, encap}
	}
	no := func(e bpf.Errno) func() []ssa.ID {
		return func() []ssa.ID { return as(c.Errno(e), ptr, length, protocol, encap) }
	}
	words := no(bpf.EINVAL)()
	if r.flags&^roomFlags == 0 {
		shrinks := ssa.Compare{Cond: ssa.SLT, XL: delta, YL: c.Const(0)}
		words = when(c, shrinks, func() []ssa.ID { return r.ways(true, no, as) }, func() []ssa.ID { return r.ways(false, no, as) })
	}
	c.PacketIs(words[1], words[2])
	c.SetProtocol(words[3])
	c.SetEncapsulated(words[4])
	c.SetResult(words[0])
	if r.flags&bpf.FAdjRoomNoCsumReset == 0 && !c.F.Is(level, 0) {
		c.SetChecksumLevel(c.Choose(isZero(c, words[0]), one(c.Const(0)), one(level))[0])
	}
	return nil
}

type (
	answers func(e bpf.Errno) func() []ssa.ID
	outcome func(result, ptr, length, protocol, encap ssa.ID) []ssa.ID
)

// ways makes the ways of a call that makes the frame shorter or longer.
func (r *room) ways(shrink bool, no answers, as outcome) []ssa.ID {
	n := r.delta
	if shrink {
		n = r.Op(ssa.Sub, 0, r.Const(0), r.delta)
	}
	family := func(header uint32, own uint32) func() []ssa.ID {
		return func() []ssa.ID { return r.ofFamily(shrink, n, header, own, no, as) }
	}
	protocol := r.Protocol()
	return r.Choose(ssa.Compare{Cond: ssa.UGT, XL: n, YL: r.Const(maxRoom)}, no(bpf.EFAULT), func() []ssa.ID {
		return r.Choose(ssa.Compare{Cond: ssa.EQ, XL: protocol, YL: r.Const(ethIPv4)}, family(ipv4Header, ethIPv4), func() []ssa.ID {
			return r.Choose(ssa.Compare{Cond: ssa.EQ, XL: protocol, YL: r.Const(ethIPv6)}, family(ipv6Header, ethIPv6), no(bpf.ENOTSUPP))
		})
	})
}

// ofFamily makes the ways of frames of IPv4 or IPv6, by the size of its header.
func (r *room) ofFamily(shrink bool, n ssa.ID, header, own uint32, no answers, as outcome) []ssa.ID {
	at, least := uint32(etherHeader), header
	switch r.mode {
	case bpf.AdjRoomNet:
		at += header
	case bpf.AdjRoomMac:
	default:
		return no(bpf.ENOTSUPP)()
	}
	if r.flags&decapL3 != 0 {
		if !shrink {
			return no(bpf.EINVAL)()
		}
		switch r.flags & decapL3 {
		case bpf.FAdjRoomDecapL3IPv4:
			least = ipv4Header
		case bpf.FAdjRoomDecapL3IPv6:
			least = ipv6Header
		default:
			return no(bpf.EINVAL)()
		}
	}
	if shrink {
		return r.shrink(n, at, least, own, no, as)
	}
	return r.widen(n, at, own, no, as)
}

// shrink takes n bytes out at an offset. What is left of the frame behind the
// Ethernet header must be at least so long.
func (r *room) shrink(n ssa.ID, at, least, own uint32, no answers, as outcome) []ssa.ID {
	ptr, length := r.Packet()
	left := r.Op(ssa.Sub, 0, length, n)
	protocol := own
	switch {
	case own == ethIPv4 && r.flags&bpf.FAdjRoomDecapL3IPv6 != 0:
		protocol = ethIPv6
	case own == ethIPv6 && r.flags&bpf.FAdjRoomDecapL3IPv4 != 0:
		protocol = ethIPv4
	}
	// A negative length is below every other.
	enough := ssa.Compare{Cond: ssa.SGE, XL: left, YL: r.Const(etherHeader + least)}
	return r.Choose(enough, func() []ssa.ID {
		if r.flags&^shrinkFlags != 0 {
			return no(bpf.EINVAL)()
		}
		do := func() []ssa.ID {
			start := r.Op(ssa.Add, 0, ptr, n)
			head := r.loadHead(ptr, at)
			r.resized(start, left)
			r.storeHead(start, head, at)
			return as(r.Const(0), start, left, r.Const(protocol), r.Encapsulated())
		}
		return r.Choose(ssa.Compare{Cond: ssa.UGE, XL: left, YL: r.Const(at)}, do, no(bpf.ENOMEM))
	}, no(bpf.ENOTSUPP))
}

// widen puts n zeros in at an offset, for an outer header if flags say so.
func (r *room) widen(n ssa.ID, at, own uint32, no answers, as outcome) []ssa.ID {
	ptr, length := r.Packet()
	longer := r.Op(ssa.Add, 0, length, n)
	protocol, encap := own, r.Encapsulated()
	do := func() []ssa.ID {
		words := r.headroom(n, func() []ssa.ID {
			start := r.Op(ssa.Sub, 0, ptr, n)
			head := r.loadHead(ptr, at)
			r.resized(start, longer)
			r.storeHead(start, head, at)
			r.zero(r.AddConst(start, at), n)
			return []ssa.ID{r.Const(0), longer}
		})
		done := isZero(r.Call, words[0])
		state := r.Choose(done, func() []ssa.ID {
			return []ssa.ID{r.Op(ssa.Sub, 0, ptr, n), r.Const(protocol), r.encapsulates(encap)}
		}, func() []ssa.ID { return []ssa.ID{ptr, r.Const(own), encap} })
		return as(words[0], state[0], words[1], state[1], state[2])
	}
	inside := do
	if r.flags&encapL3 != 0 {
		inner := uint32(r.flags >> bpf.AdjRoomEncapL2Shift)
		switch {
		case r.flags&encapL3 == encapL3, r.flags&encapL4 == encapL4, r.flags&bpf.FAdjRoomEncapL2Eth != 0 && inner < etherHeader:
			inside = no(bpf.EINVAL)
		default:
			switch {
			case own == ethIPv4 && r.flags&bpf.FAdjRoomEncapL3IPv6 != 0:
				protocol = ethIPv6
			case own == ethIPv6 && r.flags&bpf.FAdjRoomEncapL3IPv4 != 0:
				protocol = ethIPv4
			}
			inside = func() []ssa.ID {
				return when(r.Call, isZero(r.Call, encap), func() []ssa.ID {
					return r.Choose(ssa.Compare{Cond: ssa.UGE, XL: n, YL: r.Const(inner)}, do, no(bpf.EINVAL))
				}, no(bpf.EALREADY))
			}
		}
	}
	// The kernel moves what lies behind a frame without its headers, too.
	whole := ssa.Compare{Cond: ssa.UGE, XL: length, YL: r.Const(at)}
	return r.Choose(ssa.Compare{Cond: ssa.UGT, XL: longer, YL: r.Const(maxSkb)}, no(bpf.ENOTSUPP), func() []ssa.ID {
		return r.Choose(whole, inside, no(bpf.ENOTSUPP))
	})
}

// encapsulates returns whether the frame is inside another one, after success.
func (r *room) encapsulates(before ssa.ID) ssa.ID {
	if r.flags&encapL3 != 0 {
		return r.Const(1)
	}
	return before
}

// loadHead and storeHead move the first n bytes of a frame, n = 4 k + 2.
func (r *room) loadHead(ptr ssa.ID, n uint32) (words []ssa.ID) {
	for off := uint32(0); off < n; off += 4 {
		size := min(n-off, 4)
		words = append(words, r.Add(ssa.Value{Op: ssa.Load, Space: ssa.Packet, Size: uint8(size), Imm: off, Args: []ssa.ID{ptr}}))
	}
	return words
}

func (r *room) storeHead(ptr ssa.ID, words []ssa.ID, n uint32) {
	for k, w := range words {
		off := 4 * uint32(k)
		r.Add(ssa.Value{Op: ssa.Store, Space: ssa.Packet, Size: uint8(min(n-off, 4)), Imm: off, Args: []ssa.ID{ptr, w}})
	}
}
