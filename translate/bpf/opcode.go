package bpf

// Opcode is the first byte of a slot. Its three lowest bits are the class,
// which decides what the others mean:
//
//	  7     5 4   3 2     0
//	+--------+-----+-------+
//	|  mode  |size | class |   LD, LDX, ST, STX
//	+--------+-----+-------+
//	+----------+---+-------+
//	|    op    |src| class |   ALU, ALU64, JMP, JMP32
//	+----------+---+-------+
type Opcode uint8

// Class returns the class bits.
func (o Opcode) Class() Class { return Class(o & 0x07) }

// Mode returns the mode bits of a load or store.
func (o Opcode) Mode() Mode { return Mode(o & 0xe0) }

// Size returns the size bits of a load or store.
func (o Opcode) Size() Size { return Size(o & 0x18) }

// ALUOp returns the operation bits of an ALU instruction.
func (o Opcode) ALUOp() ALUOp { return ALUOp(o & 0xf0) }

// JumpOp returns the operation bits of a jump instruction.
func (o Opcode) JumpOp() JumpOp { return JumpOp(o & 0xf0) }

// Source returns the source bit of an ALU or jump instruction.
func (o Opcode) Source() Source { return Source(o & 0x08) }

// ALUOpcode composes the opcode of an ALU instruction.
func ALUOpcode(c Class, op ALUOp, s Source) Opcode { return Opcode(c) | Opcode(op) | Opcode(s) }

// JumpOpcode composes the opcode of a jump instruction.
func JumpOpcode(c Class, op JumpOp, s Source) Opcode { return Opcode(c) | Opcode(op) | Opcode(s) }

// MemOpcode composes the opcode of a load or store.
func MemOpcode(c Class, m Mode, s Size) Opcode { return Opcode(c) | Opcode(m) | Opcode(s) }

// Class is the class of an instruction, bits 2:0 of the opcode.
//
//	  7           3 2     0
//	+--------------+-------+
//	|              | class |
//	+--------------+-------+
type Class uint8

// The classes. Of ALU, the 32-bit one clears the high half of its result; JMP32
// compares low halves.
const (
	ClassLD    Class = 0x00
	ClassLDX   Class = 0x01
	ClassST    Class = 0x02
	ClassSTX   Class = 0x03
	ClassALU   Class = 0x04
	ClassJMP   Class = 0x05
	ClassJMP32 Class = 0x06
	ClassALU64 Class = 0x07
)

// IsJump reports one of the two jump classes.
func (c Class) IsJump() bool { return c == ClassJMP || c == ClassJMP32 }

// IsALU reports one of the two ALU classes.
func (c Class) IsALU() bool { return c == ClassALU || c == ClassALU64 }

// Size is the width of a load or store.
//
//	  7     5 4   3 2     0
//	+--------+-----+-------+
//	|  mode  |size | class |
//	+--------+-----+-------+
type Size uint8

// The widths: 4, 2, 1 and 8 bytes.
const (
	SizeW  Size = 0x00
	SizeH  Size = 0x08
	SizeB  Size = 0x10
	SizeDW Size = 0x18
)

// Bytes returns the width in bytes.
func (s Size) Bytes() int {
	switch s {
	case SizeB:
		return 1
	case SizeH:
		return 2
	case SizeW:
		return 4
	}
	return 8
}

// SizeOf returns the width of 1, 2, 4 or 8 bytes.
func SizeOf(bytes int) Size {
	switch bytes {
	case 1:
		return SizeB
	case 2:
		return SizeH
	case 4:
		return SizeW
	case 8:
		return SizeDW
	}
	panic("BUG: a load or store of a width that does not exist")
}

// Mode is how a load or store finds its memory.
//
//	  7     5 4   3 2     0
//	+--------+-----+-------+
//	|  mode  |size | class |
//	+--------+-----+-------+
type Mode uint8

// The modes.
const (
	ModeIMM    Mode = 0x00 // LD: a 64-bit immediate, in two slots
	ModeABS    Mode = 0x20 // LD: the packet, at a constant offset (classic BPF)
	ModeIND    Mode = 0x40 // LD: the packet, at a register plus a constant (classic BPF)
	ModeMEM    Mode = 0x60 // LDX, ST, STX: a register plus a constant
	ModeMEMSX  Mode = 0x80 // LDX: the same, with sign extension
	ModeATOMIC Mode = 0xc0 // STX: an atomic operation, which Imm names
)

// Source is the source bit of ALU and jump instructions.
//
//	  7      4  3  2     0
//	+----------+---+-------+
//	|    op    |src| class |
//	+----------+---+-------+
type Source uint8

// The sources. Of the byte swaps of class ALU, K means little endian and X big
// endian.
const (
	K Source = 0x00 // Imm
	X Source = 0x08 // register Src
)
