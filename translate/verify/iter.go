package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/number"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// Iterators over numbers are walked as the kernel walks them (process_iter_next_call):
// at each call for the next number one way goes on with none, another with one, and
// comes back to the call. The walk settles as for callbacks: a state at the call that
// an earlier one holds needs no walk, numbers that nobody needs are widened from round
// to round.

// iterState says how far an iterator is.
type iterState uint8

const (
	iterNone iterState = iota
	iterActive
	iterDrained
)

// An iterator fills a slot. Its state is in the slot's rng, the rounds so far in
// off, the reference that it is held by in ref.

func (s *slot) iterates() bool { return s.bytes[0] == byteIter }

func (s *slot) iterState() iterState {
	if !s.iterates() {
		return iterNone
	}
	return iterState(s.rng)
}

var allIter = [8]byteKind{byteIter, byteIter, byteIter, byteIter, byteIter, byteIter, byteIter, byteIter}

// callKfunc executes a call of a kernel function.
func (v *verifier) callKfunc(i int) *Error {
	id := v.insns[i].Kfunc()
	if !rules.MayCallGPL(v.p.License) {
		return unsafef("%s, which only programs under a licence compatible with the GPL may call, and this one's is %q", id, v.p.License).
			hint("name the licence in a section \"license\", for example \"GPL\" or \"Dual BSD/GPL\"")
	}
	for n := uint8(1); id.Args().Has(n); n++ {
		if err := v.needReg(n); err != nil {
			return err
		}
	}
	if !id.Iterates() {
		return v.callDynptr(i, id)
	}
	it := v.reg(1)
	if it.kind != PtrStack || !it.Scalar.IsConst() {
		return unsafef("%s needs an iterator on the stack in R1, it holds %s", id, it.kind.name())
	}
	lo, _, err := v.stackRange(it, 1, 0, bpf.IterNumBytes, id != bpf.KfuncIterNumNext)
	if err != nil {
		return err
	}
	if lo%bpf.IterNumBytes != 0 {
		return unsafef("%s gets an iterator at byte %d of the stack in R1, which is no multiple of %d", id, lo, bpf.IterNumBytes)
	}
	at := iterPlace{int(it.frame), (-lo - 1) / bpf.IterNumBytes}
	if id == bpf.KfuncIterNumNew {
		return v.iterNew(i, at, lo)
	}
	s := v.iterAt(v.cur, at)
	if s == nil || s.bytes != allIter {
		return unsafef("%s needs an iterator in R1 that bpf_iter_num_new has made", id)
	}
	v.stackRead(at.frame, lo, lo+bpf.IterNumBytes)
	if id == bpf.KfuncIterNumDestroy {
		v.stackWrite(at.frame, lo, lo+bpf.IterNumBytes, true)
		v.giveBack(s.ref)
		s.reg, s.bytes = reg{}, [8]byteKind{}
		v.cur.frames[at.frame].written |= 1 << uint(at.slot)
		v.clobber()
		return nil
	}
	v.iterNext(i, at, s.ref)
	return nil
}

// iterPlace is where an iterator is.
type iterPlace struct{ frame, slot int }

// iterAt returns an iterator's slot in a state, nil where none was written.
func (v *verifier) iterAt(s *state, at iterPlace) *slot {
	f := s.frames[at.frame]
	if at.slot >= len(f.stack) {
		return nil
	}
	return &f.stack[at.slot]
}

// iterNew makes an iterator.
func (v *verifier) iterNew(i int, at iterPlace, lo int) *Error {
	for r := uint8(2); r <= 3; r++ {
		if v.reg(r).kind != Scalar {
			return unsafef("bpf_iter_num_new needs a number in R%d, it holds %s", r, v.reg(r).kind.name())
		}
	}
	f := v.cur.frames[at.frame]
	s, _ := v.slotAt(f, lo)
	for _, b := range s.bytes {
		if b == byteIter {
			return unsafef("bpf_iter_num_new gets an iterator in R1 that is in use").hint("call bpf_iter_num_destroy first")
		}
	}
	if err := v.endDynptr(f, at.slot); err != nil {
		return err
	}
	v.stackWrite(at.frame, lo, lo+bpf.IterNumBytes, true)
	f.written |= 1 << uint(at.slot)
	s.reg = reg{ref: v.newID(), rng: int32(iterActive)}
	s.bytes = allIter
	v.cur.refs = append(v.cur.refs, reference{s.ref, int32(i)})
	v.clobber()
	v.set(0, unknownReg())
	return nil
}

// iterNext asks an iterator for its next number.
func (v *verifier) iterNext(i int, at iterPlace, ref uint32) {
	if v.iterAt(v.cur, at).iterState() == iterActive {
		round := v.fork(i + 1)
		q := v.iterAt(round, at)
		q.off++
		v.widen(i, round)
		num := reg{kind: PtrNum, Scalar: number.Const(0), frame: uint8(at.frame), mp: int32(at.slot), rng: 4, ref: ref}
		f := round.top()
		for r := range 6 {
			f.regs[r] = reg{}
		}
		f.regs[0] = num
	}
	v.iterAt(v.cur, at).rng = int32(iterDrained)
	v.clobber()
	v.set(0, constReg(0))
}

// iterActive reports whether the iterator that R1 points to may have a further
// number.
func (v *verifier) iterActive() bool {
	r := v.reg(1)
	if r.kind != PtrStack || !r.Scalar.IsConst() {
		return false
	}
	lo := int(r.off) + int(r.Bits.Value)
	if lo >= 0 || lo < -platform.StackBytes {
		return false
	}
	s := v.iterAt(v.cur, iterPlace{int(r.frame), (-lo - 1) / bpf.IterNumBytes})
	return s != nil && s.iterState() == iterActive
}

// depthsDiffer reports whether an active iterator has made other rounds in two states
// with the same calls.
func depthsDiffer(old, now *state) bool {
	for k, f := range old.frames {
		for n := range f.stack {
			if f.stack[n].iterState() == iterActive && n < len(now.frames[k].stack) && now.frames[k].stack[n].off != f.stack[n].off {
				return true
			}
		}
	}
	return false
}

// readOnly checks an access to a key of a map or to the number of an iterator.
func (v *verifier) readOnly(p *reg, base uint8, off, size int, write bool) *Error {
	what, room := "the number of an iterator", int64(p.rng)
	if p.kind == PtrMapKey {
		m := v.mapOf(p)
		what, room = "the key of map \""+m.Name+"\"", int64(m.KeySize)
	}
	if write {
		return unsafef("write to %s (R%d), which programs may only read", what, base)
	}
	lo := int64(p.off) + int64(off) + p.SMin
	switch {
	case lo < 0:
		return unsafef("byte %d of %s read", lo, what).hint("make the index unsigned or test it with >= 0")
	case p.UMax >= platform.MaxOffset:
		return unsafef("%s read at an unbounded offset (R%d)", what, base).hint("%s", boundHint)
	}
	if hi := int64(p.off) + int64(off) + int64(p.UMax) + int64(size); hi > room {
		return unsafef("byte %s of %s read, which has %d bytes", span(lo, hi), what, room)
	}
	return nil
}
