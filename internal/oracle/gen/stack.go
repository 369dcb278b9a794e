package gen

import "github.com/skipsw/skipsw/translate/bpf"

// storeConst stores a constant, through a register where the program does
// without stores of constants.
func (f *fn) storeConst(size int, base uint8, off int, v int32) {
	if f.o.has(StoreImm) {
		f.Emit(f.hide(stK(size, base, off, v)))
		return
	}
	r := f.dst(int(base))
	f.Emit(f.hide(bpf.Mov.Imm(uint8(r), v)))
	f.Emit(stx(size, base, off, uint8(r)))
	f.setScalar(r)
}

func (f *fn) bytesLocked(off, n int) bool {
	for b := off; b < off+n; b++ {
		if f.lockedByte[-1-b] {
			return true
		}
	}
	return false
}

func (f *fn) lockBytes(off, n int, on bool) {
	for b := off; b < off+n; b++ {
		f.lockedByte[-1-b] = on
	}
}

// place8 returns the offset of a free run of n bytes that starts at a multiple
// of 8, or 0.
func (f *fn) place8(n int) int {
	n = (n + 7) &^ 7
	for range 8 {
		if n > f.stackMax {
			return 0
		}
		off := -8 * (n/8 + f.r.IntN((f.stackMax-n)/8+1))
		if !f.bytesLocked(off, n) {
			return off
		}
	}
	return 0
}

// lockSlot takes a slot of 8 bytes for a value that nothing else may write.
func (f *fn) lockSlot() int {
	off := f.place8(8)
	if off != 0 {
		f.lockBytes(off, 8, true)
		f.st.setStack(off, 8)
	}
	return off
}

// stackStore writes a number of any width somewhere on the stack.
func (f *fn) stackStore() {
	size := f.size()
	off := -size * (1 + f.r.IntN(f.stackMax/size))
	if f.chance(60) {
		off = -size * (1 + f.r.IntN(32/size)) // near the frame pointer, so that accesses meet
	}
	if f.bytesLocked(off, size) {
		return
	}
	if f.o.has(StoreImm) && f.chance(30) {
		f.Emit(f.hide(stK(size, 10, off, f.imm())))
	} else {
		f.Emit(stx(size, 10, off, uint8(f.scalarReg())))
	}
	f.st.setStack(off, size)
}

// stackLoad reads bytes that were written.
func (f *fn) stackLoad() {
	for range 12 {
		size := f.size()
		off := -size * (1 + f.r.IntN(f.stackMax/size))
		if f.chance(60) {
			off = -size * (1 + f.r.IntN(32/size))
		}
		if !f.st.readable(off, size) {
			continue
		}
		d := f.dst()
		f.Emit(f.load(size, d, 10, off))
		f.setScalar(d)
		return
	}
}

// load returns a load of a number, at level 4 sometimes sign-extending.
func (f *fn) load(size, d int, base uint8, off int) bpf.Insn {
	if size < 8 && f.o.has(Sext) && f.chance(25) {
		return bpf.LoadSX(bpf.SizeOf(size), uint8(d), base, int16(off))
	}
	return ldx(size, uint8(d), base, off)
}

// spill puts a pointer on the stack.
func (f *fn) spill() {
	r := f.pickReg(func(_ int, r *reg) bool { return r.kind != dead && r.kind != scalar })
	off := f.place8(8)
	if r < 0 || off == 0 {
		return
	}
	f.Emit(stx(8, 10, off, uint8(r)))
	f.st.setPointer(off, f.st.regs[r])
}

// fill loads a spilled pointer.
func (f *fn) fill() {
	n, at := 0, -1
	for i := range f.st.spilled {
		if f.st.spilled[i].kind != dead {
			n++
			if f.r.IntN(n) == 0 {
				at = i
			}
		}
	}
	if at < 0 {
		return
	}
	d := f.stackDst()
	f.Emit(ldx(8, uint8(d), 10, -8*at-8))
	f.set(d, f.st.spilled[at])
}

// stackDst is dst for a pointer to a stack. A function that returns nothing
// keeps it out of R0: no function may hand one to its caller.
func (f *fn) stackDst(not ...int) int {
	if f.p.sigs[f.index].void {
		not = append(not, 0)
	}
	return f.dst(not...)
}

// varStack writes a small array on the stack and reads or writes one element
// at a computed index.
func (f *fn) varStack() {
	size := f.size()
	n := 1 << (1 + f.r.IntN(2)) * size
	off := f.place8(n)
	if off == 0 {
		return
	}
	for b := 0; b < n; b += min(n, 8) {
		f.storeConst(min(n, 8), 10, off+b, f.imm())
	}
	f.st.setStack(off, n)
	index := f.freeScalar()
	f.Emit(bpf.And.Imm(uint8(index), int32((n-1)&^(size-1))))
	p := f.stackDst(index)
	f.Emit(bpf.Mov.Reg(uint8(p), 10), bpf.Add.Reg(uint8(p), uint8(index)))
	f.set(p, reg{})
	if f.chance(50) {
		f.Emit(stx(size, uint8(p), off, uint8(index)))
	}
	if f.chance(70) {
		d := f.dst(p)
		f.Emit(f.load(size, d, uint8(p), off))
		f.setScalar(d)
	}
}

// stackPointer copies the frame pointer with an offset and uses it at once.
func (f *fn) stackPointer() {
	size := f.size()
	off := -size * (1 + f.r.IntN(f.stackMax/size))
	if f.bytesLocked(off, size) {
		return
	}
	p := f.stackDst()
	part := f.r.IntN(64) - 64
	f.Emit(bpf.Mov.Reg(uint8(p), 10), bpf.Add.Imm(uint8(p), int32(part)))
	f.set(p, reg{kind: stackAt, off: part})
	f.Emit(stx(size, uint8(p), off-part, uint8(f.scalarReg(p))))
	f.st.setStack(off, size)
	if f.chance(50) {
		d := f.dst()
		f.Emit(f.load(size, d, uint8(p), off-part))
		f.setScalar(d)
	}
}
