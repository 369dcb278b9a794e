package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/number"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// branchAt executes a conditional jump: it goes on with the fall-through way
// and keeps the taken one for later, or follows the only possible way.
func (v *verifier) branchAt(i int) *Error {
	in := v.insns[i]
	op, word, byReg := number.CondOf(in.JumpOp()), in.Class() == bpf.ClassJMP32, in.Source() == bpf.X
	if err := v.needReg(in.Dst); err != nil {
		return err
	}
	imm := constReg(uint64(int64(in.Imm)))
	a, b := v.reg(in.Dst), &imm
	if byReg {
		if err := v.needReg(in.Src); err != nil {
			return err
		}
		b = v.reg(in.Src)
	}
	switch v.foresee(op, a, b, word) {
	case number.Always:
		v.origins.need(scalarNode(a))
		v.origins.need(scalarNode(b))
		v.branch(i, true)
		v.way(v.cur, i, true)
		v.cur.insn = in.JumpTarget(i)
		return nil
	case number.Never:
		v.origins.need(scalarNode(a))
		v.origins.need(scalarNode(b))
		v.branch(i, false)
		v.way(v.cur, i, false)
		return nil
	}
	v.branch(i, true)
	v.branch(i, false)
	other := v.fork(in.JumpTarget(i))
	v.way(other, i, true)
	v.way(v.cur, i, false)
	v.assume(other, in, op, word, byReg)
	v.assume(v.cur, in, op.Not(), word, byReg)
	return nil
}

func scalarNode(r *reg) int32 {
	if r.kind == Scalar {
		return r.node
	}
	return 0
}

// foresee tells whether the comparison has only one outcome on this path.
func (v *verifier) foresee(op number.Cond, a, b *reg, word bool) number.Verdict {
	if a.kind == Scalar && b.kind == Scalar {
		switch {
		case v.older():
			return number.Compare61(op, &a.Scalar, &b.Scalar, word)
		case a.Broken() || b.Broken():
			return number.Either
		}
		return number.Compare(op, &a.Scalar, &b.Scalar, word)
	}
	if word {
		return number.Either
	}
	if a.kind == PtrPacketEnd && b.kind == PtrPacket {
		a, b, op = b, a, op.Flip()
	}
	if a.kind == PtrPacket && b.kind == PtrPacketEnd {
		switch {
		case a.rng == beyondEnd && (op == number.GT || op == number.GE):
			return number.Always
		case a.rng == beyondEnd && (op == number.LE || op == number.LT):
			return number.Never
		case a.rng == atEnd && op == number.GE:
			return number.Always
		case a.rng == atEnd && op == number.LT:
			return number.Never
		}
		return number.Either
	}
	if a.kind == Scalar {
		a, b = b, a
	}
	if !b.IsZero() || op != number.EQ && op != number.NE {
		return number.Either
	}
	switch a.kind {
	case PtrMapValue, PtrMap, PtrMem, PtrMapKey, PtrNum, PtrSlice:
		if !v.anywhere(a) || a.near() {
			return number.Decided(op == number.NE)
		}
	}
	return number.Either
}

// assume narrows s by the knowledge that the comparison of in, as op, holds.
func (v *verifier) assume(s *state, in bpf.Insn, op number.Cond, word, byReg bool) {
	f := s.top()
	imm := constReg(uint64(int64(in.Imm)))
	a, b := &f.regs[in.Dst], &imm
	if byReg {
		b = &f.regs[in.Src]
	}
	switch {
	case a.kind == Scalar && b.kind == Scalar:
		v.assumeScalars(s, a, b, op, word, byReg)
	case a == b:
	case word:
	case a.kind.maybeNull() && !byReg && in.Imm == 0 && (op == number.EQ || op == number.NE):
		v.settleNull(s, a.id, op == number.EQ)
	case a.kind == PtrPacket && b.kind == PtrPacketEnd:
		v.assumeEnd(s, a, op)
	case a.kind == PtrPacketEnd && b.kind == PtrPacket:
		v.assumeEnd(s, b, op.Flip())
	case a.kind == PtrPacketMeta && atPacketStart(b):
		v.assumeEnd(s, a, op)
	case atPacketStart(a) && b.kind == PtrPacketMeta:
		v.assumeEnd(s, b, op.Flip())
	case v.older():
	case op == number.EQ && a.kind.maybeNull() && b.isPointer() && !b.kind.maybeNull():
		v.settleNull(s, a.id, false)
	case op == number.EQ && b.kind.maybeNull() && a.isPointer() && !a.kind.maybeNull():
		v.settleNull(s, b.id, false)
	}
}

// atPacketStart reports an unmoved pointer to the packet, which is where
// metadata ends.
func atPacketStart(r *reg) bool {
	return r.kind == PtrPacket && r.off == 0 && r.Scalar.IsZero()
}

func (v *verifier) assumeScalars(s *state, a, b *reg, op number.Cond, word, byReg bool) {
	before := a.node
	bBefore := b.node
	x, y := a.Scalar, b.Scalar
	switch {
	case v.older():
		number.Refine61(op, &x, &y, word)
	case a == b:
		// A register beside itself narrows as one; no run takes a way on which
		// that takes something away.
		number.Refine(op, &x, &x, word)
		y = x
	default:
		number.Refine(op, &x, &y, word)
	}
	if v.older() {
		a.Scalar, b.Scalar = x, y
	} else {
		a.Scalar, b.Scalar = x.Settled(), y.Settled()
	}
	if byReg {
		n := v.origins.from(before, bBefore)
		a.node, b.node = n, n
	}
	if byReg && b.id != 0 {
		v.spread(s, b)
	}
	if a.id != 0 {
		v.spread(s, a)
	}
}

