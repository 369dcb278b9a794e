package bpf

import "fmt"

// Invalid returns why the slot is not an instruction of ISA v1 to v4, or ""
// when it is one. It looks at opcode, register numbers and reserved fields,
// not at the program around the slot.
func (i Insn) Invalid() string {
	var why string
	switch i.Class() {
	case ClassALU, ClassALU64:
		why = i.invalidALU()
	case ClassJMP, ClassJMP32:
		why = i.invalidJump()
	default:
		why = i.invalidMemory()
	}
	if i.Dst > FP && why != i.unknown() {
		return fmt.Sprintf("register R%d does not exist", i.Dst)
	}
	return why
}

// Known reports whether the opcode is one of ISA v1 to v4, whatever the other
// fields hold.
func (i Insn) Known() bool { return i.Invalid() != i.unknown() }

func (i Insn) unknown() string { return fmt.Sprintf("unknown opcode %#02x", i.Op) }

func (i Insn) reserved() string {
	return fmt.Sprintf("opcode %#02x with reserved fields in use", i.Op)
}

func (i Insn) badSrc() string {
	if i.Src > FP {
		return fmt.Sprintf("register R%d does not exist", i.Src)
	}
	return ""
}

func (i Insn) invalidALU() string {
	op, reg := i.ALUOp(), i.Source() == X
	if op > End {
		return i.unknown()
	}
	if reg && (op == Neg || op == End && i.Class() == ClassALU64) {
		return i.unknown()
	}
	if i.Dst == FP {
		return "the frame pointer R10 is read only"
	}
	switch op {
	case End:
		if i.Src != 0 || i.Off != 0 {
			return i.reserved()
		}
		if i.Imm != 16 && i.Imm != 32 && i.Imm != 64 {
			return fmt.Sprintf("byte swap of %d bits", i.Imm)
		}
		return ""
	case Neg:
		if i.Src != 0 || i.Off != 0 || i.Imm != 0 {
			return i.reserved()
		}
		return ""
	}
	if reg && i.Imm != 0 || !reg && i.Src != 0 {
		return i.reserved()
	}
	if why := i.badSrc(); why != "" {
		return why
	}
	switch {
	case i.Off == 0:
	case (op == Div || op == Mod) && i.Off == 1:
	case op == Mov && reg && (i.Off == 8 || i.Off == 16 || i.Off == 32 && i.Class() == ClassALU64):
	default:
		return i.reserved()
	}
	if reg {
		return ""
	}
	bits := int32(i.Bits())
	switch op {
	case Div, Mod:
		if i.Imm == 0 {
			return "division by zero"
		}
	case Lsh, Rsh, Arsh:
		if i.Imm < 0 || i.Imm >= bits {
			return fmt.Sprintf("shift of %d bits by %d", bits, i.Imm)
		}
	}
	return ""
}

func (i Insn) invalidJump() string {
	op, reg, wide := i.JumpOp(), i.Source() == X, i.Class() == ClassJMP
	switch op {
	case Call:
		if !wide {
			return i.unknown()
		}
		if reg {
			return "call through a register (callx) is not part of the accepted language"
		}
		if i.Dst != 0 || i.Src > PseudoKfunc || i.Src != PseudoKfunc && i.Off != 0 {
			return i.reserved()
		}
		return ""
	case Exit:
		if !wide || reg {
			return i.unknown()
		}
		if i.Dst != 0 || i.Src != 0 || i.Imm != 0 {
			return i.reserved()
		}
		return ""
	case Ja:
		if reg {
			return i.unknown()
		}
		if i.Dst != 0 || i.Src != 0 || wide && i.Imm != 0 || !wide && i.Off != 0 {
			return i.reserved()
		}
		return ""
	case JCond:
		if !wide || reg {
			return i.unknown()
		}
		if i.Dst != 0 || i.Src != 0 || i.Imm != 0 {
			return i.reserved()
		}
		return ""
	}
	if op > JCond {
		return i.unknown()
	}
	if reg && i.Imm != 0 || !reg && i.Src != 0 {
		return i.reserved()
	}
	return i.badSrc()
}

func (i Insn) invalidMemory() string {
	mode, size := i.Mode(), i.Size()
	switch i.Class() {
	case ClassLD:
		switch {
		case i.Wide():
			if i.Off != 0 {
				return i.reserved()
			}
			if i.Dst == FP {
				return "the frame pointer R10 is read only"
			}
			return ""
		case (mode == ModeABS || mode == ModeIND) && size != SizeDW:
			if i.Dst != 0 || i.Off != 0 || mode == ModeABS && i.Src != 0 {
				return i.reserved()
			}
			return i.badSrc()
		}
		return i.unknown()
	case ClassLDX:
		if mode != ModeMEM && (mode != ModeMEMSX || size == SizeDW) {
			return i.unknown()
		}
		if i.Imm != 0 {
			return i.reserved()
		}
		if i.Dst == FP {
			return "the frame pointer R10 is read only"
		}
		return i.badSrc()
	case ClassST:
		if mode != ModeMEM {
			return i.unknown()
		}
		if i.Src != 0 {
			return i.reserved()
		}
		return ""
	}
	if mode == ModeMEM {
		if i.Imm != 0 {
			return i.reserved()
		}
		return i.badSrc()
	}
	if mode != ModeATOMIC {
		return i.unknown()
	}
	return i.invalidAtomic(size)
}

func (i Insn) invalidAtomic(size Size) string {
	if why := i.badSrc(); why != "" {
		return why
	}
	narrow := size == SizeB || size == SizeH
	switch i.AtomicOp() {
	case AtomicLoadAcq:
		if i.Dst == FP {
			return "the frame pointer R10 is read only"
		}
		return ""
	case AtomicStoreRel:
		return ""
	case AtomicAdd, AtomicOr, AtomicAnd, AtomicXor:
	case AtomicAdd | AtomicFetch, AtomicOr | AtomicFetch, AtomicAnd | AtomicFetch, AtomicXor | AtomicFetch, AtomicXchg:
		if i.Src == FP {
			return "the frame pointer R10 is read only"
		}
	case AtomicCmpXchg:
	default:
		return fmt.Sprintf("unknown atomic operation %#x", i.Imm)
	}
	if narrow {
		return fmt.Sprintf("atomic operation on %d bytes", i.Bytes())
	}
	return ""
}
