package verify

import (
	"math"
	"math/bits"

	"github.com/skipsw/skipsw/translate/bpf"
)

func trailing(m uint16) int { return bits.TrailingZeros16(m) }

// facts gathers what the compiler wants to know: the join, over all visits of
// an instruction, of what its live registers hold.
//
// A path that is pruned goes on as the kept state did, except that scalars
// whose range nobody needed may differ. visit therefore seeds the facts with
// what differs, and settleFacts carries it along every way that was walked
// until nothing changes: the facts then hold for pruned paths too. What is
// computed on the way is computed from joins, as values of two registers that
// occurred together on walked paths need not do so on pruned ones.
type facts struct {
	at      []fact
	room    []Reg // where the facts of new slots go
	fps     []Reg // R10 by function
	fills   []int // loads from the stack
	depth   []int
	callers [][]int // by function: call instructions that entered it
	slots   [maxFrames][stackSlots]Reg
	dirty   []uint16 // registers whose fact has to be carried on, by slot
	carried []uint16 // registers whose fact was carried on at least once
	queue   []int
	// linkedRegs and linked say, by jump, what was narrowed beside its operands
	linkedRegs map[int]uint16
	linked     map[int][]link
	// fillsDue asks for all loads from the stack to be looked at again
	fillsDue bool
	rounds   []uint8
	notes    []stackNote
	noteOf   []int32
}

// linkPlace is where a scalar stood that was narrowed because it is linked to
// an operand of a jump: register n of a calling function, after the call at
// at-1, or stack slot n of a frame.
type linkPlace struct{ at, frame, n int }

// link is such a place with what it held before.
type link struct {
	linkPlace
	was Reg
}

// noteLink notes at the current jump that r is narrowed through a link.
func (v *verifier) noteLink(p linkPlace, r *reg) {
	for k := range v.linked[v.slot] {
		if l := &v.linked[v.slot][k]; l.linkPlace == p {
			l.was.absorb(r, false)
			return
		}
	}
	v.linked[v.slot] = append(v.linked[v.slot], link{p, fromReg(r)})
}

// unlink takes back what links narrowed at the jump at i, whose comparison
// may come out for other values than those that were walked.
func (v *verifier) unlink(i int) {
	for k := range v.linked[i] {
		l := &v.linked[i][k]
		if l.at < 0 {
			v.seedSlot(l.frame, l.n, regOf(&l.was))
		} else if f := v.factsAt(l.at).reg(l.n); f != nil && (f.absorb(regOf(&l.was), false) || v.carried[l.at]>>l.n&1 == 0) {
			v.spoil(l.at, 1<<l.n)
		}
	}
}

// refill in a dirty mask asks for a load from the stack to be looked at again.
const refill = 1 << 15

// stackNote is what an instruction does to the stack of its function.
type stackNote struct {
	read    [8]uint64
	lo, hi  int // bytes certainly overwritten, on all visits
	decided bool
}

func (f *facts) init(v *verifier) {
	n := len(v.insns)
	f.at = make([]fact, n)
	f.dirty = make([]uint16, n)
	f.carried = make([]uint16, n)
	f.linkedRegs, f.linked = map[int]uint16{}, map[int][]link{}
	f.rounds = make([]uint8, n)
	f.noteOf = make([]int32, n)
	f.notes = make([]stackNote, 1)
	f.depth = make([]int, len(v.funcs))
	f.callers = make([][]int, len(v.funcs))
}

func (f *facts) reached(i int) bool { return f.at[i].reached }

// record joins the state before slot i to the facts.
func (v *verifier) record(i int) {
	f := v.factsAt(i)
	f.reached = true
	regs := &v.cur.top().regs
	k := 0
	for m := f.has; m != 0; m &= m - 1 {
		f.regs[k].absorb(&regs[trailing(m)], false)
		k++
	}
}

// roomRegs is how many register facts are made at a time.
const roomRegs = 1024

// factsAt returns the facts of a slot, with place for its live registers.
func (v *verifier) factsAt(i int) *fact {
	f := &v.at[i]
	if has := v.live[i] & 0x3ff; f.regs == nil && has != 0 {
		n := bits.OnesCount16(has)
		if len(v.room) < n {
			v.room = make([]Reg, roomRegs)
		}
		f.has, f.regs, v.room = has, v.room[:n:n], v.room[n:]
	}
	return f
}

