package gen

import "github.com/skipsw/skipsw/translate/bpf"

// probe emits one operation on numbers that nobody can foresee, with operands
// near the edges of their ranges, and keeps its result for the end of the
// function: most results of other statements are overwritten before anyone
// looks at them.
func (f *fn) probe() {
	if f.acc < 0 {
		return
	}
	x := f.unknown()
	f.shape(x)
	class := bpf.ClassALU64
	if f.o.has(ALU32) && f.chance(50) {
		class = bpf.ClassALU
	}
	switch k := f.r.IntN(10); {
	case k < 4 && f.o.has(Div):
		f.probeDiv(class, x)
	case k < 5 && f.o.has(Mul):
		if y := f.second(x); y >= 0 && f.chance(50) {
			// Factors of about 16 bits, for which there is a shorter product.
			f.Emit(bpf.And.Imm(uint8(x), 1<<(15+f.r.IntN(4))-1), bpf.And.Imm(uint8(y), 1<<(15+f.r.IntN(4))-1))
			f.Emit(bpf.ALUReg(class, bpf.Mul, uint8(x), uint8(y)))
			break
		}
		if f.is(x, scalar) {
			f.operand(class, bpf.Mul, x)
		}
	case k < 7:
		f.probeCompare(x)
	case k < 9 && f.o.has(RegShift):
		n := f.second(x)
		if n < 0 {
			return
		}
		switch {
		case f.chance(30):
			// Amounts at which words change places, and none at all.
			f.Emit(bpf.And.Imm(uint8(n), 1), bpf.Add.Imm(uint8(n), []int32{-1, 0, 30, 31, 32, 62, 63, 64}[f.r.IntN(8)]))
		case f.chance(50):
			f.shape(n)
		}
		f.Emit(bpf.ALUReg(class, []bpf.ALUOp{bpf.Lsh, bpf.Rsh, bpf.Arsh}[f.r.IntN(3)], uint8(x), uint8(n)))
	default:
		f.operand(class, []bpf.ALUOp{bpf.Add, bpf.Sub, bpf.And, bpf.Or, bpf.Xor}[f.r.IntN(5)], x)
	}
	if !f.is(x, scalar) {
		return
	}
	acc := uint8(f.acc)
	if f.chance(50) {
		f.Emit(bpf.Xor.Reg(acc, uint8(x)))
	} else {
		f.Emit(bpf.Add.Reg(acc, uint8(x)))
	}
	switch f.r.IntN(5) {
	case 0, 1: // results that cancel must show, too
		f.Emit(bpf.Lsh.Imm(uint8(x), 7), bpf.Add.Reg(acc, uint8(x)))
	case 2, 3: // and those that differ in their high word only
		f.Emit(bpf.Rsh.Imm(uint8(x), 32), bpf.Add.Reg(acc, uint8(x)))
	}
}

// unknown returns a free register with a number from outside the program, if
// there is a way to get one.
func (f *fn) unknown(not ...int) int {
	if f.o.has(PacketLoad) && f.hasCtx && f.chance(70) {
		size := []int{4, 4, 8, 2, 1}[f.r.IntN(5)]
		if p := f.packetAccess(size); p >= 0 {
			d := f.dst(append(not, p)...)
			f.Emit(ldx(size, uint8(d), uint8(p), f.inPacket(p, size)))
			f.setScalar(d)
			return d
		}
	}
	return f.freeScalar(not...)
}

// shape moves a number towards the edges of the ranges.
func (f *fn) shape(x int) {
	r := uint8(x)
	switch f.r.IntN(10) {
	case 0:
		f.Emit(bpf.Or.Imm(r, -256)) // small and negative
	case 1:
		f.Emit(bpf.Lsh.Imm(r, 32), bpf.Arsh.Imm(r, 32))
	case 2:
		f.Emit(bpf.Lsh.Imm(r, 56), bpf.Arsh.Imm(r, 56))
	case 3:
		f.Emit(bpf.Or.Imm(r, -0x80000000))
	case 4:
		f.Emit(bpf.Or.Imm(r, -256), bpf.Rsh.Imm(r, 32)) // near 2^32
	case 5:
		f.Emit(bpf.Lsh.Imm(r, int32(8*(1+f.r.IntN(7)))))
	case 6:
		f.Emit(bpf.And.Imm(r, f.imm()))
	case 7, 8:
		f.Emit(bpf.And.Imm(r, int32(uint32(1)<<(1+f.r.IntN(31))-1))) // so many bits
	}
}

