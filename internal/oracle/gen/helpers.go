package gen

import (
	"math"
	"math/bits"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// buffer writes n bytes on the stack and returns their offset, or 0.
func (f *fn) buffer(n int) int {
	off := f.place8(n)
	if off == 0 {
		return 0
	}
	for b := 0; b < n; b += 4 {
		if f.chance(50) {
			f.storeConst(4, 10, off+b, f.imm())
		} else {
			f.Emit(stx(4, 10, off+b, uint8(f.scalarReg())))
		}
	}
	f.st.setStack(off, n)
	return off
}

// ctxArg puts the context in R1.
func (f *fn) ctxArg() { f.ctxTo(1) }

// ctxTo puts the context in a register.
func (f *fn) ctxTo(r int) {
	switch {
	case f.ctxReg < 0:
		f.Emit(ldx(8, uint8(r), 10, f.ctxSlot))
	case f.ctxReg != r:
		f.Emit(bpf.Mov.Reg(uint8(r), uint8(f.ctxReg)))
	}
}

// called is what holds after the call of a helper that returns a number.
func (f *fn) called() {
	f.st.clobber()
	f.setScalar(0)
}

// changed is what holds after the call of a helper that may have moved the
// frame.
func (f *fn) changed() {
	f.called()
	f.st.dropPacket()
	f.p.moves[f.index] = true
}

// copyHelper emits a call of a helper that copies bytes of the packet, or of
// the one that tells its length.
func (f *fn) copyHelper() {
	if !f.hasCtx {
		return
	}
	if f.typed(object.XDP) && f.chance(15) {
		f.ctxArg()
		f.Emit(bpf.CallHelper(bpf.HelperXDPGetBuffLen))
		f.called()
		return
	}
	n := 4 * (1 + f.r.IntN(6))
	if f.chance(40) {
		n = 1 + f.r.IntN(40)
	}
	from, disp := f.ready(n)
	store := f.o.has(PacketStore) && f.chance(40)
	fresh := !store && f.chance(50) // a buffer that nobody has written
	if from < 0 || !store {
		from = 10
		if fresh {
			disp = f.argument(n).off
		} else {
			disp = f.passed(n)
		}
		if disp == 0 {
			return
		}
	}
	if from != 10 && f.st.regs[from].kind == pkt {
		return // these helpers take no packet bytes
	}
	late := f.copyOffset(n, from)
	f.Emit(bpf.Mov.Reg(3, uint8(from)), bpf.Add.Imm(3, int32(disp)))
	f.ctxArg()
	f.Emit(late...)
	f.numberArg(4, int32(n))
	tc := f.typed(object.TC)
	switch {
	case store && tc:
		flags := lddw(5, int32(f.r.IntN(4)), 1<<f.r.IntN(31))
		if f.chance(90) {
			flags = []bpf.Insn{bpf.Mov.Imm(5, int32(f.r.IntN(5)))}
		}
		f.Emit(flags...)
		f.Emit(bpf.CallHelper(bpf.HelperSkbStoreBytes))
		f.changed()
	case store:
		f.Emit(bpf.CallHelper(bpf.HelperXDPStoreBytes))
		f.called()
	case tc && f.chance(25):
		f.Emit(bpf.Mov.Imm(5, int32(f.r.IntN(7)/2)), bpf.CallHelper(bpf.HelperSkbLoadBytesRelative))
		f.called()
	case tc:
		f.Emit(bpf.CallHelper(bpf.HelperSkbLoadBytes))
		f.called()
	default:
		f.Emit(bpf.CallHelper(bpf.HelperXDPLoadBytes))
		f.called()
	}
	f.keep(0)
	if store {
		return
	}
	if fresh {
		f.EmitTo(bpf.JNe.Imm(0, 0, 0), f.out) // the buffer may be as it was
		f.st.setStack(disp, n)
	}
	f.keepStack(disp, n)
}

// copyOffset puts the offset of n bytes of the packet in R2, without touching
// register not. It returns what is left to do for that once R1 is the context.
func (f *fn) copyOffset(n, not int) (late []bpf.Insn) {
	switch {
	case f.chance(30):
		f.Emit(bpf.Mov.Reg(2, uint8(f.scalarReg(not))))
		if f.chance(70) {
			f.Emit(bpf.And.Imm(2, []int32{7, 15, 31, 63, 0x7f}[f.r.IntN(5)]))
		}
	case f.chance(15): // the last bytes, or just too far
		data, last := f.dataFields()
		return []bpf.Insn{
			ldx(4, 2, 1, last), ldx(4, 4, 1, data), bpf.Sub.Reg(2, 4), bpf.Add.Imm(2, int32(f.r.IntN(4)-2-n)),
		}
	case f.chance(10):
		far := int32(f.r.IntN(48))
		f.Emit(bpf.Mov.Imm(2, []int32{0xffff, 0x10000, 0x1ffff, -1 - far, math.MaxInt32 - far, math.MinInt32 + far, f.imm(), f.imm() & 0xffff}[f.r.IntN(8)]))
	default:
		f.Emit(bpf.Mov.Imm(2, int32(f.r.IntN(40))))
	}
	return nil
}

// keepStack keeps one or two pieces of n bytes of the stack from off on.
func (f *fn) keepStack(off, n int) {
	for range 1 + f.r.IntN(2) {
		size := 4
		at := off + f.r.IntN(n)
		for at%size != 0 || at+size > off+n {
			size /= 2
		}
		f.stackKept(size, at)
	}
}

// csumDiff emits a call of the checksum helper: bytes put in, taken out, or
// both.
func (f *fn) csumDiff() {
	type part struct{ base, disp, n int }
	none := part{base: -1}
	bytes := func() part {
		n := 4 * (1 + f.r.IntN(5))
		if f.o.has(OddPlaces) && f.chance(40) {
			n = 1 + f.r.IntN(20)
		}
		if p, d := f.ready(n); p == 0 || p > 5 {
			return part{p, d, n}
		}
		off := f.passed(n)
		if off == 0 {
			return none
		}
		return part{10, off, n}
	}
	from, to := none, none
	kind := f.r.IntN(5)
	if kind < 3 {
		if to = bytes(); to.base < 0 {
			return
		}
	}
	if kind == 4 || kind >= 2 && to.base == 10 {
		if to.base == 10 {
			f.lockBytes(to.disp, to.n, true)
			defer f.lockBytes(to.disp, to.n, false)
		} else if to.base >= 0 {
			defer func(old uint16) { f.locked = old }(f.locked)
			f.locked |= 1 << to.base
		}
		from = bytes()
	}
	arg := func(r uint8, p part) {
		if p.base < 0 {
			f.Emit(bpf.Mov.Imm(r, 0), bpf.Mov.Imm(r+1, 0))
			return
		}
		f.Emit(bpf.Mov.Reg(r, uint8(p.base)), bpf.Add.Imm(r, int32(p.disp)), bpf.Mov.Imm(r+1, int32(p.n)))
		x := f.pickReg(func(i int, r *reg) bool { return i > 5 && r.kind == scalar && i != from.base && i != to.base })
		if x > 5 && f.chance(30) {
			// As many of the bytes as only a run knows, perhaps none.
			mask := 1<<(bits.Len(uint(p.n))-1) - 1
			f.Emit(bpf.Mov.Reg(r+1, uint8(x)), bpf.And.Imm(r+1, int32(mask)))
			if f.chance(30) {
				f.Emit(bpf.Add.Imm(r+1, 1))
			}
		}
	}
	if f.chance(40) {
		f.Emit(bpf.Mov.Reg(5, uint8(f.scalarReg(from.base, to.base))))
		if f.chance(50) {
			f.Emit(bpf.Rsh.Imm(5, 48))
		}
	} else {
		f.Emit(bpf.Mov.Imm(5, int32(f.r.Uint32()>>16)))
	}
	arg(1, from)
	arg(3, to)
	f.Emit(bpf.CallHelper(bpf.HelperCsumDiff))
	f.called()
}

// noise emits a call of a helper whose result nobody can foresee, and does
// with it what leaves no trace.
func (f *fn) noise() {
	ids := []bpf.HelperID{
		bpf.HelperGetPrandomU32, bpf.HelperGetPrandomU32, bpf.HelperGetSMPProcessorID, bpf.HelperGetNUMANodeID,
		bpf.HelperKtimeGetNs, bpf.HelperKtimeGetBootNs, bpf.HelperKtimeGetCoarseNs,
	}
	f.Emit(bpf.CallHelper(ids[f.r.IntN(len(ids))]))
	f.st.clobber()
	switch f.r.IntN(5) {
	case 0:
		f.Emit(bpf.Sub.Reg(0, 0))
	case 1:
		f.Emit(bpf.Xor.Reg(0, 0))
	case 2:
		f.Emit(bpf.And.Imm(0, 0))
	case 3:
		// A branch on it, both ways of which are the same.
		end := f.NewLabel()
		f.EmitTo(bpf.JGt.Imm(0, f.limit(), 0), end)
		f.Place(end)
		f.Emit(bpf.Mov.Imm(0, f.imm()))
	default:
		f.Emit(bpf.Mov.Imm(0, f.imm()))
	}
	f.setScalar(0)
}
