package nfp

import (
	"fmt"
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// value selects one value that somebody asked for.
func (s *selector) value(id ssa.ID, v *ssa.Value) {
	d := s.regs[id]
	switch v.Op {
	case ssa.Add, ssa.Sub, ssa.Element:
		s.sum(d, v)
	case ssa.AddHi, ssa.SubHi:
		s.high(d, v)
	case ssa.And, ssa.Or, ssa.Xor:
		s.logic(d, v)
	case ssa.Mul, ssa.MulHi:
		s.mul(id, v)
	case ssa.Shl, ssa.Shr:
		s.shiftConst(d, v)
	case ssa.Sar:
		n := newNode(formAsr)
		n.shift = nfpisa.Rsh(int(v.Imm))
		n.r = s.short(&n, v.Args[0])
		n.d = s.shortDef(&n, d)
		s.add(n)
	case ssa.ShlV, ssa.ShrV, ssa.SarV:
		s.shiftVar(d, v)
	case ssa.Funnel:
		n := newNode(formDbl)
		n.shift.Amount = uint8(v.Imm)
		n.l, n.r = s.short(&n, v.Args[0]), s.short(&n, v.Args[1])
		n.pair()
		n.d = s.shortDef(&n, d)
		s.legalConsts(&n, v.Args[1])
		s.add(n)
	case ssa.FunnelV:
		n := newNode(formDblV)
		n.l, n.r = s.short(&n, v.Args[0]), s.short(&n, v.Args[1])
		n.pair()
		n.x = n.read(s.reg(v.Args[2]), s.amountFiles(v.Args[2]), 0)
		n.d = s.shortDef(&n, d)
		s.legalConsts(&n, v.Args[1])
		s.add(n)
	case ssa.Bswap, ssa.Bswap16:
		s.bswap(d, v)
	case ssa.Insert:
		s.insert(d, v.Args[0], uint8(v.Imm&15), v.Args[1], ssa.InsertShift(v.Imm))
	case ssa.PktPtr:
		s.vectorWord(d, s.t.PacketVector.Pointer.Word)
	case ssa.VecWord:
		s.vectorWord(d, target.LMWord(v.Imm))
	case ssa.PktLen:
		s.packetLength(d)
	case ssa.StackBase:
		n := newNode(formEntry)
		n.ops = append(n.ops, regalloc.Operand{V: d, Flags: regalloc.Def | regalloc.Fixed, Loc: place(s.t.Entry.Stack)})
		s.add(n)
	case ssa.Read:
		s.readMem(id, v)
	case ssa.Word:
		// The Read defines it.
	case ssa.Write:
		s.writeMem(v)
	case ssa.AtomicAdd, ssa.AtomicOr, ssa.AtomicClr, ssa.AtomicXor, ssa.AtomicXchg:
		s.atomic(id, v)
	case ssa.Random:
		s.readCSR(d, nfpisa.CSRPseudoRndNum)
	case ssa.Timestamp:
		s.readCSR(d, [...]uint16{nfpisa.CSRTimestampLow, nfpisa.CSRTimestampHgh}[v.Imm])
	case ssa.SetPkt:
		s.setPacket(id, v)
	case ssa.SetQueue:
		s.setQueue(v)
	case ssa.SetVec:
		s.storeLM(s.t.Entry.VectorIndex, int(v.Imm), v.Args[0])
	case ssa.SetRedirect:
		s.setRedirect(v)
	case ssa.LMLoad, ssa.LMStore:
		s.localAccess(id, v)
	case ssa.Call:
		if s.f.Site(v).Program {
			s.inside(id, v)
		} else {
			s.call(id, v)
		}
	case ssa.Result:
		// The Call defines it.
	default:
		panic(fmt.Sprintf("BUG: no instructions for %s", v.Op))
	}
}

// readCSR reads a local CSR, whether anybody wants its value or not.
func (s *selector) readCSR(d regalloc.VReg, csr uint16) {
	n := newNode(formCSRRd)
	n.csr = csr
	if d == regalloc.NoVReg {
		d = s.newReg()
	}
	n.d = n.def(d, regalloc.GPRSet|regalloc.BothSet, 0)
	s.add(n)
}

// sum selects Add, Element and Sub; an addition of a small negative constant becomes a
// subtraction.
func (s *selector) sum(d regalloc.VReg, v *ssa.Value) {
	x, y := v.Args[0], v.Args[1]
	if c, ok := s.f.IsConst(y); ok && v.Op == ssa.Add && c > fullImm && -c <= fullImm {
		s.alu(d, x, nfpisa.ALUSub, s.f.Const(-c))
		return
	}
	op := nfpisa.ALUAdd
	if v.Op == ssa.Sub {
		op = nfpisa.ALUSub
	} else if op, src, ok := s.addedPart(y); ok {
		s.alu(d, x, op, src)
		return
	} else if op, src, ok := s.addedPart(x); ok {
		s.alu(d, y, op, src)
		return
	}
	s.alu(d, x, op, y)
}

// addedPart reports a value that is the low byte or the low two of another, which
// an addition can take out itself, and that nobody else needs.
func (s *selector) addedPart(id ssa.ID) (op nfpisa.ALUOp, src ssa.ID, ok bool) {
	v := s.f.V(id)
	if v.Op != ssa.And || !s.single(id) {
		return 0, 0, false
	}
	switch c, isConst := s.f.IsConst(v.Args[1]); {
	case isConst && c == 0xffff:
		op = nfpisa.ALUAdd16
	case isConst && c == 0xff:
		op = nfpisa.ALUAdd8
	default:
		return 0, 0, false
	}
	src = v.Args[0]
	_, isShift := map[ssa.Op]bool{ssa.Shl: true, ssa.Shr: true}[s.f.V(src).Op]
	return op, src, !isShift || !s.single(src)
}

// high selects the high word of a sum or difference. The low word is computed
// by the same two instructions if it is the value before.
func (s *selector) high(d regalloc.VReg, v *ssa.Value) {
	low, lowOp, highOp := ssa.Add, nfpisa.ALUAdd, nfpisa.ALUAddCarry
	if v.Op == ssa.SubHi {
		low, lowOp, highOp = ssa.Sub, nfpisa.ALUSub, nfpisa.ALUSubCarry
	}
	xl, yl := v.Args[2], v.Args[3]
	dl := regalloc.NoVReg
	if prev := s.prev; prev != 0 {
		p := s.f.V(prev)
		if p.Op == low && p.Args[0] == xl && p.Args[1] == yl {
			if v.Args[0] == prev || v.Args[1] == prev {
				s.reg(prev)
			}
			dl = s.regs[prev]
			s.fused[prev] = true
		}
	}
	// An added constant cannot turn into a subtraction here: the carry differs
	// for 0, which has no high part, and the borrow is its opposite.
	if c, ok := s.f.IsConst(yl); ok && c > fullImm && -c <= fullImm {
		flip := nfpisa.ALUSub
		if lowOp == nfpisa.ALUSub {
			flip = nfpisa.ALUAdd
		}
		// x + c and x - (2^32 - c) leave the same carry: the sum wraps just
		// when there is no borrow.
		s.alu(dl, xl, flip, s.f.Const(-c))
	} else {
		s.alu(dl, xl, lowOp, yl)
	}
	s.carry(d, v.Args[0], highOp, v.Args[1])
}

// carry adds the second half of a double word's sum or difference. A constant
// that no operand holds may be the complement of one that does: x - y - 1 + C is
// x + ^y + C.
func (s *selector) carry(d regalloc.VReg, x ssa.ID, op nfpisa.ALUOp, y ssa.ID) {
	if c, ok := s.f.IsConst(y); ok && c > fullImm && ^c <= fullImm {
		op = map[nfpisa.ALUOp]nfpisa.ALUOp{nfpisa.ALUAddCarry: nfpisa.ALUSubCarry, nfpisa.ALUSubCarry: nfpisa.ALUAddCarry}[op]
		y = s.f.Const(^c)
	}
	s.alu(d, x, op, y)
}

// shiftConst selects a shift by a constant.
func (s *selector) shiftConst(d regalloc.VReg, v *ssa.Value) {
	n := newNode(formShf)
	n.shf = nfpisa.ShfB
	n.shift = nfpisa.Lsh(int(v.Imm))
	if v.Op == ssa.Shr {
		n.shift = nfpisa.Rsh(int(v.Imm))
	}
	n.r = s.short(&n, v.Args[0])
	n.d = s.shortDef(&n, d)
	s.add(n)
}

// shiftVar selects a shift by a register. The sign of an arithmetic shift comes
// from amount OR value, so that the amount must not be negative.
func (s *selector) shiftVar(d regalloc.VReg, v *ssa.Value) {
	x, amount := v.Args[0], v.Args[1]
	n := newNode(formShfV)
	n.shf = nfpisa.ShfB
	amountReg, files := s.reg(amount), s.amountFiles(amount)
	switch v.Op {
	case ssa.ShlV:
		n.shift = nfpisa.LshIndirect
	case ssa.ShrV:
		n.shift = nfpisa.RshIndirect
	case ssa.SarV:
		n.form, n.shift = formAsrV, nfpisa.RshIndirect
		if zero, _ := s.f.Known(amount); zero>>31 == 0 {
			amountReg, files = s.newReg(), regalloc.ASet
			s.alu(amountReg, amount, nfpisa.ALUAnd, s.f.Const(31))
		}
	}
	n.r = s.short(&n, x)
	if n.r.op < 0 && n.form == formAsrV {
		n.r = n.read(s.reg(x), regalloc.GPRSet, 0)
	}
	n.x = n.read(amountReg, files, 0)
	if n.form == formAsrV && n.r.op >= 0 {
		n.ops[n.r.op].Flags |= regalloc.Paired
		n.ops[n.x.op].Flags |= regalloc.Paired
		n.ops[n.r.op].Files &^= regalloc.ASet
	}
	n.d = s.shortDef(&n, d)
	s.add(n)
}

// amountFiles returns where the amount of a shift may be, which the A operand of an
// instruction gives: words that were read are there as they are.
func (s *selector) amountFiles(id ssa.ID) regalloc.FileSet {
	if s.f.V(id).Op == ssa.Word {
		return regalloc.ASet | regalloc.InSet
	}
	return regalloc.ASet
}

// bswap selects byte exchanges: a rotation puts two bytes in their places, a
// field load the other two.
func (s *selector) bswap(d regalloc.VReg, v *ssa.Value) {
	t := s.newReg()
	x := v.Args[0]
	if v.Op == ssa.Bswap {
		n := newNode(formShf)
		n.shf, n.shift = nfpisa.ShfB, nfpisa.Rot(8)
		n.r = s.short(&n, x)
		n.d = s.shortDef(&n, t)
		s.add(n)
		s.fieldReg(d, t, 0b0101, x, nfpisa.Rot(24))
		return
	}
	s.clr(t, 0b0010, x, nfpisa.Lsh(8))
	s.fieldReg(d, t, 0b0001, x, nfpisa.Rsh(8))
}

// clr adds ld_field_w_clr[d, mask, x, shift]. The destination stands in
// field A, so that the source must not be in bank A.
func (s *selector) clr(d regalloc.VReg, mask uint8, x ssa.ID, shift nfpisa.Shift) {
	n := newNode(formClr)
	n.mask, n.shift = mask, shift
	n.r = s.short(&n, x)
	if n.r.op >= 0 {
		n.ops[n.r.op].Files &^= regalloc.ASet
	}
	n.d = n.def(d, regalloc.ASet|regalloc.BothSet, 0)
	s.add(n)
}

// fieldReg adds ld_field[d, mask, x, shift] where d begins as register t.
func (s *selector) fieldReg(d, t regalloc.VReg, mask uint8, x ssa.ID, shift nfpisa.Shift) {
	n := newNode(formField)
	n.mask, n.shift = mask, shift
	n.l = n.read(t, regalloc.GPRSet, 0)
	n.r = s.short(&n, x)
	n.pair()
	n.ops = append(n.ops, regalloc.Operand{V: d, Flags: regalloc.Def | regalloc.Tied, Tie: uint8(n.l.op), Files: regalloc.GPRSet})
	n.d = ref{op: int8(len(n.ops) - 1)}
	s.add(n)
}

// insert selects an insertion of bytes; into 0 it clears the others.
func (s *selector) insert(d regalloc.VReg, x ssa.ID, mask uint8, y ssa.ID, left int) {
	shift := nfpisa.Rot(0)
	if left != 0 {
		shift = nfpisa.Rot(32 - left)
	}
	if _, isConst := s.f.IsConst(y); s.f.Is(x, 0) && !isConst {
		s.clr(d, mask, y, shift)
		return
	}
	s.fieldReg(d, s.reg(x), mask, y, shift)
}

// vector returns the word of the packet vector that a field is in.
func (s *selector) vector(f target.Field) nfpisa.Operand { return s.vectorAt(f.Word) }

func (s *selector) vectorAt(word target.LMWord) nfpisa.Operand {
	return nfpisa.LMem(int(s.t.Entry.VectorIndex), int(word))
}

// vectorWord adds a copy of a word of the packet vector.
func (s *selector) vectorWord(d regalloc.VReg, word target.LMWord) {
	n := newNode(formALU)
	n.alu, n.noCC = nfpisa.ALUB, true
	n.r = ref{op: -1, fixed: s.vectorAt(word)}
	n.d = s.fullDef(&n, d)
	s.add(n)
}

// packetLength adds the instructions that take the length out of the packet
// vector.
func (s *selector) packetLength(d regalloc.VReg) {
	f := s.t.PacketVector.Length
	if f.Low == 0 {
		n := newNode(formALU)
		n.alu = nfpisa.ALUAnd
		n.l = n.read(s.constReg(f.Mask()), regalloc.GPRSet, 0)
		n.r = ref{op: -1, fixed: s.vector(f)}
		n.d = s.fullDef(&n, d)
		s.add(n)
		return
	}
	word := s.newReg()
	s.vectorWord(word, f.Word)
	n := newNode(formShf)
	n.shf, n.shift = nfpisa.ShfAnd, nfpisa.Rsh(int(f.Low))
	n.l = n.read(s.constReg(f.Mask()>>f.Low), regalloc.GPRSet, 0)
	n.r = n.read(word, regalloc.GPRSet, 0)
	n.pair()
	n.d = n.def(d, regalloc.GPRSet|regalloc.BothSet, 0)
	s.add(n)
}

// mul selects a product. The high word takes the low word along if it follows
// it directly.
func (s *selector) mul(id ssa.ID, v *ssa.Value) {
	n := newNode(formMul)
	x, y := v.Args[0], v.Args[1]
	wide := func(a ssa.ID) bool { return bits.Len32(s.f.UMax(a)) > 16 }
	n.short = !wide(x) && !wide(y)
	n.l = s.mulSource(&n, x)
	n.r = s.mulSource(&n, y)
	n.pair()
	files := regalloc.GPRSet | regalloc.BothSet
	switch {
	case v.Op == ssa.Mul:
		n.d = n.def(s.regs[id], files, 0)
	default:
		n.short = false
		n.e = n.def(s.regs[id], files, 0)
		if prev := s.prev; prev != 0 {
			p := s.f.V(prev)
			if p.Op == ssa.Mul && p.Args[0] == x && p.Args[1] == y {
				s.fused[prev] = true
				if s.regs[prev] != regalloc.NoVReg {
					n.d = n.def(s.regs[prev], files, 0)
				}
			}
		}
	}
	s.add(n)
}

// mulSource makes an operand of a multiplication.
func (s *selector) mulSource(n *node, id ssa.ID) ref {
	if c, ok := s.f.IsConst(id); ok && c <= fullImm && n.l.op >= 0 {
		return ref{op: -1, fixed: nfpisa.Const(int(c))}
	}
	return n.read(s.reg(id), regalloc.GPRSet, 0)
}
