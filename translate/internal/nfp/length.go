package nfp

import (
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// lengthTest is a comparison of the packet's length with a constant, made in its
// word of the packet vector, among bits that are no part of it: the length reaches
// the constant if, with pad added, it has a bit from bit low on.
type lengthTest struct {
	pad uint32
	low int
}

// takeLength is the number of instructions that take the length out of its word.
const takeLength = 2

// lengthReaches compares the packet's length with a constant where it stands, if
// nobody wants it for anything else.
func (s *selector) lengthReaches(c ssa.Cond, x, y ssa.ID) bool {
	if s.f.V(x).Op != ssa.PktLen || !s.lengthCompared(x) {
		return false
	}
	k, _ := s.f.IsConst(y)
	test, ok := s.lengthTest(c, k)
	if !ok {
		return false
	}
	f := s.t.PacketVector.Length
	n := newNode(formShf)
	n.shf, n.shift = nfpisa.ShfAnd, nfpisa.Rsh(int(f.Low)+test.low)
	n.l = ref{op: -1, fixed: nfpisa.Const(int(f.Mask() >> f.Low >> test.low))}
	n.r = ref{op: -1, fixed: s.vector(f)}
	if test.pad != 0 {
		sum, a := s.newReg(), newNode(formALU)
		a.alu = nfpisa.ALUAdd
		a.l, a.r = n.r, ref{op: -1, fixed: nfpisa.Const(int(test.pad))}
		a.d = s.fullDef(&a, sum)
		s.add(a)
		n.r = n.read(sum, regalloc.AnySource, s.spillSlots(shortReach))
	}
	s.add(n)
	s.bcc(reached[c], 1)
	return true
}

// lengthTest returns how to compare the packet's length with a constant in its
// word, if it can be. No length may be so great that pad carries it past its bits.
func (s *selector) lengthTest(c ssa.Cond, k uint32) (test lengthTest, ok bool) {
	if k == 0 || k > 1<<30 || c != ssa.UGE && c != ssa.ULT {
		return test, false
	}
	f := s.t.PacketVector.Length
	most := f.Mask() >> f.Low
	test.low = max(bits.Len32(k-1), bits.Len32(most)-bits.Len32(fullImm))
	test.pad = uint32(1)<<test.low - k
	fits := test.pad == 0 || f.Low == 0 && test.pad <= fullImm && uint32(s.t.MaxPacket())+test.pad <= most
	return test, fits && f.Word < shortReach && most>>test.low != 0
}

// lengthCompared reports whether all uses of the packet's length are comparisons
// that take no more instructions in its word than with the length taken out of it.
func (s *selector) lengthCompared(id ssa.ID) bool {
	if s.keepPacket || s.regs[id] != regalloc.NoVReg {
		return false
	}
	tests, sums := 0, 0
	for _, b := range s.order {
		t := &s.f.B(b).Term
		k, isConst := s.f.IsConst(t.Y)
		if t.Kind != ssa.Branch || t.Wide || t.X != id || !isConst {
			continue
		}
		if test, ok := s.lengthTest(lowestThat(t.Cond, k)); ok {
			tests++
			if test.pad != 0 {
				sums++
			}
		}
	}
	return tests == int(s.uses[id]) && sums <= takeLength
}
