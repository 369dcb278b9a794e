package nfpisa

// Bank names a general-purpose register bank.
type Bank uint8

// The two banks. One instruction reads at most one register of each.
const (
	BankA Bank = iota
	BankB
)

// OperandKind says what an operand field names.
type OperandKind uint8

// Operand kinds. Which of them a field can hold depends on the field: an
// unrestricted (10-bit) field holds all of them, a restricted (8-bit) field
// has no AbsGPR, no NN, no post-modified LM and smaller ranges.
const (
	// None is "--": no destination, or an unused source.
	None OperandKind = iota
	// GPR is a context-relative general-purpose register; Num 0..15 with eight
	// contexts, 0..31 with four.
	GPR
	// AbsGPR is an absolute general-purpose register, Num 0..127.
	AbsGPR
	// Xfer is a transfer register: transfer-in as a source, transfer-out as a
	// destination. The same number names two different registers.
	Xfer
	// XferIndex is *$index: the transfer register that T_INDEX points at.
	XferIndex
	// LM is *l$indexN[k]: local memory at ActLMAddrN, the word address ORed
	// with k. Index is N (0..3), Num is k (0..15, restricted 0..7).
	LM
	// NN is a next-neighbour register n$reg_Num.
	NN
	// NNIndex is *n$index.
	NNIndex
	// Imm is a constant: 0..255 in an unrestricted field, 0..127 (0..255 where
	// the class has the extra bit) in a restricted one.
	Imm
)

// PostMod is the change of an index register after the access.
type PostMod uint8

// Post-modifications, by one word.
const (
	NoMod PostMod = iota
	PostInc
	PostDec
)

// Operand is one register, local-memory or constant operand. It is a value
// of six bytes and comparable.
type Operand struct {
	Kind  OperandKind
	Bank  Bank    // GPR and AbsGPR: the bank that the field reads or writes
	Index uint8   // LM: index register 0..3
	Mod   PostMod // LM, XferIndex, NNIndex
	Num   uint16  // register number, LM offset in words, or constant
}

// A returns general-purpose register n of bank A.
func A(n int) Operand { return Operand{Kind: GPR, Bank: BankA, Num: uint16(n)} }

// B returns general-purpose register n of bank B.
func B(n int) Operand { return Operand{Kind: GPR, Bank: BankB, Num: uint16(n)} }

// X returns transfer register n.
func X(n int) Operand { return Operand{Kind: Xfer, Num: uint16(n)} }

// LMem returns local memory word k at index register i: *l$index<i>[k].
func LMem(i, k int) Operand { return Operand{Kind: LM, Index: uint8(i), Num: uint16(k)} }

// Const returns the constant v.
func Const(v int) Operand { return Operand{Kind: Imm, Num: uint16(v)} }

// NoOperand is "--".
var NoOperand = Operand{}
