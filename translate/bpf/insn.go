package bpf

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// Insn is one eight-byte slot. A 64-bit immediate load takes two of them;
// jump offsets count slots.
//
//	 63                             32 31            16 15  12 11   8 7      0
//	+---------------------------------+----------------+------+------+--------+
//	|               Imm               |      Off       | Src  | Dst  |   Op   |
//	+---------------------------------+----------------+------+------+--------+
type Insn struct {
	Op  Opcode
	Dst uint8
	Src uint8
	Off int16
	Imm int32
}

// The registers: R0 holds results, R1 to R5 arguments, R6 to R9 live through
// calls, R10 is the frame pointer.
const (
	R0 = iota
	R1
	R2
	R3
	R4
	R5
	R6
	R7
	R8
	R9
	R10

	// FP is the frame pointer.
	FP = R10
	// NumRegs is the number of registers.
	NumRegs = 11
)

// Class returns the class of the opcode.
func (i Insn) Class() Class { return i.Op.Class() }

// ALUOp returns the operation of an ALU instruction.
func (i Insn) ALUOp() ALUOp { return i.Op.ALUOp() }

// JumpOp returns the operation of an instruction of the jump classes.
func (i Insn) JumpOp() JumpOp { return i.Op.JumpOp() }

// Source says whether an ALU or jump instruction takes Imm or register Src.
func (i Insn) Source() Source { return i.Op.Source() }

// Size returns the width of a load or store.
func (i Insn) Size() Size { return i.Op.Size() }

// Mode returns the mode of a load or store.
func (i Insn) Mode() Mode { return i.Op.Mode() }

// Bytes returns the width of a load or store in bytes.
func (i Insn) Bytes() int { return i.Size().Bytes() }

// IsALU reports an instruction of the two ALU classes.
func (i Insn) IsALU() bool { return i.Class().IsALU() }

// Bits returns how many bits an ALU instruction or a comparison works on.
func (i Insn) Bits() int {
	if c := i.Class(); c == ClassALU || c == ClassJMP32 {
		return 32
	}
	return 64
}

// Wide reports whether the instruction is a 64-bit immediate load, which takes
// this slot and the next.
func (i Insn) Wide() bool { return i.Op == opWide }

const opWide = Opcode(ClassLD) | Opcode(ModeIMM) | Opcode(SizeDW)

// Slots returns how many slots the instruction takes, 1 or 2.
func (i Insn) Slots() int {
	if i.Wide() {
		return 2
	}
	return 1
}

// Imm64 returns the number that a 64-bit immediate load with this slot and the
// next one loads.
func (i Insn) Imm64(next Insn) uint64 { return uint64(uint32(i.Imm)) | uint64(uint32(next.Imm))<<32 }

// MapIndex returns the index of the map in the object's list whose address, or
// whose value's address, a 64-bit immediate load loads; ok is false for all
// other instructions.
func (i Insn) MapIndex() (index int, ok bool) {
	return int(i.Imm), i.Wide() && (i.Src == PseudoMapFD || i.Src == PseudoMapValue)
}

// IsMapLoad reports a load of the address of a map.
func (i Insn) IsMapLoad() bool { return i.Wide() && i.Src == PseudoMapFD }

// IsMapValueLoad reports a load of the address of a map's value; the next
// slot's Imm is the offset in bytes.
func (i Insn) IsMapValueLoad() bool { return i.Wide() && i.Src == PseudoMapValue }

// IsFuncLoad reports a load of the address of a function.
func (i Insn) IsFuncLoad() bool { return i.Wide() && i.Src == PseudoFunc }

// IsLegacyLoad reports whether the instruction is LD_ABS or LD_IND, a load of classic
// BPF from the packet.
func (i Insn) IsLegacyLoad() bool {
	return i.Class() == ClassLD && (i.Mode() == ModeABS || i.Mode() == ModeIND)
}

// IsAtomic reports an atomic operation.
func (i Insn) IsAtomic() bool { return i.Class() == ClassSTX && i.Mode() == ModeATOMIC }

// AtomicOp returns the operation of an atomic instruction.
func (i Insn) AtomicOp() AtomicOp { return AtomicOp(i.Imm) }

// Each goes through the instructions with their slots, without the second slots
// of 64-bit immediate loads.
func Each(insns []Insn) iter.Seq2[int, Insn] {
	return func(yield func(int, Insn) bool) {
		for pc := 0; pc < len(insns); pc += insns[pc].Slots() {
			if !yield(pc, insns[pc]) {
				return
			}
		}
	}
}

// SlotSize is the length of a slot in bytes.
const SlotSize = 8

// Decode splits little-endian program bytes into slots.
func Decode(b []byte) ([]Insn, error) {
	if len(b)%SlotSize != 0 {
		return nil, fmt.Errorf("program of %d bytes is not a multiple of %d", len(b), SlotSize)
	}
	out := make([]Insn, len(b)/SlotSize)
	for k := range out {
		s := b[k*SlotSize:]
		out[k] = Insn{
			Op: Opcode(s[0]), Dst: s[1] & 15, Src: s[1] >> 4,
			Off: int16(binary.LittleEndian.Uint16(s[2:])), Imm: int32(binary.LittleEndian.Uint32(s[4:])),
		}
	}
	return out, nil
}

// Encode appends the little-endian bytes of the slots to dst.
func Encode(dst []byte, insns []Insn) []byte {
	for _, i := range insns {
		dst = append(dst, byte(i.Op), i.Dst&15|i.Src<<4)
		dst = binary.LittleEndian.AppendUint16(dst, uint16(i.Off))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(i.Imm))
	}
	return dst
}
