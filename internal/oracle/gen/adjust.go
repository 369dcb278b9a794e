package gen

import "github.com/skipsw/skipsw/translate/bpf"

// adjust moves the head or the tail of the packet. Bytes that come to light at
// the head are written at once: nobody says what they hold. Programs that call each
// other make the packet shorter only: they do it again and again, and a card has
// less room than the kernel.
func (f *fn) adjust() {
	if !f.main() || f.inLoop > 0 || f.p.adjusted {
		return
	}
	f.p.adjusted = true
	switch {
	case f.chance(30):
		f.cut()
		return
	case f.chance(25) && !f.o.has(TailCalls):
		f.thereAndBack()
		return
	}
	if f.chance(40) {
		by := -f.r.IntN(24)
		if !f.o.Card && !f.o.has(TailCalls) && f.chance(40) {
			by = f.r.IntN(150)
		}
		f.ctxArg()
		f.Emit(bpf.Mov.Imm(2, int32(by)), bpf.CallHelper(bpf.HelperXDPAdjustTail))
		f.moved()
		return
	}
	delta := 4 * (f.r.IntN(17) - 8)
	if f.chance(25) {
		delta = f.r.IntN(64) - 32
	}
	if f.o.has(TailCalls) {
		delta = max(delta, -delta)
	}
	f.ctxArg()
	f.Emit(bpf.Mov.Imm(2, int32(delta)), bpf.CallHelper(bpf.HelperXDPAdjustHead))
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

// thereAndBack moves an end of the packet by a constant, and moves it or the other end
// again if that went well, mostly to where it was. Bytes that come to light are
// those that were there before, or zeros at the end.
func (f *fn) thereAndBack() {
	by := int32(1 + f.r.IntN(40))
	first, second := bpf.HelperXDPAdjustHead, bpf.HelperXDPAdjustHead
	back := -by
	switch {
	case f.chance(40):
		first, second = bpf.HelperXDPAdjustTail, bpf.HelperXDPAdjustTail
		by, back = -by, by
		if f.o.Card {
			back = -back
		}
	case f.chance(30):
		second = bpf.HelperXDPAdjustTail
	}
	f.ctxArg()
	f.Emit(bpf.Mov.Imm(2, by), bpf.CallHelper(first))
	f.st.clobber()
	f.setScalar(0)
	f.st.dropPacket()
	f.EmitTo(bpf.JNe.Imm(0, 0, 0), f.out)
	f.ctxArg()
	f.Emit(bpf.Mov.Imm(2, back), bpf.CallHelper(second))
	f.moved()
}

// cut leaves about 14 bytes of the packet, at either end: no fewer are allowed.
// It leaves alone what would have to grow, or is too long for a card to move
// its start.
func (f *fn) cut() {
	const (
		farthest = 120 // bytes that cards cut off at the head
		by       = 3   // register of the distance
	)
	helper, leave := bpf.HelperXDPAdjustTail, bpf.JSGt.Imm(by, 0, 0)
	f.ctxArg()
	left := int32(12 + f.r.IntN(4))
	f.Emit(ldx(4, 2, 1, bpf.XDPMdDataEnd), ldx(4, by, 1, bpf.XDPMdData))
	if f.chance(60) {
		f.Emit(bpf.Sub.Reg(by, 2), bpf.Add.Imm(by, left))
	} else {
		f.Emit(bpf.Sub.Reg(2, by), bpf.Mov.Reg(by, 2), bpf.Add.Imm(by, -left))
		helper, leave = bpf.HelperXDPAdjustHead, bpf.JGt.Imm(by, farthest, 0)
	}
	end := f.NewLabel()
	f.Emit(bpf.Mov.Imm(2, 0))
	f.EmitTo(leave, end)
	f.Emit(bpf.Mov.Reg(2, by))
	f.Place(end)
	f.Emit(bpf.CallHelper(helper))
	f.moved()
}

// moved is what holds after the packet was moved.
func (f *fn) moved() {
	f.st.clobber()
	f.setScalar(0)
	f.st.dropPacket()
	if f.chance(40) {
		f.EmitTo(bpf.JNe.Imm(0, 0, 0), f.out)
	}
}
