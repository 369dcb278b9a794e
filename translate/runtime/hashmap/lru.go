package hashmap

import "github.com/skipsw/skipsw/nfpisa"

// memSetImm sets bits by an immediate, which an indirect reference gives.
var memSetImm = nfpisa.MemOp{Op: nfpisa.MemSet.Op, Token: 2}

// Fields of an indirect reference: 16-bit immediate, taken from bits 31:16, and
// the length that tells the atomic engine so.
const (
	indImmediate = 2 << 3
	indLength    = 1 << 7
	indImm16     = 8 << 8
	indBit       = 1 << 16
)

// markUsed notes that the entry was used. Nothing waits for it.
func (m Map) markUsed(a *assembler) {
	if !m.LRU {
		return
	}
	a.emit(nfpisa.ALU(regValue, regEntry, nfpisa.ALUAdd, nfpisa.Const(offUsed)))
	a.load(regCRC, indBit|indImm16|indLength|indImmediate)
	a.emit(nfpisa.Mov(nfpisa.NoOperand, regCRC), nfpisa.Mem40(memSetImm, 0, regHigh, regValue, 1).IndirectRef())
}

// evict moves the hand to the first entry that was not used since it came by,
// takes it out of its chain and leaves it in regEntry.
func (m Map) evict(a *assembler) {
	l := m.Layout()
	turn, inside, victim, find, unlink := a.newLabel(), a.newLabel(), a.newLabel(), a.newLabel(), a.newLabel()
	a.load(regHand, m.low(offHand))
	a.place(turn)
	a.move(nfpisa.MemRead32Swap, regHand, 1)
	a.emit(nfpisa.Mov(regEntry, nfpisa.X(0)))
	a.load(regAddr, l.Stride)
	a.load(regConst, m.low(0)+uint32(l.Size))
	a.emit(nfpisa.ALU(regAddr, regAddr, nfpisa.ALUAdd, nfpisa.X(0)), nfpisa.ALU(nfpisa.NoOperand, regAddr, nfpisa.ALUXor, regConst))
	a.branch(nfpisa.Bcc(nfpisa.CondNE, 0), inside)
	a.load(regAddr, m.low(0)+uint32(l.Entries))
	a.place(inside)
	a.emit(nfpisa.Mov(nfpisa.X(0), regAddr))
	a.move(nfpisa.MemWrite32Swap, regHand, 1)
	a.move(nfpisa.MemRead32Swap, regEntry, 3)
	a.emit(nfpisa.Mov(regLink, nfpisa.X(1)), nfpisa.Mov(nfpisa.NoOperand, nfpisa.X(2)))
	a.branch(nfpisa.Bcc(nfpisa.CondEQ, 0), victim)
	a.emit(nfpisa.ALU(regValue, regEntry, nfpisa.ALUAdd, nfpisa.Const(offUsed)), nfpisa.Immed(nfpisa.X(0), 0))
	a.move(nfpisa.MemWrite32Swap, regValue, 1)
	a.branch(nfpisa.Br(0), turn)

	a.place(victim)
	a.place(find)
	a.move(nfpisa.MemRead32Swap, regLink, 1)
	a.emit(nfpisa.ALU(nfpisa.NoOperand, regEntry, nfpisa.ALUXor, nfpisa.X(0)))
	a.branch(nfpisa.Bcc(nfpisa.CondEQ, 0), unlink)
	a.branch(nfpisa.Br(0).WithDefer(1), find)
	a.emit(nfpisa.Mov(regLink, nfpisa.X(0)))
	a.place(unlink)
	a.move(nfpisa.MemRead32Swap, regEntry, 1)
	a.emit(nfpisa.Mov(nfpisa.X(0), nfpisa.X(0)))
	a.move(nfpisa.MemWrite32Swap, regLink, 1)
}
