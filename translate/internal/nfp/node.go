package nfp

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// form says how a node becomes instructions. Most forms are one instruction;
// those that depend on hidden state between instructions (PREV_A, PREV_ALU, the
// multiplier) are short sequences that nothing may come between.
type form uint8

const (
	formALU    form = iota // alu[d, l, alu, r]
	formShf                // alu_shf[d, l, shf, r, shift]
	formDbl                // dbl_shf[d, l, r, >>n]
	formAsr                // sign to PREV_ALU, then asr[d, r, >>n]
	formShfV               // amount x to PREV_A, then alu_shf[d, l, shf, r, indirect]
	formAsrV               // amount x to PREV_A and sign to PREV_ALU, then asr[d, r, indirect]
	formDblV               // amount x to PREV_A, then dbl_shf[d, l, r, indirect]
	formField              // ld_field[d, mask, r, shift]; d is tied to l
	formClr                // ld_field_w_clr[d, mask, r, shift]
	formConst              // immed of any constant, one or two instructions
	formMul                // l * r: steps and last (d), last2 (e)
	formMem32              // mem[…] at l + r, transfer registers x
	formMem40              // mem[…] at (l << 8) + r
	formAddImm             // number x and parameters e to PREV_ALU, then mem[add_imm] at (l << 8) + r
	formCSRWr              // local_csr_wr[csr, r]
	formCSRRd              // local_csr_rd and the immed that takes the value
	formBcc                // conditional branch on flags
	formBrBit              // br_bset, br_bclr of r
	formBrByte             // br=byte, br!=byte of r
	formExit               // branch to the packet's end; val, or r in the exit register, is the result
	formCall               // branch to a routine and back
	formNop                // nop
	formEntry              // values that are in registers at entry
	formLeave              // jump through the table of programs to number x; stack base in place
	formInside             // the same with a way back and a stack behind this program's
	formBegin              // branch to the program that follows
)

// ref is an operand of a node: a register operand of the allocator's, or a
// fixed place or constant.
type ref struct {
	op    int8 // index into node.ops, or -1
	fixed nfpisa.Operand
}

var noRef = ref{op: -1}

// node is a machine instruction on virtual registers.
type node struct {
	form  form
	slot  int32 // eBPF slot
	ops   []regalloc.Operand
	flags regalloc.InstrFlags
	clob  *regalloc.RegSet

	d, e, l, r, x ref

	alu    nfpisa.ALUOp
	shf    nfpisa.ShfOp
	shift  nfpisa.Shift
	mask   uint8
	noCC   bool
	val    uint32 // formConst: constant; formExit: constant if r is none; formCall: the map's number, if number
	cond   nfpisa.Cond
	bit    uint8 // formBrBit: bit; formBrByte: byte
	taken  bool  // formBrBit, formBrByte
	to     int8  // branches: successor number
	csr    uint16
	number bool          // formCall: the map's number is a constant
	site   *ssa.CallSite // formCall, formInside
	short  bool          // formMul: 16x16

	mem      nfpisa.MemOp
	memory   memory
	units    int  // length in the command's units
	indirect bool // more units than the command's field holds
}

// Code is a function as machine instructions on virtual registers.
type Code struct {
	blocks []block
	nodes  []node
	vregs  []vreg
	// argWords is the number of words at the stack base that hold arguments of
	// routines; spill slots follow.
	argWords int
	// slotEnd is the number of words at the stack base that arguments and spill
	// slots may have: behind it arguments lie that have an index register of
	// their own.
	slotEnd int
	// farWords is the number of words at the stack base that anything uses
	// beside spill slots.
	farWords int
	// far says how far words are reached, for spill slots behind slotEnd; nil if
	// there are none.
	far *far
}

// block is a run of nodes, with the branches at its end.
type block struct {
	lo, hi int // nodes
	params []regalloc.VReg
	succs  []int
	args   [][]regalloc.VReg
	// final is the number of the successor that is reached after the last
	// branch, or -1.
	final  int
	weight int
	slot   int32 // of the block's end
}

// vreg describes a virtual register.
type vreg struct {
	isConst bool
	val     uint32
	half    ssa.Half
}

// constFiles returns where a constant can be loaded: one that takes two
// instructions must be in a register that the second can read.
func constFiles(v uint32) regalloc.FileSet {
	if nfpisa.CanImmed(v) {
		return regalloc.GPRSet | regalloc.BothSet | regalloc.OutSet
	}
	return regalloc.GPRSet | regalloc.BothSet
}
