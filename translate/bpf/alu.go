package bpf

// ALUOp is an operation of the ALU classes.
//
//	  7      4  3  2     0
//	+----------+---+-------+
//	|    op    |src| class |
//	+----------+---+-------+
type ALUOp uint8

// The ALU operations. Off selects signed division and remainder (1) and the
// sign extension of moves (8, 16, 32 bits).
const (
	Add  ALUOp = 0x00
	Sub  ALUOp = 0x10
	Mul  ALUOp = 0x20
	Div  ALUOp = 0x30
	Or   ALUOp = 0x40
	And  ALUOp = 0x50
	Lsh  ALUOp = 0x60
	Rsh  ALUOp = 0x70
	Neg  ALUOp = 0x80
	Mod  ALUOp = 0x90
	Xor  ALUOp = 0xa0
	Mov  ALUOp = 0xb0
	Arsh ALUOp = 0xc0 // sign extending shift
	End  ALUOp = 0xd0 // byte swaps, of Imm bits
)

// ALUImm returns "dst op= v" in one of the ALU classes.
func ALUImm(c Class, op ALUOp, dst uint8, v int32) Insn {
	return Insn{Op: ALUOpcode(c, op, K), Dst: dst, Imm: v}
}

// ALUReg returns "dst op= src" in one of the ALU classes.
func ALUReg(c Class, op ALUOp, dst, src uint8) Insn {
	return Insn{Op: ALUOpcode(c, op, X), Dst: dst, Src: src}
}

// Imm returns the operation on 64 bits with a constant, which is sign-extended.
func (op ALUOp) Imm(dst uint8, v int32) Insn { return ALUImm(ClassALU64, op, dst, v) }

// Reg returns the operation on 64 bits with a register.
func (op ALUOp) Reg(dst, src uint8) Insn { return ALUReg(ClassALU64, op, dst, src) }

// Imm32 returns the operation on 32 bits with a constant.
func (op ALUOp) Imm32(dst uint8, v int32) Insn { return ALUImm(ClassALU, op, dst, v) }

// Reg32 returns the operation on 32 bits with a register.
func (op ALUOp) Reg32(dst, src uint8) Insn { return ALUReg(ClassALU, op, dst, src) }

// Signed returns the signed form of a division or remainder.
func (i Insn) Signed() Insn {
	i.Off = 1
	return i
}

// IsSigned reports a signed division or remainder.
func (i Insn) IsSigned() bool {
	return i.IsALU() && (i.ALUOp() == Div || i.ALUOp() == Mod) && i.Off == 1
}

// MovSX returns a move that sign-extends the lowest 8, 16 or 32 bits of src to
// 64 bits.
func MovSX(bits int16, dst, src uint8) Insn {
	in := Mov.Reg(dst, src)
	in.Off = bits
	return in
}

// MovSX32 returns a move that sign-extends the lowest 8 or 16 bits of src to 32
// bits.
func MovSX32(bits int16, dst, src uint8) Insn {
	in := Mov.Reg32(dst, src)
	in.Off = bits
	return in
}

// Negate returns "dst = -dst".
func Negate(dst uint8) Insn { return Neg.Imm(dst, 0) }

// Negate32 returns the same on 32 bits.
func Negate32(dst uint8) Insn { return Neg.Imm32(dst, 0) }

// ToLE returns the conversion of the lowest 16, 32 or 64 bits to little endian,
// which clears the others.
func ToLE(bits int32, dst uint8) Insn { return End.Imm32(dst, bits) }

// ToBE returns the conversion to big endian.
func ToBE(bits int32, dst uint8) Insn {
	return Insn{Op: ALUOpcode(ClassALU, End, X), Dst: dst, Imm: bits}
}

// Bswap returns the unconditional swap of the lowest 16, 32 or 64 bits.
func Bswap(bits int32, dst uint8) Insn { return End.Imm(dst, bits) }