// regAt returns the fact of a register at a slot; one that is not live has an
// empty fact.
func (v *verifier) regAt(i, r int) *Reg {
	if r == 10 {
		return &v.fps[v.fn[i]]
	}
	if x := v.at[i].reg(r); x != nil {
		return x
	}
	return &Reg{}
}

func (v *verifier) branch(i int, taken bool) {
	if taken {
		v.at[i].branch |= 2
	} else {
		v.at[i].branch |= 1
	}
}

func (v *verifier) entered(call, fn int) {
	if v.at[call].branch&4 == 0 {
		v.at[call].branch |= 4
		v.callers[fn] = append(v.callers[fn], call)
	}
}

func (v *verifier) usedStack(fn, bytes int) { v.depth[fn] = max(v.depth[fn], bytes) }

// fromReg converts a register's state.
func fromReg(r *reg) Reg {
	f := Reg{
		Kind: r.kind, Map: int(r.mp), Inner: r.inner, Frame: int(r.frame),
		Bits: r.bits, UMin: r.umin, UMax: r.umax, SMin: r.smin, SMax: r.smax,
	}
	if r.kind != Scalar {
		f.Off = r.off
		f.OffKnown = r.scalar.isZero()
		f.Range = rangeOf(r)
	}
	return f
}

func rangeOf(r *reg) uint16 {
	return uint16(min(max(r.rng, 0), math.MaxUint16))
}

// absorb joins r to the fact and reports whether the fact changed. widen
// gives up ranges that grow.
func (f *Reg) absorb(r *reg, widen bool) bool {
	switch {
	case r.kind == Uninit || f.Kind == Mixed:
		return false
	case f.Kind == Uninit:
		*f = fromReg(r)
		return true
	case f.Kind == Scalar && r.kind == Scalar:
		return f.absorbScalar(&r.scalar, widen)
	case f.Kind != r.kind:
		return f.absorbKind(r)
	}
	return f.absorbPointer(r, widen)
}

func (f *Reg) absorbScalar(s *scalar, widen bool) bool {
	if f.UMin <= s.umin && s.umax <= f.UMax && f.SMin <= s.smin && s.smax <= f.SMax && s.bits.within(f.Bits) {
		return false
	}
	if widen {
		f.Bits, f.UMin, f.UMax, f.SMin, f.SMax = unknown, 0, math.MaxUint64, math.MinInt64, math.MaxInt64
		return true
	}
	f.Bits = f.Bits.union(s.bits)
	f.UMin, f.UMax = min(f.UMin, s.umin), max(f.UMax, s.umax)
	f.SMin, f.SMax = min(f.SMin, s.smin), max(f.SMax, s.smax)
	return true
}

// absorbKind joins two different kinds: a pointer, the same that may be null,
// and null itself make one that may be null.
func (f *Reg) absorbKind(r *reg) bool {
	orNull := func(k Kind) Kind {
		switch k {
		case PtrMapValue, PtrMapValueOrNull:
			return PtrMapValueOrNull
		case PtrMem, PtrMemOrNull:
			return PtrMemOrNull
		}
		return Mixed
	}
	switch {
	case r.isZero() && orNull(f.Kind) != Mixed:
		was := f.Kind
		f.Kind = orNull(f.Kind)
		return f.Kind != was
	case f.Kind == Scalar && f.Bits == Tnum{} && orNull(r.kind) != Mixed:
		*f = fromReg(r)
		f.Kind = orNull(r.kind)
		return true
	case f.Kind != Scalar && orNull(f.Kind) != Mixed && orNull(f.Kind) == orNull(r.kind):
		was := *f
		f.Kind = orNull(f.Kind)
		f.absorbPointer(r, false)
		return *f != was
	}
	*f = Reg{Kind: Mixed, Map: -1, Bits: unknown, UMax: math.MaxUint64, SMin: math.MinInt64, SMax: math.MaxInt64}
	return true
}

