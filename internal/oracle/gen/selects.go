package gen

import "github.com/skipsw/skipsw/translate/bpf"

// selects emits what compilers make of small expressions: a condition as a
// number, the lesser of two, a dense switch, a rotation.
func (f *fn) selects() {
	switch f.r.IntN(5) {
	case 0:
		f.flag()
	case 1:
		f.pick()
	case 2:
		f.ladder()
	case 3:
		f.compareChain()
	default:
		f.rotate()
	}
}

// flag turns a condition into 0 or 1.
func (f *fn) flag() {
	in := f.condition()
	s, ok := f.scratch(1, int(in.Dst), int(in.Src))
	if !ok {
		return
	}
	d := uint8(s[0])
	end := f.newLabel()
	f.emit(movK(d, 1))
	f.jump(in, end)
	f.emit(movK(d, 0))
	f.place(end)
	f.setScalar(s[0])
	f.keep(s[0])
}

// pick takes one of two numbers, such as the lesser.
func (f *fn) pick() {
	x := f.freeScalar()
	y := f.scalarReg(x)
	ops := jumpsV1
	if f.o.ISA >= 2 {
		ops = jumpsV2
	}
	class := uint8(bpf.ClassJMP)
	if f.o.has(Jmp32) && f.chance(40) {
		class = bpf.ClassJMP32
	}
	end := f.newLabel()
	if f.chance(40) {
		v := f.limit() // a clamp
		f.jump(aluK(class, ops[f.r.IntN(len(ops))], uint8(x), v), end)
		f.emit(movK(uint8(x), v))
	} else {
		f.jump(aluX(class, ops[f.r.IntN(len(ops))], uint8(x), uint8(y)), end)
		f.emit(mov(uint8(x), uint8(y)))
	}
	f.place(end)
	f.keep(x)
}

// ladder looks a small number up as a dense switch compiles without tables:
// halves by comparison, then the cases.
func (f *fn) ladder() {
	x := f.unknown()
	s, ok := f.scratch(1, x)
	if !ok || !f.is(x, scalar) {
		return
	}
	d, end, upper := uint8(s[0]), f.newLabel(), f.newLabel()
	f.emit(andK(uint8(x), 15), movK(d, f.imm()))
	mid := 2 + f.r.IntN(8)
	f.jump(jmpK(bpf.JGT, uint8(x), int32(mid)), upper)
	cases := func(from, to int) {
		for v := from; v <= to && v < from+4; v++ {
			next := f.newLabel()
			f.jump(jmpK(bpf.JNE, uint8(x), int32(v)), next)
			f.emit(movK(d, f.imm()))
			f.jump(f.gotoInsn(), end)
			f.place(next)
		}
	}
	cases(f.r.IntN(mid+1), mid)
	f.jump(f.gotoInsn(), end)
	f.place(upper)
	cases(mid+1, 15)
	f.place(end)
	f.setScalar(s[0])
	f.keep(s[0])
}

// compareChain orders two numbers of 64 bits: -1, 0 or 1, signed or not.
func (f *fn) compareChain() {
	x := f.unknown()
	if !f.is(x, scalar) {
		return
	}
	f.shape(x)
	y := f.second(x)
	if y < 0 {
		return
	}
	f.shape(y)
	s, ok := f.scratch(1, x, y)
	if !ok {
		return
	}
	d, end := uint8(s[0]), f.newLabel()
	greater := []uint8{bpf.JGT, bpf.JSGT, bpf.JGE, bpf.JSGE}[f.r.IntN(4)]
	class := uint8(bpf.ClassJMP)
	if f.o.has(Jmp32) && f.chance(40) {
		class = bpf.ClassJMP32
	}
	f.emit(movK(d, 1))
	f.jump(aluX(class, greater, uint8(x), uint8(y)), end)
	f.emit(movK(d, 0))
	f.jump(aluX(class, bpf.JEQ, uint8(x), uint8(y)), end)
	f.emit(movK(d, -1))
	f.place(end)
	f.setScalar(s[0])
	f.keep(s[0])
	if f.chance(30) {
		// A bound on both sides of one of them.
		other := f.newLabel()
		f.jump(aluK(class, bpf.JSGT, uint8(x), f.limit()), other)
		f.jump(aluK(class, bpf.JGT, uint8(x), f.limit()), other)
		f.emit(aluX(bpf.ClassALU64, bpf.ADD, d, uint8(y)))
		f.place(other)
	}
}

// rotate emits a round of a hash function: subtract, exclusive-or with a
// rotated word.
func (f *fn) rotate() {
	x := f.unknown()
	if !f.is(x, scalar) {
		return
	}
	y := f.second(x)
	s, ok := f.scratch(1, x, y)
	if y < 0 || !ok {
		return
	}
	class, width := uint8(bpf.ClassALU64), int32(64)
	if f.o.has(ALU32) && f.chance(70) {
		class, width = bpf.ClassALU, 32
	}
	t, a, b := uint8(s[0]), uint8(x), uint8(y)
	for range 1 + f.r.IntN(3) {
		n := 1 + int32(f.r.IntN(int(width-1)))
		f.emit(
			aluX(class, bpf.SUB, a, b),
			aluX(class, bpf.MOV, t, b), aluK(class, bpf.LSH, t, n), aluX(class, bpf.XOR, a, t),
			aluX(class, bpf.MOV, t, b), aluK(class, bpf.RSH, t, width-n), aluX(class, bpf.XOR, a, t),
			aluX(class, bpf.ADD, b, a),
		)
	}
	f.setScalar(s[0])
	f.keep(x)
	f.keep(y)
}
