// Package bpf holds eBPF instruction slots as they stand in a program:
// eight-byte records, their fields and their text in the kernel's notation.
//
// It never knows maps, object files or proofs.
package bpf

import (
	"encoding/binary"
	"fmt"
)

// Insn is one eight-byte slot. A 64-bit immediate load takes two of them;
// jump offsets count slots.
type Insn struct {
	Op  uint8
	Dst uint8 // low nibble of byte 1
	Src uint8 // high nibble of byte 1
	Off int16
	Imm int32
}

// Instruction classes, bits 2:0 of the opcode.
const (
	ClassLD    = 0x00
	ClassLDX   = 0x01
	ClassST    = 0x02
	ClassSTX   = 0x03
	ClassALU   = 0x04
	ClassJMP   = 0x05
	ClassJMP32 = 0x06
	ClassALU64 = 0x07
)

// Size field of loads and stores, bits 4:3.
const (
	SizeW  = 0x00
	SizeH  = 0x08
	SizeB  = 0x10
	SizeDW = 0x18
)

// Mode field of loads and stores, bits 7:5.
const (
	ModeIMM    = 0x00
	ModeABS    = 0x20
	ModeIND    = 0x40
	ModeMEM    = 0x60
	ModeMEMSX  = 0x80
	ModeATOMIC = 0xc0
)

// ALU operations, bits 7:4.
const (
	ADD  = 0x00
	SUB  = 0x10
	MUL  = 0x20
	DIV  = 0x30
	OR   = 0x40
	AND  = 0x50
	LSH  = 0x60
	RSH  = 0x70
	NEG  = 0x80
	MOD  = 0x90
	XOR  = 0xa0
	MOV  = 0xb0
	ARSH = 0xc0
	END  = 0xd0
)

// Jump operations, bits 7:4.
const (
	JA    = 0x00
	JEQ   = 0x10
	JGT   = 0x20
	JGE   = 0x30
	JSET  = 0x40
	JNE   = 0x50
	JSGT  = 0x60
	JSGE  = 0x70
	CALL  = 0x80
	EXIT  = 0x90
	JLT   = 0xa0
	JLE   = 0xb0
	JSLT  = 0xc0
	JSLE  = 0xd0
	JCOND = 0xe0 // may_goto
)

// Source bit of ALU and jump opcodes, bit 3: constant or register.
const (
	K = 0x00
	X = 0x08
)

// Atomic operations in Imm.
const (
	AtomicAdd      = 0x00
	AtomicOr       = 0x40
	AtomicAnd      = 0x50
	AtomicXor      = 0xa0
	AtomicFetch    = 0x01
	AtomicXchg     = 0xe1
	AtomicCmpXchg  = 0xf1
	AtomicLoadAcq  = 0x100
	AtomicStoreRel = 0x110
)

// Values of Src in a 64-bit immediate load and in a call.
const (
	PseudoMapFD    = 1 // lddw: Imm is the index of a map in the object's list
	PseudoMapValue = 2 // lddw: Imm is the index of a map, the next slot's Imm the offset
	PseudoFunc     = 4 // lddw: Imm is a relative slot offset to a function
	PseudoCall     = 1 // call: Imm is a relative slot offset to a function
	PseudoKfunc    = 2 // call: kernel function
)

// Class returns the class bits of the opcode.
func (i Insn) Class() uint8 { return i.Op & 7 }

// Wide reports whether the instruction is a 64-bit immediate load, which takes
// this slot and the next.
func (i Insn) Wide() bool { return i.Op == ClassLD|ModeIMM|SizeDW }

// Bytes returns the width of a load or store in bytes.
func (i Insn) Bytes() int {
	switch i.Op & 0x18 {
	case SizeB:
		return 1
	case SizeH:
		return 2
	case SizeW:
		return 4
	}
	return 8
}

// Decode splits little-endian program bytes into slots.
func Decode(b []byte) ([]Insn, error) {
	if len(b)%8 != 0 {
		return nil, fmt.Errorf("program of %d bytes is not a multiple of 8", len(b))
	}
	out := make([]Insn, len(b)/8)
	for k := range out {
		s := b[k*8:]
		out[k] = Insn{
			Op: s[0], Dst: s[1] & 15, Src: s[1] >> 4,
			Off: int16(binary.LittleEndian.Uint16(s[2:])), Imm: int32(binary.LittleEndian.Uint32(s[4:])),
		}
	}
	return out, nil
}

// Encode appends the little-endian bytes of the slots to dst.
func Encode(dst []byte, insns []Insn) []byte {
	for _, i := range insns {
		dst = append(dst, i.Op, i.Dst&15|i.Src<<4)
		dst = binary.LittleEndian.AppendUint16(dst, uint16(i.Off))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(i.Imm))
	}
	return dst
}
