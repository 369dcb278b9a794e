package micro

import "github.com/skipsw/skipsw/nfpisa"

// Atomic commands with an immediate, which an indirect reference gives.
var (
	memSetImm = nfpisa.MemOp{Op: nfpisa.MemSet.Op, Token: 2}
	memClrImm = nfpisa.MemOp{Op: nfpisa.MemClr.Op, Token: 2}
)

// Fields of an indirect reference: 16-bit immediate, taken from bits 31:16, and
// the length that tells the atomic engine so.
const (
	indImmediate = 2 << 3
	indImm16     = 8 << indLengthShift
	indBit       = 1 << 16
)

// LoadOne appends what makes ref the indirect reference of SetOne, Unlock and
// the like, whose immediate is 1.
func (a *Assembler) LoadOne(ref nfpisa.Operand) {
	a.Load(ref, indBit|indImm16|indLength|indImmediate)
}

// SetOne appends a command that makes the word at (hi << 8) + lo not 0. Nothing
// waits for it.
func (a *Assembler) SetOne(hi, lo, ref nfpisa.Operand) { a.one(memSetImm, hi, lo, ref) }

// AddOne appends a command that adds 1 to the word at (hi << 8) + lo. Nothing
// waits for it.
func (a *Assembler) AddOne(hi, lo, ref nfpisa.Operand) { a.one(nfpisa.MemAddImm, hi, lo, ref) }

// LengthOf appends what makes of a length less 1, in bytes or words as the
// command counts, the indirect reference that gives a command this length.
func (a *Assembler) LengthOf(r nfpisa.Operand) {
	a.Emit(nfpisa.Shf(r, nfpisa.NoOperand, nfpisa.ShfB, r, nfpisa.Lsh(indLengthShift)), nfpisa.ALU(r, r, nfpisa.ALUOr, nfpisa.Const(indLength)))
}

// Lock appends what takes the lock in the word at (hi << 8) + lo.
func (a *Assembler) Lock(hi, lo nfpisa.Operand, signal int) {
	try, have := a.NewLabel(), a.NewLabel()
	a.Emit(nfpisa.Immed(nfpisa.X(0), 1))
	a.Place(try)
	a.Emit(nfpisa.Mem40(nfpisa.MemTestSet, 0, hi, lo, 1).CtxSwap(signal))
	a.Branch(nfpisa.BrClr(nfpisa.X(0), 0, 0), have)
	a.Branch(nfpisa.Br(0), try)
	a.Place(have)
}

// Unlock appends what gives a lock back. All writes must have come by then, so
// nothing waits for this one.
func (a *Assembler) Unlock(hi, lo, ref nfpisa.Operand) { a.one(memClrImm, hi, lo, ref) }

func (a *Assembler) one(op nfpisa.MemOp, hi, lo, ref nfpisa.Operand) {
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, ref), nfpisa.Mem40(op, 0, hi, lo, 1).IndirectRef())
}

// Return appends the return with a constant: 0 or a negative errno.
func (c *Convention) Return(a *Assembler, v int32) {
	hi := uint32(0)
	if v < 0 {
		hi = 1<<32 - 1
	}
	a.Emit(nfpisa.Rtn(c.Back).WithDefer(2), nfpisa.Immed(c.Result(0), uint32(v)).Both(), nfpisa.Immed(c.Result(1), hi).Both())
}
