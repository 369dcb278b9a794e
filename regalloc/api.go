package regalloc

// VReg is a virtual register: one value of one machine word in SSA form. The
// virtual registers of a function are numbered densely from 0.
type VReg uint32

// NoVReg is no value: in a group of defined registers, a register that the
// instruction writes and nobody reads.
const NoVReg VReg = ^VReg(0)

// File is a register file, or another kind of storage that a value can be in.
type File uint8

// The storage kinds.
const (
	// None is no place: the operand of an instruction that was coalesced away.
	None File = iota
	// A and B are the two banks of general-purpose registers. One instruction
	// reads at most one register of each.
	A
	B
	// In holds registers that only defining operands with In in their Files
	// write (words that arrive from memory). They are sources like any other;
	// no move writes them.
	In
	// Out holds registers that are written by instructions and moves and read
	// only by operands with Out in their Files (words on their way to memory).
	Out
	// Slot is memory that operands can name: spill slots, numbered from 0.
	Slot
	// Both is registers Num of A and of B with one value in them, written by
	// one instruction at no cost. It is the place of defining operands, of
	// fixed operands and of the destinations of moves.
	Both
	// Remat is the source of a move that re-creates a value instead of copying
	// it; see VRegInfo.Remat.
	Remat
)

// FileSet is a set of files.
type FileSet uint8

// The sets of one file, and the usual unions. BothSet in the Files of a
// defining operand says that the instruction can write both banks at once.
const (
	ASet    FileSet = 1 << A
	BSet    FileSet = 1 << B
	InSet   FileSet = 1 << In
	OutSet  FileSet = 1 << Out
	SlotSet FileSet = 1 << Slot
	BothSet FileSet = 1 << Both

	// GPRSet is either bank.
	GPRSet = ASet | BSet
	// AnySource is what a full source operand takes.
	AnySource = ASet | BSet | InSet | SlotSet
	// AnyDest is what a full destination takes.
	AnyDest = ASet | BSet | BothSet | OutSet | SlotSet
)

// Loc is a place: register or slot Num of a file. The zero Loc is no place.
type Loc struct {
	File File
	Num  uint8
}

// RegSet is a set of registers: bit n of element f is register n of file f.
// Only A, B, In and Out are meaningful.
type RegSet [Slot]uint64

// MaxSlots is how many spill slots a machine can have.
const MaxSlots = 256

// Machine describes the register files.
type Machine struct {
	// Usable holds the registers that may be handed out, at most 64 a file.
	// Fixed operands may name registers outside it.
	Usable RegSet
	// Slots is the number of spill slots there are, at most MaxSlots.
	Slots int
	// SlotCost is the cost of an instruction that loads or stores one slot, in
	// units of a register move's cost; nil means 1 for all. Slots are handed
	// out from number 0.
	SlotCost func(slot int) int
}

// OperandFlags qualify an operand.
type OperandFlags uint8

// The operand flags.
const (
	// Def: the instruction writes the operand; without it, it reads it. All
	// reads happen before all writes.
	Def OperandFlags = 1 << iota
	// Early: the (defining) operand is written before the reads, so it shares
	// no register with an operand that is read.
	Early
	// Tied: the (defining) operand is written to the very place that operand
	// number Tie of the same instruction is read from.
	Tied
	// Fixed: the operand is in Loc. As a read operand with Both: the value must
	// be in both registers.
	Fixed
	// Paired: of the read operands of one instruction that carry this flag, no
	// two may come from the same file, not even if they are the same value.
	Paired
)

// Operand is one operand of an instruction: which value, and where it may be.
type Operand struct {
	V     VReg
	Flags OperandFlags
	// Files are the files that the operand may be in. Ignored with Fixed. With
	// Tied the operand that it is tied to decides, only BothSet counts: the
	// instruction can write the other bank too.
	Files FileSet
	// Slots limits Slot in Files: slots 0..Slots-1 can be named, others must
	// be loaded first.
	Slots uint8
	// Tie is the index of the read operand that a Tied operand shares its
	// place with. Each read operand is tied to at most once.
	Tie uint8
	// Group, if not 0, makes the operands of this instruction with the same
	// number a block: they are in registers n, n+1, n+2, … of one file, In for
	// defining operands and Out for read ones, in operand order.
	Group uint8
	// Loc is the place of a Fixed operand.
	Loc Loc
}

// InstrFlags qualify an instruction.
type InstrFlags uint8

// The instruction flags.
const (
	// Glued: nothing may be inserted between the previous instruction of the
	// block and this one. So everything that instructions glued together read is
	// in place before the first of them, and no two of their Fixed operands are
	// read from one register.
	Glued InstrFlags = 1 << iota
	// Copy: operand 0 is defined as the value of operand 1 and that is all. The
	// allocator removes the instruction if it can (see Result.Removed); it does
	// not notice uses that the definition does not dominate then.
	Copy
	// Branch: the instruction may leave the block. Branches are the last
	// instructions of their block.
	Branch
)

// InstrInfo describes an instruction beside its operands.
type InstrInfo struct {
	Flags InstrFlags
	// Clobbers are registers whose content is lost, at the time of the writes;
	// nil for none. Only Fixed operands that are defined may be in them.
	Clobbers *RegSet
}

// VRegInfo describes a virtual register.
type VRegInfo struct {
	// Remat, if not 0, says that the client can create the value anew anywhere
	// and in any A, B, Both, Out or Slot place without reading a register; the
	// number is the cost in register moves.
	Remat uint8
	// Key, if not 0, tells equal values that can be created anew: two of them
	// with the same key are the same constant.
	Key uint64
	// Pinned values stay where they are defined until they die: something the
	// allocator does not see goes on with the register (a memory command under
	// way).
	Pinned bool
}

// Function is the reading half: the code to be allocated. Everything is
// numbered: blocks 0..NumBlocks()-1 in reverse postorder with the entry first,
// instructions consecutively through the function. Each virtual register has
// one definition, as an operand or as a block parameter, that dominates its
// uses. Critical edges need not be split. Slices that methods return are read
// before the next call of the same method and never kept or changed.
type Function interface {
	// NumVRegs returns the number of virtual registers.
	NumVRegs() int
	// VReg returns what is to be known of v.
	VReg(v VReg) VRegInfo
	// NumBlocks returns the number of blocks, at least 1.
	NumBlocks() int
	// Succs returns the successors of block b; the same block may be there
	// more than once. The allocator takes it that block b+1 is reached without a
	// branch, or the first successor if b+1 is none.
	Succs(b int) []int
	// Params returns the parameters of block b; block 0 has none.
	Params(b int) []VReg
	// Args returns the values passed to the parameters of Succs(b)[s].
	Args(b, s int) []VReg
	// Weight returns how often block b runs, relative to others; at least 1.
	Weight(b int) int
	// Instrs returns the numbers lo..hi-1 of block b's instructions; lo is the
	// hi of the block before.
	Instrs(b int) (lo, hi int)
	// Operands returns the operands of instruction i.
	Operands(i int) []Operand
	// Instr returns the rest about instruction i.
	Instr(i int) InstrInfo
}

// Move is an instruction to be inserted: Dst = Src, changing no flags. Src is in
// A, B, In or Slot, or its File is Remat; Dst is in A, B, Both, Out or Slot.
// Moves at one position run in order.
type Move struct {
	V        VReg // the value that is moved
	Dst, Src Loc
}
