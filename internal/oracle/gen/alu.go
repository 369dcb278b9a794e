package gen

import "github.com/skipsw/skipsw/translate/bpf"

var plainOps = []bpf.ALUOp{bpf.Add, bpf.Sub, bpf.Or, bpf.And, bpf.Xor, bpf.Lsh, bpf.Rsh, bpf.Arsh, bpf.Mov}

// alu emits one arithmetic instruction on numbers.
func (f *fn) alu() {
	class := bpf.ClassALU64
	if f.o.has(ALU32) && f.chance(45) {
		class = bpf.ClassALU
	}
	switch {
	case f.chance(6):
		r := f.freeScalar()
		f.Emit(bpf.ALUImm(class, bpf.Neg, uint8(r), 0))
		return
	case f.o.has(Endian) && f.chance(10):
		f.endian()
		return
	case f.o.has(Sext) && f.chance(10):
		f.sext(class)
		return
	case f.o.has(Mul) && f.chance(12):
		f.binary(class, bpf.Mul)
		return
	case f.o.has(Div) && f.chance(12):
		f.div(class)
		return
	}
	f.binary(class, plainOps[f.r.IntN(len(plainOps))])
}

func isShift(op bpf.ALUOp) bool { return op == bpf.Lsh || op == bpf.Rsh || op == bpf.Arsh }

func (f *fn) binary(class bpf.Class, op bpf.ALUOp) {
	if op == bpf.Mov {
		src := f.scalarReg()
		d := f.dst(src)
		f.Emit(bpf.ALUReg(class, bpf.Mov, uint8(d), uint8(src)))
		f.setScalar(d)
		return
	}
	useReg := f.chance(50)
	if isShift(op) {
		useReg = useReg && f.o.has(RegShift)
	}
	d := f.freeScalar()
	if useReg {
		src := d
		if !f.chance(5) {
			src = f.scalarReg(d)
		}
		if isShift(op) && f.chance(40) {
			// A compiler masks the amount; the rest leave that to the machine.
			width := int32(63)
			if class == bpf.ClassALU {
				width = 31
			}
			if src = f.freeScalar(d); f.chance(50) {
				width >>= f.r.IntN(3)
			}
			f.Emit(bpf.And.Imm(uint8(src), width))
		}
		f.Emit(bpf.ALUReg(class, op, uint8(d), uint8(src)))
		return
	}
	v := f.imm()
	if isShift(op) {
		v = f.shiftAmount(class)
	}
	f.Emit(f.hide(bpf.ALUImm(class, op, uint8(d), v)))
}

func (f *fn) shiftAmount(class bpf.Class) int32 {
	if class == bpf.ClassALU {
		return []int32{0, 1, 7, 8, 15, 16, 24, 31, int32(f.r.IntN(32))}[f.r.IntN(9)]
	}
	return []int32{0, 1, 8, 16, 31, 32, 33, 48, 63, int32(f.r.IntN(64)), int32(f.r.IntN(64))}[f.r.IntN(11)]
}

func (f *fn) div(class bpf.Class) {
	op := bpf.Div
	if f.chance(40) {
		op = bpf.Mod
	}
	signed := f.o.ISA >= 4 && f.chance(40)
	d := f.freeScalar()
	if f.chance(30) {
		// Narrow dividends are the usual ones.
		f.Emit(bpf.Rsh.Imm(uint8(d), int32(8*(1+f.r.IntN(7)))))
	}
	var in bpf.Insn
	if f.chance(45) {
		in = bpf.ALUReg(class, op, uint8(d), uint8(f.scalarReg(d)))
	} else {
		v := f.imm()
		if v == 0 {
			v = 1 + int32(f.r.IntN(1000))
		}
		in = bpf.ALUImm(class, op, uint8(d), v)
	}
	if signed {
		in = in.Signed()
	}
	f.Emit(f.hide(in))
}

func (f *fn) endian() {
	d := f.freeScalar()
	width := int32(16) << f.r.IntN(3)
	swap := bpf.ToBE
	switch {
	case f.o.ISA >= 4 && f.chance(40):
		swap = bpf.Bswap
	case f.chance(25):
		swap = bpf.ToLE
	}
	f.Emit(swap(width, uint8(d)))
}

func (f *fn) sext(class bpf.Class) {
	width, move := []int16{8, 16, 32}[f.r.IntN(3)], bpf.MovSX
	if class == bpf.ClassALU {
		width, move = min(width, 16), bpf.MovSX32
	}
	src := f.scalarReg()
	d := f.dst()
	f.Emit(move(width, uint8(d), uint8(src)))
	f.setScalar(d)
}

// pair emits what compilers make of narrow values: a shift up and a shift down.
func (f *fn) pair() {
	d := f.freeScalar()
	n := []int32{8, 16, 24, 32, 48, 56}[f.r.IntN(6)]
	down := bpf.Rsh
	if f.chance(40) {
		down = bpf.Arsh
	}
	f.Emit(f.hide(bpf.Lsh.Imm(uint8(d), n)))
	f.Emit(f.hide(down.Imm(uint8(d), n)))
}
