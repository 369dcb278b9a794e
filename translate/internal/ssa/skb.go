package ssa

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// skbWords is the number of words of struct __sk_buff.
const skbWords = bpf.SizeofSkBuff / 4

// skbZero are the words of the context that are zero for a packet that has just
// arrived, and that programs can only read: there is no segmentation and no time.
var skbZero = map[int32]bool{
	bpf.SkBuffNAPIID:  true,
	bpf.SkBuffGSOSegs: true, bpf.SkBuffGSOSize: true, bpf.SkBuffHwtstamp: true, bpf.SkBuffHwtstamp + 4: true,
}

// skbScratch are the words that programs may write. But for those that stay with the
// packet (Machine.Carried) they begin as zero and are the program's own: the card
// passes none of them on.
var skbScratch = map[int32]bool{
	bpf.SkBuffMark: true, bpf.SkBuffQueueMapping: true, bpf.SkBuffPriority: true, bpf.SkBuffTcIndex: true,
	bpf.SkBuffCB: true, bpf.SkBuffCB + 4: true, bpf.SkBuffCB + 8: true, bpf.SkBuffCB + 12: true, bpf.SkBuffCB + 16: true,
	bpf.SkBuffTcClassID: true, bpf.SkBuffTstamp: true, bpf.SkBuffTstamp + 4: true,
}

// skbHelped are the words that only helpers write. They begin as zero.
var skbHelped = map[int32]bool{bpf.SkBuffTstampType: true}

// firstSkb sets up the context of a tc program for a packet that has just arrived,
// on targets that have one.
func (b *Builder) firstSkb() {
	if b.Prog.Source().Type != object.TC {
		return
	}
	zero := b.Const(0)
	b.SetChecksumLevel(zero)
	b.startFrame()
	if !b.Env.Machine.Scratch {
		return
	}
	for off := range skbScratch {
		b.write(varSkb+variable(off/4), zero)
	}
	for off := range skbHelped {
		b.write(varSkb+variable(off/4), zero)
	}
	b.takeCarried(FieldsUsed(b.Prog))
	b.SetHash(zero)
	b.SetTag(zero, zero, zero)
	if b.wantsProtocol() {
		b.write(varSkb+bpf.SkBuffProtocol/4, b.protocol())
	}
}

// startFrame says of a tc frame what holds as long as no program has made it
// longer or shorter.
func (b *Builder) startFrame() {
	b.SetNetworkHeader(b.Const(networkHeader))
	b.SetEncapsulated(b.Const(0))
}

// MaxChecksumLevel is the greatest level of checksums, SKB_MAX_CSUM_LEVEL and 1
// for the outermost.
const MaxChecksumLevel = 4

// ChecksumLevel returns how many checksums of the frame were found right, from
// the outermost on: none of a frame that has just arrived.
func (b *Builder) ChecksumLevel() ID { return b.read(varCsumLevel) }

// SetChecksumLevel says how many checksums were found right.
func (b *Builder) SetChecksumLevel(n ID) { b.write(varCsumLevel, n) }

// NetworkHeader returns the offset of a tc frame's network header from its
// start, as the kernel keeps it.
func (b *Builder) NetworkHeader() ID { return b.read(varNetwork) }

// SetNetworkHeader says where the network header is.
func (b *Builder) SetNetworkHeader(off ID) { b.write(varNetwork, off) }

// Encapsulated returns a word that is not 0 if the program has put the frame
// into another one.
func (b *Builder) Encapsulated() ID { return b.read(varEncap) }

// SetEncapsulated says whether the frame is inside another one.
func (b *Builder) SetEncapsulated(x ID) { b.write(varEncap, x) }

// Protocol returns the protocol of a tc frame, in network byte order; of
// programs that ask for it only.
func (b *Builder) Protocol() ID { return b.read(varSkb + bpf.SkBuffProtocol/4) }

// SetProtocol says what the frame's protocol is.
func (b *Builder) SetProtocol(p ID) { b.write(varSkb+bpf.SkBuffProtocol/4, p) }

// Hash returns the frame's hash, 0 for one that has just arrived.
func (b *Builder) Hash() ID { return b.read(varSkb + bpf.SkBuffHash/4) }

// SetHash says what the frame's hash is.
func (b *Builder) SetHash(h ID) { b.write(varSkb+bpf.SkBuffHash/4, h) }

// Mark returns the frame's mark.
func (b *Builder) Mark() ID { return b.read(varSkb + bpf.SkBuffMark/4) }

// Tstamp returns the frame's time, and the clock that it is of as the context
// numbers clocks.
func (b *Builder) Tstamp() (lo, hi, clock ID) {
	at := varSkb + variable(bpf.SkBuffTstamp/4)
	return b.read(at), b.read(at + 1), b.read(varSkb + bpf.SkBuffTstampType/4)
}

// SetTstamp says what the frame's time is, and of which clock.
func (b *Builder) SetTstamp(lo, hi, clock ID) {
	at := varSkb + variable(bpf.SkBuffTstamp/4)
	b.write(at, lo)
	b.write(at+1, hi)
	b.write(varSkb+bpf.SkBuffTstampType/4, clock)
}

