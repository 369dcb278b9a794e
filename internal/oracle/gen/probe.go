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
	class := uint8(bpf.ClassALU64)
	if f.o.has(ALU32) && f.chance(50) {
		class = bpf.ClassALU
	}
	switch k := f.r.IntN(10); {
	case k < 4 && f.o.has(Div):
		f.probeDiv(class, x)
	case k < 5 && f.o.has(Mul):
		if y := f.second(x); y >= 0 && f.chance(50) {
			// Factors of about 16 bits, for which there is a shorter product.
			f.emit(andK(uint8(x), 1<<(15+f.r.IntN(4))-1), andK(uint8(y), 1<<(15+f.r.IntN(4))-1))
			f.emit(aluX(class, bpf.MUL, uint8(x), uint8(y)))
			break
		}
		if f.is(x, scalar) {
			f.operand(class, bpf.MUL, x)
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
			f.emit(andK(uint8(n), 1), addK(uint8(n), []int32{-1, 0, 30, 31, 32, 62, 63, 64}[f.r.IntN(8)]))
		case f.chance(50):
			f.shape(n)
		}
		f.emit(aluX(class, []uint8{bpf.LSH, bpf.RSH, bpf.ARSH}[f.r.IntN(3)], uint8(x), uint8(n)))
	default:
		f.operand(class, []uint8{bpf.ADD, bpf.SUB, bpf.AND, bpf.OR, bpf.XOR}[f.r.IntN(5)], x)
	}
	if !f.is(x, scalar) {
		return
	}
	acc := uint8(f.acc)
	if f.chance(50) {
		f.emit(aluX(bpf.ClassALU64, bpf.XOR, acc, uint8(x)))
	} else {
		f.emit(aluX(bpf.ClassALU64, bpf.ADD, acc, uint8(x)))
	}
	switch f.r.IntN(5) {
	case 0, 1: // results that cancel must show, too
		f.emit(aluK(bpf.ClassALU64, bpf.LSH, uint8(x), 7), aluX(bpf.ClassALU64, bpf.ADD, acc, uint8(x)))
	case 2, 3: // and those that differ in their high word only
		f.emit(aluK(bpf.ClassALU64, bpf.RSH, uint8(x), 32), aluX(bpf.ClassALU64, bpf.ADD, acc, uint8(x)))
	}
}

// unknown returns a free register with a number from outside the program, if
// there is a way to get one.
func (f *fn) unknown(not ...int) int {
	if f.o.has(PacketLoad) && f.hasCtx && f.chance(70) {
		size := []int{4, 4, 8, 2, 1}[f.r.IntN(5)]
		if p := f.packetAccess(size); p >= 0 {
			d := f.dst(append(not, p)...)
			f.emit(ldx(size, uint8(d), uint8(p), f.inPacket(p, size)))
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
		f.emit(aluK(bpf.ClassALU64, bpf.OR, r, -256)) // small and negative
	case 1:
		f.emit(aluK(bpf.ClassALU64, bpf.LSH, r, 32), aluK(bpf.ClassALU64, bpf.ARSH, r, 32))
	case 2:
		f.emit(aluK(bpf.ClassALU64, bpf.LSH, r, 56), aluK(bpf.ClassALU64, bpf.ARSH, r, 56))
	case 3:
		f.emit(aluK(bpf.ClassALU64, bpf.OR, r, -0x80000000))
	case 4:
		f.emit(aluK(bpf.ClassALU64, bpf.OR, r, -256), aluK(bpf.ClassALU64, bpf.RSH, r, 32)) // near 2^32
	case 5:
		f.emit(aluK(bpf.ClassALU64, bpf.LSH, r, int32(8*(1+f.r.IntN(7)))))
	case 6:
		f.emit(andK(r, f.imm()))
	case 7, 8:
		f.emit(andK(r, int32(uint32(1)<<(1+f.r.IntN(31))-1))) // so many bits
	}
}

// operand emits an operation with a constant or another unknown number.
func (f *fn) operand(class, op uint8, x int) {
	if f.chance(50) {
		f.emit(aluK(class, op, uint8(x), f.imm()))
		return
	}
	if y := f.second(x); y >= 0 {
		f.shape(y)
		f.emit(aluX(class, op, uint8(x), uint8(y)))
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

func (f *fn) probeDiv(class uint8, x int) {
	op := uint8(bpf.DIV)
	if f.chance(50) {
		op = bpf.MOD
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
				f.emit(aluK(bpf.ClassALU64, bpf.OR, uint8(x), -65536))
			}
		}
		in = aluK(class, op, uint8(x), v)
	} else {
		y := f.second(x)
		if y < 0 {
			return
		}
		f.shape(y)
		in = aluX(class, op, uint8(x), uint8(y))
	}
	if f.o.ISA >= 4 && f.chance(50) {
		in.Off = 1
	}
	f.emit(in)
}

// probeCompare turns a comparison into a number.
func (f *fn) probeCompare(x int) {
	ops := jumpsV1
	if f.o.ISA >= 2 {
		ops = jumpsV2
	}
	op := ops[f.r.IntN(len(ops))]
	class := uint8(bpf.ClassJMP)
	if f.o.has(Jmp32) && f.chance(50) {
		class = bpf.ClassJMP32
	}
	in := aluK(class, op, uint8(x), f.limit())
	if f.chance(30) {
		// One bit of a shifted number: compilers test it where it was.
		shift := aluK(bpf.ClassALU64, bpf.RSH, uint8(x), int32(1+f.r.IntN(31)))
		if f.o.has(ALU32) && f.chance(50) {
			shift.Op = bpf.ClassALU | bpf.RSH
		}
		f.emit(shift)
		in = aluK(class, bpf.JSET, uint8(x), 1<<f.r.IntN(16))
		if f.chance(40) {
			f.emit(andK(uint8(x), 1))
			in = aluK(class, bpf.JNE, uint8(x), 0)
		}
	}
	if f.chance(50) {
		y := f.second(x)
		if y < 0 {
			return
		}
		f.shape(y)
		if f.chance(20) {
			f.emit(mov(uint8(y), uint8(x)), addK(uint8(y), int32(f.r.IntN(3)-1)))
		}
		in = aluX(class, op, uint8(x), uint8(y))
	}
	end := f.newLabel()
	f.jump(in, end)
	f.emit(aluK(bpf.ClassALU64, bpf.ADD, uint8(f.acc), f.imm()))
	f.place(end)
}
