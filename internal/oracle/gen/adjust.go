package gen

import "github.com/skipsw/skipsw/translate/bpf"

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