// protocol makes the protocol of the frame, in network byte order as the
// context has it: the type field, or a number for frames with a length there.
// Frames without a whole header have 0.
func (b *Builder) protocol() ID {
	const (
		header, minType = 14, 0x600
		rawIPX          = 0xffff // first bytes of IPX in 802.3 frames
		ieee8023        = 0x0100
		ieee8022        = 0x0400
	)
	ptr, length := b.Packet()
	field := func(off uint32) ID {
		return b.Add(Value{Op: Load, Space: Packet, Size: 2, Imm: off, Args: []ID{ptr}})
	}
	one := func(id ID) func() []ID { return func() []ID { return []ID{id} } }
	old := func() []ID {
		return b.Choose(Compare{Cond: UGE, XL: length, YL: b.Const(header + 2)}, func() []ID {
			return b.Choose(Compare{Cond: EQ, XL: field(header), YL: b.Const(rawIPX)}, one(b.Const(ieee8023)), one(b.Const(ieee8022)))
		}, one(b.Const(ieee8022)))
	}
	words := b.Choose(Compare{Cond: UGE, XL: length, YL: b.Const(header)}, func() []ID {
		typ := field(header - 2)
		return b.Choose(Compare{Cond: UGE, XL: b.Op(Bswap16, 0, typ), YL: b.Const(minType)}, one(typ), old)
	}, one(b.Const(0)))
	return words[0]
}

// wantsProtocol reports whether somebody reads the protocol of the context, or
// calls a helper that does.
// The loads for it are made only then.
func (b *Builder) wantsProtocol() bool {
	if c := b.Env.Chain; c != nil {
		return slices.ContainsFunc(c.Passed, func(p Passed) bool { return p.Field == bpf.SkBuffProtocol })
	}
	p := b.Prog.Source()
	for pc := range p.Insns {
		in := p.Insns[pc]
		if in.Class() == bpf.ClassLDX && b.Prog.Reached(pc) && in.Off&^3 == bpf.SkBuffProtocol || asksProtocol(in) {
			return true
		}
	}
	return false
}

// asksProtocol reports whether an instruction calls a helper whose work depends on
// the frame's protocol.
func asksProtocol(in bpf.Insn) bool {
	return in.IsCallOf(bpf.HelperSkbAdjustRoom) || in.IsCallOf(bpf.HelperSkbChangeProto) || in.IsCallOf(bpf.HelperSkbSetTstamp) ||
		in.IsCallOf(bpf.HelperRedirectNeigh) || callsTag(in)
}

// skbWord returns the aligned word of a tc program's context at off, or 0 if
// there is no such word.
func (b *Builder) skbWord(off int32) ID {
	switch {
	case !b.Env.Machine.Scratch:
		return 0
	case skbZero[off]:
		return b.Const(0)
	case skbTag[off] && !b.tagged():
		return b.Const(0)
	case skbScratch[off], skbHelped[off], skbTag[off], off == bpf.SkBuffProtocol, off == bpf.SkBuffHash:
		return b.read(varSkb + variable(off/4))
	case off == bpf.SkBuffIfindex && b.Env.Machine.Ingress != nil:
		return b.Part(b.Env.Machine.Ingress)
	}
	return 0
}

// loadSkb loads n bytes of a tc program's context; ok is false if the target
// does not have them.
func (b *Builder) loadSkb(at int32, n int) (r pair, ok bool) {
	word := at &^ 3
	x := b.skbWord(word)
	if word == bpf.SkBuffLen {
		x = b.FrameLength()
	}
	if x == 0 {
		return pair{}, false
	}
	r = pair{x, b.Const(0)}
	switch {
	case n == 8:
		r.hi = b.skbWord(word + 4)
		return r, r.hi != 0
	case n < 4:
		shift := uint32(at&3) * 8
		if n == 2 && bpf.SkBuff.At(int(word)).Kept == 2 {
			shift = 0
		}
		r.lo = b.And(b.Shift(Shr, x, shift), 1<<(8*n)-1)
	}
	return r, true
}

// storeSkb stores n bytes to a tc program's context.
func (b *Builder) storeSkb(at int32, n int, v pair) bool {
	word := at &^ 3
	if !b.Env.Machine.Scratch || !skbScratch[word] || n == 8 && !skbScratch[word+4] {
		return false
	}
	dst := varSkb + variable(word/4)
	switch {
	case n == 8:
		b.write(dst, v.lo)
		b.write(dst+1, v.hi)
	case n < 4:
		shift := int(at&3) * 8
		b.write(dst, b.Op(Insert, InsertImm((1<<n-1)<<(at&3), shift), b.read(dst), v.lo))
	case word == bpf.SkBuffTcIndex, word == bpf.SkBuffTcClassID:
		b.write(dst, b.And(v.lo, 0xffff))
	case word == bpf.SkBuffQueueMapping:
		// The kernel takes no queue that it cannot have.
		old := b.read(dst)
		words := b.Choose(b.NarrowCompare(Compare{Cond: UGE, XL: v.lo, XH: v.hi, YL: b.Const(0xffff), YH: b.Const(0)}),
			func() []ID { return []ID{old} }, func() []ID { return []ID{v.lo} })
		b.write(dst, words[0])
	default:
		b.write(dst, v.lo)
	}
	return true
}
