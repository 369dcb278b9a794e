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
	end := f.NewLabel()
	f.Emit(bpf.Mov.Imm(d, 1))
	f.EmitTo(in, end)
	f.Emit(bpf.Mov.Imm(d, 0))
	f.Place(end)
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
	class := bpf.ClassJMP
	if f.o.has(Jmp32) && f.chance(40) {
		class = bpf.ClassJMP32
	}
	end := f.NewLabel()
	if f.chance(40) {
		v := f.limit() // a clamp
		f.EmitTo(bpf.JumpImm(class, ops[f.r.IntN(len(ops))], uint8(x), v, 0), end)
		f.Emit(bpf.Mov.Imm(uint8(x), v))
	} else {
		f.EmitTo(bpf.JumpReg(class, ops[f.r.IntN(len(ops))], uint8(x), uint8(y), 0), end)
		f.Emit(bpf.Mov.Reg(uint8(x), uint8(y)))
	}
	f.Place(end)
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
	d, end, upper := uint8(s[0]), f.NewLabel(), f.NewLabel()
	f.Emit(bpf.And.Imm(uint8(x), 15), bpf.Mov.Imm(d, f.imm()))
	mid := 2 + f.r.IntN(8)
	f.EmitTo(bpf.JGt.Imm(uint8(x), int32(mid), 0), upper)
	cases := func(from, to int) {
		for v := from; v <= to && v < from+4; v++ {
			next := f.NewLabel()
			f.EmitTo(bpf.JNe.Imm(uint8(x), int32(v), 0), next)
			f.Emit(bpf.Mov.Imm(d, f.imm()))
			f.EmitTo(f.gotoInsn(), end)
			f.Place(next)
		}
	}
	cases(f.r.IntN(mid+1), mid)
	f.EmitTo(f.gotoInsn(), end)
	f.Place(upper)
	cases(mid+1, 15)
	f.Place(end)
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
	d, end := uint8(s[0]), f.NewLabel()
	greater := []bpf.JumpOp{bpf.JGt, bpf.JSGt, bpf.JGe, bpf.JSGe}[f.r.IntN(4)]
	class := bpf.ClassJMP
	if f.o.has(Jmp32) && f.chance(40) {
		class = bpf.ClassJMP32
	}
	f.Emit(bpf.Mov.Imm(d, 1))
	f.EmitTo(bpf.JumpReg(class, greater, uint8(x), uint8(y), 0), end)
	f.Emit(bpf.Mov.Imm(d, 0))
	f.EmitTo(bpf.JumpReg(class, bpf.JEq, uint8(x), uint8(y), 0), end)
	f.Emit(bpf.Mov.Imm(d, -1))
	f.Place(end)
	f.setScalar(s[0])
	f.keep(s[0])
	if f.chance(30) {
		// A bound on both sides of one of them.
		other := f.NewLabel()
		f.EmitTo(bpf.JumpImm(class, bpf.JSGt, uint8(x), f.limit(), 0), other)
		f.EmitTo(bpf.JumpImm(class, bpf.JGt, uint8(x), f.limit(), 0), other)
		f.Emit(bpf.Add.Reg(d, uint8(y)))
		f.Place(other)
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
	class, width := bpf.ClassALU64, int32(64)
	if f.o.has(ALU32) && f.chance(70) {
		class, width = bpf.ClassALU, 32
	}
	t, a, b := uint8(s[0]), uint8(x), uint8(y)
	for range 1 + f.r.IntN(3) {
		n := 1 + int32(f.r.IntN(int(width-1)))
		f.Emit(
			bpf.ALUReg(class, bpf.Sub, a, b),
			bpf.ALUReg(class, bpf.Mov, t, b), bpf.ALUImm(class, bpf.Lsh, t, n), bpf.ALUReg(class, bpf.Xor, a, t),
			bpf.ALUReg(class, bpf.Mov, t, b), bpf.ALUImm(class, bpf.Rsh, t, width-n), bpf.ALUReg(class, bpf.Xor, a, t),
			bpf.ALUReg(class, bpf.Add, b, a),
		)
	}
	f.setScalar(s[0])
	f.keep(x)
	f.keep(y)
}
