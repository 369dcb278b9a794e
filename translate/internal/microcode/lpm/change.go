package lpm

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// Update returns the routine that puts a prefix in or changes its value: -EINVAL for
// flags that nobody knows and for a prefix longer than the key, -EEXIST, -ENOENT,
// -ENOSPC, or -ENOMEM while too many nodes wait for the end of packets that may stand on
// them.
func (m Map) Update(start int) ([]nfpisa.Instr, error) {
	if err := maplayout.CheckLPM(m.Shape, m.Base); err != nil {
		return nil, err
	}
	a, err := m.newWalker(start, true)
	if err != nil {
		return nil, err
	}
	inval, full, exists, noent, empty := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	vacant, write, link, low := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	e := ends{a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()}
	flags := a.conv.Flags()
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.Const(bpf.Exist), nfpisa.ALUSub, flags))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), inval)
	a.begin(inval)
	a.enter()
	a.descend(e)

	a.Place(e.exact)
	a.Emit(nfpisa.Mov(a.diff, word(maplayout.LPMAddr, 0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), vacant)
	a.Branch(nfpisa.BrSet(flags, noExist, 0), exists)
	a.rekey(a.node)
	a.store(a.node)
	a.leave(0)

	// A node that only branches becomes one with a value.
	a.Place(vacant)
	a.room(noent, full)
	a.rekey(a.node)
	a.store(a.node)
	a.behind(a.diff, a.node, uint32(a.l.Value))
	a.Emit(nfpisa.Mov(nfpisa.X(0), a.diff))
	a.behind(a.addr, a.node, uint32(maplayout.LPMAddr))
	a.move(nfpisa.MemWrite32Swap, 0, a.addr, 1)
	a.count(1)
	a.leave(0)

	a.Place(e.empty)
	a.room(noent, full)
	a.take(a.leaf, empty)
	a.Emit(nfpisa.Immed(a.fork, 0), nfpisa.Immed(a.zero, 0), nfpisa.Immed(a.one, 0))
	a.Branch(nfpisa.Br(0), write)

	// The node goes on from the new one, by the bit behind the new prefix.
	a.Place(e.above)
	a.room(noent, full)
	a.take(a.leaf, empty)
	a.Emit(nfpisa.Immed(a.fork, 0))
	a.place(a.length)
	a.Emit(nfpisa.ALU(a.addr, a.node, nfpisa.ALUAdd, a.at), nfpisa.ALU(a.addr, a.addr, nfpisa.ALUAdd, nfpisa.Const(int(a.l.Key))))
	a.move(nfpisa.MemRead32Swap, 0, a.addr, 1)
	a.Emit(nfpisa.Mov(a.temp, nfpisa.X(0)))
	a.bitOfWord()
	a.Emit(nfpisa.Mov(a.zero, a.node), nfpisa.Immed(a.one, 0), nfpisa.Mov(nfpisa.NoOperand, a.temp))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), write)
	a.Emit(nfpisa.Immed(a.zero, 0), nfpisa.Mov(a.one, a.node))
	a.Branch(nfpisa.Br(0), write)

	a.Place(e.fork)
	a.room(noent, full)
	a.take(a.leaf, empty)
	a.Emit(nfpisa.Immed(a.zero, 0), nfpisa.Immed(a.one, 0))
	a.take(a.fork, low)

	a.Place(write)
	a.write(a.leaf, a.length, true)
	a.store(a.leaf)
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, a.fork))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), link)
	ordered := a.NewLabel()
	a.bitOfKey(a.same)
	a.Emit(nfpisa.Mov(a.zero, a.leaf), nfpisa.Mov(a.one, a.node), nfpisa.Mov(nfpisa.NoOperand, a.temp))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), ordered)
	a.Emit(nfpisa.Mov(a.zero, a.node), nfpisa.Mov(a.one, a.leaf))
	a.Place(ordered)
	a.write(a.fork, a.same, false)
	a.Emit(nfpisa.Mov(a.leaf, a.fork))
	a.Place(link)
	a.Emit(nfpisa.Mov(nfpisa.X(0), a.leaf))
	a.move(nfpisa.MemWrite32Swap, 0, a.link, 1)
	a.count(1)
	a.leave(0)

	a.Place(low)
	a.free(a.leaf)
	a.Place(empty)
	a.leave(-int32(bpf.ENOMEM))
	a.Place(full)
	a.leave(-int32(bpf.ENOSPC))
	a.Place(exists)
	a.leave(-int32(bpf.EEXIST))
	a.Place(noent)
	a.leave(-int32(bpf.ENOENT))
	a.Place(inval)
	a.conv.Return(&a.Assembler, -int32(bpf.EINVAL))
	return a.Finish(), nil
}

