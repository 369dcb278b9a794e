package ssa

import (
	"fmt"
	"math"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

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
	ptr, length := b.Packet()
	var id ID
	part := func(p *Part) {
		if p != nil {
			id = b.Part(p)
		}
	}
	if fact.OffKnown && n == 4 {
		switch {
		case xdp && at == bpf.XDPMdDataMeta:
			id = b.Op(Sub, 0, ptr, b.Metadata())
		case xdp && at == bpf.XDPMdData, !xdp && at == bpf.SkBuffData, !xdp && at == bpf.SkBuffDataMeta:
			id = ptr
		case xdp && at == bpf.XDPMdDataEnd, !xdp && at == bpf.SkBuffDataEnd:
			id = b.Op(Add, 0, ptr, length)
		case xdp && at == bpf.XDPMdIngressIfindex, !xdp && at == bpf.SkBuffIngressIfindex:
			part(b.Env.Machine.Ingress)
		case xdp && at == bpf.XDPMdRxQueueIndex:
			part(b.Env.Machine.RxQueue)
		case !xdp && at == bpf.SkBuffLen:
			id = b.FrameLength()
		}
	}
	if id == 0 && fact.OffKnown && !xdp {
		if r, ok := b.loadSkb(at, n); ok {
			return r, nil
		}
	}
	if id == 0 {
		return pair{}, b.Unsupported(fmt.Sprintf("a load of %d bytes of context field %s", n, b.fieldName(at)), "target "+b.Env.Machine.Name+" does not have it")
	}
	return pair{id, b.Const(0)}, nil
}

// fieldName names the member of the context at an offset.
func (b *Builder) fieldName(at int32) string {
	ctx := bpf.SkBuff
	if b.Prog.Source().Type == object.XDP {
		ctx = bpf.XDPMd
	}
	if f := ctx.At(int(at)); f != nil {
		return f.Name
	}
	return fmt.Sprintf("at byte %d", at)
}

// storeCtx builds a store to the context.
func (b *Builder) storeCtx(fact *verify.Reg, off int32, n int, v pair) error {
	at := fact.Off + off
	val := v.lo
	xdp := b.Prog.Source().Type == object.XDP
	if !xdp && fact.OffKnown && b.storeSkb(at, n, v) {
		return nil
	}
	if q := b.Env.Machine.Queue; xdp && at == bpf.XDPMdRxQueueIndex && q != nil {
		words := b.Choose(Compare{Cond: UGT, XL: val, YL: b.Const(q.Max)},
			func() []ID { return []ID{b.Const(q.OutOfRange)} }, func() []ID { return []ID{val} })
		b.Add(Value{Op: SetQueue, Args: words})
		return nil
	}
	return b.Unsupported(fmt.Sprintf("a store to context field %s", b.fieldName(at)), "target "+b.Env.Machine.Name+" does not have it")
}

// packetLoad builds LD_ABS and LD_IND: a big-endian load from the packet that
// leaves the function, with 0, when it lies outside.
func (b *Builder) packetLoad(in bpf.Insn, pc int) error {
	n := uint32(in.Bytes())
	if mode := in.Mode(); (mode != bpf.ModeABS && mode != bpf.ModeIND) || n > 4 {
		return b.Unsupported(fmt.Sprintf("load instruction %#02x", in.Op), "the compiler has no translation for it")
	}
	if b.Fragments() {
		return b.Unsupported("a packet load of classic BPF in a program that takes frames in several pieces", "the compiler reads the first piece alone; bpf_skb_load_bytes reads all")
	}
	ptr, length := b.Packet()
	zero := b.Const(0)
	at := b.legacyOffset(in)
	end := b.AddConst(at, n)
	outside, ok := b.newBlock(1), b.newBlock(1)
	b.branch(Compare{Cond: ULE, XL: end, YL: length}, outside, ok)
	b.Block = outside
	if b.frame > 0 { // the function returns 0
		b.write(regVar(b.frame-1, 0, 0), zero)
		b.write(regVar(b.frame-1, 0, 1), zero)
		b.jump(b.returns[b.frame])
	} else {
		b.end(zero, zero)
	}
	b.Block = ok
	v := b.Add(Value{Op: Load, Space: Packet, Order: Big, Size: uint8(n), Args: []ID{b.Op(Add, 0, ptr, at)}})
	b.narrow(pc, 0, v, zero)
	return nil
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
	if in.Mode() == bpf.ModeABS {
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
