package verify

import (
	"math/bits"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Pruning: a state that a kept, finished one covers needs no walk of its own.

// idMap maps ids of a kept state to those that stand for them in the current
// state, each to one.
type idMap struct {
	at []struct {
		round uint32 // the comparison that the entry belongs to
		now   uint32
	} // by old id
	round uint32
}

// reset forgets everything, for the next comparison.
func (m *idMap) reset() { m.round++ }

// pair reports whether now may stand for old, and lets it from then on.
func (m *idMap) pair(old, now uint32) bool {
	if old == 0 {
		return true
	}
	if n := int(old) + 1 - len(m.at); n > 0 {
		m.at = slices.Grow(m.at, n)[:int(old)+1]
	}
	e := &m.at[old]
	if e.round == m.round {
		return e.now == now && now != 0
	}
	e.round, e.now = m.round, now
	return true
}

// How often states are kept, as the kernel does it.
const (
	minJumps, minInsns         = 2, 8
	minLoopJumps, minLoopInsns = 20, 100
)

// visit looks whether the current state needs no walk from slot i on, and
// keeps it for later comparison otherwise.
func (v *verifier) visit(i int) (known bool, err *Error) {
	if v.o.Unproven {
		return v.visitUnproven(i)
	}
	keep := v.jumpsSince >= minJumps && v.insnsSince >= minInsns || v.flags[i]&forced != 0
	link := &v.kept[i]
	for c := *link; c != nil; c = *link {
		if c.branches > 0 {
			if sameCalls(&c.state, v.cur) {
				if v.flags[i]&forced != 0 {
					if v.insns[i].IsKfuncCall() && !v.iterActive() {
						// A drained iterator makes no further round.
					} else if (c.gotos != v.cur.gotos || v.insns[i].IsCall()) && v.covers(c, asRanges) {
						v.coveredInFlight(c)
						return true, nil
					}
				} else if c.gotos == v.cur.gotos && c.callbacks == v.cur.callbacks && v.covers(c, asExact) && !depthsDiffer(&c.state, v.cur) {
					return false, unsafef("the loop never ends: this instruction is reached again with nothing changed").
						hint("make sure that the loop counter changes and is tested")
				}
			}
			if v.flags[i]&forced == 0 && v.jumpsSince < minLoopJumps && v.insnsSince < minLoopInsns {
				keep = false
			}
		} else if v.covers(c, asNeeded) {
			c.hits++
			v.covered(c, i)
			return true, nil
		}
		if keep {
			c.misses++
		}
		patience := 3
		if v.flags[i]&forced != 0 && c.branches > 0 {
			patience = 64
		}
		if c.misses > patience*(c.hits+1) {
			*link = c.next
			v.giveUp(c)
			continue
		}
		link = &c.next
	}
	if keep {
		v.keep(i)
	}
	return false, nil
}

// giveUp stops comparing with a checkpoint, as it is not worth it. Unfinished
// paths that come from it still need it.
func (v *verifier) giveUp(c *checkpoint) {
	c.given = true
	if c.branches == 0 {
		v.mem.drop(c)
	}
}

// finished ends the walk of all paths from a checkpoint. What of its stack
// nobody has read will not be compared, and takes no room any more.
func (v *verifier) finished(c *checkpoint) {
	switch {
	case c.given:
		v.mem.drop(c)
	case !v.o.Unproven:
		for k, f := range c.frames {
			v.mem.frames.shrink(f, bits.Len64(c.read[k]))
		}
	}
}

// keep makes a checkpoint of the current state.
func (v *verifier) keep(i int) {
	c := v.mem.checkpoint()
	c.next, c.branches = v.kept[i], 1
	v.mem.frames.copyState(&c.state, v.cur)
	c.insn = i
	for k, f := range c.frames {
		live := v.liveIn(c.frames, k, i)
		for r := range 10 {
			if live>>r&1 == 0 {
				f.regs[r] = reg{}
			}
		}
		now := v.cur.frames[k]
		for r := range 10 {
			if x := &f.regs[r]; x.kind == Scalar {
				x.node = v.origins.fresh(x.node, 0)
				now.regs[r].node = x.node
			}
		}
		for n := range f.stack {
			if s := &f.stack[n]; s.bytes[0] == byteSpill && s.kind == Scalar {
				s.node = v.origins.fresh(s.node, 0)
				now.stack[n].node = s.node
			}
		}
		c.written[k] = now.written
		now.written = 0
	}
	v.kept[i] = c
	v.cur.parent = c
	v.jumpsSince, v.insnsSince = 0, 0
}

// liveIn returns the registers of frame k that are live when the innermost
// frame is at slot i.
func (v *verifier) liveIn(frames []*frame, k, i int) bpf.RegSet {
	if k == len(frames)-1 {
		return v.live[i]
	}
	if f := frames[k+1]; f.callback {
		return v.live[f.call]
	}
	return v.live[frames[k+1].call+1] & savedRegs
}

// comparison is how much of two states must agree.
type comparison uint8

const (
	asNeeded comparison = iota // scalars only where their range was needed
	asRanges                   // all live scalars within the kept ranges
	asExact                    // everything equal
)

// covers reports whether the walk from c on was (or is) also a walk for the
// current state.
func (v *verifier) covers(c *checkpoint, how comparison) bool {
	if !sameCalls(&c.state, v.cur) {
		return false
	}
	v.idmap.reset()
	if !v.sameRefs(&c.state, v.cur) || !v.sameLock(&c.state, v.cur) {
		return false
	}
	for k, f := range c.frames {
		now := v.cur.frames[k]
		if f.rounds > now.rounds {
			return false
		}
		for m := v.liveIn(c.frames, k, c.insn) & valueRegs; m != 0; m &= m - 1 {
			r := trailing(m)
			if !v.regCovers(&f.regs[r], &now.regs[r], how) {
				return false
			}
		}
		for n := range f.stack {
			if how == asNeeded && c.read[k]>>n&1 == 0 {
				continue
			}
			if n >= len(now.stack) {
				if !v.slotCovers(&f.stack[n], &slot{}, how) {
					return false
				}
			} else if !v.slotCovers(&f.stack[n], &now.stack[n], how) {
				return false
			}
		}
		if how == asExact {
			for n := len(f.stack); n < len(now.stack); n++ {
				if now.stack[n].bytes != [8]byteKind{} {
					return false
				}
			}
		}
	}
	return true
}

func (v *verifier) regCovers(old, now *reg, how comparison) bool {
	if old.kind == PtrMapValue && now.kind == PtrMapValue && !v.sameIdentity(old.id, now.id) {
		return false
	}
	if how == asExact {
		return old.kind == now.kind && old.Scalar == now.Scalar && old.off == now.off && old.rng == now.rng &&
			old.mp == now.mp && old.inner == now.inner && old.frame == now.frame && v.idmap.pair(old.id, now.id) && v.sameRef(old, now) && v.sameSlice(old, now)
	}
	if old.kind == Uninit {
		return true
	}
	if old.kind != now.kind {
		return false
	}
	if old.kind == Scalar {
		if how == asNeeded && v.origins.of(old.node) == unneeded {
			return true
		}
		return now.Within(&old.Scalar) && v.sameLink(old, now)
	}
	if old.off != now.off || old.mp != now.mp || old.inner != now.inner || old.frame != now.frame ||
		!now.Within(&old.Scalar) || !v.idmap.pair(old.id, now.id) || !v.sameRef(old, now) || !v.sameSlice(old, now) {
		return false
	}
	if old.rng < 0 || now.rng < 0 {
		return old.rng == now.rng
	}
	return old.rng <= now.rng
}

// sameLink reports whether now is linked to everything that old is.
func (v *verifier) sameLink(old, now *reg) bool {
	if old.id == 0 {
		return true
	}
	if old.sum != now.sum || old.off != now.off {
		// The other end of the link may not be compared at all; without a link
		// in the kept state there is none to honour.
		return false
	}
	return v.idmap.pair(old.id, now.id)
}

func (v *verifier) slotCovers(old, now *slot, how comparison) bool {
	if old.isDynptr() || now.isDynptr() && (how == asExact || old.bytes != [8]byteKind{}) {
		return v.dynptrCovers(old, now)
	}
	if old.iterates() || now.iterates() && how == asExact {
		return old.bytes == now.bytes && old.iterState() == now.iterState() && v.sameRef(&old.reg, &now.reg)
	}
	if how == asExact {
		return old.bytes == now.bytes && (!old.spilled() || v.regCovers(&old.reg, &now.reg, how))
	}
	if old.bytes == [8]byteKind{} && !now.spilled() {
		return true
	}
	if r := old.whole(); r != nil {
		if q := now.whole(); q != nil && (old.spilled() || now.spilled()) {
			return v.regCovers(r, q, how)
		}
	}
	for b, o := range old.bytes {
		switch o {
		case byteInvalid, byteMisc:
		case byteZero:
			if now.bytes[b] != byteZero {
				return false
			}
		case byteSpill:
			if now.bytes[b] != byteSpill {
				return false
			}
		}
	}
	if !old.spilled() {
		return true
	}
	return v.regCovers(&old.reg, &now.reg, how)
}

var unknownData = unknownReg()

// whole returns the slot as one register: a spilled one, or unknown data.
func (s *slot) whole() *reg {
	switch s.width() {
	case 8:
		return &s.reg
	case 0:
		for _, b := range s.bytes {
			if b == byteZero || b == byteSpill || b == byteIter || b == byteDynptr {
				return nil
			}
		}
		return &unknownData
	}
	return nil
}

// covered ends a path at a finished checkpoint: what was needed of the kept
// state is needed of the current one, and the facts take in what differs.
func (v *verifier) covered(c *checkpoint, i int) {
	v.idmap.reset()
	for k, f := range c.frames {
		now := v.cur.frames[k]
		v.needSlots(k, c.read[k])
		at := i
		if k < len(c.frames)-1 {
			at = c.frames[k+1].call
			if !c.frames[k+1].callback {
				at++
			}
		}
		for m := v.liveIn(c.frames, k, i) & valueRegs; m != 0; m &= m - 1 {
			r := trailing(m)
			old, x := &f.regs[r], &now.regs[r]
			if v.takeOver(old, x) {
				v.seed(at, r, x)
			}
		}
		for n := range f.stack {
			old := &f.stack[n]
			if c.read[k]>>n&1 == 0 || !old.spilled() {
				continue
			}
			if n >= len(now.stack) || !now.stack[n].spilled() {
				v.seedSlot(k, n, &unknownData)
			} else if x := &now.stack[n].reg; v.takeOver(&old.reg, x) {
				v.seedSlot(k, n, x)
			}
		}
	}
}

// takeOver carries the precision marks of old to now. It reports whether the
// facts gathered after old may not hold for now.
func (v *verifier) takeOver(old, now *reg) (seed bool) {
	if old.kind != Scalar || now.kind != Scalar {
		return false
	}
	if n := v.origins.of(old.node); n != unneeded {
		v.origins.raise(now.node, n)
		v.idmap.pair(old.id, now.id)
		return false
	}
	linked := v.sameLink(old, now)
	return !linked || !now.Within(&old.Scalar)
}

// coveredInFlight ends a path at a checkpoint of the same may_goto loop whose
// walk has not ended: everything counts as compared.
func (v *verifier) coveredInFlight(c *checkpoint) {
	for k := range c.frames {
		v.needSlots(k, ^uint64(0))
	}
	compare := func(r *reg) { v.origins.raise(scalarNode(r), compared) }
	v.cur.each(compare)
	c.each(compare)
}