// spread gives the range of a linked scalar to all that are linked with it.
func (v *verifier) spread(s *state, from *reg) {
	src := *from
	one := func(r *reg, note func(*reg)) {
		if r.kind != Scalar || r.id != src.id || r == from || r.sum|src.sum == sum64|sum32 {
			return
		}
		note(r)
		r.node = v.origins.from(r.node, src.node)
		n := src.Scalar
		if r.off != src.off {
			n.Apply(bpf.Add, number.Const(uint64(int64(r.off)-int64(src.off))), (r.sum|src.sum)&sum32 != 0)
		}
		r.Scalar = n
	}
	for n, f := range s.frames {
		for k := range f.regs {
			one(&f.regs[k], func(r *reg) {
				if n == len(s.frames)-1 {
					v.linkedRegs[v.slot] |= 1 << k
				} else {
					v.noteLink(linkPlace{at: s.frames[n+1].call + 1, n: k}, r)
				}
			})
		}
		for k := range f.stack {
			if f.stack[k].spilled() {
				one(&f.stack[k].reg, func(r *reg) { v.noteLink(linkPlace{at: -1, frame: n, n: k}, r) })
			}
		}
	}
}

func ptr[T any](x T) *T { return &x }

// settleNull makes all pointers with an id plain pointers, or null.
func (v *verifier) settleNull(s *state, id uint32, null bool) {
	s.each(func(r *reg) {
		if !r.kind.maybeNull() || r.id != id {
			return
		}
		switch {
		case null:
			if r.ref == r.id {
				s.release(r.ref) // memory of a dynptr is not what has to be given back
			}
			*r = constReg(0)
		case r.kind == PtrMapValueOrNull:
			if r.kind = PtrMapValue; !v.lockOf(r).has {
				r.id = 0
			}
		case r.kind == PtrMapOrNull:
			r.kind, r.id = PtrMap, 0
		case r.kind == PtrSocketOrNull:
			r.kind, r.id = PtrSocket, 0
		case r.kind == PtrSliceOrNull:
			r.kind, r.id = PtrSlice, 0
		default:
			r.kind, r.id = PtrMem, 0
		}
	})
}

// assumeEnd learns from "p op end", where end is the end of the packet (or,
// for metadata, the start of the packet).
func (v *verifier) assumeEnd(s *state, p *reg, op number.Cond) {
	switch op {
	case number.LE:
		v.proveRange(s, p, 0)
	case number.LT:
		v.proveRange(s, p, 1)
	case number.GT:
		if p.kind == PtrPacket {
			p.rng = beyondEnd
		}
	case number.GE:
		if p.kind == PtrPacket {
			p.rng = atEnd
		}
	}
}

// proveRange records that the bytes before p, and more, are in the packet,
// for all pointers that share p's variable part.
func (v *verifier) proveRange(s *state, p *reg, more int32) {
	if p.off < 0 || p.off == 0 && more != 0 || p.UMax > platform.MaxPacket || p.UMax+uint64(p.off) > platform.MaxPacket {
		return
	}
	kind, id, n := p.kind, p.id, p.off+more
	s.each(func(r *reg) {
		if r.kind == kind && r.id == id {
			if n > r.rng {
				r.rng, r.check = n, int32(v.slot)+1
			}
		}
	})
}

// mayGoto executes may_goto: the jump may be taken at any time, and is taken
// in the end. The way out of the loop is walked first: it tells which numbers
// have to be precise, before the others are widened for the next round.
func (v *verifier) mayGoto(i int) *Error {
	v.branch(i, true)
	v.branch(i, false)
	round := v.fork(i + 1)
	round.gotos++
	v.widen(i, round)
	v.way(round, i, false)
	v.way(v.cur, i, true)
	v.cur.insn = v.insns[i].JumpTarget(i)
	return nil
}

// widen forgets the ranges of imprecise scalars of s that, or whose links,
// changed since the last round of a may_goto loop, so that the walk settles.
func (v *verifier) widen(i int, s *state) {
	c := s.parent
	if c != nil && c.insn == i {
		c = c.parent // c was made at this very visit
	}
	for ; c != nil; c = c.parent {
		if c.insn == i && sameCalls(&c.state, s) {
			v.widenFrom(c, s)
			return
		}
	}
}

func (v *verifier) widenFrom(c *checkpoint, s *state) {
	v.idmap.reset()
	same := func(old, now *reg) bool {
		return old.Scalar == now.Scalar && old.sum == now.sum && old.off == now.off && (old.id == 0) == (now.id == 0) && v.idmap.pair(old.id, now.id)
	}
	loosen := func(old, now *reg) {
		if old.kind == Scalar && now.kind == Scalar && !v.origins.precise(old.node) && !same(old, now) {
			now.Scalar = number.Unknown()
			now.dropLink()
		}
	}
	for k, f := range s.frames {
		o := c.frames[k]
		for r := range f.regs {
			loosen(&o.regs[r], &f.regs[r])
		}
		for n := range f.stack {
			if n < len(o.stack) && f.stack[n].width() == 8 && o.stack[n].width() == 8 {
				loosen(&o.stack[n].reg, &f.stack[n].reg)
			}
		}
	}
}
