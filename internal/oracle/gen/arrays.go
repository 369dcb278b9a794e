package gen

import "github.com/skipsw/skipsw/translate/bpf"

// arrays emits code with an array on the stack: it is filled, elements are
// written and read at computed places, and all of it is added up.
func (f *fn) arrays() {
	n := 16 << f.r.IntN(5)
	off := f.place8(n)
	if off == 0 {
		return
	}
	s, ok := f.scratch(4)
	if !ok {
		return
	}
	f.lockBytes(off, n, true)
	defer f.lockBytes(off, n, false)
	p, t, left, sum := uint8(s[0]), uint8(s[1]), uint8(s[2]), uint8(s[3])
	from := f.pickReg(func(r int, x *reg) bool { return x.kind == scalar && r != s[0] && r != s[1] && r != s[2] && r != s[3] })
	if from >= 0 {
		f.Emit(bpf.Mov.Reg(sum, uint8(from)))
	} else {
		f.Emit(bpf.Mov.Imm(sum, f.imm()))
	}
	f.fillArray(off, n, p, left, sum)
	f.st.setStack(off, n)
	for range 1 + f.r.IntN(3) {
		f.element(off, n, p, t, left, sum)
	}
	if f.chance(70) {
		f.walkArray(off, n, p, left, func(size int) {
			f.Emit(ldx(size, t, p, 0), bpf.Mul.Imm(sum, 31), bpf.Add.Reg(sum, t))
		})
	} else {
		size := f.size()
		f.Emit(ldx(size, t, 10, off+size*f.r.IntN(n/size)), bpf.Add.Reg(sum, t))
	}
	f.set(s[0], reg{})
	f.set(s[1], reg{})
	f.set(s[2], reg{})
	f.setScalar(s[3])
	f.keep(s[3])
}

// fillArray writes all bytes of an array: one after the other, or in a loop.
func (f *fn) fillArray(off, n int, p, left, sum uint8) {
	if f.chance(40) && n <= 64 {
		for b := 0; b < n; b += 8 {
			f.storeConst(8, 10, off+b, f.imm())
		}
		return
	}
	f.walkArray(off, n, p, left, func(size int) {
		f.Emit(stx(size, p, 0, sum), bpf.Add.Imm(sum, 0x1234567))
	})
}

// walkArray does something to each element of an array: p leads to it, left
// counts.
func (f *fn) walkArray(off, n int, p, left uint8, each func(size int)) {
	size := f.size()
	for n/size > 64 {
		size *= 2
	}
	top := f.NewLabel()
	f.Emit(bpf.Mov.Reg(p, 10), bpf.Add.Imm(p, int32(off)), bpf.Mov.Imm(left, int32(n/size)))
	f.Place(top)
	each(size)
	f.Emit(bpf.Add.Imm(p, int32(size)), bpf.Add.Imm(left, -1))
	f.EmitTo(bpf.JNe.Imm(left, 0, 0), top)
}

// element writes or reads an element at a place that a number says.
func (f *fn) element(off, n int, p, t, index, sum uint8) {
	size := f.size()
	f.Emit(bpf.Mov.Reg(index, sum))
	if f.chance(50) {
		f.Emit(bpf.Rsh.Imm(index, int32(1+f.r.IntN(20))))
	}
	f.Emit(bpf.And.Imm(index, int32((n-1)&^(size-1))), bpf.Mov.Reg(p, 10), bpf.Add.Reg(p, index))
	if f.chance(60) {
		f.Emit(stx(size, p, off, sum))
	}
	if f.chance(60) {
		f.Emit(f.load(size, int(t), p, off), bpf.Xor.Reg(sum, t))
	}
	if size < 8 && f.chance(30) {
		// The element beside it, behind the same pointer.
		f.Emit(bpf.And.Imm(index, int32((n-1)&^(2*size-1))), bpf.Mov.Reg(p, 10), bpf.Add.Reg(p, index))
		f.Emit(stx(size, p, off+size, index), ldx(size, t, p, off), bpf.Add.Reg(sum, t))
	}
}
