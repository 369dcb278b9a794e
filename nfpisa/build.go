package nfpisa

// The constructors in this file and in build_flow.go read like assembly:
//
//	alu[dst, left, +, right]      ALU(dst, left, ALUAdd, right)
//	alu_shf[dst, --, B, r, <<4]   Shf(dst, NoOperand, ShfB, r, Lsh(4))
//	immed[dst, 0x1234]            Immed(dst, 0x1234)
//	br[.10], defer[1]             Br(10).WithDefer(1)
//
// They choose the fields and Swap for the logical operands. They do not fail:
// operands that no choice of fields can hold, such as two registers of one
// bank, are left as they are and Encode refuses them.

// arrange places the logical operands in the fields: a bank A register must
// be in field A, a bank B register in field B, everything else goes where
// there is room.
func arrange(left, right Operand) (a, b Operand, swap bool) {
	swap = left.inBank(BankB) && !right.inBank(BankB) || right.inBank(BankA) && !left.inBank(BankA)
	if swap {
		return right, left, true
	}
	return left, right, false
}

// inBank reports whether o is a register of the bank.
func (o Operand) inBank(b Bank) bool {
	return (o.Kind == GPR || o.Kind == AbsGPR) && o.Bank == b
}

// ALU is alu[dst, left, op, right]. Operations without a left operand take
// NoOperand for it, single-operand CAM and bit operations have theirs on the
// right.
func ALU(dst, left Operand, op ALUOp, right Operand) Instr {
	i := Instr{Class: ClassALU, ALU: op, Dst: dst}
	i.A, i.B, i.Swap = arrange(left, right)
	return i
}

// Mov is alu[dst, --, B, src].
func Mov(dst, src Operand) Instr { return ALU(dst, NoOperand, ALUB, src) }

// CRCStep is crc_be[type, dst, src] or crc_le with CRCLittle.
func CRCStep(p CRC, dst, src Operand) Instr {
	i := ALU(dst, NoOperand, ALUCRC, src)
	i.CRC = p
	return i
}

// CamLookup is cam_lookup[dst, tag].
func CamLookup(dst, tag Operand) Instr { return ALU(dst, tag, ALUCamLookup, NoOperand) }

// CamWrite is cam_write[state, tag, entry].
func CamWrite(state, tag Operand, entry int) Instr {
	i := ALU(NoOperand, tag, ALUCamWrite, state)
	i.Arg = uint8(entry)
	return i
}

// Rot rotates right by n = 0..31 bits.
func Rot(n int) Shift { return Shift{ShiftRot, uint8(n)} }

// Rsh shifts right by n = 1..31 bits, or by PREV_A with n = 0.
func Rsh(n int) Shift { return Shift{ShiftRight, uint8(n)} }

// Lsh shifts left by n = 1..31 bits, or by PREV_A with n = 0.
func Lsh(n int) Shift { return Shift{ShiftLeft, uint8(n)} }

// Indirect shifts take the amount from PREV_A.
var (
	RshIndirect = Shift{Kind: ShiftRight}
	LshIndirect = Shift{Kind: ShiftLeft}
)

// Shf is alu_shf[dst, left, op, right, shift].
func Shf(dst, left Operand, op ShfOp, right Operand, s Shift) Instr {
	i := Instr{Class: ClassALUShf, Shf: op, Dst: dst, Shift: s}
	i.A, i.B, i.Swap = arrange(left, right)
	return i
}

// DblShf is dbl_shf[dst, high, low, >>n]: the low word of (high:low) >> n,
// n = 1..31, or by PREV_A with n = 0.
func DblShf(dst, high, low Operand, n int) Instr {
	return Shf(dst, high, ShfB, low, Shift{ShiftDouble, uint8(n)})
}

// Asr is asr[dst, src, >>n]: src >> n filled with bit 31 of PREV_ALU.
func Asr(dst, src Operand, s Shift) Instr { return Shf(dst, NoOperand, ShfAsr, src, s) }

// ByteAlignBE is byte_align_be[dst, src].
func ByteAlignBE(dst, src Operand) Instr {
	return Shf(dst, NoOperand, ShfByteAlign, src, Shift{})
}

// ByteAlignLE is byte_align_le[dst, src].
func ByteAlignLE(dst, src Operand) Instr {
	return Shf(dst, src, ShfByteAlign, NoOperand, LshIndirect)
}

