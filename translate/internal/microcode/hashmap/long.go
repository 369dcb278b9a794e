package hashmap

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// A long key stays in local memory, in front of the value, padded with zeros to
// words. It is summed, compared and written in pieces of eight words, by loops.
// Readers hold no lock, so an entry may be written between two pieces that they
// compare: the word in front of the key counts.

// xferPiece is the first transfer register of a piece that is compared: behind the
// words before a key.
const xferPiece = 8

// long reports whether keys are passed and compared in pieces.
func (m Map) long() bool { return m.KeySize > maplayout.HashNearKey }

// rewind lets the index register run through the key from its beginning; it can be
// used three instructions later.
func (m Map) rewind(a *assembler) {
	a.Emit(nfpisa.CSRWr(nfpisa.CSRActLMAddr(int(a.next3.Index)), a.lm))
}

// behindKey lets the index register run through the value.
func (m Map) behindKey(a *assembler) {
	a.Load(a.temp, 4*words(m.KeySize))
	a.Emit(nfpisa.ALU(a.value, a.lm, nfpisa.ALUAdd, a.temp), nfpisa.CSRWr(nfpisa.CSRActLMAddr(int(a.next3.Index)), a.value))
	for range m.Target.LocalMemory.PointerDelay {
		a.Emit(nfpisa.Nop())
	}
}

// pointAt makes dst the address of something in an entry.
func (m Map) pointAt(a *assembler, dst, entry nfpisa.Operand, at maplayout.Offset) {
	const short = 1 << 7 // less than it is part of an instruction
	if at < short {
		a.Emit(nfpisa.ALU(dst, entry, nfpisa.ALUAdd, off(at)))
		return
	}
	a.Load(a.temp, uint32(at))
	a.Emit(nfpisa.ALU(dst, entry, nfpisa.ALUAdd, a.temp))
}

// pieces emits the code for each piece of n words of a key, the whole ones in a loop.
func (m Map) pieces(a *assembler, piece func(n int)) {
	a.Pieces(int(words(m.KeySize)), chunk, a.count, piece)
}

// sumLong takes the key into the CRC.
func (m Map) sumLong(a *assembler) {
	m.pieces(a, func(n int) {
		for range n {
			a.Emit(nfpisa.CRCStep(nfpisa.CRCiSCSI|nfpisa.CRCLittle, nfpisa.NoOperand, a.next3))
		}
	})
}

// compareLong reads the entry's words before its key and goes to found if the key is
// the one looked for, else to other. A search that has met an entry while it was
// written begins again.
func (m Map) compareLong(a *assembler, other, again, found micro.Label, search bool) {
	l := m.Layout()
	a.move(nfpisa.MemRead32Swap, a.entry, m.head())
	if search {
		a.Emit(nfpisa.Mov(a.turns, word(l.Turns)))
		a.Branch(nfpisa.BrSet(a.turns, 0, 0), again)
	}
	m.rewind(a)
	a.Emit(nfpisa.ALU(a.value, a.entry, nfpisa.ALUAdd, off(l.Key)))
	m.pieces(a, func(n int) {
		a.Emit(nfpisa.Mem40(nfpisa.MemRead32Swap, xferPiece, a.high, a.value, n).CtxSwap(a.sig[signal]))
		for i := range n {
			a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.X(xferPiece+i), nfpisa.ALUXor, a.next3))
			a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), other)
		}
		a.Emit(nfpisa.ALU(a.value, a.value, nfpisa.ALUAdd, nfpisa.Const(4*n)))
	})
	if !search {
		a.Branch(nfpisa.Br(0), found)
		return
	}
	a.Emit(nfpisa.ALU(a.value, a.entry, nfpisa.ALUAdd, off(l.Turns)),
		nfpisa.Mem40(nfpisa.MemRead32Swap, xferPiece, a.high, a.value, 1).CtxSwap(a.sig[signal]),
		nfpisa.ALU(nfpisa.NoOperand, nfpisa.X(xferPiece), nfpisa.ALUXor, a.turns))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), again)
	a.Branch(nfpisa.Br(0), found)
}

// fillLong writes the key to the entry, between two steps of the count before it. The
// second one is left to the caller, in the register turns.
func (m Map) fillLong(a *assembler, turns nfpisa.Operand) {
	l := m.Layout()
	m.rewind(a)
	a.Emit(nfpisa.ALU(a.value, a.entry, nfpisa.ALUAdd, off(l.Turns)))
	a.move(nfpisa.MemRead32Swap, a.value, 1)
	a.Emit(nfpisa.ALU(a.turns, nfpisa.X(0), nfpisa.ALUAdd, nfpisa.Const(1)), nfpisa.Mov(nfpisa.X(0), a.turns))
	a.move(nfpisa.MemWrite32Swap, a.value, 1)
	a.Emit(nfpisa.ALU(a.value, a.entry, nfpisa.ALUAdd, off(l.Key)))
	m.pieces(a, func(n int) {
		for i := range n {
			a.Emit(nfpisa.Mov(nfpisa.X(i), a.next3))
		}
		a.move(nfpisa.MemWrite32Swap, a.value, n)
		a.Emit(nfpisa.ALU(a.value, a.value, nfpisa.ALUAdd, nfpisa.Const(4*n)))
	})
	a.Emit(nfpisa.ALU(turns, a.turns, nfpisa.ALUAdd, nfpisa.Const(1)))
}
