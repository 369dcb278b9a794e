package lpm

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// take makes dst the first free node and takes it off its list, or goes to none.
func (a *walker) take(dst nfpisa.Operand, none micro.Label) {
	a.low(a.addr, maplayout.LPMFree)
	a.move(nfpisa.MemRead32Swap, 0, a.addr, 1)
	a.Emit(nfpisa.Mov(dst, nfpisa.X(0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), none)
	a.behind(a.diff, dst, uint32(maplayout.LPMLength))
	a.move(nfpisa.MemRead32Swap, 0, a.diff, 1)
	a.Emit(nfpisa.Mov(nfpisa.X(0), nfpisa.X(0)))
	a.move(nfpisa.MemWrite32Swap, 0, a.addr, 1)
}

// The word that links free nodes is in front of the one that is 0 in them.
var _ = [1]struct{}{maplayout.LPMAddr - maplayout.LPMLength - 4: {}}

// free puts a node that nothing has led to on the free list.
func (a *walker) free(node nfpisa.Operand) {
	a.low(a.addr, maplayout.LPMFree)
	a.move(nfpisa.MemRead32Swap, 0, a.addr, 1)
	a.Emit(nfpisa.Mov(nfpisa.X(0), nfpisa.X(0)), nfpisa.Immed(nfpisa.X(1), 0))
	a.behind(a.diff, node, uint32(maplayout.LPMLength))
	a.move(nfpisa.MemWrite32Swap, 0, a.diff, 2)
	a.Emit(nfpisa.Mov(nfpisa.X(0), node))
	a.move(nfpisa.MemWrite32Swap, 0, a.addr, 1)
}

// release notes a node that nothing leads to any more. A lookup may stand on it: it
// stays as it is until all packets that are under way have ended.
func (a *walker) release(node nfpisa.Operand) {
	inside := a.NewLabel()
	a.low(a.addr, maplayout.LPMGone)
	a.move(nfpisa.MemRead32Swap, 0, a.addr, 1)
	a.Emit(nfpisa.Mov(a.diff, nfpisa.X(0)), nfpisa.Mov(nfpisa.X(0), node))
	a.move(nfpisa.MemWrite32Swap, 0, a.diff, 1)
	a.low(a.temp, maplayout.Offset(a.l.Note(a.l.Nodes)))
	a.Emit(nfpisa.ALU(a.diff, a.diff, nfpisa.ALUAdd, nfpisa.Const(4)), nfpisa.ALU(nfpisa.NoOperand, a.diff, nfpisa.ALUXor, a.temp))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), inside)
	a.low(a.diff, maplayout.LPMNotes)
	a.Place(inside)
	a.Emit(nfpisa.Mov(nfpisa.X(0), a.diff))
	a.move(nfpisa.MemWrite32Swap, 0, a.addr, 1)
}

// bits makes of a length, for the masks of a node: rest, the length; a.mask the bits of
// its last word that are within, a.unit the one behind them.
func (a *walker) bits(length nfpisa.Operand) {
	a.place(length)
	a.Emit(nfpisa.Immed(a.temp, 1))
	a.shift(a.unit, a.temp, a.amount, nfpisa.LshIndirect)
	// Whole bytes, from the least significant one.
	a.Emit(nfpisa.ALU(a.amount, length, nfpisa.ALUAnd, nfpisa.Const(0x18)))
	a.shift(a.mask, a.temp, a.amount, nfpisa.LshIndirect)
	a.Emit(nfpisa.ALU(a.mask, a.mask, nfpisa.ALUSub, nfpisa.Const(1)))
	// The first bits of the byte behind them.
	a.Emit(nfpisa.ALU(a.addr, length, nfpisa.ALUAnd, nfpisa.Const(7)))
	a.Load(a.temp, 0xff00)
	a.shift(a.temp, a.temp, a.addr, nfpisa.RshIndirect)
	a.Emit(nfpisa.ALU(a.temp, a.temp, nfpisa.ALUAnd, nfpisa.Const(0xff)))
	a.shift(a.diff, a.temp, a.amount, nfpisa.LshIndirect)
	a.Emit(nfpisa.ALU(a.mask, a.diff, nfpisa.ALUOr, a.mask), nfpisa.Mov(a.amount, length))
}

// masks puts the next words of a node's masks into transfer registers; a.amount is what
// is left of the length.
func (a *walker) masks(mask, bit int) {
	last, done := a.NewLabel(), a.NewLabel()
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.amount, nfpisa.ALUSub, nfpisa.Const(32)))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), last)
	a.Load(nfpisa.X(mask), ^uint32(0))
	a.Emit(nfpisa.Immed(nfpisa.X(bit), 0), nfpisa.ALU(a.amount, a.amount, nfpisa.ALUSub, nfpisa.Const(32)))
	a.Branch(nfpisa.Br(0), done)
	a.Place(last)
	a.Emit(nfpisa.Mov(nfpisa.X(mask), a.mask), nfpisa.Mov(nfpisa.X(bit), a.unit), nfpisa.Immed(a.mask, 0), nfpisa.Immed(a.unit, 0))
	a.Place(done)
}

