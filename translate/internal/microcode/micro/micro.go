// Package micro assembles routines: instructions with labels, linked at a
// control-store address.
//
// It never knows what a routine does. An Assembler collects, Finish links.
package micro

import "github.com/skipsw/skipsw/nfpisa"

// Label is a place in a routine.
type Label int

// Assembler collects a routine's instructions and resolves its branches.
type Assembler struct {
	Start  int // control-store address of the first instruction
	code   []nfpisa.Instr
	places []int // of labels, -1 until they are placed
	fixes  []fix
}

type fix struct {
	at int
	to Label
}

// Emit appends instructions.
func (a *Assembler) Emit(in ...nfpisa.Instr) { a.code = append(a.code, in...) }

// Load appends the one or two instructions that load a constant.
func (a *Assembler) Load(dst nfpisa.Operand, v uint32) { a.Emit(nfpisa.LoadImmed(dst, v)...) }

// NewLabel returns a label that has no place yet.
func (a *Assembler) NewLabel() Label {
	a.places = append(a.places, -1)
	return Label(len(a.places) - 1)
}

// Place puts a label in front of the next instruction.
func (a *Assembler) Place(l Label) { a.places[l] = len(a.code) }

// Branch appends a branch to a label; the target that in has is replaced.
func (a *Assembler) Branch(in nfpisa.Instr, to Label) {
	a.fixes = append(a.fixes, fix{len(a.code), to})
	a.Emit(in)
}

// Finish returns the instructions with all branches resolved.
func (a *Assembler) Finish() []nfpisa.Instr {
	for _, f := range a.fixes {
		if a.places[f.to] < 0 {
			panic("BUG: branch to a label that was never placed")
		}
		a.code[f.at] = a.code[f.at].WithTarget(a.Start + a.places[f.to])
	}
	return a.code
}

// MaxWords is the most words of a command.
const MaxWords = 32

// direct is the most words that a command moves without an override.
const direct = 8

// Fields of an indirect reference that overrides the length.
const (
	indLength      = 1 << 7
	indLengthShift = 8
)

// Move appends a command of n = 1..32 words between transfer registers from
// $xfer_0 on and memory, and waits for it. The address is (hi << 8) + lo.
func (a *Assembler) Move(op nfpisa.MemOp, hi, lo nfpisa.Operand, n, signal int) {
	a.command(nfpisa.Mem40(op, 0, hi, lo, min(n, direct)).CtxSwap(signal), n)
}

// MoveBeside appends a command like Move's, beside which up to two instructions are
// carried out. They may not touch its registers.
func (a *Assembler) MoveBeside(op nfpisa.MemOp, hi, lo nfpisa.Operand, n, signal int, beside ...nfpisa.Instr) {
	a.command(nfpisa.Mem40(op, 0, hi, lo, min(n, direct)).CtxSwap(signal).WithDefer(len(beside)), n)
	a.Emit(beside...)
}

// Post appends a command like Move's, with transfer registers from xfer on,
// that goes on at once and raises the signal when it is done.
func (a *Assembler) Post(op nfpisa.MemOp, xfer int, hi, lo nfpisa.Operand, n, signal int) {
	a.command(nfpisa.Mem40(op, xfer, hi, lo, min(n, direct)).SigDone(signal), n)
}

// command appends a command, with its length overridden if need be.
func (a *Assembler) command(in nfpisa.Instr, n int) {
	if n > direct {
		a.Emit(nfpisa.Immed(nfpisa.NoOperand, indLength|uint32(n-1)<<indLengthShift))
		in = in.IndirectRef()
	}
	a.Emit(in)
}

// Pieces appends code that takes n words in pieces: the whole ones, of size words each,
// in a loop that counts down in count, then what is left. each appends the code for one of
// so many words.
func (a *Assembler) Pieces(n, size int, count nfpisa.Operand, each func(words int)) {
	if whole := n / size; whole > 0 {
		loop := a.NewLabel()
		a.Load(count, uint32(whole))
		a.Place(loop)
		each(size)
		a.Emit(nfpisa.ALU(count, count, nfpisa.ALUSub, nfpisa.Const(1)))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), loop)
	}
	if rest := n % size; rest > 0 {
		each(rest)
	}
}
