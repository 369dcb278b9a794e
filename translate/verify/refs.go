package verify

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// reference is memory that a helper lent to the program, which has to give it
// back before it ends.
type reference struct {
	id uint32
	at int32 // slot of the call
}

// release forgets a reference that is held no more.
func (s *state) release(id uint32) {
	s.refs = slices.DeleteFunc(s.refs, func(r reference) bool { return r.id == id })
}

// noneHeld refuses to go on with a lock, or with memory that was not given back.
func (v *verifier) noneHeld(why string) *Error {
	if v.cur.lock.held {
		return unsafef("%s, and the lock that instruction %d took is not given back", why, v.cur.lock.at).hint("call bpf_spin_unlock on every path")
	}
	if len(v.cur.refs) == 0 {
		return nil
	}
	r := v.cur.refs[0]
	if v.insns[r.at].IsCallOf(bpf.HelperRingbufReserveDynptr) {
		return unsafef("%s, and the dynptr's record that instruction %d reserved is neither submitted nor discarded", why, r.at).
			hint("call bpf_ringbuf_submit_dynptr or bpf_ringbuf_discard_dynptr on every path, also where the call failed")
	}
	if v.insns[r.at].IsKfuncCall() {
		return unsafef("%s, and the iterator that instruction %d made is not destroyed", why, r.at).hint("call bpf_iter_num_destroy on every path")
	}
	return unsafef("%s, and the record that instruction %d reserved is neither submitted nor discarded", why, r.at).
		hint("call bpf_ringbuf_submit or bpf_ringbuf_discard on every path")
}

// giveBack ends a reference: what pointed to its memory is a number.
func (v *verifier) giveBack(id uint32) {
	v.cur.release(id)
	v.cur.each(func(r *reg) {
		if r.ref == id {
			*r = unknownReg()
			r.rng = returned
		}
	})
	v.dropDynptrs(id)
}

// sameRefs reports whether as many references are held in two states, and pairs
// them in their order.
func (v *verifier) sameRefs(old, now *state) bool {
	if len(old.refs) != len(now.refs) {
		return false
	}
	for k, r := range old.refs {
		if !v.idmap.pair(r.id, now.refs[k].id) {
			return false
		}
	}
	return true
}

// sameRef reports whether two registers are held by references that stand for
// each other, or both by none.
func (v *verifier) sameRef(old, now *reg) bool {
	return (old.ref == 0) == (now.ref == 0) && v.idmap.pair(old.ref, now.ref)
}

// recordSize takes the size in register n for that of the record returned.
func (c *call) recordSize(n uint8) *Error {
	v, r := c.v, c.v.reg(n)
	switch {
	case r.kind != Scalar:
		return unsafef("%s needs a size in R%d, it holds %s", c.name, n, r.kind.name())
	case !r.IsConst():
		return unsafef("%s needs a constant size in R%d, it may be %d to %d", c.name, n, r.UMin, r.UMax).
			hint("reserve the greatest size, or send the bytes with bpf_ringbuf_output")
	case r.Bits.Value >= platform.MaxOffset:
		return unsupportedf("%s with a size of %d bytes (R%d), because records have less than %d", c.name, r.Bits.Value, n, platform.MaxOffset)
	}
	v.origins.need(r.node)
	c.record = int32(r.Bits.Value)
	return nil
}

// takesBack checks that register n holds a whole record of the program.
func (c *call) takesBack(n uint8) *Error {
	r := c.v.reg(n)
	switch {
	case r.kind == PtrMemOrNull && r.ref != 0:
		return unsafef("%s gets a record in R%d that may be null", c.name, n).hint("compare the pointer with NULL first")
	case r.kind != PtrMem || r.ref == 0 || r.dyn != 0:
		return unsafef("%s needs a record from bpf_ringbuf_reserve in R%d, it holds %s", c.name, n, r.kind.name())
	case r.off != 0 || !r.Scalar.IsZero():
		return unsafef("%s needs the first byte of the record in R%d, it was moved", c.name, n).
			hint("keep the pointer that bpf_ringbuf_reserve returned")
	}
	c.released = r.ref
	return nil
}
