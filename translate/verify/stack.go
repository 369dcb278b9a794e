package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/number"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// stackRange checks that size bytes at pointer p plus off lie in the frame,
// and returns the lowest offset and the end of the highest access.
func (v *verifier) stackRange(p *reg, base uint8, off, size int, write bool) (lo, hi int, err *Error) {
	if p.SMin <= -platform.MaxOffset || p.SMax >= platform.MaxOffset {
		return 0, 0, unsafef("stack %s at an unbounded offset", verb(write)).hint("%s", boundHint)
	}
	lo = int(p.SMin) + int(p.off) + off
	hi = int(p.SMax) + int(p.off) + off + size
	if lo < -platform.StackBytes || hi > 0 || lo >= 0 {
		what := "stack byte %s %s, the stack ends at byte 0 below the frame pointer"
		if lo < -platform.StackBytes {
			what = "stack byte %s %s, the stack has 512 bytes below the frame pointer"
		}
		return 0, 0, unsafef(what, span(int64(lo), int64(hi)), verb(write))
	}
	f := v.cur.frames[p.frame]
	v.usedStack(f.fn, -lo)
	v.useStack(p, base, lo, hi, p.Scalar.IsConst())
	return lo, hi, nil
}

// loadStack reads from the stack of the frame that p points to.
func (v *verifier) loadStack(p *reg, base uint8, off, size int) (reg, *Error) {
	lo, hi, err := v.stackRange(p, base, off, size, false)
	if err != nil {
		return reg{}, err
	}
	v.stackRead(int(p.frame), lo, hi)
	f := v.cur.frames[p.frame]
	if hi-lo > size {
		v.origins.need(p.node)
		zero := true
		for o := lo; o < hi; o++ {
			s, k := v.slotAt(f, o)
			if s.held() {
				return reg{}, errHeldRead(s, lo, hi)
			}
			zero = zero && s.bytes[k] == byteZero
		}
		if zero {
			return constReg(0), nil
		}
		return scalarReg(number.OfBytes(size)), nil
	}
	s, k := v.slotAt(f, lo)
	if s.held() {
		return reg{}, errHeldRead(s, lo, hi)
	}
	n := s.width()
	if n > 0 {
		switch {
		case size == 8 && n == 8:
			return s.reg, nil
		case s.kind != Scalar:
			return reg{}, unsafef("part of a pointer on the stack is read (%d bytes at %d)", size, lo)
		case v.older() && (k != 0 || size != n):
			return scalarReg(number.OfBytes(size)), nil
		case k == 0 && size <= n:
			r := s.reg
			if r.UMax>>(8*size) != 0 {
				r.dropLink()
			}
			r.Truncate(size)
			return r, nil
		case k+size <= n && s.IsZero():
			r := constReg(0)
			r.node = s.node
			return r, nil
		}
	}
	zero := true
	for b := k; b < k+size; b++ {
		zero = zero && s.bytes[b] == byteZero
	}
	if zero {
		return constReg(0), nil
	}
	return scalarReg(number.OfBytes(size)), nil
}

// storeStack writes to the stack of the frame that p points to.
func (v *verifier) storeStack(p *reg, base uint8, off, size int, src *reg, imm bool) *Error {
	lo, hi, err := v.stackRange(p, base, off, size, true)
	if err != nil {
		return err
	}
	v.stackWrite(int(p.frame), lo, hi, hi-lo == size)
	f := v.cur.frames[p.frame]
	if err := v.endDynptrsIn(f, lo, hi); err != nil {
		return err
	}
	if hi-lo > size {
		return v.storeSomewhere(f, lo, hi, src)
	}
	s, k := v.slotAt(f, lo)
	if s.iterates() {
		s.scrub()
	}
	if k == 0 && size == 8 {
		f.written |= 1 << uint((-lo-1)/8)
	}
	switch {
	case k == 0 && src.kind == Scalar && v.spills(src):
		fits := size == 8 || src.UMax>>(8*size) == 0
		if !imm && fits && !v.older() {
			v.identify(src)
		}
		s.reg = *src
		if !fits {
			s.dropLink()
		}
		for b := range s.bytes {
			switch {
			case b < size:
				s.bytes[b] = byteSpill
			case s.bytes[b] == byteSpill:
				s.bytes[b] = byteMisc
			}
		}
		return nil
	case src.kind != Scalar:
		if size != 8 {
			return unsafef("part of a pointer is stored on the stack (%d bytes at %d)", size, lo).
				hint("pointers are stored with 8 bytes")
		}
		if src.kind == PtrStack && int(p.frame) != len(v.cur.frames)-1 {
			return unsafef("a pointer to the stack is stored in the stack of a caller").hint("store it in the function's own stack")
		}
		s.reg = *src
		for b := range s.bytes {
			s.bytes[b] = byteSpill
		}
		return nil
	}
	s.scrub()
	b := byteMisc
	if src.IsZero() {
		b = byteZero
		v.origins.need(src.node)
	}
	for n := k; n < k+size; n++ {
		s.bytes[n] = b
	}
	return nil
}