// LdField is ld_field[dst, mask, src, shift]: the bytes of dst that mask
// selects (bit k = byte k) are replaced by those of the shifted src.
func LdField(dst Operand, mask uint8, src Operand, s Shift) Instr {
	i := Instr{Class: ClassLdField, ByteMask: mask, Shift: s}
	i.A, i.B, i.Swap = arrange(dst, src)
	return i
}

// LdFieldClr is ld_field_w_clr: as LdField, and the other bytes become 0.
func LdFieldClr(dst Operand, mask uint8, src Operand, s Shift) Instr {
	i := LdField(dst, mask, src, s)
	i.Clear = true
	return i
}

// Immed is immed[dst, v] for a v that one instruction can load: v or its
// complement has 16 significant bits at bit 0, 8 or 16. CanImmed tells.
func Immed(dst Operand, v uint32) Instr {
	i, _ := immed(dst, v)
	return i
}

// CanImmed reports whether Immed can load v.
func CanImmed(v uint32) bool {
	_, ok := immed(NoOperand, v)
	return ok
}

func immed(dst Operand, v uint32) (Instr, bool) {
	i := Instr{Class: ClassImmed, Dst: dst}
	for _, inv := range [...]bool{false, true} {
		x := v
		if inv {
			x = ^v
		}
		for s := range uint8(3) {
			if x>>(8*s)<<(8*s) == x && x>>(8*s) <= 0xffff {
				i.Imm, i.ImmShift, i.Invert = x>>(8*s), s, inv
				return i, true
			}
		}
	}
	i.Imm = v
	return i, false
}

// ImmedW is immed_w0[dst, v] or immed_w1: it replaces half 0 or 1 of dst.
func ImmedW(half int, dst Operand, v uint16) Instr {
	return Instr{Class: ClassImmed, Dst: dst, Imm: uint32(v), ImmWidth: ImmedWord, ImmShift: uint8(2 * half)}
}

// ImmedB is immed_b0[dst, v] to immed_b3: it replaces byte k of dst.
func ImmedB(k int, dst Operand, v uint8) Instr {
	return Instr{Class: ClassImmed, Dst: dst, Imm: uint32(v), ImmWidth: ImmedByte, ImmShift: uint8(k)}
}

// LoadImmed loads any 32-bit constant with one or two instructions.
func LoadImmed(dst Operand, v uint32) []Instr {
	if CanImmed(v) {
		return []Instr{Immed(dst, v)}
	}
	return []Instr{Immed(dst, v&0xffff), ImmedW(1, dst, uint16(v>>16))}
}

// Nop does nothing: an immed without a destination.
func Nop() Instr { return Instr{Class: ClassImmed} }

// IsNop reports whether i writes nothing and has the value 0, which objdump
// prints as nop whatever its other fields say.
func (i *Instr) IsNop() bool {
	return i.Class == ClassImmed && i.Dst.Kind == None && i.Imm == 0
}

// MulStepOf is mul_step[left, right], type_step.
func MulStepOf(t MulType, s MulStep, left, right Operand) Instr {
	i := Instr{Class: ClassMulStep, Mul: t, Step: s}
	i.A, i.B, i.Swap = arrange(left, right)
	return i
}

// MulLastOf is mul_step[dst, --], type_last, and with MulLast2 type_last2.
func MulLastOf(t MulType, s MulStep, dst Operand) Instr {
	return Instr{Class: ClassMulStep, Mul: t, Step: s, Dst: dst}
}

// Both returns i writing its result to the same register of both banks.
func (i Instr) Both() Instr { i.WrBoth = true; return i }

// KeepCC returns i leaving the condition codes alone (no_cc).
func (i Instr) KeepCC() Instr { i.NoCC = true; return i }

// LoadCC returns an ld_field that sets the condition codes (load_cc).
func (i Instr) LoadCC() Instr { i.SetCC = true; return i }

// WithDefer returns i with n defer slots after it. For a command that swaps
// out, the slots are the instructions before it does.
func (i Instr) WithDefer(n int) Instr {
	if i.Class == ClassCmd {
		i.Cmd.Ctx = CmdCtx(n)
		return i
	}
	i.Defer = uint8(n)
	return i
}

// WithTarget returns a branch to control-store address t.
func (i Instr) WithTarget(t int) Instr { i.Target = uint16(t); return i }
