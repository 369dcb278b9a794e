package gen

import "github.com/skipsw/skipsw/translate/bpf"

// asm collects the instructions of one function.
type asm struct {
	bpf.Assembler
	calls []funcCall
}

// funcCall is a call of a function of the program, by its index, or a load of its
// address.
type funcCall struct {
	slot, fn int
	load     bool
}

// call emits a call of the program's function f.
func (a *asm) call(f int) {
	a.calls = append(a.calls, funcCall{slot: a.Len(), fn: f})
	a.Emit(bpf.CallFunc(0))
}

// funcAddress emits a load of the address of the program's function f.
func (a *asm) funcAddress(dst uint8, f int) {
	a.calls = append(a.calls, funcCall{a.Len(), f, true})
	a.Emit(bpf.LoadFunc(dst, 0)...)
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
			number[c.fn] = 1
		}
	}
	for _, f := range out {
		for i := range f.calls {
			f.calls[i].fn = number[f.calls[i].fn]
		}
	}
	return out, old
}

// link joins the functions, main first, and resolves the calls between them. It
// fails where a jump is too long for its field.
func link(funcs []*asm) (insns []bpf.Insn, starts []int, err error) {
	starts = make([]int, len(funcs))
	for i, f := range funcs {
		code, err := f.Assemble()
		if err != nil {
			return nil, nil, err
		}
		starts[i] = len(insns)
		insns = append(insns, code...)
	}
	for i, f := range funcs {
		for _, c := range f.calls {
			slot := starts[i] + c.slot
			if rel := int32(starts[c.fn] - slot - 1); c.load {
				insns[slot].Imm = rel
			} else {
				insns[slot] = bpf.CallFunc(rel)
			}
		}
	}
	return insns, starts, nil
}

// Loads and stores with sizes in bytes and offsets as the generator counts them.

func ldx(size int, dst, src uint8, off int) bpf.Insn {
	return bpf.Load(bpf.SizeOf(size), dst, src, int16(off))
}

func stx(size int, dst uint8, off int, src uint8) bpf.Insn {
	return bpf.Store(bpf.SizeOf(size), dst, int16(off), src)
}

func stK(size int, dst uint8, off int, v int32) bpf.Insn {
	return bpf.StoreImm(bpf.SizeOf(size), dst, int16(off), v)
}

func atomic(size int, dst uint8, off int, src uint8, op bpf.AtomicOp) bpf.Insn {
	return bpf.Atomic(op, bpf.SizeOf(size), dst, int16(off), src)
}

// lddw loads a number of two words.
func lddw(dst uint8, lo, hi int32) []bpf.Insn {
	return bpf.LoadImm64(dst, uint64(uint32(lo))|uint64(uint32(hi))<<32)
}
