package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// Dynptrs are followed as the kernel follows them (process_dynptr_func): one fills two
// slots of a stack, at an offset that is known, and nothing else may write to or read
// from them. What a dynptr lends, its slices, is memory of a known size.

// DynptrKind is what the memory of a dynptr is.
type DynptrKind = platform.Dynptr

// The kinds of dynptrs.
const (
	DynptrLocal   = platform.DynptrLocal   // a map value
	DynptrRingbuf = platform.DynptrRingbuf // a record of a ring buffer
	DynptrSkb     = platform.DynptrSkb     // the packet of a tc program
	DynptrXDP     = platform.DynptrXDP     // the packet of an XDP program
)

// dynptrSlots is how many slots a dynptr fills.
const dynptrSlots = bpf.DynptrBytes / 8

// A dynptr's kind is in the slots' frame, its number in dyn, the map of its memory in
// mp, the reference that it is held by in ref; rng is 1 in the slot at its address.

func (s *slot) isDynptr() bool { return s.bytes[0] == byteDynptr }

func (s *slot) dynptrKind() DynptrKind { return DynptrKind(s.frame) }

// held reports a slot of an object that only its own functions read.
func (s *slot) held() bool { return s.iterates() || s.isDynptr() }

var allDynptr = [8]byteKind{byteDynptr, byteDynptr, byteDynptr, byteDynptr, byteDynptr, byteDynptr, byteDynptr, byteDynptr}

// heldIn returns a slot of an object among bytes of a frame's stack, nil for none.
func (v *verifier) heldIn(frame, lo, hi int) *slot {
	f := v.cur.frames[frame]
	for n := (-hi) / 8; n <= (-lo-1)/8 && n < len(f.stack); n++ {
		if f.stack[n].held() {
			return &f.stack[n]
		}
	}
	return nil
}

func errHeldRead(s *slot, lo, hi int) *Error {
	what := "an iterator"
	if s.isDynptr() {
		what = "a dynptr"
	}
	return unsafef("stack byte %s read, which belongs to %s", span(int64(lo), int64(hi)), what)
}

// Dynptr is what is known of the dynptr that a call works on, over all paths.
type Dynptr struct {
	Kind DynptrKind // 0 for different ones
	Map  int        // of a map value or record, -1 where it differs
	// Inner says that Map is a map of maps, and the value one of an inner map.
	Inner bool
}

// Dynptr returns what is known of the dynptr that the call at a slot works on.
func (p *Program) Dynptr(slot int) Dynptr { return p.dynptrs[slot] }

// noteDynptr joins the dynptr in a slot to what is known at the current call.
func (v *verifier) noteDynptr(s *slot) {
	now := Dynptr{Kind: s.dynptrKind(), Map: int(s.mp), Inner: s.inner}
	was, ok := v.dynptrs[v.slot]
	if ok && was.Kind != now.Kind {
		now.Kind = platform.NoDynptr
	}
	if ok && (was.Map != now.Map || was.Inner != now.Inner) {
		now.Map = -1
	}
	v.dynptrs[v.slot] = now
}

// dynptrPlace returns where the dynptr of register n is: the frame and the slot at its
// address.
func (c *call) dynptrPlace(n uint8) (f *frame, at int, err *Error) {
	p := c.v.reg(n)
	switch {
	case p.kind != PtrStack:
		return nil, 0, unsafef("%s needs a dynptr on the stack in R%d, it holds %s", c.name, n, p.kind.name())
	case !p.Scalar.IsConst():
		return nil, 0, unsafef("%s gets a dynptr at a variable offset of the stack in R%d", c.name, n)
	}
	lo := int(p.off) + int(p.Bits.Value)
	if lo%8 != 0 || lo > -bpf.DynptrBytes || lo < -platform.StackBytes {
		return nil, 0, unsafef("%s gets a dynptr at byte %d of the stack in R%d, where none of %d bytes can be", c.name, lo, n, bpf.DynptrBytes)
	}
	return c.v.cur.frames[p.frame], (-lo - 1) / 8, nil
}

