// Package lpm makes the microcode of longest-prefix lookups for programs that
// address map memory themselves, specialised for one map's key size and place
// in memory, to be linked to a program.
//
// It never knows eBPF, SSA or the simulator. A Map says where a map is and
// what it holds; Lookup gives instructions. Prefixes are put in and taken out
// by the host only.
//
// The calling convention is that of package hashmap.
//
// # Memory
//
// maplayout.LPM says where everything is.
package lpm

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// Map is one longest-prefix map.
type Map struct {
	maplayout.Shape
	// Base is the 40-bit memory address of the region, see
	// maplayout.CheckPlace.
	Base uint64
}

// Layout returns where the parts of the map are.
func (m Map) Layout() maplayout.LPM { return maplayout.NewLPM(m.Shape) }

// Registers of the routine; key words are in B1 and up.
var (
	regBest  = nfpisa.A(2) // low address of the best value so far
	regNode  = nfpisa.A(3)
	regRoot  = nfpisa.A(4)
	regDiff  = nfpisa.A(5)
	regLM    = nfpisa.A(6)
	regLen   = nfpisa.A(7)
	regMask  = nfpisa.A(8)
	regHigh  = nfpisa.B(30)
	regConst = nfpisa.B(31)
	back     = nfpisa.B(0)
)

func keyReg(i int) nfpisa.Operand { return nfpisa.B(1 + i) }

const signal = 1

// The root and a node's way for bit 0 are read into the same register: both are
// the first word that is read.
var _ = [1]struct{}{maplayout.LPMZero: {}}

// word returns the transfer register of word i behind an offset of a node that
// was read.
func word(at maplayout.Offset, i int) nfpisa.Operand { return nfpisa.X(int(at/4) + i) }

// Lookup returns the lookup routine, linked to start at a control-store
// address.
func (m Map) Lookup(start int) ([]nfpisa.Instr, error) {
	if err := maplayout.CheckLPM(m.Shape, m.Base); err != nil {
		return nil, err
	}
	a := &micro.Assembler{Start: start}
	body, zero, one, skip, done, none := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	l := m.Layout()
	kw := l.KeyWords()
	m.key(a, none)
	a.Move(nfpisa.MemRead32Swap, regHigh, regRoot, 1, signal)
	a.Place(zero)
	a.Emit(nfpisa.Mov(regNode, word(maplayout.LPMZero, 0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), done)
	a.Place(body)
	a.Move(nfpisa.MemRead32Swap, regHigh, regNode, int(maplayout.LPMKey/4)+3*kw, signal)
	// A prefix that is longer than the key, or differs from it, ends the way.
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, regLen, nfpisa.ALUSub, word(maplayout.LPMLength, 0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), done)
	for i := range kw {
		a.Emit(nfpisa.ALU(regDiff, word(maplayout.LPMKey, i), nfpisa.ALUXor, keyReg(i)),
			nfpisa.ALU(nfpisa.NoOperand, regDiff, nfpisa.ALUAnd, word(l.Mask(), i)))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), done)
	}
	a.Emit(nfpisa.Mov(regDiff, word(maplayout.LPMAddr, 0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), skip)
	a.Emit(nfpisa.Mov(regBest, word(maplayout.LPMAddr, 0)))
	a.Place(skip)
	for i := range kw {
		a.Emit(nfpisa.ALU(nfpisa.NoOperand, word(l.Bit(), i), nfpisa.ALUAnd, keyReg(i)))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), one)
	}
	a.Branch(nfpisa.Br(0), zero)
	a.Place(one)
	a.Emit(nfpisa.Mov(regNode, word(maplayout.LPMOne, 0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), body)
	a.Place(done)
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, regBest))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), none)
	a.Emit(nfpisa.Rtn(back).WithDefer(2), nfpisa.Mov(nfpisa.A(0), regBest).Both(), nfpisa.Mov(nfpisa.A(1), regHigh).Both())
	a.Place(none)
	a.Emit(nfpisa.Rtn(back).WithDefer(2), nfpisa.Immed(nfpisa.A(0), 0).Both(), nfpisa.Immed(nfpisa.A(1), 0).Both())
	return a.Finish(), nil
}

// key loads prefix length and key, and goes to none for a length beyond the
// key.
func (m Map) key(a *micro.Assembler, none micro.Label) {
	next := nfpisa.Operand{Kind: nfpisa.LM, Index: 3, Mod: nfpisa.PostInc}
	data := m.KeySize - maplayout.LPMLengthSize
	a.Emit(nfpisa.CSRRd(nfpisa.CSRActLMAddr0), nfpisa.Immed(regLM, 0), nfpisa.CSRWr(nfpisa.CSRActLMAddr3, regLM))
	a.Load(regHigh, uint32(m.Base>>32)<<24)
	a.Load(regRoot, uint32(m.Base)+uint32(maplayout.LPMRoot))
	a.Load(regMask, ^uint32(0)>>(8*(-data&3)))
	a.Load(regConst, 8*data)
	a.Emit(nfpisa.Immed(regBest, 0), nfpisa.Mov(regLen, next))
	kw := m.Layout().KeyWords()
	for i := range kw {
		if i == kw-1 && data%4 != 0 {
			a.Emit(nfpisa.ALU(keyReg(i), regMask, nfpisa.ALUAnd, next))
		} else {
			a.Emit(nfpisa.Mov(keyReg(i), next))
		}
	}
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, regConst, nfpisa.ALUSub, regLen))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), none)
}
