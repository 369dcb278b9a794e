package hashmap

import "github.com/skipsw/skipsw/nfpisa"

// label is a place in a routine.
type label int

// assembler collects a routine's instructions and resolves its branches.
type assembler struct {
	start  int // control-store address of the first instruction
	code   []nfpisa.Instr
	places []int // of labels, -1 until they are placed
	fixes  []fix
}

type fix struct {
	at int
	to label
}

func (a *assembler) emit(in ...nfpisa.Instr) { a.code = append(a.code, in...) }

func (a *assembler) newLabel() label {
	a.places = append(a.places, -1)
	return label(len(a.places) - 1)
}

func (a *assembler) place(l label) { a.places[l] = len(a.code) }

// branch emits a branch to a label.
func (a *assembler) branch(in nfpisa.Instr, to label) {
	a.fixes = append(a.fixes, fix{len(a.code), to})
	a.emit(in)
}

// finish resolves the branches.
func (a *assembler) finish() []nfpisa.Instr {
	for _, f := range a.fixes {
		if a.places[f.to] < 0 {
			panic("BUG: branch to a label that was never placed")
		}
		a.code[f.at] = a.code[f.at].WithTarget(a.start + a.places[f.to])
	}
	return a.code
}

// Registers of the routines. A8 holds the flags of an update until they are
// read; key words are in bank B.
var (
	regHand   = nfpisa.A(1)
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

// signal is what commands wait for.
const signal = 1

var next3 = nfpisa.Operand{Kind: nfpisa.LM, Index: 3, Mod: nfpisa.PostInc}

var next2 = nfpisa.Operand{Kind: nfpisa.LM, Index: 2, Mod: nfpisa.PostInc}

// direct is the most words that a command moves without an override.
const direct = 8

// move emits a command of n words at an address and waits for it.
func (a *assembler) move(op nfpisa.MemOp, addr nfpisa.Operand, n int) {
	if n <= direct {
		a.emit(nfpisa.Mem40(op, 0, regHigh, addr, n).CtxSwap(signal))
		return
	}
	a.emit(nfpisa.Immed(nfpisa.NoOperand, 1<<7|uint32(n-1)<<8),
		nfpisa.Mem40(op, 0, regHigh, addr, 1).CtxSwap(signal).IndirectRef())
}

func (a *assembler) load(dst nfpisa.Operand, v uint32) { a.emit(nfpisa.LoadImmed(dst, v)...) }

// ret returns a constant: 0 or a negative errno.
func (a *assembler) ret(v int32) {
	hi := uint32(0)
	if v < 0 {
		hi = 1<<32 - 1
	}
	a.emit(nfpisa.Rtn(back).WithDefer(2), nfpisa.Immed(nfpisa.A(0), uint32(v)).Both(), nfpisa.Immed(nfpisa.A(1), hi).Both())
}