func (f *Reg) absorbPointer(r *reg, widen bool) bool {
	was := *f
	if f.Map != int(r.mp) || f.Inner != r.inner {
		f.Map = -1
	}
	if f.Frame != int(r.frame) {
		f.Frame = -1
	}
	if f.Off == r.off {
		f.Range = min(f.Range, rangeOf(r))
		f.OffKnown = f.OffKnown && r.scalar.isZero()
		f.absorbScalar(&r.scalar, widen)
		return *f != was
	}
	// Different constant parts become part of the variable one.
	f.shift()
	s := r.scalar
	s.apply64(bpf.ADD, ptr(constScalar(uint64(int64(r.off)))))
	f.Range = min(f.Range, uint16(max(int32(rangeOf(r))-r.off, 0)))
	f.absorbScalar(&s, widen)
	return *f != was
}

// shift moves the constant part of an offset into the variable part.
func (f *Reg) shift() {
	s := f.scalar()
	s.apply64(bpf.ADD, ptr(constScalar(uint64(int64(f.Off)))))
	f.Bits, f.UMin, f.UMax, f.SMin, f.SMax = s.bits, s.umin, s.umax, s.smin, s.smax
	f.Range = uint16(max(int32(f.Range)-f.Off, 0))
	f.Off, f.OffKnown = 0, false
}

// scalar returns the fact's number.
func (f *Reg) scalar() scalar {
	s := unknownScalar
	s.bits, s.umin, s.umax, s.smin, s.smax = f.Bits, f.UMin, f.UMax, f.SMin, f.SMax
	s.sync()
	return s
}

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

