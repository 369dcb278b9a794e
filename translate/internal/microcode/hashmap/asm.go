package hashmap

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// Registers of the routines. A8 holds the flags of an update until they are
// read; key words are in bank B.
var (
	regHand   = nfpisa.A(1)
	regHead   = nfpisa.A(1) // first entry of the bucket, when the walk began
	regCRC    = nfpisa.A(2)
	regEntry  = nfpisa.A(3) // low address of the entry that is looked at
	regAddr   = nfpisa.A(4)
	regValue  = nfpisa.A(5)
	regLM     = nfpisa.A(6)
	regLock   = nfpisa.A(7)
	regFlags  = nfpisa.A(8)
	regBucket = nfpisa.A(9)
	regLink   = nfpisa.A(10) // low address of the pointer that led to the entry
	regMask   = nfpisa.A(11)
	regPost   = nfpisa.B(29) // indirect reference of a command that is posted
	regHigh   = nfpisa.B(30) // upper part of all addresses
	regConst  = nfpisa.B(31)
	back      = nfpisa.B(0)
)

// keyReg returns the register of a key word, 0..15.
func keyReg(i int) nfpisa.Operand {
	if i < 11 {
		return nfpisa.B(1 + i)
	}
	return nfpisa.B(23 + i - 11)
}

// Signals: the one of commands that are waited for at once, and those of
// commands that others follow.
const (
	signal   = 1
	sigFree  = 2
	sigEntry = 3
	sigLink  = 4
)

// Transfer registers that survive reading an entry, which takes up to 19 from
// 0 on.
const (
	xferFree = 31 // the free list's head or what replaces it
	xferOut  = 12 // an entry's words before its value, on their way out
)

var next3 = nfpisa.Operand{Kind: nfpisa.LM, Index: 3, Mod: nfpisa.PostInc}

var next2 = nfpisa.Operand{Kind: nfpisa.LM, Index: 2, Mod: nfpisa.PostInc}

// assembler is an Assembler with the routines' registers.
type assembler struct{ micro.Assembler }

func newAssembler(start int) *assembler { return &assembler{micro.Assembler{Start: start}} }

// move emits a command of n words at an address and waits for it.
func (a *assembler) move(op nfpisa.MemOp, addr nfpisa.Operand, n int) {
	a.Move(op, regHigh, addr, n, signal)
}

// ret returns a constant: 0 or a negative errno.
func (a *assembler) ret(v int32) {
	hi := uint32(0)
	if v < 0 {
		hi = 1<<32 - 1
	}
	a.Emit(nfpisa.Rtn(back).WithDefer(2), nfpisa.Immed(nfpisa.A(0), uint32(v)).Both(), nfpisa.Immed(nfpisa.A(1), hi).Both())
}

// Atomic commands with an immediate, which an indirect reference gives.
var (
	memSetImm = nfpisa.MemOp{Op: nfpisa.MemSet.Op, Token: 2}
	memClrImm = nfpisa.MemOp{Op: nfpisa.MemClr.Op, Token: 2}
)

// Fields of an indirect reference: 16-bit immediate, taken from bits 31:16, and
// the length that tells the atomic engine so.
const (
	indImmediate = 2 << 3
	indLength    = 1 << 7
	indImm16     = 8 << 8
	indBit       = 1 << 16
)

// post emits a command with the immediate 1 that nothing waits for.
func (a *assembler) post(op nfpisa.MemOp, addr nfpisa.Operand) {
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, regPost), nfpisa.Mem40(op, 0, regHigh, addr, 1).IndirectRef())
}
