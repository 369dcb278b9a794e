package verify

import (
	"math"
	"math/bits"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/number"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

func trailing(m bpf.RegSet) int { return bits.TrailingZeros16(uint16(m)) }

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
	slots   [platform.MaxFrames][stackSlots]Reg
	dirty   []bpf.RegSet // registers whose fact has to be carried on, by slot
	carried []bpf.RegSet // registers whose fact was carried on at least once
	queue   []int
	// linkedRegs and linked say, by jump, what was narrowed beside its operands
	linkedRegs map[int]bpf.RegSet
	linked     map[int][]link
	// fillsDue asks for all loads from the stack to be looked at again
	fillsDue bool
	rounds   []uint8
	// callbacks gives the function that a helper call calls back.
	callbacks map[int]int
	dynptrs   map[int]Dynptr
	notes     []stackNote
	noteOf    []int32
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
	f.dirty = make([]bpf.RegSet, n)
	f.carried = make([]bpf.RegSet, n)
	f.callbacks, f.dynptrs = map[int]int{}, map[int]Dynptr{}
	f.linkedRegs, f.linked = map[int]bpf.RegSet{}, map[int][]link{}
	f.rounds = make([]uint8, n)
	f.noteOf = make([]int32, n)
	f.notes = make([]stackNote, 1)
	f.depth = make([]int, len(v.funcs))
	f.callers = make([][]int, len(v.funcs))
}

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
	if has := v.live[i] & valueRegs; f.regs == nil && has != 0 {
		n := bits.OnesCount16(uint16(has))
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
	if r.ofPacket() {
		r = r.inPacket()
	}
	f := Reg{
		Kind: r.kind, Map: int(r.mp), Among: among(r), Inner: r.inner, Frame: int(r.frame),
		Bits: r.Bits, UMin: r.UMin, UMax: r.UMax, SMin: r.SMin, SMax: r.SMax,
	}
	if r.kind == PtrFunc {
		f.Map = -1
	}
	if r.kind != Scalar {
		f.Off = r.off
		f.OffKnown = r.Scalar.IsZero()
		f.Range = rangeOf(r)
	}
	return f
}

// ofPacket reports memory of a dynptr of the packet. bpf_dynptr_data lends none, so that
// no run gets to where it is accessed.
func (r *reg) ofPacket() bool {
	return r.kind == PtrSlice || r.kind == PtrMem && r.dyn != 0 && r.mp < 0
}

// inPacket returns what memory of a dynptr of the packet is as a fact: a place in the
// packet that is not known, with so many bytes behind it.
func (r *reg) inPacket() *reg {
	x := *r
	x.rng, x.kind, x.off, x.Scalar = int32(rangeOf(r)), PtrPacket, 0, number.Unknown()
	return &x
}

// among returns the maps that a state's pointer may belong to. A fact that is
// carried on has lost which ones they were.
func among(r *reg) MapSet {
	switch r.kind {
	case PtrMap, PtrMapOrNull, PtrMapValue, PtrMapValueOrNull, PtrMapKey, PtrSocket, PtrSocketOrNull:
		return setOf(int(r.mp))
	case PtrMem, PtrMemOrNull:
		if r.mp >= 0 {
			return setOf(int(r.mp))
		}
	}
	return 0
}

func rangeOf(r *reg) uint16 {
	if r.ofPacket() {
		return proven(int32(max(int64(r.rng)-int64(min(r.UMax, math.MaxUint16)), 0)))
	}
	return proven(r.rng)
}

// proven returns a number of bytes as a fact has it.
func proven(n int32) uint16 { return uint16(min(max(n, 0), math.MaxUint16)) }

// absorb joins r to the fact and reports whether the fact changed. widen
// gives up ranges that grow.
func (f *Reg) absorb(r *reg, widen bool) bool {
	if r.ofPacket() {
		r = r.inPacket()
	}
	switch {
	case r.kind == Uninit:
		return false
	case f.Kind == Mixed:
		return f.meet(r)
	case f.Kind == Uninit:
		*f = fromReg(r)
		return true
	case f.Kind == Scalar && r.kind == Scalar:
		return f.absorbScalar(&r.Scalar, widen)
	case f.Kind != r.kind:
		return f.absorbKind(r)
	}
	return f.absorbPointer(r, widen)
}

