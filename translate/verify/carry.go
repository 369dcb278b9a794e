package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/number"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// seed adds what a pruned path holds in register r at slot i.
func (v *verifier) seed(i, r int, x *reg) {
	v.factsAt(i).reg(r).absorb(x, false)
	v.spoil(i, 1<<r)
}

// seedSlot adds what a pruned path holds in a stack slot.
func (v *verifier) seedSlot(frame, n int, x *reg) {
	s := &v.slots[frame][n]
	first := s.Kind == Uninit
	if s.absorb(x, false) || first {
		v.spoilFills()
	}
}

func (v *verifier) spoil(i int, m bpf.RegSet) {
	if m == 0 || i >= len(v.dirty) {
		return
	}
	if v.dirty[i] == 0 {
		v.queue = append(v.queue, i)
	}
	v.dirty[i] |= m
	v.carried[i] |= m
}

func (v *verifier) spoilFills() {
	v.fillsDue = true
}

// maxRounds is how often a fact may grow before its ranges are given up.
const maxRounds = 12

// settleFacts carries seeds along all walked ways.
func (v *verifier) settleFacts() *Error {
	if len(v.queue) == 0 && !v.fillsDue {
		return nil
	}
	for i, in := range v.insns {
		if base, _, ok := loads(in); ok && v.at[i].reached && v.regAt(i, int(base)).Kind == PtrStack {
			v.fills = append(v.fills, i)
		}
	}
	for n := 0; len(v.queue) > 0 || v.fillsDue; n++ {
		if n%checkEvery == 0 {
			if err := v.stopped(); err != nil {
				return err
			}
		}
		if len(v.queue) == 0 {
			v.fillsDue = false
			for _, i := range v.fills {
				v.spoil(i, refill)
			}
			continue
		}
		i := v.queue[len(v.queue)-1]
		v.queue = v.queue[:len(v.queue)-1]
		m := v.dirty[i]
		v.dirty[i] = 0
		if v.at[i].reached {
			v.carry(i, m)
		}
	}
	return nil
}

// carry passes the facts of the registers in m through the instruction at i.
func (v *verifier) carry(i int, m bpf.RegSet) {
	in := v.insns[i]
	jump, cond := in.IsJump(), in.IsConditional()
	switch {
	case in.IsExit():
		if m&1 != 0 {
			for _, call := range v.callers[v.fn[i]] {
				v.give(call+1, 0, regOf(v.regAt(i, 0)))
			}
		}
		return
	case jump && !cond:
		v.pass(i, in.JumpTarget(i), m)
		return
	case jump:
		v.carryBranch(i, m)
		return
	case in.IsFuncCall():
		v.pass(i, in.FuncTarget(i), m&bpf.ArgRegs)
		v.pass(i, i+1, m&savedRegs)
		return
	case in.Wide():
		v.pass(i, i+2, m&^(1<<in.Dst))
		return
	}
	v.pass(i, i+1, m&^v.defs[i]&valueRegs)
	v.carryCallback(i, m)
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64:
		if m&v.uses[i] != 0 {
			v.give(i+1, int(in.Dst), ptr(v.aluFact(i)))
		}
	case bpf.ClassSTX:
		if in.Mode() == bpf.ModeMEM && m>>in.Src&1 != 0 && v.regAt(i, int(in.Dst)).Kind == PtrStack {
			v.spill(in, v.regAt(i, int(in.Dst)), regOf(v.regAt(i, int(in.Src))))
		}
		if in.IsAtomic() && in.AtomicOp() == bpf.AtomicStoreRel && m>>in.Src&1 != 0 && v.regAt(i, int(in.Dst)).Kind == PtrStack {
			v.spill(in, v.regAt(i, int(in.Dst)), regOf(v.regAt(i, int(in.Src))))
		}
	}
	if base, dst, ok := loads(in); ok && m&refill != 0 {
		v.fill(i, in, v.regAt(i, int(base)), int(dst))
	}
}

// loads tells whether an instruction reads memory into a register: through
// which and into which.
func loads(in bpf.Insn) (base, dst uint8, ok bool) {
	switch {
	case in.Class() == bpf.ClassLDX:
		return in.Src, in.Dst, true
	case in.Class() != bpf.ClassSTX || in.Mode() != bpf.ModeATOMIC:
		return 0, 0, false
	case in.AtomicOp() == bpf.AtomicLoadAcq:
		return in.Src, in.Dst, true
	case in.AtomicOp() == bpf.AtomicStoreRel || in.AtomicOp()&bpf.AtomicFetch == 0:
		return 0, 0, false
	case in.AtomicOp() == bpf.AtomicCmpXchg:
		return in.Dst, 0, true
	}
	return in.Dst, in.Src, true
}

// regOf returns a fact as a register's state.
func regOf(f *Reg) *reg {
	r := reg{kind: f.Kind, Scalar: f.scalar(), mp: int32(f.Map), inner: f.Inner, off: f.Off, rng: int32(f.Range)}
	if f.Frame > 0 {
		r.frame = uint8(f.Frame)
	}
	return &r
}

// give joins x to the fact of register r at slot i, and carries it on when
// that changed something.
func (v *verifier) give(i, r int, x *reg) {
	if !v.at[i].reached {
		return
	}
	f := v.at[i].reg(r)
	if f == nil {
		return
	}
	if x.kind == Mixed {
		x.kind = Scalar
		x.Scalar = number.Unknown()
		if f.Kind != Scalar {
			return
		}
	}
	// A join that stays the same is carried on, too, the first time.
	if f.absorb(x, v.rounds[i] > maxRounds) {
		v.rounds[i] = min(v.rounds[i], 254) + 1
		v.spoil(i, 1<<r)
	} else if v.carried[i]>>r&1 == 0 {
		v.spoil(i, 1<<r)
	}
}

