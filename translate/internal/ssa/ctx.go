package ssa

import (
	"fmt"
	"math"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Byte offsets of context fields that have a translation.
const (
	xdpData     = 0
	xdpDataEnd  = 4
	xdpDataMeta = 8
	xdpIngress  = 12
	xdpRxQueue  = 16

	skbLen      = 0
	skbIngress  = 36
	skbData     = 76
	skbDataEnd  = 80
	skbDataMeta = 140
)

var xdpFields = map[int32]string{0: "data", 4: "data_end", 8: "data_meta", 12: "ingress_ifindex", 16: "rx_queue_index", 20: "egress_ifindex"}

var skbFields = map[int32]string{
	0: "len", 4: "pkt_type", 8: "mark", 12: "queue_mapping", 16: "protocol", 20: "vlan_present", 24: "vlan_tci", 28: "vlan_proto",
	32: "priority", 36: "ingress_ifindex", 40: "ifindex", 44: "tc_index", 68: "hash", 72: "tc_classid", 76: "data", 80: "data_end",
	84: "napi_id", 140: "data_meta", 152: "tstamp", 160: "wire_len", 164: "gso_segs", 176: "gso_size",
}

// Packet returns the packet pointer and the length as they are now.
func (b *Builder) Packet() (ptr, length ID) { return b.read(varPktPtr), b.read(varPktLen) }

// PacketIs says what the packet pointer and the length are from here on. The
// packet vector is changed by SetPkt.
func (b *Builder) PacketIs(ptr, length ID) {
	b.write(varPktPtr, ptr)
	b.write(varPktLen, length)
}

// StackBase returns the local-memory address of the stack base.
func (b *Builder) StackBase() ID { return b.stackBase }

// loadCtx builds a load from the context.
func (b *Builder) loadCtx(fact *verify.Reg, off int32, n int) (pair, error) {
	at := fact.Off + off
	xdp := b.Prog.Source().Type == object.XDP
	field := skbFields[at&^3]
	if xdp {
		field = xdpFields[at&^3]
	}
	if field == "" {
		field = fmt.Sprintf("at byte %d", at)
	}
	ptr, length := b.Packet()
	var id ID
	part := func(p *Part) {
		if p != nil {
			id = b.part(p)
		}
	}
	if fact.OffKnown && n == 4 {
		switch {
		case xdp && at == xdpData, xdp && at == xdpDataMeta, !xdp && at == skbData, !xdp && at == skbDataMeta:
			id = ptr
		case xdp && at == xdpDataEnd, !xdp && at == skbDataEnd:
			id = b.Op(Add, 0, ptr, length)
		case xdp && at == xdpIngress, !xdp && at == skbIngress:
			part(b.Env.Machine.Ingress)
		case xdp && at == xdpRxQueue:
			part(b.Env.Machine.RxQueue)
		case !xdp && at == skbLen:
			id = length
		}
	}
	if id == 0 && fact.OffKnown && !xdp {
		if r, ok := b.loadSkb(at, n); ok {
			return r, nil
		}
	}
	if id == 0 {
		return pair{}, b.Unsupported(fmt.Sprintf("a load of %d bytes of context field %s", n, field), "target "+b.Env.Machine.Name+" does not have it")
	}
	return pair{id, b.Const(0)}, nil
}

// storeCtx builds a store to the context.
func (b *Builder) storeCtx(fact *verify.Reg, off int32, n int, v pair) error {
	at := fact.Off + off
	val := v.lo
	xdp := b.Prog.Source().Type == object.XDP
	if !xdp && fact.OffKnown && b.storeSkb(at, n, v) {
		return nil
	}
	if q := b.Env.Machine.Queue; xdp && at == xdpRxQueue && q != nil {
		words := b.Choose(Compare{Cond: UGT, XL: val, YL: b.Const(q.Max)},
			func() []ID { return []ID{b.Const(q.OutOfRange)} }, func() []ID { return []ID{val} })
		b.Add(Value{Op: SetQueue, Args: words})
		return nil
	}
	field := skbFields[at]
	if xdp {
		field = xdpFields[at]
	}
	return b.Unsupported(fmt.Sprintf("a store to context field %s", field), "target "+b.Env.Machine.Name+" does not have it")
}

// packetLoad builds LD_ABS and LD_IND: a big-endian load from the packet that
// ends the program when it lies outside.
func (b *Builder) packetLoad(in bpf.Insn, pc int) error {
	n := uint32(in.Bytes())
	if mode := in.Op & 0xe0; (mode != bpf.ModeABS && mode != bpf.ModeIND) || n > 4 {
		return b.Unsupported(fmt.Sprintf("load instruction %#02x", in.Op), "the compiler has no translation for it")
	}
	ptr, length := b.Packet()
	zero := b.Const(0)
	at := b.legacyOffset(in)
	end := b.AddConst(at, n)
	outside, ok := b.newBlock(1), b.newBlock(1)
	b.branch(Compare{Cond: ULE, XL: end, YL: length}, outside, ok)
	b.Block = outside
	b.leaveProgram(zero)
	b.Block = ok
	v := b.Add(Value{Op: Load, Space: Packet, Order: Big, Size: uint8(n), Args: []ID{b.Op(Add, 0, ptr, at)}})
	b.narrow(pc, 0, v, zero)
	return nil
}

// leaveProgram ends the whole program with a verdict, from any frame.
func (b *Builder) leaveProgram(verdict ID) {
	b.F.B(b.Block).Term = Term{Kind: Exit, Slot: b.Slot, X: verdict}
}

// Offsets of LD_ABS and LD_IND from which on others are meant: from the
// network header, from the link header. SKF_NET_OFF and SKF_LL_OFF of the
// kernel, whose network header is behind an Ethernet header.
const (
	fromNetwork   = -0x100000
	fromLink      = -0x200000
	networkHeader = 14
)

// legacyOffset returns the offset in the packet that LD_ABS and LD_IND mean:
// a positive number, or one beyond all packets that is at least 2 MiB below
// 2^32, so that the end of the access does not wrap.
func (b *Builder) legacyOffset(in bpf.Insn) ID {
	network := func(at ID) ID { return b.AddConst(at, networkHeader-fromNetwork) }
	link := func(at ID) ID { return b.AddConst(at, -fromLink) }
	at := b.Const(uint32(in.Imm))
	if in.Op&0xe0 == bpf.ModeABS {
		switch {
		case in.Imm >= 0 || in.Imm < fromLink:
			return at
		case in.Imm >= fromNetwork:
			return network(at)
		}
		return link(at)
	}
	lo, _ := b.Reg(int(in.Src))
	at = b.Op(Add, 0, at, lo)
	fact := b.Fact(int(in.Src))
	if fact.Kind == verify.Scalar && in.Imm >= 0 && fact.UMax <= math.MaxInt32-uint64(in.Imm) {
		return at
	}
	one := func(f func(ID) ID) func() []ID { return func() []ID { return []ID{f(at)} } }
	words := b.Choose(Compare{Cond: UGE, XL: at, YL: b.Const(fromNetwork & math.MaxUint32)}, one(network), func() []ID {
		return b.Choose(Compare{Cond: UGE, XL: at, YL: b.Const(fromLink & math.MaxUint32)}, one(link), func() []ID { return []ID{at} })
	})
	return words[0]
}
