package gen

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// buffer writes n bytes (a multiple of 4) on the stack and returns their
// offset, or 0.
func (f *fn) buffer(n int) int {
	off := f.place8(n)
	if off == 0 {
		return 0
	}
	for b := 0; b < n; b += 4 {
		if f.chance(50) {
			f.storeConst(4, 10, off+b, f.imm())
		} else {
			f.emit(stx(4, 10, off+b, uint8(f.scalarReg())))
		}
	}
	f.st.setStack(off, n)
	return off
}

// helper emits a call of a helper that copies bytes or sums them.
func (f *fn) helper() {
	if !f.hasCtx || f.chance(25) {
		f.csumDiff()
		return
	}
	n := 4 * (1 + f.r.IntN(6))
	off := f.buffer(n)
	if off == 0 {
		return
	}
	load, store := int32(fnXDPLoadBytes), int32(fnXDPStore)
	if f.typed(object.TC) {
		load, store = fnSkbLoad, fnSkbStore
	}
	at := int32(f.r.IntN(40))
	if f.chance(10) {
		at = f.imm() & 0xffff
	}
	f.ctxArg()
	f.emit(movK(2, at), mov(3, 10), addK(3, int32(off)), movK(4, int32(n)))
	if f.chance(60) || !f.o.has(PacketStore) {
		f.emit(callHelper(load))
	} else {
		if f.typed(object.TC) {
			f.emit(movK(5, 0))
		}
		f.emit(callHelper(store))
		if f.typed(object.TC) {
			f.st.dropPacket()
			f.p.moves[f.index] = true
		}
	}
	f.st.clobber()
	f.setScalar(0)
}

// ctxArg puts the context in R1.
func (f *fn) ctxArg() {
	if f.ctxReg >= 0 {
		f.emit(mov(1, uint8(f.ctxReg)))
	} else {
		f.emit(ldx(8, 1, 10, f.ctxSlot))
	}
}

func (f *fn) csumDiff() {
	n := 4 * (1 + f.r.IntN(4))
	off := f.buffer(n)
	if off == 0 {
		return
	}
	f.emit(
		movK(1, 0), movK(2, 0), mov(3, 10), addK(3, int32(off)), movK(4, int32(n)), movK(5, int32(f.r.Uint32()>>16)),
		callHelper(fnCsumDiff),
	)
	f.st.clobber()
	f.setScalar(0)
}

// adjust moves the head or the tail of the packet. Bytes that come to light at
// the head are written at once: nobody says what they hold.
func (f *fn) adjust() {
	if !f.main() || f.inLoop > 0 || f.p.adjusted {
		return
	}
	f.p.adjusted = true
	if f.chance(40) {
		f.ctxArg()
		f.emit(movK(2, -int32(f.r.IntN(24))), callHelper(fnXDPAdjTail))
		f.moved()
		return
	}
	delta := 4 * (f.r.IntN(17) - 8)
	if f.chance(25) {
		delta = f.r.IntN(64) - 32
	}
	f.ctxArg()
	f.emit(movK(2, int32(delta)), callHelper(fnXDPAdjHead))
	f.moved()
	if delta >= 0 {
		return
	}
	p, end, ok := f.packetPair()
	if !ok {
		return
	}
	f.prove(p, end, -delta)
	for b := 0; b < -delta; {
		n := 8
		for n > -delta-b {
			n /= 2
		}
		f.storeConst(n, uint8(p), b, f.imm())
		if !f.is(p, pkt) {
			panic("BUG: the packet pointer was lost while its bytes were written")
		}
		b += n
	}
}

// moved is what holds after the packet was moved.
func (f *fn) moved() {
	f.st.clobber()
	f.setScalar(0)
	f.st.dropPacket()
	if f.chance(40) {
		f.jump(jmpK(bpf.JNE, 0, 0), f.out)
	}
}
