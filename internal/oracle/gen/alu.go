package gen

import "github.com/skipsw/skipsw/translate/bpf"

var plainOps = []uint8{bpf.ADD, bpf.SUB, bpf.OR, bpf.AND, bpf.XOR, bpf.LSH, bpf.RSH, bpf.ARSH, bpf.MOV}

// alu emits one arithmetic instruction on numbers.
func (f *fn) alu() {
	class := uint8(bpf.ClassALU64)
	if f.o.has(ALU32) && f.chance(45) {
		class = bpf.ClassALU
	}
	switch {
	case f.chance(6):
		r := f.freeScalar()
		f.emit(bpf.Insn{Op: class | bpf.NEG, Dst: uint8(r)})
		return
	case f.o.has(Endian) && f.chance(10):
		f.endian()
		return
	case f.o.has(Sext) && f.chance(10):
		f.sext(class)
		return
	case f.o.has(Mul) && f.chance(12):
		f.binary(class, bpf.MUL)
		return
	case f.o.has(Div) && f.chance(12):
		f.div(class)
		return
	}
	f.binary(class, plainOps[f.r.IntN(len(plainOps))])
}

func isShift(op uint8) bool { return op == bpf.LSH || op == bpf.RSH || op == bpf.ARSH }

func (f *fn) binary(class, op uint8) {
	if op == bpf.MOV {
		src := f.scalarReg()
		d := f.dst(src)
		f.emit(aluX(class, bpf.MOV, uint8(d), uint8(src)))
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
			f.emit(andK(uint8(src), width))
		}
		f.emit(aluX(class, op, uint8(d), uint8(src)))
		return
	}
	v := f.imm()
	if isShift(op) {
		v = f.shiftAmount(class)
	}
	f.emit(aluK(class, op, uint8(d), v))
}

func (f *fn) shiftAmount(class uint8) int32 {
	if class == bpf.ClassALU {
		return []int32{0, 1, 7, 8, 15, 16, 24, 31, int32(f.r.IntN(32))}[f.r.IntN(9)]
	}
	return []int32{0, 1, 8, 16, 31, 32, 33, 48, 63, int32(f.r.IntN(64)), int32(f.r.IntN(64))}[f.r.IntN(11)]
}

func (f *fn) div(class uint8) {
	op := uint8(bpf.DIV)
	if f.chance(40) {
		op = bpf.MOD
	}
	var signed int16
	if f.o.ISA >= 4 && f.chance(40) {
		signed = 1
	}
	d := f.freeScalar()
	if f.chance(30) {
		// Narrow dividends are the usual ones.
		f.emit(aluK(bpf.ClassALU64, bpf.RSH, uint8(d), int32(8*(1+f.r.IntN(7)))))
	}
	var in bpf.Insn
	if f.chance(45) {
		in = aluX(class, op, uint8(d), uint8(f.scalarReg(d)))
	} else {
		v := f.imm()
		if v == 0 {
			v = 1 + int32(f.r.IntN(1000))
		}
		in = aluK(class, op, uint8(d), v)
	}
	in.Off = signed
	f.emit(in)
}

func (f *fn) endian() {
	d := f.freeScalar()
	width := int32(16) << f.r.IntN(3)
	op := uint8(bpf.ClassALU | bpf.END | bpf.X) // to big endian
	switch {
	case f.o.ISA >= 4 && f.chance(40):
		op = bpf.ClassALU64 | bpf.END // unconditional swap
	case f.chance(25):
		op = bpf.ClassALU | bpf.END // to little endian
	}
	f.emit(bpf.Insn{Op: op, Dst: uint8(d), Imm: width})
}

func (f *fn) sext(class uint8) {
	width := []int16{8, 16, 32}[f.r.IntN(3)]
	if class == bpf.ClassALU && width == 32 {
		width = 16
	}
	src := f.scalarReg()
	d := f.dst()
	f.emit(bpf.Insn{Op: class | bpf.MOV | bpf.X, Dst: uint8(d), Src: uint8(src), Off: width})
	f.setScalar(d)
}

// pair emits what compilers make of narrow values: a shift up and a shift down.
func (f *fn) pair() {
	d := f.freeScalar()
	n := []int32{8, 16, 24, 32, 48, 56}[f.r.IntN(6)]
	down := uint8(bpf.RSH)
	if f.chance(40) {
		down = bpf.ARSH
	}
	f.emit(aluK(bpf.ClassALU64, bpf.LSH, uint8(d), n), aluK(bpf.ClassALU64, down, uint8(d), n))
}