// dynptr checks that register n holds a dynptr that was made, and notes it.
func (c *call) dynptr(n uint8) (*slot, *Error) {
	if p := c.v.reg(n); p.kind == PtrDynptr {
		// As in the kernel it counts as one of a map value there.
		c.from = slot{reg: reg{frame: uint8(platform.DynptrLocal), mp: -1, dyn: p.dyn}}
		return &c.from, nil
	}
	f, at, err := c.dynptrPlace(n)
	if err != nil {
		return nil, err
	}
	missing := unsafef("%s needs a dynptr in R%d that was made before", c.name, n)
	if at >= len(f.stack) || f.stack[at].bytes != allDynptr || f.stack[at].rng == 0 {
		return nil, missing
	}
	v, s, p := c.v, &f.stack[at], c.v.reg(n)
	lo, hi, err := v.stackRange(p, n, 0, bpf.DynptrBytes, false)
	if err != nil {
		return nil, err
	}
	v.stackRead(int(p.frame), lo, hi)
	v.noteDynptr(s)
	c.from = *s
	return s, nil
}

// newDynptr makes a dynptr in register n's memory.
func (c *call) newDynptr(n uint8) *Error {
	v, p := c.v, c.v.reg(n)
	f, at, err := c.dynptrPlace(n)
	if err != nil {
		return err
	}
	lo, hi, err := v.stackRange(p, n, 0, bpf.DynptrBytes, true)
	if err != nil {
		return err
	}
	v.slotAt(f, lo)
	for k := at; k > at-dynptrSlots; k-- {
		if err := v.endDynptr(f, k); err != nil {
			return err
		}
	}
	v.stackWrite(int(p.frame), lo, hi, true)
	kind, mp, inner := c.Dynptr, int32(-1), false
	ref := uint32(0)
	switch kind {
	case platform.DynptrSame:
		kind, mp, inner, ref = c.from.dynptrKind(), c.from.mp, c.from.inner, c.from.ref
	case platform.DynptrLocal:
		mp, inner = v.reg(1).mp, v.reg(1).inner
	case platform.DynptrRingbuf:
		mp, inner = c.mp, c.inner
		ref = v.newID()
		v.cur.refs = append(v.cur.refs, reference{ref, int32(v.slot)})
	}
	id := v.newID()
	for k := range dynptrSlots {
		s := &f.stack[at-k]
		f.written |= 1 << uint(at-k)
		s.reg = reg{frame: uint8(kind), mp: mp, inner: inner, ref: ref, dyn: id}
		s.bytes = allDynptr
	}
	f.stack[at].rng = 1
	return nil
}

// endDynptr forgets the dynptr that a slot belongs to, if there is one, as a write to
// it does, with what bpf_dynptr_data lent of it. That of a record has to be given back
// first.
func (v *verifier) endDynptr(f *frame, at int) *Error {
	if at >= len(f.stack) || !f.stack[at].isDynptr() {
		return nil
	}
	if f.stack[at].rng == 0 {
		at++
	}
	s := f.stack[at]
	if s.ref != 0 {
		return unsafef("a dynptr of a record that was neither submitted nor discarded is overwritten").
			hint("call bpf_ringbuf_submit_dynptr or bpf_ringbuf_discard_dynptr first")
	}
	v.emptyDynptr(f, at)
	v.cur.each(func(r *reg) {
		if r.dyn == s.dyn && r.lent == byData && (r.kind == PtrMem || r.kind == PtrMemOrNull) {
			*r = unknownReg()
		}
	})
	return nil
}

// emptyDynptr leaves bytes that were never written where a dynptr was.
func (v *verifier) emptyDynptr(f *frame, at int) {
	for k := range dynptrSlots {
		f.stack[at-k] = slot{}
	}
}

// endDynptrsIn forgets the dynptrs that a write to bytes lo..hi-1 meets.
func (v *verifier) endDynptrsIn(f *frame, lo, hi int) *Error {
	for n := (-hi) / 8; n <= (-lo-1)/8; n++ {
		if err := v.endDynptr(f, n); err != nil {
			return err
		}
	}
	return nil
}