func (v *verifier) spoil(i int, m uint16) {
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
func (v *verifier) settleFacts() {
	if len(v.queue) == 0 && !v.fillsDue {
		return
	}
	for i, in := range v.insns {
		if in.Class() == bpf.ClassLDX && v.at[i].reached && v.regAt(i, int(in.Src)).Kind == PtrStack {
			v.fills = append(v.fills, i)
		}
	}
	for len(v.queue) > 0 || v.fillsDue {
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
}

// carry passes the facts of the registers in m through the instruction at i.
func (v *verifier) carry(i int, m uint16) {
	in := v.insns[i]
	jump, cond := isJump(in)
	switch {
	case isExit(in):
		if m&1 != 0 {
			for _, call := range v.callers[v.fn[i]] {
				v.give(call+1, 0, regOf(v.regAt(i, 0)))
			}
		}
		return
	case jump && !cond:
		v.pass(i, target(v.insns, i), m)
		return
	case jump:
		v.carryBranch(i, m)
		return
	case isCall(in) && in.Src == bpf.PseudoCall:
		v.pass(i, i+1+int(in.Imm), m&0x3e)
		v.pass(i, i+1, m&0x3c0)
		return
	case in.Wide():
		v.pass(i, i+2, m&^(1<<in.Dst))
		return
	}
	v.pass(i, i+1, m&^v.defs[i]&0x3ff)
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64:
		if m&v.uses[i] != 0 {
			v.give(i+1, int(in.Dst), ptr(v.aluFact(i)))
		}
	case bpf.ClassSTX:
		if in.Op&0xe0 == bpf.ModeMEM && m>>in.Src&1 != 0 && v.regAt(i, int(in.Dst)).Kind == PtrStack {
			v.spill(in, v.regAt(i, int(in.Dst)), regOf(v.regAt(i, int(in.Src))))
		}
		if in.Op&0xe0 == bpf.ModeATOMIC && in.Imm == bpf.AtomicStoreRel && m>>in.Src&1 != 0 && v.regAt(i, int(in.Dst)).Kind == PtrStack {
			v.spill(in, v.regAt(i, int(in.Dst)), regOf(v.regAt(i, int(in.Src))))
		}
	case bpf.ClassLDX:
		if m&refill != 0 {
			v.fill(i, in, v.regAt(i, int(in.Src)))
		}
	}
}

// regOf returns a fact as a register's state.
func regOf(f *Reg) *reg {
	r := reg{kind: f.Kind, scalar: f.scalar(), mp: int32(f.Map), inner: f.Inner, off: f.Off, rng: int32(f.Range)}
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
		x.scalar = unknownScalar
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

func (v *verifier) pass(i, to int, m uint16) {
	for m &= 0x3ff; m != 0; m &= m - 1 {
		r := trailing(m)
		v.give(to, r, regOf(v.regAt(i, r)))
	}
}

func (v *verifier) carryBranch(i int, m uint16) {
	in := v.insns[i]
	f := &v.at[i]
	if m&v.uses[i] != 0 {
		m |= v.linkedRegs[i]
		v.unlink(i)
	}
	for _, way := range [2]struct {
		bit uint8
		to  int
	}{{1, i + 1}, {2, target(v.insns, i)}} {
		if f.branch&way.bit == 0 {
			continue
		}
		if in.Op == bpf.ClassJMP|bpf.JCOND {
			v.pass(i, way.to, m)
			continue
		}
		op, word := in.Op&0xf0, in.Class() == bpf.ClassJMP32
		if way.bit == 1 {
			op = inverse(op)
		}
		operands := v.uses[i]
		v.pass(i, way.to, m&^operands)
		if m&operands == 0 {
			continue
		}
		a, b := regOf(v.regAt(i, int(in.Dst))), ptr(constReg(uint64(int64(in.Imm))))
		if in.Op&bpf.X != 0 {
			b = regOf(v.regAt(i, int(in.Src)))
		}
		if a.kind == Scalar && b.kind == Scalar && (in.Op&bpf.X == 0 || in.Src != in.Dst) {
			x, y := a.scalar, b.scalar
			refine(op, &x, &y, word)
			if x.broken() || y.broken() {
				continue
			}
			a.scalar, b.scalar = x, y
		}
		v.give(way.to, int(in.Dst), a)
		if in.Op&bpf.X != 0 {
			v.give(way.to, int(in.Src), b)
		}
	}
}

// aluFact computes the result of arithmetic from the facts of its operands.
func (v *verifier) aluFact(i int) reg {
	in := v.insns[i]
	op, word := in.Op&0xf0, in.Class() == bpf.ClassALU
	d, s := regOf(v.regAt(i, int(in.Dst))), ptr(constReg(uint64(int64(in.Imm))))
	if in.Op&bpf.X != 0 && op != bpf.END {
		s = regOf(v.regAt(i, int(in.Src)))
	}
	if op == bpf.MOV {
		if s.kind != Scalar {
			if !word && in.Off == 0 {
				return *s
			}
			return unknownReg()
		}
		d = s
		switch {
		case in.Off != 0 && word:
			d.signExtend32(int(in.Off) / 8)
		case in.Off != 0:
			d.signExtend(int(in.Off) / 8)
		case word:
			d.truncate(4)
		}
		return *d
	}
	if op == bpf.END && d.kind == Scalar {
		d.reorder(in)
		return *d
	}
	if d.kind != Scalar || s.kind != Scalar {
		return reg{kind: Mixed}
	}
	if op == bpf.NEG {
		x := constScalar(0)
		x.apply(bpf.SUB, d.scalar, word)
		return scalarReg(x)
	}
	d.apply(op, s.scalar, word)
	return *d
}

// spill joins a stored scalar to the stack slots that it may go to.
func (v *verifier) spill(in bpf.Insn, base *Reg, x *reg) {
	if x.kind != Scalar {
		return
	}
	changed := false
	v.eachSlot(base, int(in.Off), in.Bytes(), func(s *Reg) {
		changed = s.absorb(x, s.Kind == Scalar && !x.scalar.isConst()) || changed
	})
	if changed {
		v.spoilFills()
	}
}

// fill joins what seeded slots hold to the result of a load.
func (v *verifier) fill(i int, in bpf.Insn, base *Reg) {
	if v.regAt(i+1, int(in.Dst)).Kind != Scalar {
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
		case !aligned && in.Op&0xe0 == bpf.ModeMEMSX:
			// Some bytes from the middle of the slot: any number of that size.
			x.scalar = loadedScalar(in.Bytes())
			x.signExtend(in.Bytes())
		case !aligned:
			x.scalar = loadedScalar(in.Bytes())
		case in.Op&0xe0 == bpf.ModeMEMSX:
			x.signExtend(in.Bytes())
		default:
			x.truncate(in.Bytes())
		}
		v.give(i+1, int(in.Dst), x)
	})
}

// eachSlot calls f for the slots that an access may touch.
func (v *verifier) eachSlot(base *Reg, off, size int, f func(*Reg)) {
	lo := int64(base.SMin) + int64(base.Off) + int64(off)
	hi := int64(base.SMax) + int64(base.Off) + int64(off) + int64(size)
	lo, hi = max(lo, -stackBytes), min(hi, 0)
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
