package hashmap

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// ending is how an update returns what a.answer has. With LRU there may be an entry
// over, which becomes free.
type ending struct {
	m        Map
	a        *assembler
	locked   micro.Label // it has the lock still
	unlocked micro.Label // with LRU
}

func (m Map) newEnding(a *assembler) *ending {
	return &ending{m: m, a: a, locked: a.NewLabel(), unlocked: a.NewLabel()}
}

// at places a label where the update returns an error. The last one is in front of end.
func (e *ending) at(l micro.Label, v int32, last bool) {
	e.a.Place(l)
	if !last {
		e.a.Branch(nfpisa.Br(0).WithDefer(1), e.locked)
	}
	e.a.Emit(nfpisa.Immed(e.a.answer, uint32(v)))
}

func (e *ending) end() {
	a, m := e.a, e.m
	a.Place(e.locked)
	m.unlock(a)
	high := nfpisa.Immed(a.conv.Result(1), 1<<32-1).Both() // an error
	if m.LRU {
		none := a.NewLabel()
		a.Place(e.unlocked)
		a.Emit(nfpisa.Mov(nfpisa.NoOperand, a.spare))
		a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), none)
		m.count(a, nfpisa.MemTestAdd, maplayout.HashFree, xferFree, sigFree)
		a.Emit(nfpisa.CtxArb(a.waits(sigFree)))
		m.give(a, a.spare)
		a.Place(none)
		a.Emit(nfpisa.Shf(a.temp, nfpisa.NoOperand, nfpisa.ShfB, a.answer, nfpisa.Rsh(31)))
		high = nfpisa.ALU(a.conv.Result(1), nfpisa.Const(0), nfpisa.ALUSub, a.temp).Both()
	}
	a.Emit(nfpisa.Rtn(a.conv.Back).WithDefer(2), nfpisa.Mov(a.conv.Result(0), a.answer).Both(), high)
}