func (f *Reg) absorbScalar(s *number.Scalar, widen bool) bool {
	if f.UMin <= s.UMin && s.UMax <= f.UMax && f.SMin <= s.SMin && s.SMax <= f.SMax && s.Bits.Within(f.Bits) {
		return false
	}
	if widen {
		f.Bits, f.UMin, f.UMax, f.SMin, f.SMax = number.UnknownTnum(), 0, math.MaxUint64, math.MinInt64, math.MaxInt64
		return true
	}
	f.Bits = f.Bits.Union(s.Bits)
	f.UMin, f.UMax = min(f.UMin, s.UMin), max(f.UMax, s.UMax)
	f.SMin, f.SMax = min(f.SMin, s.SMin), max(f.SMax, s.SMax)
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
		case PtrNum, PtrNumOrNull:
			return PtrNumOrNull
		case PtrSliceOrNull:
			return PtrSliceOrNull
		}
		return Mixed
	}
	switch {
	case r.IsZero() && orNull(f.Kind) != Mixed:
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
	offset := number.UnknownTnum()
	if f.Kind == PtrMapValue {
		f.shift()
		offset = f.Bits
	}
	*f = Reg{
		Kind: Mixed, Map: -1, Among: f.Among, kinds: 1 << f.Kind,
		Bits: offset, UMax: math.MaxUint64, SMin: math.MinInt64, SMax: math.MaxInt64,
	}
	f.meet(r)
	return true
}

// meet adds another kind to those of a register that is Mixed. A path that is
// pruned holds what a walked one does, so that a carried fact, which has lost its
// kinds, adds none.
func (f *Reg) meet(r *reg) bool {
	was := *f
	if r.kind == PtrMapValue {
		s := r.Scalar
		s.Apply64(bpf.Add, ptr(number.Const(uint64(int64(r.off)))))
		if f.kinds>>PtrMapValue&1 != 0 {
			s.Bits = s.Bits.Union(f.Bits)
		}
		f.Bits = s.Bits
	}
	if r.kind != Mixed {
		f.kinds |= 1 << r.kind
		f.Among |= among(r)
	}
	return *f != was
}

func (f *Reg) absorbPointer(r *reg, widen bool) bool {
	was := *f
	if f.Map != int(r.mp) || f.Inner != r.inner {
		f.Map = -1
	}
	f.Among |= among(r)
	if f.Frame != int(r.frame) {
		f.Frame = -1
	}
	if f.Off == r.off {
		f.Range = min(f.Range, rangeOf(r))
		f.OffKnown = f.OffKnown && r.Scalar.IsZero()
		f.absorbScalar(&r.Scalar, widen)
		return *f != was
	}
	// Different constant parts become part of the variable one.
	f.shift()
	s := r.Scalar
	s.Apply64(bpf.Add, ptr(number.Const(uint64(int64(r.off)))))
	f.Range = min(f.Range, proven(int32(rangeOf(r))-r.off))
	f.absorbScalar(&s, widen)
	return *f != was
}

// shift moves the constant part of an offset into the variable part.
func (f *Reg) shift() {
	s := f.scalar()
	s.Apply64(bpf.Add, ptr(number.Const(uint64(int64(f.Off)))))
	f.Bits, f.UMin, f.UMax, f.SMin, f.SMax = s.Bits, s.UMin, s.UMax, s.SMin, s.SMax
	f.Range = proven(int32(f.Range) - f.Off)
	f.Off, f.OffKnown = 0, false
}

// scalar returns the fact's number.
func (f *Reg) scalar() number.Scalar {
	s := number.Unknown()
	s.Bits, s.UMin, s.UMax, s.SMin, s.SMax = f.Bits, f.UMin, f.UMax, f.SMin, f.SMax
	s.Sync()
	return s
}
