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
	a.Emit(nfpisa.ALU(regValue, regEntry, nfpisa.ALUAdd, off(maplayout.HashUsed)))
	a.post(memSetImm, regValue)
}

// evict moves the hand to the first entry that was not used since it came by,
// takes it out of its chain and leaves it in regEntry.
func (m Map) evict(a *assembler) {
	l := m.Layout()
	turn, inside, victim, find, unlink := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	a.Load(regHand, m.low(maplayout.HashHand))
	a.Place(turn)
	a.move(nfpisa.MemRead32Swap, regHand, 1)
	a.Emit(nfpisa.Mov(regEntry, nfpisa.X(0)))
	a.Load(regAddr, l.Stride)
	a.Load(regConst, m.low(0)+uint32(l.Size()))
	a.Emit(nfpisa.ALU(regAddr, regAddr, nfpisa.ALUAdd, nfpisa.X(0)), nfpisa.ALU(nfpisa.NoOperand, regAddr, nfpisa.ALUXor, regConst))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), inside)
	a.Load(regAddr, m.low(0)+uint32(l.First))
	a.Place(inside)
	a.Emit(nfpisa.Mov(nfpisa.X(0), regAddr))
	a.move(nfpisa.MemWrite32Swap, regHand, 1)
	a.move(nfpisa.MemRead32Swap, regEntry, 3)
	a.Emit(nfpisa.Mov(regLink, word(maplayout.HashUnused)), nfpisa.Mov(nfpisa.NoOperand, word(maplayout.HashUsed)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), victim)
	a.Emit(nfpisa.ALU(regValue, regEntry, nfpisa.ALUAdd, off(maplayout.HashUsed)), nfpisa.Immed(nfpisa.X(0), 0))
	a.move(nfpisa.MemWrite32Swap, regValue, 1)
	a.Branch(nfpisa.Br(0), turn)

	a.Place(victim)
	a.Place(find)
	a.move(nfpisa.MemRead32Swap, regLink, 1)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, regEntry, nfpisa.ALUXor, nfpisa.X(0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), unlink)
	a.Branch(nfpisa.Br(0).WithDefer(1), find)
	a.Emit(nfpisa.Mov(regLink, nfpisa.X(0)))
	a.Place(unlink)
	a.move(nfpisa.MemRead32Swap, regEntry, 1)
	a.Emit(nfpisa.Mov(nfpisa.X(0), nfpisa.X(0)))
	a.move(nfpisa.MemWrite32Swap, regLink, 1)
}
