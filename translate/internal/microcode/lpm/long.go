package lpm

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
)

// lookupLong is Lookup for keys that are compared in pieces. Where a node was written
// meanwhile it begins again.
func (m Map) lookupLong(start int) ([]nfpisa.Instr, error) {
	a, err := m.newWalker(start, false)
	if err != nil {
		return nil, err
	}
	again, body, skip, done, none := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	best, value := a.leaf, a.fork
	a.begin(none)
	a.Place(again)
	a.Emit(nfpisa.Immed(best, 0))
	a.low(a.link, maplayout.LPMRoot)
	a.move(nfpisa.MemRead32Swap, 0, a.link, 1)
	a.Emit(nfpisa.Mov(a.node, nfpisa.X(0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), none)
	a.Place(body)
	a.readNode()
	a.Emit(nfpisa.Mov(a.turns, word(maplayout.LPMTurns, 0)), nfpisa.Mov(value, word(maplayout.LPMAddr, 0)),
		nfpisa.Mov(a.zero, word(maplayout.LPMZero, 0)), nfpisa.Mov(a.one, word(maplayout.LPMOne, 0)))
	a.Branch(nfpisa.BrSet(a.turns, 0, 0), again)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.length, nfpisa.ALUSub, a.nodeLength))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), done)
	a.agree(done)
	a.behind(a.addr, a.node, uint32(maplayout.LPMTurns))
	a.move(nfpisa.MemRead32Swap, 0, a.addr, 1)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.X(0), nfpisa.ALUXor, a.turns))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), again)
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, value))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), skip)
	a.Emit(nfpisa.Mov(best, value))
	a.Place(skip)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.nodeLength, nfpisa.ALUXor, a.length))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), done)
	one := a.NewLabel()
	a.bitOfKey(a.nodeLength)
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, a.temp))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), one)
	a.Emit(nfpisa.Mov(a.node, a.zero))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), body)
	a.Branch(nfpisa.Br(0), done)
	a.Place(one)
	a.Emit(nfpisa.Mov(a.node, a.one))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), body)
	a.Place(done)
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, best))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), none)
	a.Emit(nfpisa.Rtn(a.conv.Back).WithDefer(2), nfpisa.Mov(a.conv.Result(0), best).Both(), nfpisa.Mov(a.conv.Result(1), a.high).Both())
	a.Place(none)
	a.Emit(nfpisa.Rtn(a.conv.Back).WithDefer(2), nfpisa.Immed(a.conv.Result(0), 0).Both(), nfpisa.Immed(a.conv.Result(1), 0).Both())
	return a.Finish(), nil
}
