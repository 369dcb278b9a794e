package hashmap

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
)

// cpu returns the operand with the number of the CPU, a word of the packet vector.
func (m Map) cpu() nfpisa.Operand {
	if m.CPUs == 0 {
		return nfpisa.NoOperand
	}
	return nfpisa.LMem(int(m.Target.Entry.VectorIndex), int(m.Target.PacketVector.CPU.Word))
}

// ofCPU makes the address of something in the value of CPU 0 that of the same in the value
// of a CPU. Maps that are not per CPU have one.
func (m Map) ofCPU(a *assembler, address, cpu nfpisa.Operand) {
	if m.CPUs == 0 {
		return
	}
	far, near, sign, ok := maplayout.PowersOf(m.Layout().Copies.Step)
	if !ok {
		panic("BUG: values at a distance that takes a multiplication")
	}
	add := func(op nfpisa.ALUOp, shift int) {
		a.Emit(nfpisa.Shf(a.temp, nfpisa.NoOperand, nfpisa.ShfB, cpu, nfpisa.Lsh(shift)), nfpisa.ALU(address, address, op, a.temp))
	}
	add(nfpisa.ALUAdd, far)
	switch {
	case sign > 0:
		add(nfpisa.ALUAdd, near)
	case sign < 0:
		add(nfpisa.ALUSub, near)
	}
}

// clearWords is how many words of an entry's values are cleared at a time.
const clearWords = 24

// clearCopies makes the values of all CPUs zero in a new entry that was used before, as
// the kernel does: an update gives a value to one of them.
func (m Map) clearCopies(a *assembler) {
	if m.CPUs == 0 {
		return
	}
	fresh := a.NewLabel()
	a.move(nfpisa.MemRead32Swap, a.entry, m.head())
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, word(maplayout.HashBucket)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), fresh) // it was never in a chain
	l := m.Layout()
	m.pointAt(a, a.value, a.entry, l.Value)
	for i := range clearWords {
		a.Emit(nfpisa.Immed(nfpisa.X(i), 0))
	}
	a.Pieces(int(l.Copies.Bytes()/4), clearWords, a.crc, func(n int) {
		a.move(nfpisa.MemWrite32Swap, a.value, n)
		a.Emit(nfpisa.ALU(a.value, a.value, nfpisa.ALUAdd, nfpisa.Const(4*n)))
	})
	a.Place(fresh)
}
