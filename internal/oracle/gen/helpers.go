package gen

import (
	"math"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Helper ids, enum bpf_func_id of the kernel.
const (
	fnMapLookup     = 1
	fnMapUpdate     = 2
	fnMapDelete     = 3
	fnKtime         = 5
	fnRandom        = 7
	fnProcessor     = 8
	fnSkbStore      = 9
	fnL3Csum        = 10
	fnL4Csum        = 11
	fnTailCall      = 12
	fnVlanPush      = 18
	fnVlanPop       = 19
	fnRedirect      = 23
	fnPerfOutput    = 25
	fnSkbLoad       = 26
	fnCsumDiff      = 28
	fnChangeType    = 32
	fnChangeTail    = 38
	fnPullData      = 39
	fnCsumUpdate    = 40
	fnHashInvalid   = 41
	fnNumaNode      = 42
	fnChangeHead    = 43
	fnXDPAdjHead    = 44
	fnRedirectMap   = 51
	fnXDPAdjMeta    = 54
	fnXDPAdjTail    = 65
	fnMapPush       = 87
	fnMapPop        = 88
	fnMapPeek       = 89
	fnBootTime      = 125
	fnRingbufOutput = 130
	fnCoarseTime    = 160
	fnXDPBuffLen    = 188
	fnXDPLoadBytes  = 189
	fnXDPStore      = 190
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
			f.emit(stx(4, 10, off+b, uint8(f.scalarReg())))
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
		f.emit(ldx(8, uint8(r), 10, f.ctxSlot))
	case f.ctxReg != r:
		f.emit(mov(uint8(r), uint8(f.ctxReg)))
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
		f.emit(callHelper(fnXDPBuffLen))
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
	f.emit(mov(3, uint8(from)), addK(3, int32(disp)))
	f.ctxArg()
	f.emit(late...)
	f.numberArg(4, int32(n))
	tc := f.typed(object.TC)
	switch {
	case store && tc:
		flags := lddw(5, 0, int32(f.r.IntN(4)), 1<<f.r.IntN(31))
		if f.chance(90) {
			flags = []bpf.Insn{movK(5, int32(f.r.IntN(5)))}
		}
		f.emit(flags...)
		f.emit(callHelper(fnSkbStore))
		f.changed()
	case store:
		f.emit(callHelper(fnXDPStore))
		f.called()
	case tc:
		f.emit(callHelper(fnSkbLoad))
		f.called()
	default:
		f.emit(callHelper(fnXDPLoadBytes))
		f.called()
	}
	f.keep(0)
	if store {
		return
	}
	if fresh {
		f.jump(jmpK(bpf.JNE, 0, 0), f.out) // the buffer may be as it was
		f.st.setStack(disp, n)
	}
	f.keepStack(disp, n)
}

// copyOffset puts the offset of n bytes of the packet in R2, without touching
// register not. It returns what is left to do for that once R1 is the context.
func (f *fn) copyOffset(n, not int) (late []bpf.Insn) {
	switch {
	case f.chance(30):
		f.emit(mov(2, uint8(f.scalarReg(not))))
		if f.chance(70) {
			f.emit(andK(2, []int32{7, 15, 31, 63, 0x7f}[f.r.IntN(5)]))
		}
	case f.chance(15): // the last bytes, or just too far
		data, last := f.dataFields()
		return []bpf.Insn{
			ldx(4, 2, 1, last), ldx(4, 4, 1, data), aluX(bpf.ClassALU64, bpf.SUB, 2, 4), addK(2, int32(f.r.IntN(4)-2-n)),
		}
	case f.chance(10):
		far := int32(f.r.IntN(48))
		f.emit(movK(2, []int32{0xffff, 0x10000, 0x1ffff, -1 - far, math.MaxInt32 - far, math.MinInt32 + far, f.imm(), f.imm() & 0xffff}[f.r.IntN(8)]))
	default:
		f.emit(movK(2, int32(f.r.IntN(40))))
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
			f.emit(movK(r, 0), movK(r+1, 0))
			return
		}
		f.emit(mov(r, uint8(p.base)), addK(r, int32(p.disp)), movK(r+1, int32(p.n)))
	}
	if f.chance(40) {
		f.emit(mov(5, uint8(f.scalarReg(from.base, to.base))))
		if f.chance(50) {
			f.emit(aluK(bpf.ClassALU64, bpf.RSH, 5, 48))
		}
	} else {
		f.emit(movK(5, int32(f.r.Uint32()>>16)))
	}
	arg(1, from)
	arg(3, to)
	f.emit(callHelper(fnCsumDiff))
	f.called()
}

// noise emits a call of a helper whose result nobody can foresee, and does
// with it what leaves no trace.
func (f *fn) noise() {
	ids := []int32{fnRandom, fnRandom, fnProcessor, fnNumaNode}
	if f.o.Only&CardsLack != 0 {
		ids = append(ids, fnKtime, fnBootTime, fnCoarseTime)
	}
	f.emit(callHelper(ids[f.r.IntN(len(ids))]))
	f.st.clobber()
	switch f.r.IntN(5) {
	case 0:
		f.emit(aluX(bpf.ClassALU64, bpf.SUB, 0, 0))
	case 1:
		f.emit(aluX(bpf.ClassALU64, bpf.XOR, 0, 0))
	case 2:
		f.emit(andK(0, 0))
	case 3:
		// A branch on it, both ways of which are the same.
		end := f.newLabel()
		f.jump(jmpK(bpf.JGT, 0, f.limit()), end)
		f.place(end)
		f.emit(movK(0, f.imm()))
	default:
		f.emit(movK(0, f.imm()))
	}
	f.setScalar(0)
}