// takesBackDynptr checks that register n holds the dynptr of a record.
func (c *call) takesBackDynptr(n uint8) *Error {
	s, err := c.dynptr(n)
	if err != nil {
		return err
	}
	if s.ref == 0 || s.dynptrKind() != platform.DynptrRingbuf {
		return unsafef("%s needs the dynptr of a record in R%d, it holds that of another object", c.name, n)
	}
	p := c.v.reg(n)
	lo := int(p.off) + int(p.Bits.Value)
	c.v.stackWrite(int(p.frame), lo, lo+bpf.DynptrBytes, true)
	c.released = s.ref
	return nil
}

// dropDynptrs forgets the dynptrs of a record that was given back.
func (v *verifier) dropDynptrs(ref uint32) {
	for _, f := range v.cur.frames {
		for k := range f.stack {
			if s := &f.stack[k]; s.isDynptr() && s.rng != 0 && s.ref == ref {
				f.written |= 1<<uint(k) | 1<<uint(k-1)
				v.emptyDynptr(f, k)
			}
		}
	}
}

// sliceSize checks the buffer in the register before n, and takes the size in n for
// that of the slice returned.
func (c *call) sliceSize(n uint8) *Error {
	v, r, p := c.v, c.v.reg(n), c.v.reg(n-1)
	if r.kind != Scalar {
		return unsafef("%s needs a size in R%d, it holds %s", c.name, n, r.kind.name())
	}
	if !p.IsZero() {
		if err := c.size(n, platform.ArgSizeOrZero); err != nil {
			return err
		}
		if err := c.memory(n-1, int(r.UMax), true); err != nil {
			return err
		}
	}
	if !r.IsConst() {
		return unsafef("%s needs a constant size in R%d, it may be %d to %d", c.name, n, r.UMin, r.UMax)
	}
	v.origins.need(r.node)
	c.record = int32(min(uint32(r.Bits.Value), platform.MaxOffset))
	return nil
}

// slice returns what a call leaves that lends memory of a dynptr.
func (c *call) slice() reg {
	from, r := &c.from, pointer(PtrMemOrNull)
	if from.dynptrKind().Packet() && c.Ret != platform.RetDynptrDataOrNull {
		r = pointer(PtrSliceOrNull)
	}
	r.mp, r.inner, r.rng, r.id = from.mp, from.inner, c.record, c.v.newID()
	r.ref, r.dyn = from.ref, from.dyn
	switch c.Ret {
	case platform.RetSliceOrNull:
		r.lent = bySlice
	case platform.RetReadSliceOrNull:
		r.lent = byReadSlice
	}
	return r
}

// callDynptr executes a call of a kernel function for dynptrs.
func (v *verifier) callDynptr(i int, id bpf.KfuncID) *Error {
	h, ok := rules.Kfunc(id, v.typ)
	if !ok {
		return unsafef("%s, which %s programs cannot call", id, v.typ.Name)
	}
	if err := v.noCallUnderLock(id.String()); err != nil {
		return err
	}
	c := call{v: v, name: id.String(), Helper: h}
	for k, a := range h.Args {
		if a == platform.ArgNone {
			break
		}
		if err := c.arg(uint8(k+1), a); err != nil {
			return err
		}
	}
	c.fill()
	ret := unknownReg()
	switch h.Ret {
	case platform.RetSliceOrNull, platform.RetReadSliceOrNull:
		ret = c.slice()
	}
	v.clobber()
	v.set(0, ret)
	return nil
}

// sameSlice reports whether two registers hold memory of dynptrs that stand for each
// other.
func (v *verifier) sameSlice(old, now *reg) bool {
	return old.lent == now.lent && (old.dyn == 0) == (now.dyn == 0) && v.idmap.pair(old.dyn, now.dyn)
}

// dynptrCovers reports whether a slot of a dynptr stands for another one.
func (v *verifier) dynptrCovers(old, now *slot) bool {
	return old.bytes == now.bytes && old.frame == now.frame && old.rng == now.rng && old.mp == now.mp && old.inner == now.inner &&
		v.sameRef(&old.reg, &now.reg) && v.idmap.pair(old.dyn, now.dyn)
}
