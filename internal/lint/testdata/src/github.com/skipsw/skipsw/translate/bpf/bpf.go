// Package bpf stands for the real one: an owner may write numbers.
package bpf

type (
	HelperID int32
	MapType  uint32
	Errno    int32
	Opcode   uint8
	ALUOp    uint8
	AtomicOp int32
)

const (
	HelperMapLookupElem HelperID = 1
	MapTypeHash         MapType  = 1
	EINVAL              Errno    = 22
	Add                 ALUOp    = 0
	AtomicAdd           AtomicOp = 0
	AtomicFetch         AtomicOp = 1
)

type Insn struct {
	Op  Opcode
	Off int16
	Imm int32
}

func (i Insn) ALUOp() ALUOp          { return ALUOp(i.Op & 0xf0) }
func (i Insn) Helper() HelperID      { return HelperID(i.Imm) }
func (i Insn) JumpTarget(pc int) int { return pc + 1 + int(i.Off) }

func CallHelper(id HelperID) Insn { return Insn{Imm: int32(id)} }
