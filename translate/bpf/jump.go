package bpf

import "fmt"

// JumpOp is an operation of the jump classes.
//
//	  7      4  3  2     0
//	+----------+---+-------+
//	|    op    |src| class |
//	+----------+---+-------+
type JumpOp uint8

// The jump operations. Unsigned comparisons, unless the name has an S.
const (
	Ja    JumpOp = 0x00 // by Off; in class JMP32 by Imm
	JEq   JumpOp = 0x10
	JGt   JumpOp = 0x20
	JGe   JumpOp = 0x30
	JSet  JumpOp = 0x40 // common bits
	JNe   JumpOp = 0x50
	JSGt  JumpOp = 0x60
	JSGe  JumpOp = 0x70
	Call  JumpOp = 0x80
	Exit  JumpOp = 0x90
	JLt   JumpOp = 0xa0
	JLe   JumpOp = 0xb0
	JSLt  JumpOp = 0xc0
	JSLe  JumpOp = 0xd0
	JCond JumpOp = 0xe0 // may_goto: when the run's budget is used up
)

const (
	opJa    = Opcode(ClassJMP) | Opcode(Ja)
	opGotol = Opcode(ClassJMP32) | Opcode(Ja)
	opCall  = Opcode(ClassJMP) | Opcode(Call)
	opExit  = Opcode(ClassJMP) | Opcode(Exit)
	opMayGo = Opcode(ClassJMP) | Opcode(JCond)
)

// JumpImm returns "if dst op v goto pc+off" in one of the jump classes.
func JumpImm(c Class, op JumpOp, dst uint8, v int32, off int16) Insn {
	return Insn{Op: JumpOpcode(c, op, K), Dst: dst, Imm: v, Off: off}
}

// JumpReg returns "if dst op src goto pc+off" in one of the jump classes.
func JumpReg(c Class, op JumpOp, dst, src uint8, off int16) Insn {
	return Insn{Op: JumpOpcode(c, op, X), Dst: dst, Src: src, Off: off}
}

// Imm returns the comparison of 64 bits with a constant, which is sign-extended.
func (op JumpOp) Imm(dst uint8, v int32, off int16) Insn { return JumpImm(ClassJMP, op, dst, v, off) }

// Reg returns the comparison of 64 bits of two registers.
func (op JumpOp) Reg(dst, src uint8, off int16) Insn { return JumpReg(ClassJMP, op, dst, src, off) }

// Imm32 returns the comparison of 32 bits with a constant.
func (op JumpOp) Imm32(dst uint8, v int32, off int16) Insn {
	return JumpImm(ClassJMP32, op, dst, v, off)
}

// Reg32 returns the comparison of 32 bits of two registers.
func (op JumpOp) Reg32(dst, src uint8, off int16) Insn {
	return JumpReg(ClassJMP32, op, dst, src, off)
}

// Goto returns the jump over off slots.
func Goto(off int16) Insn { return Insn{Op: opJa, Off: off} }

// Gotol returns the jump with a 32-bit distance.
func Gotol(off int32) Insn { return Insn{Op: opGotol, Imm: off} }

// MayGoto returns the jump that is taken when the run's budget is used up.
func MayGoto(off int16) Insn { return Insn{Op: opMayGo, Off: off} }

// Return returns the exit of the function.
func Return() Insn { return Insn{Op: opExit} }

// IsExit reports the exit of a function.
func (i Insn) IsExit() bool { return i.Op == opExit }

// IsJump reports a jump inside a function: goto, gotol, may_goto and the
// comparisons, in both jump classes.
func (i Insn) IsJump() bool {
	if !i.Class().IsJump() {
		return false
	}
	op := i.JumpOp()
	return op != Call && op != Exit
}

// IsGoto reports a jump that is always taken.
func (i Insn) IsGoto() bool { return i.Class().IsJump() && i.JumpOp() == Ja }

// IsConditional reports a jump that may fall through: comparisons and may_goto.
func (i Insn) IsConditional() bool { return i.IsJump() && i.JumpOp() != Ja }

// IsCompare reports a jump that compares.
func (i Insn) IsCompare() bool { return i.IsConditional() && i.JumpOp() < JCond }

// FallsThrough reports whether control may go on behind the instruction.
func (i Insn) FallsThrough() bool {
	if !i.Class().IsJump() {
		return true
	}
	op := i.JumpOp()
	return op != Ja && op != Exit
}

// JumpTarget returns the slot that the jump at slot pc goes to when it is
// taken. It has no meaning for other instructions.
func (i Insn) JumpTarget(pc int) int {
	if i.Op == opGotol {
		return pc + 1 + int(i.Imm)
	}
	return pc + 1 + int(i.Off)
}

// Target returns the slot that the instruction at slot pc names: where a jump
// goes, the function that a call calls, or the one whose address is loaded. ok
// is false if it names none.
func (i Insn) Target(pc int) (slot int, ok bool) {
	switch {
	case i.IsJump():
		return i.JumpTarget(pc), true
	case i.IsFuncCall(), i.IsFuncLoad():
		return i.FuncTarget(pc), true
	}
	return 0, false
}

// WithTarget returns the instruction at slot pc so that it names another slot.
// It fails if the distance has no room in its field, or if the instruction
// names no slot.
func (i Insn) WithTarget(pc, slot int) (Insn, error) {
	d := slot - pc - 1
	switch {
	case i.Op == opGotol, i.IsFuncCall(), i.IsFuncLoad():
		if int(int32(d)) != d {
			return i, fmt.Errorf("a distance of %d slots has no room in 32 bits", d)
		}
		i.Imm = int32(d)
	case i.IsJump():
		if int(int16(d)) != d {
			return i, fmt.Errorf("a distance of %d slots has no room in 16 bits", d)
		}
		i.Off = int16(d)
	default:
		return i, fmt.Errorf("%s names no slot", i)
	}
	return i, nil
}
