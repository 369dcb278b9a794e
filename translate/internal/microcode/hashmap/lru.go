package hashmap

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
)

// markUsed notes that the entry was used. Nothing waits for it.
func (m Map) markUsed(a *assembler) {
	if !m.LRU {
		return
	}
	a.Emit(nfpisa.ALU(a.value, a.entry, nfpisa.ALUAdd, off(maplayout.HashUsed)))
	a.SetOne(a.high, a.value, a.ref)
}

// evict moves the hand to the first entry that was not used since it came by,
// takes it out of its chain and leaves it in a.entry.
func (m Map) evict(a *assembler) {
	l := m.Layout()
	turn, inside, victim, find, unlink := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	m.point(a, a.hand, uint64(maplayout.HashHand))
	a.Place(turn)
	a.move(nfpisa.MemRead32Swap, a.hand, 1)
	a.Emit(nfpisa.Mov(a.entry, nfpisa.X(0)))
	a.Load(a.addr, l.Stride)
	m.point(a, a.temp, l.Size())
	a.Emit(nfpisa.ALU(a.addr, a.addr, nfpisa.ALUAdd, nfpisa.X(0)), nfpisa.ALU(nfpisa.NoOperand, a.addr, nfpisa.ALUXor, a.temp))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), inside)
	m.point(a, a.addr, l.First)
	a.Place(inside)
	a.Emit(nfpisa.Mov(nfpisa.X(0), a.addr))
	a.move(nfpisa.MemWrite32Swap, a.hand, 1)
	a.move(nfpisa.MemRead32Swap, a.entry, 3)
	a.Emit(nfpisa.Mov(a.link, word(maplayout.HashUnused)), nfpisa.Mov(nfpisa.NoOperand, word(maplayout.HashUsed)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), victim)
	a.Emit(nfpisa.ALU(a.value, a.entry, nfpisa.ALUAdd, off(maplayout.HashUsed)), nfpisa.Immed(nfpisa.X(0), 0))
	a.move(nfpisa.MemWrite32Swap, a.value, 1)
	a.Branch(nfpisa.Br(0), turn)

	a.Place(victim)
	a.Place(find)
	a.move(nfpisa.MemRead32Swap, a.link, 1)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.entry, nfpisa.ALUXor, nfpisa.X(0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), unlink)
	a.Branch(nfpisa.Br(0).WithDefer(1), find)
	a.Emit(nfpisa.Mov(a.link, nfpisa.X(0)))
	a.Place(unlink)
	a.move(nfpisa.MemRead32Swap, a.entry, 1)
	a.Emit(nfpisa.Mov(nfpisa.X(0), nfpisa.X(0)))
	a.move(nfpisa.MemWrite32Swap, a.link, 1)
}
