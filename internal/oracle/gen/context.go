package gen

import (
	"github.com/skipsw/skipsw/translate/object"

	"github.com/skipsw/skipsw/translate/bpf"
)

// skbCBBytes is the length of the scratch words in bytes.
const skbCBBytes = 20

// skbReads are the fields of __sk_buff, each of 4 bytes, that say the same of
// a frame in a test run as on a card. The interface that it came from does not.
var skbReads = []int{
	bpf.SkBuffLen, bpf.SkBuffMark, bpf.SkBuffQueueMapping, bpf.SkBuffProtocol, bpf.SkBuffProtocol,
	bpf.SkBuffVlanPresent, bpf.SkBuffVlanTCI, bpf.SkBuffVlanProto, bpf.SkBuffPriority, bpf.SkBuffIfindex,
	bpf.SkBuffTcIndex, bpf.SkBuffHash, bpf.SkBuffTcClassID, bpf.SkBuffNAPIID, bpf.SkBuffGSOSegs, bpf.SkBuffGSOSize,
}

// skbWrites are the fields of 4 bytes that tc programs may write.
var skbWrites = []int{bpf.SkBuffMark, bpf.SkBuffQueueMapping, bpf.SkBuffQueueMapping, bpf.SkBuffPriority, bpf.SkBuffTcIndex, bpf.SkBuffTcClassID}

// context reads or writes a plain field of the context.
func (f *fn) context() {
	if !f.hasCtx {
		return
	}
	c := f.loadCtx(-1)
	d := f.dst(c)
	fields := []int{bpf.XDPMdIngressIfindex, bpf.XDPMdRxQueueIndex}
	if f.typed(object.TC) {
		fields = []int{bpf.SkBuffLen, bpf.SkBuffProtocol, bpf.SkBuffMark, bpf.SkBuffPriority, bpf.SkBuffCB, bpf.SkBuffCB + 8}
		if f.chance(30) {
			f.Emit(stx(4, uint8(c), fields[2+f.r.IntN(4)], uint8(f.scalarReg(c))))
			return
		}
	}
	f.Emit(ldx(4, uint8(d), uint8(c), fields[f.r.IntN(len(fields))]))
	f.setScalar(d)
	f.keep(d)
}

// passedFields are some of the fields that programs leave to each other.
var passedFields = []int{bpf.SkBuffMark, bpf.SkBuffPriority, bpf.SkBuffCB, bpf.SkBuffCB + 8}

// passes reports whether programs find in the context what others left there.
func (f *fn) passes() bool {
	return f.o.has(TailCalls) && f.o.has(CtxFields) && f.hasCtx && f.typed(object.TC)
}

// leaveField writes one of the passedFields.
func (f *fn) leaveField() {
	c := f.loadCtx(-1)
	f.Emit(stx(4, uint8(c), passedFields[f.r.IntN(len(passedFields))], uint8(f.scalarReg(c))))
}

// findField reads one of the passedFields.
func (f *fn) findField() {
	c := f.loadCtx(-1)
	f.loadKept(4, uint8(c), passedFields[f.r.IntN(len(passedFields))])
}

// contextField reads or writes any field of __sk_buff that can be compared, in
// all widths that the kernel takes.
func (f *fn) contextField() {
	if !f.hasCtx || !f.typed(object.TC) {
		return
	}
	c := f.loadCtx(-1)
	var size, at int
	store := f.chance(40)
	switch {
	case f.chance(45): // scratch words, any width at its alignment
		size = f.size()
		at = bpf.SkBuffCB + f.r.IntN(skbCBBytes/size)*size
	case f.chance(8):
		size, at = 8, bpf.SkBuffTstamp
	case store:
		size, at = 4, skbWrites[f.r.IntN(len(skbWrites))]
	case f.chance(1): // the frame's type, which no built-in target has
		size = 1 << f.r.IntN(3)
		at = bpf.SkBuffPktType + f.r.IntN(4/size)*size
	default:
		size = 1 << f.r.IntN(3)
		at = skbReads[f.r.IntN(len(skbReads))] + f.r.IntN(4/size)*size
	}
	if store {
		v := f.scalarReg(c)
		if at == bpf.SkBuffQueueMapping && f.chance(70) {
			v = f.freeScalar(c)
			f.Emit(bpf.Mov.Imm(uint8(v), []int32{0xfffe, 0xffff, 0xffff, 0x10000, 0x1ffff, -1}[f.r.IntN(6)]))
		}
		f.Emit(stx(size, uint8(c), at, uint8(v)))
		if at == bpf.SkBuffTstamp || at != bpf.SkBuffQueueMapping && f.chance(40) {
			return
		}
		// Read back, whole or a part of it.
		if size == 8 || at == bpf.SkBuffQueueMapping || f.chance(50) {
			size, at = 4, at&^3
		} else {
			size = min(size, 1<<f.r.IntN(2))
			at = at&^3 + f.r.IntN(4/size)*size
		}
	}
	d := f.dst(c)
	f.Emit(ldx(size, uint8(d), uint8(c), at))
	f.setScalar(d)
	f.keep(d)
}