// Bits of an update's flags.
const noExist, exist = 0, 1

// room goes to noent if a prefix must be there already, and to full if there are as
// many entries as there may be.
func (a *walker) room(noent, full micro.Label) {
	a.Branch(nfpisa.BrSet(a.conv.Flags(), exist, 0), noent)
	a.low(a.addr, maplayout.LPMUsed)
	a.move(nfpisa.MemRead32Swap, 0, a.addr, 1)
	a.Load(a.temp, a.m.MaxEntries)
	a.Emit(nfpisa.Mov(a.used, nfpisa.X(0)), nfpisa.ALU(nfpisa.NoOperand, a.used, nfpisa.ALUXor, a.temp))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), full)
}

// count writes the number of entries, of which there is one more or less than a.used.
func (a *walker) count(n int) {
	op := nfpisa.ALUAdd
	if n < 0 {
		op = nfpisa.ALUSub
	}
	a.Emit(nfpisa.ALU(nfpisa.X(0), a.used, op, nfpisa.Const(1)))
	a.low(a.addr, maplayout.LPMUsed)
	a.move(nfpisa.MemWrite32Swap, 0, a.addr, 1)
}

// Delete returns the routine that takes a prefix out: -EINVAL for one that is longer
// than the key, -ENOENT.
func (m Map) Delete(start int) ([]nfpisa.Instr, error) {
	if err := maplayout.CheckLPM(m.Shape, m.Base); err != nil {
		return nil, err
	}
	a, err := m.newWalker(start, false)
	if err != nil {
		return nil, err
	}
	inval, noent, single, pass, keep, done := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	exact := a.NewLabel()
	a.begin(inval)
	a.enter()
	a.descend(ends{empty: noent, exact: exact, above: noent, fork: noent})

	a.Place(exact)
	a.Emit(nfpisa.Mov(a.diff, word(maplayout.LPMAddr, 0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), noent)
	a.Emit(nfpisa.Mov(a.zero, word(maplayout.LPMZero, 0)), nfpisa.Mov(a.one, word(maplayout.LPMOne, 0)))
	a.low(a.addr, maplayout.LPMUsed)
	a.move(nfpisa.MemRead32Swap, 0, a.addr, 1)
	a.Emit(nfpisa.Mov(a.used, nfpisa.X(0)))
	a.count(-1)
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, a.zero))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), single)
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, a.one))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), pass)
	// Both ways go on: the node only branches now.
	a.behind(a.addr, a.node, uint32(maplayout.LPMAddr))
	a.Emit(nfpisa.Immed(nfpisa.X(0), 0))
	a.move(nfpisa.MemWrite32Swap, 0, a.addr, 1)
	a.Branch(nfpisa.Br(0), done)

	// At most one way goes on: it takes the node's place.
	a.Place(single)
	a.Emit(nfpisa.Mov(a.zero, a.one))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), pass)
	// Neither does. A node above that only branches has one way left, which takes its
	// place.
	a.Emit(nfpisa.Mov(a.leaf, a.parent))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), pass)
	a.move(nfpisa.MemRead32Swap, 0, a.leaf, int(maplayout.LPMHead/4))
	a.Emit(nfpisa.Mov(a.diff, word(maplayout.LPMAddr, 0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), pass)
	a.Emit(nfpisa.Mov(nfpisa.X(0), word(maplayout.LPMOne, 0)), nfpisa.ALU(nfpisa.NoOperand, a.link, nfpisa.ALUXor, a.parent))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), keep)
	a.Emit(nfpisa.Mov(nfpisa.X(0), word(maplayout.LPMZero, 0)))
	a.Place(keep)
	a.move(nfpisa.MemWrite32Swap, 0, a.before, 1)
	a.release(a.node)
	a.release(a.leaf)
	a.Branch(nfpisa.Br(0), done)

	a.Place(pass)
	a.Emit(nfpisa.Mov(nfpisa.X(0), a.zero))
	a.move(nfpisa.MemWrite32Swap, 0, a.link, 1)
	a.release(a.node)
	a.Place(done)
	a.leave(0)
	a.Place(noent)
	a.leave(-int32(bpf.ENOENT))
	a.Place(inval)
	a.conv.Return(&a.Assembler, -int32(bpf.EINVAL))
	return a.Finish(), nil
}
