package ssa

// Op is what a value computes. All values are 32-bit words.
type Op uint8

// The operations. x, y, z name the arguments in order.
const (
	Invalid Op = iota

	Const // Imm
	Undef // no particular word: a stack byte that was never written
	Param // block parameter

	Add // x + y
	Sub // x - y
	And // x & y
	Or  // x | y
	Xor // x ^ y
	// Element is x + y, the address of one of several values: what is at an offset
	// from it is no neighbour of what is at offsets from another.
	Element
	// AddHi is the high word of a 64-bit sum: args xh, yh, xl, yl.
	AddHi
	// SubHi is the high word of a 64-bit difference: args xh, yh, xl, yl.
	SubHi
	Mul   // low word of x * y
	MulHi // high word of the unsigned product
	Shl   // x << Imm, Imm 1..31
	Shr   // x >> Imm, zero fill
	Sar   // x >> Imm, sign fill
	ShlV  // x << (y & 31)
	ShrV  // x >> (y & 31), zero fill
	SarV  // x >> (y & 31), sign fill
	// Funnel is the low word of the 64-bit value x:y (x is the high word)
	// shifted right by Imm, 1..31.
	Funnel
	// FunnelV is the same with the amount in z, whose low five bits must not
	// be zero.
	FunnelV
	Bswap   // the four bytes of x reversed
	Bswap16 // the two low bytes of x exchanged, the rest zero
	// Insert is x with the bytes of mask Imm bits 3:0 taken from y shifted left
	// by Imm bits 15:8.
	Insert

	// Packet vector and entry state.
	PktPtr    // the packet pointer
	PktLen    // the packet length in bytes
	VecWord   // word Imm of the packet vector
	StackBase // local-memory byte address of the stack base
	StackAddr // local-memory address of stack byte Imm: frame<<16 | offset from the frame's base; compile time only

	// Memory. Each has a Space and works on Size bytes at address x (and, in
	// 40-bit spaces, y the high word) plus Imm.
	Load  // 1, 2 or 4 bytes, zero extended
	Store // last argument: the value
	// Atomic operations on 4 or 8 bytes: last arguments are the low word and, for
	// 8 bytes, the high word. Word takes the old value.
	AtomicAdd
	AtomicOr
	AtomicClr // clears the bits that are set in the argument
	AtomicXor
	AtomicXchg
	// Read is one memory command of Size bytes (a multiple of 4) whose words
	// are taken with Word.
	Read
	Word // word Imm of Read or atomic operation x
	// Write is one memory command of Size bytes from the words after the
	// address, in memory order.
	Write

	// Local memory, for stacks that are addressed at run time: the function's
	// LocalWords of it. x is the number of a byte in them, of which the two lowest
	// bits do not count, y the StackBase. Imm is 0, or 4 for the second word of the
	// double word at x, which is aligned then.
	LMLoad
	LMStore // z is the word

	// Call calls a routine: Func.Calls[Imm] says which, and what its arguments
	// are. Results are taken with Result.
	Call
	Result // Imm 0: low word, 1: high word of R0 after Call x; from ResultValue on words of a value that it returns
	Random // a word of the pseudo-random register
	// Timestamp is a word of the core's timestamp as it is now: the low one, or
	// with Imm 1 the high one.
	Timestamp
	// SetPkt makes x the packet pointer and y the length in the packet vector.
	SetPkt
	// SetQueue makes x the selected queue in the packet vector.
	SetQueue
	// SetVec makes x word Imm of the packet vector.
	SetVec
	// SetRedirect makes x the code of where the frame goes and y which one of the
	// kind, in the packet vector.
	SetRedirect

	numOps
)

// String returns the name of the operation.
func (o Op) String() string { return opInfo[o].name }

// Pure reports whether a value depends on its arguments alone and can be
// computed at any time, or never.
func (o Op) Pure() bool { return opInfo[o].pure }

// Atomic reports whether o is an atomic operation on memory.
func (o Op) Atomic() bool { return AtomicAdd <= o && o <= AtomicXchg }

// Effect reports whether a value must be computed even if nobody reads it.
func (o Op) Effect() bool { return opInfo[o].effect }

