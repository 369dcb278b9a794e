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

// evict moves the hand to the first entry that was not used since it came by, and takes
// it out of its chain under the lock of its bucket, into a.spare. The caller holds no
// lock. An entry that is in no chain is left to who has it, and a.spare is 0.
//
// Each move is one addition, so that many can move it at once. Who comes to the end of a
// round, and nobody else does for this round, takes the round off.
func (m Map) evict(a *assembler) {
	l := m.Layout()
	turn, fold, inside, victim, find, unlink, done, chained, free := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	m.point(a, a.addr, l.First)
	m.point(a, a.value, uint64(maplayout.HashHand))
	a.Place(turn)
	a.Load(nfpisa.X(xferFree), l.Stride>>maplayout.HashShift)
	a.Emit(nfpisa.Mem40(nfpisa.MemTestAdd, xferFree, a.high, a.value, 1).CtxSwap(a.sig[signal]))
	a.Load(a.temp, l.Round())
	a.Emit(nfpisa.Mov(a.crc, nfpisa.X(xferFree)))
	a.Place(fold)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.crc, nfpisa.ALUSub, a.temp))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), inside)
	a.Emit(nfpisa.ALU(a.crc, a.crc, nfpisa.ALUSub, a.temp))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), fold)
	a.Emit(nfpisa.Mov(nfpisa.X(xferFree), a.temp), nfpisa.Mem40(nfpisa.MemSub, xferFree, a.high, a.value, 1).CtxSwap(a.sig[signal]))
	a.Place(inside)
	a.Emit(nfpisa.Shf(a.temp, nfpisa.NoOperand, nfpisa.ShfB, a.crc, nfpisa.Lsh(maplayout.HashShift)), nfpisa.ALU(a.entry, a.addr, nfpisa.ALUAdd, a.temp))
	a.move(nfpisa.MemRead32Swap, a.entry, 3)
	a.Emit(nfpisa.Mov(a.link, word(maplayout.HashBucket)), nfpisa.Mov(nfpisa.NoOperand, word(maplayout.HashUsed)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), victim)
	a.Emit(nfpisa.ALU(a.number, a.entry, nfpisa.ALUAdd, off(maplayout.HashUsed)), nfpisa.Immed(nfpisa.X(0), 0))
	a.move(nfpisa.MemWrite32Swap, a.number, 1)
	a.Branch(nfpisa.Br(0), turn)

	a.Place(victim)
	a.Emit(nfpisa.Immed(a.spare, 0), nfpisa.Mov(a.addr, a.link))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), done) // it was never in a chain
	m.lock(a, a.link, 1, func() {})
	a.Place(find)
	a.Emit(pointer(a.number, nfpisa.X(0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), free)
	a.Emit(nfpisa.Mov(a.temp, a.number), nfpisa.ALU(nfpisa.NoOperand, a.entry, nfpisa.ALUXor, a.temp))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), unlink)
	a.Emit(nfpisa.Mov(a.link, a.number))
	a.move(nfpisa.MemRead32Swap, a.link, 1)
	a.Branch(nfpisa.Br(0), find)
	a.Place(unlink)
	a.move(nfpisa.MemRead32Swap, a.entry, 1)
	a.Emit(nfpisa.Mov(a.spare, a.entry), nfpisa.Mov(nfpisa.X(0), nfpisa.X(0)))
	a.move(nfpisa.MemWrite32Swap, a.link, 1)
	a.Emit(nfpisa.Mov(a.temp, a.addr), nfpisa.ALU(nfpisa.NoOperand, a.link, nfpisa.ALUXor, a.temp))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), chained) // the write gave the lock back
	a.Place(free)
	a.ClearBits(a.high, a.addr, a.ref)
	a.Place(chained)
	a.Place(done)
}
