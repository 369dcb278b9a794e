package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/number"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// The walk of a program that cannot be proven (Options.Unproven): accesses to
// the packet and to map values may go anywhere, and loops need no end.
//
// A path ends where a kept state holds all that the current one may be, walked
// to its end or not; no range is left out of the comparison, so that facts need
// nothing but the walked states. Loops settle because a state that meets many
// others at one instruction gives up what differs from the newest of them.

// anywhere reports whether a pointer may have any offset: its accesses are
// checked at run time.
func (v *verifier) anywhere(r *reg) bool {
	return v.o.Unproven && (r.kind.isPacket() || r.kind == PtrMapValue)
}

// near reports whether the variable part of a pointer's offset is within what
// proven programs may have.
func (r *reg) near() bool { return r.SMin > -platform.MaxOffset && r.SMax < platform.MaxOffset }

// assumed reports whether a refusal is left to run-time checks.
func (v *verifier) assumed(err *Error) bool { return err != nil && err.bounds && v.o.Unproven }

// How many states meet at an instruction before one gives up scalars that no
// stack address was made of, and before it gives up all that differs; and how
// many are kept at most.
const (
	loopStates  = 3  // where a loop begins
	joinStates  = 16 // elsewhere
	mostStates  = 64
	limitStates = 1024
)

// visitUnproven is visit for an unproven program.
func (v *verifier) visitUnproven(i int) (known bool, err *Error) {
	if v.heads == nil {
		v.heads = loopHeads(v.insns)
	}
	var newest *checkpoint
	n := 0
	for c := v.kept[i]; c != nil; c = c.next {
		if !sameCalls(&c.state, v.cur) {
			continue
		}
		if v.covers(c, asRanges) {
			c.hits++
			return true, nil
		}
		if newest == nil {
			newest = c
		}
		n++
	}
	if n >= limitStates {
		return false, refuse(TooComplex, "%d states meet here, and none holds the others", n)
	}
	if n >= joinStates || n >= loopStates && v.heads[i] {
		v.loosen(newest, n >= mostStates)
		for c := v.kept[i]; c != nil; c = c.next {
			if v.covers(c, asRanges) {
				c.hits++
				return true, nil
			}
		}
	}
	v.keep(i)
	return false, nil
}

// loopHeads marks the targets of backward jumps.
func loopHeads(insns []bpf.Insn) []bool {
	heads := make([]bool, len(insns))
	for i, in := range insns {
		if in.IsJump() {
			if t := in.JumpTarget(i); t <= i && t >= 0 {
				heads[t] = true
			}
		}
	}
	return heads
}

// loosen lets the current state hold more, where it differs from c, so that
// states of rounds to come are held by it: scalars that are not precise and
// pointers that may go anywhere, or with all everything but the kinds of
// registers.
func (v *verifier) loosen(c *checkpoint, all bool) {
	for k, o := range c.frames {
		f := v.cur.frames[k]
		for m := v.liveIn(c.frames, k, c.insn) & valueRegs; m != 0; m &= m - 1 {
			r := trailing(m)
			v.loosenReg(&o.regs[r], &f.regs[r], all)
		}
		for n := range min(len(o.stack), len(f.stack)) {
			v.loosenSlot(&o.stack[n], &f.stack[n], all)
		}
	}
}

func (v *verifier) loosenSlot(old, now *slot, all bool) {
	if now.spilled() && old.bytes == now.bytes && old.kind == now.kind {
		v.loosenReg(&old.reg, &now.reg, all)
		return
	}
	if now.spilled() && !all && (now.kind != Scalar || v.origins.precise(now.node)) {
		return
	}
	if now.spilled() {
		now.scrub()
	}
	for b := range now.bytes {
		if now.bytes[b] == byteZero && old.bytes[b] != byteZero {
			now.bytes[b] = byteMisc
		}
	}
}

func (v *verifier) loosenReg(old, now *reg, all bool) {
	switch {
	case old.kind != now.kind:
	case now.kind == Scalar:
		if !all && v.origins.precise(old.node) {
			return
		}
		if all || old.Scalar != now.Scalar {
			now.dropLink()
		}
		now.Scalar = old.Widened(&now.Scalar)
	case now.mp != old.mp || now.inner != old.inner || now.frame != old.frame:
	case v.anywhere(now), all && (now.kind == PtrStack || now.kind == PtrCtx || now.kind == PtrMem):
		v.loosenPointer(old, now)
	}
}

func (v *verifier) loosenPointer(old, now *reg) {
	if old.off != now.off {
		now.Apply64(bpf.Add, ptr(number.Const(uint64(int64(now.off)-int64(old.off)))))
		now.off, now.rng = old.off, 0
		if now.kind.isPacket() {
			now.id = v.newID()
		}
	}
	if s := old.Widened(&now.Scalar); s != now.Scalar {
		now.Scalar, now.rng = s, 0
		if now.kind.isPacket() {
			now.id = v.newID()
		}
	}
	if now.kind.isPacket() {
		now.rng = max(0, min(now.rng, old.rng))
	}
}
