package micro

import (
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
)

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
	indImmShift  = 16
)

// LoadOne appends what makes ref the indirect reference of SetOne, Unlock and
// the like, whose immediate is 1.
func (a *Assembler) LoadOne(ref nfpisa.Operand) { a.LoadImmediate(ref, 1) }

// LoadImmediate appends what makes ref the indirect reference of a command with an
// immediate of 16 bits.
func (a *Assembler) LoadImmediate(ref nfpisa.Operand, v uint16) { a.Emit(Immediate(ref, v)...) }

// Immediate returns the one or two instructions of LoadImmediate.
func Immediate(ref nfpisa.Operand, v uint16) []nfpisa.Instr {
	return nfpisa.LoadImmed(ref, uint32(v)<<indImmShift|indImm16|indLength|indImmediate)
}

// SetOne appends a command that sets the bits of ref's immediate in the word at
// (hi << 8) + lo. Nothing waits for it.
func (a *Assembler) SetOne(hi, lo, ref nfpisa.Operand) { a.one(memSetImm, hi, lo, ref) }

// AddOne appends a command that adds 1 to the word at (hi << 8) + lo. Nothing
// waits for it.
func (a *Assembler) AddOne(hi, lo, ref nfpisa.Operand) { a.one(nfpisa.MemAddImm, hi, lo, ref) }

// LengthOf appends what makes of a length less 1, in bytes or words as the
// command counts, the indirect reference that gives a command this length.
func (a *Assembler) LengthOf(r nfpisa.Operand) {
	a.Emit(nfpisa.Shf(r, nfpisa.NoOperand, nfpisa.ShfB, r, nfpisa.Lsh(indLengthShift)), nfpisa.ALU(r, r, nfpisa.ALUOr, nfpisa.Const(indLength)))
}

// backoff is for how many turns of a loop that gives up the core a context waits before
// it tries for a lock again: 5 cycles each alone, more where others of the core wait, too.
// It is about as long as a lock is held. Those who try more often take the time of the
// memory that the holder works in, for two hundred contexts are many; those who wait ever
// longer never get it.
const backoff = 60

// Lock appends what takes the lock in the word at (hi << 8) + lo. count is a register.
func (a *Assembler) Lock(hi, lo, count nfpisa.Operand, signal int) {
	a.LockBit(1, 0, count, func() {
		a.Emit(nfpisa.Mem40(nfpisa.MemTestSet, 0, hi, lo, 1).CtxSwap(signal))
	})
}

// LockBit appends what sets a bit of a word until it was clear before: try tests and
// sets what is in $xfer, and the word as it was comes to the same register. mask is that
// bit.
func (a *Assembler) LockBit(mask uint32, xfer int, count nfpisa.Operand, try func()) {
	again, have, turn := a.NewLabel(), a.NewLabel(), a.NewLabel()
	a.Load(nfpisa.X(xfer), mask)
	a.Place(again)
	try()
	a.Branch(nfpisa.BrClr(nfpisa.X(xfer), bits.TrailingZeros32(mask), 0), have)
	a.Emit(nfpisa.Immed(count, backoff))
	a.Place(turn)
	a.Emit(nfpisa.CtxArb(voluntary), nfpisa.ALU(count, count, nfpisa.ALUSub, nfpisa.Const(1)))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), turn)
	a.Branch(nfpisa.Br(0), again)
	a.Place(have)
}

// voluntary has a context give up the core to those that are ready.
const voluntary = 1

// Unlock appends what gives a lock back. All writes must have come by then, so
// nothing waits for this one.
func (a *Assembler) Unlock(hi, lo, ref nfpisa.Operand) { a.ClearBits(hi, lo, ref) }

// ClearBits appends a command that clears the bits of ref's immediate in the word at
// (hi << 8) + lo. Nothing waits for it.
func (a *Assembler) ClearBits(hi, lo, ref nfpisa.Operand) { a.one(memClrImm, hi, lo, ref) }

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