// write writes a node for so many bits of the key, with the ways a.zero and a.one.
// Nothing leads to it yet.
func (a *walker) write(node, length nfpisa.Operand, value bool) {
	out := func(at maplayout.Offset, i int) int { return int(at/4) + i }
	a.bits(length)
	if a.m.long() {
		a.writePieces(node)
	} else {
		a.aim(maplayout.LPMLengthSize)
		a.settle()
		for i := range a.words() {
			a.Emit(nfpisa.Mov(nfpisa.X(out(a.l.Key, i)), a.next()))
		}
		for i := range a.words() {
			a.masks(out(a.l.Mask(), i), out(a.l.Bit(), i))
		}
	}
	a.Emit(nfpisa.Immed(a.addr, 0))
	if value {
		a.behind(a.addr, node, uint32(a.l.Value))
	}
	a.Emit(nfpisa.Mov(word(maplayout.LPMZero, 0), a.zero), nfpisa.Mov(word(maplayout.LPMOne, 0), a.one),
		nfpisa.Mov(word(maplayout.LPMLength, 0), length), nfpisa.Mov(word(maplayout.LPMAddr, 0), a.addr))
	a.move(nfpisa.MemWrite32Swap, 0, node, a.nodeWords())
}

// toKeyOf aims at the key in local memory and at that of a node.
func (a *walker) toKeyOf(node nfpisa.Operand) {
	a.aim(maplayout.LPMLengthSize)
	a.behind(a.addr, node, uint32(a.l.Key))
	a.settle()
}

// writePieces writes a long key and its masks, between two steps of the count before
// them. The second one is left in its transfer register.
func (a *walker) writePieces(node nfpisa.Operand) {
	a.behind(a.addr, node, uint32(maplayout.LPMTurns))
	a.move(nfpisa.MemRead32Swap, 0, a.addr, 1)
	a.Emit(nfpisa.ALU(a.turns, nfpisa.X(0), nfpisa.ALUAdd, nfpisa.Const(1)), nfpisa.Mov(nfpisa.X(0), a.turns))
	a.move(nfpisa.MemWrite32Swap, 0, a.addr, 1)
	a.toKeyOf(node)
	a.pieces(func(n int) {
		for i := range n {
			a.Emit(nfpisa.Mov(nfpisa.X(i), a.next()))
		}
		for i := range n {
			a.masks(xferKey+i, xferMask+i)
		}
		a.move(nfpisa.MemWrite32Swap, 0, a.addr, n)
		a.Load(a.temp, uint32(a.l.Mask()-a.l.Key))
		a.Emit(nfpisa.ALU(a.diff, a.addr, nfpisa.ALUAdd, a.temp))
		a.move(nfpisa.MemWrite32Swap, xferKey, a.diff, n)
		a.Emit(nfpisa.ALU(a.diff, a.diff, nfpisa.ALUAdd, a.temp))
		a.move(nfpisa.MemWrite32Swap, xferMask, a.diff, n)
		a.Emit(nfpisa.ALU(a.addr, a.addr, nfpisa.ALUAdd, nfpisa.Const(4*n)))
	})
	a.Emit(nfpisa.ALU(word(maplayout.LPMTurns, 0), a.turns, nfpisa.ALUAdd, nfpisa.Const(1)))
}

// rekey writes the key to a node that has its prefix already: the bits behind that are
// the last update's, as in the kernel, which puts a new node in its place.
func (a *walker) rekey(node nfpisa.Operand) {
	a.toKeyOf(node)
	a.pieces(func(n int) {
		for i := range n {
			a.Emit(nfpisa.Mov(nfpisa.X(i), a.next()))
		}
		a.move(nfpisa.MemWrite32Swap, 0, a.addr, n)
		a.Emit(nfpisa.ALU(a.addr, a.addr, nfpisa.ALUAdd, nfpisa.Const(4*n)))
	})
}

// store writes the value to a node.
func (a *walker) store(node nfpisa.Operand) {
	value := a.conv.Value()
	if a.m.long() {
		a.aim(uint32(maplayout.LPMLengthSize + 4*a.words()))
		a.settle()
	}
	words, tail := int(a.m.ValueSize+3)/4, a.m.ValueSize%4
	a.behind(a.addr, node, uint32(a.l.Value))
	a.Load(a.temp, ^uint32(0)>>(8*(-a.m.ValueSize&3)))
	for done := 0; done < words; done += piece {
		n := min(piece, words-done)
		for i := range n {
			if done+i == words-1 && tail != 0 {
				// A word of local memory can stand beside a register only.
				a.Emit(nfpisa.ALU(nfpisa.X(i), a.temp, nfpisa.ALUAnd, value))
			} else {
				a.Emit(nfpisa.Mov(nfpisa.X(i), value))
			}
		}
		a.move(nfpisa.MemWrite32Swap, 0, a.addr, n)
		if done+n < words {
			a.Emit(nfpisa.ALU(a.addr, a.addr, nfpisa.ALUAdd, nfpisa.Const(4*n)))
		}
	}
}