// spills reports whether what is stored of a number at the start of a slot is
// kept: later kernels keep every number.
func (v *verifier) spills(src *reg) bool {
	return !v.older() || !src.IsZero() && src.Scalar != number.Unknown()
}

// storeSomewhere writes to an unknown place between lo and hi.
func (v *verifier) storeSomewhere(f *frame, lo, hi int, src *reg) *Error {
	zero := src.IsZero()
	usedZero := false
	for o := lo; o < hi; o++ {
		s, k := v.slotAt(f, o)
		if s.iterates() {
			s.scrub()
		}
		if s.spilled() {
			if zero && s.IsZero() {
				usedZero = true
				continue
			}
			s.scrub()
		}
		if zero && s.bytes[k] == byteZero {
			usedZero = true
			continue
		}
		s.bytes[k] = byteMisc
	}
	if usedZero {
		v.origins.need(src.node)
	}
	return nil
}

// dataOnStack turns the bytes of an atomic access into plain data.
func (v *verifier) dataOnStack(p *reg, off, size int) {
	lo := int(p.SMin) + int(p.off) + off
	hi := int(p.SMax) + int(p.off) + off + size
	v.fillStack(int(p.frame), lo, hi)
}

// fillStack turns bytes into plain data.
func (v *verifier) fillStack(fr, lo, hi int) {
	f := v.cur.frames[fr]
	for o := lo; o < hi; o++ {
		s, k := v.slotAt(f, o)
		if s.spilled() || s.iterates() {
			s.scrub()
		}
		s.bytes[k] = byteMisc
	}
}

// stackRead notes that bytes lo..hi-1 of a frame are read: checkpoints before
// must compare them.
func (v *verifier) stackRead(fr, lo, hi int) {
	v.noteStackRead(fr, lo, hi)
	first, last := uint(-hi)/8, uint(-lo-1)/8
	bits := ^uint64(0) >> (63 - (last - first)) << first
	v.needSlots(fr, bits)
}

// needSlots marks slots of a frame as read in all checkpoints that the
// current path comes from, up to where they were written.
func (v *verifier) needSlots(fr int, bits uint64) {
	bits &^= v.cur.frames[fr].written
	for c := v.cur.parent; c != nil && fr < len(c.frames); c = c.parent {
		bits &^= c.read[fr]
		if bits == 0 {
			return
		}
		c.read[fr] |= bits
		bits &^= c.written[fr]
	}
}

// stackDepths checks the stack that call chains need together. As in Linux calls
// count that no path makes.
func (v *verifier) stackDepths() *Error {
	above := make([][platform.MaxFrames]int, len(v.funcs)) // by frame, most bytes that callers use, plus 1; 0 is not called
	var visit func(f, frame, used int) *Error
	visit = func(f, frame, used int) *Error {
		if frame == platform.MaxFrames {
			return tooDeep()
		}
		if used < above[f][frame] {
			return nil
		}
		above[f][frame] = used + 1
		total := used + roundUp(v.depth[f], platform.StackStep)
		if total > platform.StackBytes {
			return unsafef("nested functions need %d bytes of stack together, the limit is %d", total, platform.StackBytes).
				hint("make local arrays smaller, or move them to a per-CPU map")
		}
		for i := v.funcs[f].Start; i < v.end(f); i++ {
			in := v.insns[i]
			if in.IsCallOf(bpf.HelperTailCall) && f > 0 && used >= platform.TailCallStack {
				return unsafef("a tail call in function %q, whose callers use %d bytes of stack; the limit is %d", v.funcs[f].Name, used, platform.TailCallStack-1).at(i)
			}
			if in.IsFuncCall() || in.IsFuncLoad() {
				if err := visit(int(v.fn[in.FuncTarget(i)]), frame+1, total); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return visit(0, 0, 0)
}

// tooDeep is the refusal of more functions active at once than Linux allows.
func tooDeep() *Error { return unsafef("more than %d nested calls", platform.MaxFrames) }

func roundUp(n, step int) int { return (n + step - 1) / step * step }
