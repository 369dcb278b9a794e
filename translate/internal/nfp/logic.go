package nfp

import (
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// byteMask returns the mask of bytes if c is made of whole bytes.
func byteMask(c uint32) (mask uint8, ok bool) {
	for k := range 4 {
		switch c >> (8 * k) & 0xff {
		case 0xff:
			mask |= 1 << k
		case 0:
		default:
			return 0, false
		}
	}
	return mask, true
}

// single reports whether a value's only use is the instruction at hand, so
// that its work can be taken over without computing it as well.
func (s *selector) single(id ssa.ID) bool {
	return s.uses[id] == 1 && s.regs[id] == regalloc.NoVReg
}

// asShift reports a value as a shifted one, and takes over its shift if nobody
// else needs it in this form.
func (s *selector) asShift(id ssa.ID) (x ssa.ID, shift nfpisa.Shift, ok bool) {
	v := s.f.V(id)
	if (v.Op != ssa.Shl && v.Op != ssa.Shr) || !s.single(id) {
		return id, nfpisa.Shift{}, false
	}
	if v.Op == ssa.Shl {
		return v.Args[0], nfpisa.Lsh(int(v.Imm)), true
	}
	return v.Args[0], nfpisa.Rsh(int(v.Imm)), true
}

// logic selects And, Or and Xor: as a field extraction, with a shift of one
// operand, or plain.
func (s *selector) logic(d regalloc.VReg, v *ssa.Value) {
	x, y := v.Args[0], v.Args[1]
	c, isConst := s.f.IsConst(y)
	if isConst && v.Op == ssa.And {
		if mask, ok := byteMask(c); ok && c > fullImm {
			src, shift, ok := s.asShift(x)
			switch {
			case ok:
				s.clr(d, mask, src, shift)
			case c == 0xffff:
				s.alu(d, s.f.Const(0), nfpisa.ALUAdd16, x)
			default:
				s.clr(d, mask, src, nfpisa.Rot(0))
			}
			return
		}
		if ^c <= fullImm {
			s.alu(d, x, nfpisa.ALUAndNot, s.f.Const(^c))
			return
		}
	}
	if isConst && v.Op == ssa.Xor && c == ^uint32(0) {
		n := newNode(formALU)
		n.alu = nfpisa.ALUNotB
		n.r = s.full(&n, x)
		n.d = s.fullDef(&n, d)
		s.add(n)
		return
	}
	if v.Op != ssa.Xor {
		op := nfpisa.ShfAnd
		if v.Op == ssa.Or {
			op = nfpisa.ShfOr
		}
		for _, p := range [2][2]ssa.ID{{x, y}, {y, x}} {
			src, shift, ok := s.asShift(p[1])
			if !ok {
				continue
			}
			n := newNode(formShf)
			n.shf, n.shift = op, shift
			n.l, n.r = s.short(&n, p[0]), s.short(&n, src)
			n.pair()
			n.d = s.shortDef(&n, d)
			s.legalConsts(&n, src)
			s.add(n)
			return
		}
	}
	if isConst && v.Op != ssa.Xor && s.shiftedConst(d, x, v.Op, c) {
		return
	}
	op := map[ssa.Op]nfpisa.ALUOp{ssa.And: nfpisa.ALUAnd, ssa.Or: nfpisa.ALUOr, ssa.Xor: nfpisa.ALUXor}[v.Op]
	s.alu(d, x, op, y)
}

// shiftedConst selects And or Or with a constant, or And with its complement,
// whose bits lie close together: the instruction holds them, and a shift that
// puts them in their place.
func (s *selector) shiftedConst(d regalloc.VReg, x ssa.ID, op ssa.Op, c uint32) bool {
	shf := nfpisa.ShfAnd
	k, low, ok := closeBits(c)
	if op == ssa.Or {
		shf = nfpisa.ShfOr
	} else if !ok {
		shf = nfpisa.ShfAndNot
		k, low, ok = closeBits(^c)
	}
	if !ok {
		return false
	}
	if _, isConst := s.f.IsConst(x); isConst {
		return false
	}
	n := newNode(formShf)
	n.shf, n.shift = shf, nfpisa.Lsh(low)
	n.l = s.short(&n, x)
	n.r = ref{op: -1, fixed: nfpisa.Const(int(k))}
	n.d = s.shortDef(&n, d)
	s.add(n)
	return true
}

// closeBits reports a constant that no operand field holds as one that does,
// shifted left.
func closeBits(c uint32) (k uint32, left int, ok bool) {
	left = bits.TrailingZeros32(c)
	k = c >> left
	return k, left, c > fullImm && k <= fullImm
}
