package gen

import "github.com/skipsw/skipsw/translate/bpf"

// label is a place in a function that jumps name before it is known.
type label int

// asm collects the instructions of one function.
type asm struct {
	insns  []bpf.Insn
	labels []int // slot of each label, -1 while unknown
	jumps  []fixup
	calls  []fixup // label is the function's index here
}

type fixup struct {
	slot   int
	target label
}

func (a *asm) emit(i ...bpf.Insn) { a.insns = append(a.insns, i...) }

func (a *asm) newLabel() label {
	a.labels = append(a.labels, -1)
	return label(len(a.labels) - 1)
}

func (a *asm) place(l label) { a.labels[l] = len(a.insns) }

// jump emits a jump whose offset is filled in by resolve.
func (a *asm) jump(i bpf.Insn, l label) {
	a.jumps = append(a.jumps, fixup{len(a.insns), l})
	a.emit(i)
}

// call emits a call of the program's function f.
func (a *asm) call(f int) {
	a.calls = append(a.calls, fixup{len(a.insns), label(f)})
	a.emit(bpf.Insn{Op: bpf.ClassJMP | bpf.CALL, Src: bpf.PseudoCall})
}

// resolve fills the jump offsets in. Long jumps (32-bit offset) are the
// unconditional ones of the 32-bit class.
func (a *asm) resolve() {
	for _, f := range a.jumps {
		at := a.labels[f.target]
		if at < 0 {
			panic("BUG: a jump to a label that was never placed")
		}
		d := at - f.slot - 1
		if in := &a.insns[f.slot]; in.Op == bpf.ClassJMP32|bpf.JA {
			in.Imm = int32(d)
		} else {
			in.Off = int16(d)
		}
	}
}

// targeted reports whether some jump goes to l.
func (a *asm) targeted(l label) bool {
	for _, j := range a.jumps {
		if j.target == l {
			return true
		}
	}
	return false
}

// called returns the functions that can be reached from the first one, which
// alone the kernel accepts, with their calls renumbered, and their old numbers.
func called(funcs []*asm) (out []*asm, old []int) {
	number := make([]int, len(funcs))
	number[0] = 1
	// Calls go only to higher numbers, so one pass finds all.
	for i, f := range funcs {
		if number[i] == 0 {
			continue
		}
		number[i] = len(out)
		out, old = append(out, f), append(old, i)
		for _, c := range f.calls {
			number[c.target] = 1
		}
	}
	for _, f := range out {
		for i := range f.calls {
			f.calls[i].target = label(number[f.calls[i].target])
		}
	}
	return out, old
}

// link joins the functions, main first, and resolves the calls between them.
func link(funcs []*asm) (insns []bpf.Insn, starts []int) {
	starts = make([]int, len(funcs))
	for i, f := range funcs {
		f.resolve()
		starts[i] = len(insns)
		insns = append(insns, f.insns...)
	}
	for i, f := range funcs {
		for _, c := range f.calls {
			slot := starts[i] + c.slot
			insns[slot].Imm = int32(starts[c.target] - slot - 1)
		}
	}
	return insns, starts
}

// The instructions that the generator emits, in the shape op dst, src.

func aluK(class uint8, op, dst uint8, v int32) bpf.Insn {
	return bpf.Insn{Op: class | op | bpf.K, Dst: dst, Imm: v}
}

func aluX(class uint8, op, dst, src uint8) bpf.Insn {
	return bpf.Insn{Op: class | op | bpf.X, Dst: dst, Src: src}
}

func mov(dst, src uint8) bpf.Insn          { return aluX(bpf.ClassALU64, bpf.MOV, dst, src) }
func movK(dst uint8, v int32) bpf.Insn     { return aluK(bpf.ClassALU64, bpf.MOV, dst, v) }
func addK(dst uint8, v int32) bpf.Insn     { return aluK(bpf.ClassALU64, bpf.ADD, dst, v) }
func andK(dst uint8, v int32) bpf.Insn     { return aluK(bpf.ClassALU64, bpf.AND, dst, v) }
func callHelper(id int32) bpf.Insn         { return bpf.Insn{Op: bpf.ClassJMP | bpf.CALL, Imm: id} }
func exit() bpf.Insn                       { return bpf.Insn{Op: bpf.ClassJMP | bpf.EXIT} }
func ja() bpf.Insn                         { return bpf.Insn{Op: bpf.ClassJMP | bpf.JA} }
func jmpK(op, dst uint8, v int32) bpf.Insn { return aluK(bpf.ClassJMP, op, dst, v) }
func jmpX(op, dst, src uint8) bpf.Insn     { return aluX(bpf.ClassJMP, op, dst, src) }

func ldx(size int, dst, src uint8, off int) bpf.Insn {
	return bpf.Insn{Op: bpf.ClassLDX | bpf.ModeMEM | sizeBits(size), Dst: dst, Src: src, Off: int16(off)}
}

func stx(size int, dst uint8, off int, src uint8) bpf.Insn {
	return bpf.Insn{Op: bpf.ClassSTX | bpf.ModeMEM | sizeBits(size), Dst: dst, Src: src, Off: int16(off)}
}

func stK(size int, dst uint8, off int, v int32) bpf.Insn {
	return bpf.Insn{Op: bpf.ClassST | bpf.ModeMEM | sizeBits(size), Dst: dst, Off: int16(off), Imm: v}
}

func atomic(size int, dst uint8, off int, src uint8, op int32) bpf.Insn {
	return bpf.Insn{Op: bpf.ClassSTX | bpf.ModeATOMIC | sizeBits(size), Dst: dst, Src: src, Off: int16(off), Imm: op}
}

func lddw(dst, src uint8, lo, hi int32) []bpf.Insn {
	return []bpf.Insn{{Op: bpf.ClassLD | bpf.ModeIMM | bpf.SizeDW, Dst: dst, Src: src, Imm: lo}, {Imm: hi}}
}

func sizeBits(n int) uint8 {
	switch n {
	case 1:
		return bpf.SizeB
	case 2:
		return bpf.SizeH
	case 4:
		return bpf.SizeW
	}
	return bpf.SizeDW
}
