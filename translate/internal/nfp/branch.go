package nfp

import (
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// terminator selects the end of a block. Successor 0 is where the program goes
// if the comparison fails, 1 where it goes if it holds.
func (s *selector) terminator(t *ssa.Term, mb *block) {
	switch t.Kind {
	case ssa.Jump:
		mb.final = 0
	case ssa.Exit:
		n := newNode(formExit)
		if c, ok := s.f.IsConst(t.X); ok {
			n.val = c
		} else {
			n.ops = append(n.ops, regalloc.Operand{V: s.reg(t.X), Flags: regalloc.Fixed, Loc: place(s.t.Exit.Register)})
			n.r = ref{op: 0}
		}
		s.add(n)
	case ssa.Leave:
		s.leave(t)
	case ssa.Begin:
		s.add(newNode(formBegin))
	case ssa.Branch:
		if t.Wide {
			s.branchWide(t, mb)
		} else {
			s.branchWord(t.Cond, t.X, t.Y, mb)
		}
	default:
		panic("BUG: block without an end")
	}
}

// bcc adds a conditional branch to successor to.
func (s *selector) bcc(c nfpisa.Cond, to int8) {
	n := newNode(formBcc)
	n.cond, n.to, n.flags = c, to, regalloc.Branch
	s.add(n)
}

// test adds an instruction for its flags only.
func (s *selector) test(l ssa.ID, op nfpisa.ALUOp, r ssa.ID) { s.alu(regalloc.NoVReg, l, op, r) }

// subtract adds a comparison: flags of x - y, where small negative constants
// are added instead.
func (s *selector) subtract(x, y ssa.ID) {
	if c, ok := s.f.IsConst(y); ok && c > fullImm && -c <= fullImm {
		s.test(x, nfpisa.ALUAdd, s.f.Const(-c))
		return
	}
	s.test(x, nfpisa.ALUSub, y)
}

// branchWord selects a comparison of words.
func (s *selector) branchWord(c ssa.Cond, x, y ssa.ID, mb *block) {
	mb.final = 0
	if _, ok := s.f.IsConst(x); ok && c != ssa.TST && c != ssa.NTS {
		x, y, c = y, x, c.Swap()
	}
	k, isConst := s.f.IsConst(y)
	if isConst {
		c, k = lowestThat(c, k)
		y = s.f.Const(k)
		if s.branchBits(c, x, k) || s.branchBytes(c, x, k) {
			return
		}
	}
	if s.lengthReaches(c, x, y) || s.reachesPower(c, x, 0, y) {
		return
	}
	switch c {
	case ssa.EQ, ssa.NE:
		cond := nfpisa.CondEQ
		if c == ssa.NE {
			cond = nfpisa.CondNE
		}
		if isConst && k == 0 {
			s.testZero(x)
		} else {
			s.subtract(x, y)
		}
		s.bcc(cond, 1)
	case ssa.TST, ssa.NTS:
		if !isConst || !s.testShifted(x, k) {
			s.test(x, nfpisa.ALUAnd, y)
		}
		cond := nfpisa.CondNE
		if c == ssa.NTS {
			cond = nfpisa.CondEQ
		}
		s.bcc(cond, 1)
	case ssa.UGT, ssa.ULE, ssa.SGT, ssa.SLE:
		s.subtract(y, x)
		s.bcc(orderCond[c.Swap()], 1)
	default:
		s.subtract(x, y)
		s.bcc(orderCond[c], 1)
	}
}

// lowestThat names the lowest number that a comparison with a constant decides
// differently from those below: above k is from k+1 on.
func lowestThat(c ssa.Cond, k uint32) (ssa.Cond, uint32) {
	switch {
	case c == ssa.UGT && k != ^uint32(0):
		c, k = ssa.UGE, k+1
	case c == ssa.ULE && k != ^uint32(0):
		c, k = ssa.ULT, k+1
	case c == ssa.SGT && k != 1<<31-1:
		c, k = ssa.SGE, k+1
	case c == ssa.SLE && k != 1<<31-1:
		c, k = ssa.SLT, k+1
	}
	switch {
	case c == ssa.UGE && k == 1:
		c, k = ssa.NE, 0
	case c == ssa.ULT && k == 1:
		c, k = ssa.EQ, 0
	}
	return c, k
}

// reachesPower selects a comparison of a word, or with its high word, with a
// power of two that no operand holds: a number reaches it if it has a bit there
// or above.
func (s *selector) reachesPower(c ssa.Cond, x, xh, y ssa.ID) bool {
	k, ok := s.f.IsConst(y)
	if !ok || k == 0 || k&(k-1) != 0 || c != ssa.UGE && c != ssa.ULT {
		return false
	}
	if k <= fullImm {
		return false
	}
	low := bits.TrailingZeros32(k)
	n := newNode(formShf)
	n.shift = nfpisa.Rsh(low)
	if xh == 0 {
		n.shf = nfpisa.ShfB
	} else {
		n.shf = nfpisa.ShfOr
		n.l = s.short(&n, xh)
	}
	n.r = s.short(&n, x)
	n.pair()
	if xh != 0 {
		s.legalConsts(&n, x)
	}
	s.add(n)
	s.bcc(reached[c], 1)
	return true
}

// reached gives the branch after a test of the bits of a power of two and above.
var reached = map[ssa.Cond]nfpisa.Cond{ssa.UGE: nfpisa.CondNE, ssa.ULT: nfpisa.CondEQ}

// testShifted tests bits of a word that lie close together: the word is shifted
// down so that the mask is a constant that the instruction holds.
func (s *selector) testShifted(x ssa.ID, k uint32) bool {
	var shift nfpisa.Shift
	v := s.f.V(x)
	switch {
	case k <= fullImm && (v.Op != ssa.Shr || !s.single(x)):
		return false
	case v.Op == ssa.Shr && s.single(x) && k <= fullImm:
		shift = nfpisa.Rsh(int(v.Imm))
		x = v.Args[0]
	case k <= fullImm:
		return false
	default:
		low := bits.TrailingZeros32(k)
		if k >>= low; k > fullImm {
			return false
		}
		shift = nfpisa.Rsh(low)
	}
	n := newNode(formShf)
	n.shf, n.shift = nfpisa.ShfAnd, shift
	n.l = ref{op: -1, fixed: nfpisa.Const(int(k))}
	n.r = s.short(&n, x)
	n.pair()
	s.legalConsts(&n, x)
	s.add(n)
	return true
}

// orderCond gives the branch after a subtraction.
var orderCond = map[ssa.Cond]nfpisa.Cond{
	ssa.ULT: nfpisa.CondCC, ssa.UGE: nfpisa.CondCS, ssa.SLT: nfpisa.CondLT, ssa.SGE: nfpisa.CondGE,
}

// testZero adds an instruction that sets Z if x is zero. A logical operation
// that nobody else needs is done for its flags.
func (s *selector) testZero(x ssa.ID) {
	v := s.f.V(x)
	if s.single(x) && v.Block == s.cur {
		switch v.Op {
		case ssa.And:
			s.test(v.Args[0], nfpisa.ALUAnd, v.Args[1])
			return
		case ssa.Or:
			s.test(v.Args[0], nfpisa.ALUOr, v.Args[1])
			return
		case ssa.Xor:
			s.test(v.Args[0], nfpisa.ALUXor, v.Args[1])
			return
		case ssa.Sub:
			s.test(v.Args[0], nfpisa.ALUSub, v.Args[1])
			return
		}
	}
	n := newNode(formALU)
	n.alu = nfpisa.ALUB
	n.r = s.full(&n, x)
	s.add(n)
}

// branchBits selects comparisons that one bit decides.
func (s *selector) branchBits(c ssa.Cond, x ssa.ID, k uint32) bool {
	branch := func(x ssa.ID, bit int, set bool) bool {
		v := s.f.V(x)
		for s.single(x) && (v.Op == ssa.Shr && bit+int(v.Imm) < 32 || v.Op == ssa.Shl && bit >= int(v.Imm)) {
			if v.Op == ssa.Shr {
				bit += int(v.Imm)
			} else {
				bit -= int(v.Imm)
			}
			x = v.Args[0]
			v = s.f.V(x)
		}
		n := newNode(formBrBit)
		n.bit, n.taken, n.to, n.flags = uint8(bit), set, 1, regalloc.Branch
		n.r = n.read(s.reg(x), regalloc.GPRSet|regalloc.InSet, 0)
		s.add(n)
		return true
	}
	single := func(m uint32) bool { return m != 0 && m&(m-1) == 0 }
	switch c {
	case ssa.TST, ssa.NTS:
		if single(k) {
			return branch(x, bits.TrailingZeros32(k), c == ssa.TST)
		}
	case ssa.SLT, ssa.SGE:
		if k == 0 {
			return branch(x, 31, c == ssa.SLT)
		}
	case ssa.EQ, ssa.NE:
		zero, one := s.f.Known(x)
		open := ^(zero | one)
		if !single(open) {
			return false
		}
		if (k&zero|^k&one)&^open != 0 {
			return false // decided already; left to the folding before
		}
		src := x
		if v := s.f.V(x); v.Op == ssa.And && s.single(x) {
			if _, ok := s.f.IsConst(v.Args[1]); ok {
				src = v.Args[0]
			}
		}
		return branch(src, bits.TrailingZeros32(open), (k&open != 0) == (c == ssa.EQ))
	}
	return false
}

// maxByteTests is the number of byte comparisons that are made instead of
// loading a constant and subtracting.
const maxByteTests = 2

// branchBytes selects comparisons of a few bytes with a constant. A field that
// was cut out of a word for the comparison alone is compared where it is.
func (s *selector) branchBytes(c ssa.Cond, x ssa.ID, k uint32) bool {
	if c != ssa.EQ && c != ssa.NE {
		return false
	}
	zero, one := s.f.Known(x)
	if k&zero|^k&one != 0 {
		return false
	}
	var tests []int
	for b := range 4 {
		if ^(zero|one)>>(8*b)&0xff != 0 {
			tests = append(tests, b)
		}
	}
	src, shift := x, 0
	for s.single(src) {
		v := s.f.V(src)
		if v.Op == ssa.And {
			if m, ok := s.f.IsConst(v.Args[1]); ok && s.wholeBytes(m, v.Args[0]) {
				src = v.Args[0]
				continue
			}
		}
		if v.Op == ssa.Shr && v.Imm%8 == 0 && s.bytesFit(tests, shift+int(v.Imm)/8) {
			shift += int(v.Imm) / 8
			src = v.Args[0]
			continue
		}
		break
	}
	// One byte test is shorter than anything else. Two are as short as a
	// subtraction and a branch, if that needs no other instruction.
	small := k <= fullImm || -k <= fullImm
	if len(tests) == 0 || len(tests) > maxByteTests || len(tests) == 2 && src == x && small {
		return false
	}
	r := s.reg(src)
	for j, b := range tests {
		n := newNode(formBrByte)
		n.bit, n.val, n.flags = uint8(b+shift), k>>(8*b)&0xff, regalloc.Branch
		n.r = n.read(r, regalloc.GPRSet|regalloc.InSet, 0)
		switch {
		case j < len(tests)-1 && c == ssa.EQ:
			n.taken, n.to = false, 0
		case j < len(tests)-1:
			n.taken, n.to = false, 1
		default:
			n.taken, n.to = c == ssa.EQ, 1
		}
		s.add(n)
	}
	return true
}

// wholeBytes reports whether the mask keeps or clears whole bytes, as far as
// the value has bits there.
func (s *selector) wholeBytes(m uint32, x ssa.ID) bool {
	zero, _ := s.f.Known(x)
	_, ok := byteMask(m)
	if ok {
		return true
	}
	for b := range 4 {
		part := m >> (8 * b) & 0xff
		if part != 0 && part|zero>>(8*b)&0xff != 0xff {
			return false
		}
	}
	return true
}

// bytesFit reports whether the tested bytes, moved up by shift, are in a word.
func (s *selector) bytesFit(tests []int, shift int) bool {
	return len(tests) > 0 && tests[len(tests)-1]+shift < 4
}

// branchWide selects a comparison of double words.
func (s *selector) branchWide(t *ssa.Term, mb *block) {
	mb.final = 0
	c, xl, xh, yl, yh := t.Cond, t.X, t.XH, t.Y, t.YH
	swap := func() { xl, xh, yl, yh, c = yl, yh, xl, xh, c.Swap() }
	if _, ok := s.f.IsConst(xh); ok {
		if _, ok := s.f.IsConst(xl); ok {
			swap()
		}
	}
	switch c {
	case ssa.EQ, ssa.NE:
		s.equalWide(c, xl, xh, yl, yh)
		return
	case ssa.TST, ssa.NTS:
		s.testBoth(s.common(xl, yl), s.common(xh, yh))
		if c == ssa.NTS {
			s.bcc(nfpisa.CondEQ, 1)
		} else {
			s.bcc(nfpisa.CondNE, 1)
		}
		return
	case ssa.UGT, ssa.ULE, ssa.SGT, ssa.SLE:
		// A constant is raised by one instead of exchanging the operands, unless
		// it is the greatest.
		ck, okl := s.f.IsConst(yl)
		ch, okh := s.f.IsConst(yh)
		k := (uint64(ch)<<32 | uint64(ck)) + 1
		limit := uint64(0)
		if c == ssa.SGT || c == ssa.SLE {
			limit = 1 << 63
		}
		if okl && okh && k != limit {
			yl, yh = s.f.Const(uint32(k)), s.f.Const(uint32(k>>32))
			c = map[ssa.Cond]ssa.Cond{ssa.UGT: ssa.UGE, ssa.ULE: ssa.ULT, ssa.SGT: ssa.SGE, ssa.SLE: ssa.SLT}[c]
		} else {
			swap()
		}
	}
	if s.f.Is(yh, 0) && s.reachesPower(c, xl, xh, yl) {
		return
	}
	if s.f.Is(yl, 0) {
		// Nothing is borrowed: the high words alone decide.
		s.test(xh, nfpisa.ALUSub, yh)
	} else {
		s.subtract(xl, yl)
		s.carry(regalloc.NoVReg, xh, nfpisa.ALUSubCarry, yh)
	}
	s.bcc(orderCond[c], 1)
}

// equalWide selects an equality of double words.
func (s *selector) equalWide(c ssa.Cond, xl, xh, yl, yh ssa.ID) {
	cond := nfpisa.CondEQ
	if c == ssa.NE {
		cond = nfpisa.CondNE
	}
	if s.f.Is(yl, 0) && s.f.Is(yh, 0) {
		s.test(xl, nfpisa.ALUOr, xh)
		s.bcc(cond, 1)
		return
	}
	s.testBoth(s.difference(xl, yl), s.difference(xh, yh))
	s.bcc(cond, 1)
}

// common returns a register with the bits that two words have in common.
func (s *selector) common(x, y ssa.ID) regalloc.VReg {
	if s.f.Is(y, ^uint32(0)) {
		return s.reg(x)
	}
	d := s.newReg()
	s.alu(d, x, nfpisa.ALUAnd, y)
	return d
}

// difference returns a register that is zero if the words are equal.
func (s *selector) difference(x, y ssa.ID) regalloc.VReg {
	if s.f.Is(y, 0) {
		return s.reg(x)
	}
	d := s.newReg()
	if c, ok := s.f.IsConst(y); ok && c > fullImm && -c <= fullImm {
		s.alu(d, x, nfpisa.ALUAdd, s.f.Const(-c))
	} else {
		s.alu(d, x, nfpisa.ALUXor, y)
	}
	return d
}

// testBoth adds an instruction that sets Z if both registers are zero.
func (s *selector) testBoth(x, y regalloc.VReg) {
	n := newNode(formALU)
	n.alu = nfpisa.ALUOr
	n.l = n.read(x, regalloc.AnySource, s.spillSlots(fullReach))
	n.r = n.read(y, regalloc.AnySource, s.spillSlots(fullReach))
	n.pair()
	s.add(n)
}