func (v *verifier) pass(i, to int, m bpf.RegSet) {
	for m &= valueRegs; m != 0; m &= m - 1 {
		r := trailing(m)
		v.give(to, r, regOf(v.regAt(i, r)))
	}
}

func (v *verifier) carryBranch(i int, m bpf.RegSet) {
	in := v.insns[i]
	f := &v.at[i]
	if m&v.uses[i] != 0 {
		m |= v.linkedRegs[i]
		v.unlink(i)
	}
	for _, way := range [2]struct {
		bit uint8
		to  int
	}{{1, i + 1}, {2, in.JumpTarget(i)}} {
		if f.branch&way.bit == 0 {
			continue
		}
		if in.JumpOp() == bpf.JCond {
			v.pass(i, way.to, m)
			continue
		}
		op, word := number.CondOf(in.JumpOp()), in.Class() == bpf.ClassJMP32
		if way.bit == 1 {
			op = op.Not()
		}
		operands := v.uses[i]
		v.pass(i, way.to, m&^operands)
		if m&operands == 0 {
			continue
		}
		a, b := regOf(v.regAt(i, int(in.Dst))), ptr(constReg(uint64(int64(in.Imm))))
		if in.Source() == bpf.X {
			b = regOf(v.regAt(i, int(in.Src)))
		}
		if a.kind == Scalar && b.kind == Scalar && (in.Source() == bpf.K || in.Src != in.Dst) {
			x, y := a.Scalar, b.Scalar
			number.Refine(op, &x, &y, word)
			if x.Broken() || y.Broken() {
				continue
			}
			a.Scalar, b.Scalar = x, y
		}
		v.give(way.to, int(in.Dst), a)
		if in.Source() == bpf.X {
			v.give(way.to, int(in.Src), b)
		}
	}
}

// aluFact computes the result of arithmetic from the facts of its operands.
func (v *verifier) aluFact(i int) reg {
	in := v.insns[i]
	op, word := in.ALUOp(), in.Class() == bpf.ClassALU
	d, s := regOf(v.regAt(i, int(in.Dst))), ptr(constReg(uint64(int64(in.Imm))))
	if in.Source() == bpf.X && op != bpf.End {
		s = regOf(v.regAt(i, int(in.Src)))
	}
	if op == bpf.Mov {
		if s.kind != Scalar {
			if !word && in.Off == 0 {
				return *s
			}
			return unknownReg()
		}
		d = s
		switch {
		case in.Off != 0 && word:
			d.SignExtend32(int(in.Off) / 8)
		case in.Off != 0:
			d.SignExtend(int(in.Off) / 8)
		case word:
			d.Truncate(4)
		}
		return *d
	}
	if op == bpf.End && d.kind == Scalar {
		reorder(&d.Scalar, in)
		return *d
	}
	if d.kind != Scalar || s.kind != Scalar {
		return reg{kind: Mixed}
	}
	if op == bpf.Neg {
		x := number.Const(0)
		x.Apply(bpf.Sub, d.Scalar, word)
		return scalarReg(x)
	}
	d.Apply(op, s.Scalar, word)
	return *d
}

// spill joins a stored scalar to the stack slots that it may go to.
func (v *verifier) spill(in bpf.Insn, base *Reg, x *reg) {
	if x.kind != Scalar {
		return
	}
	changed := false
	v.eachSlot(base, int(in.Off), in.Bytes(), func(s *Reg) {
		changed = s.absorb(x, s.Kind == Scalar && !x.Scalar.IsConst()) || changed
	})
	if changed {
		v.spoilFills()
	}
}

// fill joins what seeded slots hold to the result of a load.
func (v *verifier) fill(i int, in bpf.Insn, base *Reg, dst int) {
	if v.regAt(i+1, dst).Kind != Scalar {
		return
	}
	v.eachSlot(base, int(in.Off), in.Bytes(), func(s *Reg) {
		if s.Kind == Uninit {
			return
		}
		x := regOf(s)
		aligned := base.OffKnown && (base.Off+int32(in.Off))%8 == 0
		switch {
		case x.kind != Scalar:
			return
		case !aligned && in.Mode() == bpf.ModeMEMSX:
			// Some bytes from the middle of the slot: any number of that size.
			x.Scalar = number.OfBytes(in.Bytes())
			x.SignExtend(in.Bytes())
		case !aligned:
			x.Scalar = number.OfBytes(in.Bytes())
		case in.Mode() == bpf.ModeMEMSX:
			x.SignExtend(in.Bytes())
		default:
			x.Truncate(in.Bytes())
		}
		v.give(i+1, dst, x)
	})
}

// eachSlot calls f for the slots that an access may touch.
func (v *verifier) eachSlot(base *Reg, off, size int, f func(*Reg)) {
	lo := int64(base.SMin) + int64(base.Off) + int64(off)
	hi := int64(base.SMax) + int64(base.Off) + int64(off) + int64(size)
	lo, hi = max(lo, -platform.StackBytes), min(hi, 0)
	for fr := range v.slots {
		if base.Frame >= 0 && base.Frame != fr {
			continue
		}
		for o := lo; o < hi; {
			n := (-o - 1) / 8
			f(&v.slots[fr][n])
			o = -8 * n
		}
	}
}