// operand emits an operation with a constant or another unknown number.
func (f *fn) operand(class bpf.Class, op bpf.ALUOp, x int) {
	if f.chance(50) {
		f.Emit(f.hide(bpf.ALUImm(class, op, uint8(x), f.imm())))
		return
	}
	if y := f.second(x); y >= 0 {
		f.shape(y)
		f.Emit(bpf.ALUReg(class, op, uint8(x), uint8(y)))
	}
}

// second returns a second unknown number beside x, or -1 when x was lost on
// the way to it.
func (f *fn) second(x int) int {
	y := f.unknown(x)
	if !f.is(x, scalar) {
		return -1
	}
	return y
}

// divisors are those that programs divide by, and some whose reciprocals are
// hard.
var divisors = []int32{3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 19, 21, 25, 28, 35, 60, 100, 641, 1000, 3600, 86400}

func (f *fn) probeDiv(class bpf.Class, x int) {
	op := bpf.Div
	if f.chance(50) {
		op = bpf.Mod
	}
	var in bpf.Insn
	if f.chance(60) {
		v := f.imm()
		switch {
		case v == 0 || f.chance(30):
			v = 1 + int32(f.r.Uint32()>>(1+f.r.IntN(30)))
		case f.chance(50):
			v = divisors[f.r.IntN(len(divisors))]
			if f.chance(60) {
				// Reciprocals go wrong near the top of the dividend's range.
				class = bpf.ClassALU
				f.Emit(bpf.Or.Imm(uint8(x), -65536))
			}
		}
		in = bpf.ALUImm(class, op, uint8(x), v)
	} else {
		y := f.second(x)
		if y < 0 {
			return
		}
		f.shape(y)
		in = bpf.ALUReg(class, op, uint8(x), uint8(y))
	}
	if f.o.ISA >= 4 && f.chance(50) {
		in = in.Signed()
	}
	f.Emit(in)
}

// probeCompare turns a comparison into a number.
func (f *fn) probeCompare(x int) {
	ops := jumpsV1
	if f.o.ISA >= 2 {
		ops = jumpsV2
	}
	op := ops[f.r.IntN(len(ops))]
	class := bpf.ClassJMP
	if f.o.has(Jmp32) && f.chance(50) {
		class = bpf.ClassJMP32
	}
	in := bpf.JumpImm(class, op, uint8(x), f.limit(), 0)
	if f.chance(30) {
		// One bit of a shifted number: compilers test it where it was.
		n, shift := int32(1+f.r.IntN(31)), bpf.Rsh.Imm
		if f.o.has(ALU32) && f.chance(50) {
			shift = bpf.Rsh.Imm32
		}
		f.Emit(shift(uint8(x), n))
		in = bpf.JumpImm(class, bpf.JSet, uint8(x), 1<<f.r.IntN(16), 0)
		if f.chance(40) {
			f.Emit(bpf.And.Imm(uint8(x), 1))
			in = bpf.JumpImm(class, bpf.JNe, uint8(x), 0, 0)
		}
	}
	if f.chance(50) {
		y := f.second(x)
		if y < 0 {
			return
		}
		f.shape(y)
		if f.chance(20) {
			f.Emit(bpf.Mov.Reg(uint8(y), uint8(x)), bpf.Add.Imm(uint8(y), int32(f.r.IntN(3)-1)))
		}
		in = bpf.JumpReg(class, op, uint8(x), uint8(y), 0)
	}
	end := f.NewLabel()
	f.EmitTo(in, end)
	f.Emit(bpf.Add.Imm(uint8(f.acc), f.imm()))
	f.Place(end)
}