var opInfo = [numOps]struct {
	name         string
	pure, effect bool
}{
	Invalid: {"invalid", false, false},
	Const:   {"const", true, false}, Undef: {"undef", true, false}, Param: {"param", false, false},
	Add: {"add", true, false}, Sub: {"sub", true, false}, And: {"and", true, false}, Or: {"or", true, false},
	Xor: {"xor", true, false}, Element: {"element", true, false}, AddHi: {"addhi", true, false}, SubHi: {"subhi", true, false},
	Mul: {"mul", true, false}, MulHi: {"mulhi", true, false},
	Shl: {"shl", true, false}, Shr: {"shr", true, false}, Sar: {"sar", true, false},
	ShlV: {"shlv", true, false}, ShrV: {"shrv", true, false}, SarV: {"sarv", true, false},
	Funnel: {"funnel", true, false}, FunnelV: {"funnelv", true, false},
	Bswap: {"bswap", true, false}, Bswap16: {"bswap16", true, false}, Insert: {"insert", true, false},
	PktPtr: {"pktptr", false, false}, PktLen: {"pktlen", false, false}, VecWord: {"vecword", false, false},
	StackBase: {"stackbase", true, false}, StackAddr: {"stackaddr", true, false},
	Load: {"load", false, false}, Store: {"store", false, true}, AtomicAdd: {"atomic_add", false, true},
	AtomicOr: {"atomic_or", false, true}, AtomicClr: {"atomic_clr", false, true}, AtomicXor: {"atomic_xor", false, true},
	AtomicXchg: {"atomic_xchg", false, true},
	Read:       {"read", false, false}, Word: {"word", false, false}, Write: {"write", false, true},
	LMLoad: {"lmload", false, false}, LMStore: {"lmstore", false, true},
	Call: {"call", false, true}, Result: {"result", false, false}, Random: {"random", false, true},
	Timestamp: {"timestamp", false, true},
	SetPkt:    {"setpkt", false, true}, SetQueue: {"setqueue", false, true}, SetVec: {"setvec", false, true},
	SetRedirect: {"setredirect", false, true},
}

// Space is a memory that loads and stores go to. Different spaces never
// overlap, nor do different maps.
type Space uint8

// The spaces.
const (
	NoSpace  Space = iota
	Packet         // 32-bit addresses
	MapValue       // 40-bit addresses: low word, high word
	Fragment       // the same, of a frame behind its buffer
)

// Order is the byte order in which a memory command forms words.
type Order uint8

// The orders. Little makes the first byte in memory the lowest of the word,
// as eBPF does; Big the highest.
const (
	Little Order = iota
	Big
)

// Cond is a comparison of two words or double words.
type Cond uint8

// The comparisons.
const (
	EQ  Cond = iota
	NE       // x != y
	ULT      // x < y unsigned
	UGE
	ULE
	UGT
	SLT // x < y signed
	SGE
	SLE
	SGT
	TST // x & y != 0
	NTS // x & y == 0
)

var condNames = [...]string{"eq", "ne", "ult", "uge", "ule", "ugt", "slt", "sge", "sle", "sgt", "tst", "nts"}

// String returns the name of the comparison.
func (c Cond) String() string { return condNames[c] }

// Swap returns the comparison with exchanged operands.
func (c Cond) Swap() Cond {
	switch c {
	case ULT:
		return UGT
	case UGT:
		return ULT
	case UGE:
		return ULE
	case ULE:
		return UGE
	case SLT:
		return SGT
	case SGT:
		return SLT
	case SGE:
		return SLE
	case SLE:
		return SGE
	}
	return c
}

// Not returns the comparison that holds when c does not.
func (c Cond) Not() Cond {
	return [...]Cond{EQ: NE, NE: EQ, ULT: UGE, UGE: ULT, ULE: UGT, UGT: ULE, SLT: SGE, SGE: SLT, SLE: SGT, SGT: SLE, TST: NTS, NTS: TST}[c]
}

// Eval applies the comparison to words.
func (c Cond) Eval(x, y uint32) bool {
	return c.Eval64(uint64(int64(int32(x))), uint64(int64(int32(y))))
}

// Eval64 applies the comparison to double words.
func (c Cond) Eval64(x, y uint64) bool {
	switch c {
	case EQ:
		return x == y
	case NE:
		return x != y
	case ULT:
		return x < y
	case UGE:
		return x >= y
	case ULE:
		return x <= y
	case UGT:
		return x > y
	case SLT:
		return int64(x) < int64(y)
	case SGE:
		return int64(x) >= int64(y)
	case SLE:
		return int64(x) <= int64(y)
	case SGT:
		return int64(x) > int64(y)
	case TST:
		return x&y != 0
	}
	return x&y == 0
}
