package verify

import (
	"math"
	"math/bits"

	"github.com/skipsw/skipsw/translate/bpf"
)

// negations of the comparisons; jset's is written nset.
const nset = bpf.JSET | bpf.X

// inverse returns the comparison that holds when op does not.
func inverse(op uint8) uint8 {
	switch op {
	case bpf.JEQ:
		return bpf.JNE
	case bpf.JNE:
		return bpf.JEQ
	case bpf.JGT:
		return bpf.JLE
	case bpf.JLE:
		return bpf.JGT
	case bpf.JGE:
		return bpf.JLT
	case bpf.JLT:
		return bpf.JGE
	case bpf.JSGT:
		return bpf.JSLE
	case bpf.JSLE:
		return bpf.JSGT
	case bpf.JSGE:
		return bpf.JSLT
	case bpf.JSLT:
		return bpf.JSGE
	case bpf.JSET:
		return nset
	case nset:
		return bpf.JSET
	}
	panic("BUG: not a comparison")
}

// flipped returns the comparison with its operands exchanged.
func flipped(op uint8) uint8 {
	switch op {
	case bpf.JGT:
		return bpf.JLT
	case bpf.JLT:
		return bpf.JGT
	case bpf.JGE:
		return bpf.JLE
	case bpf.JLE:
		return bpf.JGE
	case bpf.JSGT:
		return bpf.JSLT
	case bpf.JSLT:
		return bpf.JSGT
	case bpf.JSGE:
		return bpf.JSLE
	case bpf.JSLE:
		return bpf.JSGE
	}
	return op
}

// verdict of a comparison that is looked at before it is made.
type verdict int8

const (
	either verdict = iota
	always
	never
)

func decided(b bool) verdict {
	if b {
		return always
	}
	return never
}

func (v verdict) not() verdict {
	switch v {
	case always:
		return never
	case never:
		return always
	}
	return either
}

// compare tells whether a op b is always or never true.
func compare(op uint8, a, b *scalar, word bool) verdict {
	if word {
		return compareRanges(op,
			a.bits.low(4), b.bits.low(4),
			uint64(a.umin32), uint64(a.umax32), uint64(b.umin32), uint64(b.umax32),
			int64(a.smin32), int64(a.smax32), int64(b.smin32), int64(b.smax32))
	}
	v := compareRanges(op, a.bits, b.bits, a.umin, a.umax, b.umin, b.umax, a.smin, a.smax, b.smin, b.smax)
	if v == either && (op == bpf.JEQ || op == bpf.JNE) &&
		(a.umax32 < b.umin32 || a.umin32 > b.umax32 || a.smax32 < b.smin32 || a.smin32 > b.smax32) {
		return decided(op == bpf.JNE)
	}
	return v
}

func compareRanges(op uint8, at, bt Tnum, aulo, auhi, bulo, buhi uint64, aslo, ashi, bslo, bshi int64) verdict {
	switch op {
	case bpf.JEQ, bpf.JNE:
		v := either
		switch {
		case at.IsConst() && bt.IsConst():
			v = decided(at.Value == bt.Value)
		case at.conflicts(bt), auhi < bulo, aulo > buhi, ashi < bslo, aslo > bshi:
			v = never
		}
		if op == bpf.JNE {
			v = v.not()
		}
		return v
	case bpf.JSET:
		if !bt.IsConst() {
			at, bt = bt, at
		}
		if !bt.IsConst() {
			return either
		}
		if at.Value&bt.Value != 0 {
			return always
		}
		if (at.Value|at.Mask)&bt.Value == 0 {
			return never
		}
		return either
	case bpf.JGT:
		return order(aulo > buhi, auhi <= bulo)
	case bpf.JGE:
		return order(aulo >= buhi, auhi < bulo)
	case bpf.JLT:
		return order(auhi < bulo, aulo >= buhi)
	case bpf.JLE:
		return order(auhi <= bulo, aulo > buhi)
	case bpf.JSGT:
		return order(aslo > bshi, ashi <= bslo)
	case bpf.JSGE:
		return order(aslo >= bshi, ashi < bslo)
	case bpf.JSLT:
		return order(ashi < bslo, aslo >= bshi)
	case bpf.JSLE:
		return order(ashi <= bslo, aslo > bshi)
	}
	panic("BUG: not a comparison")
}

func order(yes, no bool) verdict {
	switch {
	case yes:
		return always
	case no:
		return never
	}
	return either
}

// refine narrows a and b by the knowledge that a op b holds.
func refine(op uint8, a, b *scalar, word bool) {
	narrow(op, a, b, word)
	a.sync()
	b.sync()
}

func narrow(op uint8, a, b *scalar, word bool) {
	switch op {
	case bpf.JEQ:
		if word {
			a.umin32, a.umax32 = max(a.umin32, b.umin32), min(a.umax32, b.umax32)
			a.smin32, a.smax32 = max(a.smin32, b.smin32), min(a.smax32, b.smax32)
			b.umin32, b.umax32, b.smin32, b.smax32 = a.umin32, a.umax32, a.smin32, a.smax32
			t := a.bits.low(4).intersect(b.bits.low(4))
			a.bits, b.bits = a.bits.withLow(t), b.bits.withLow(t)
			return
		}
		a.umin, a.umax = max(a.umin, b.umin), min(a.umax, b.umax)
		a.smin, a.smax = max(a.smin, b.smin), min(a.smax, b.smax)
		a.bits = a.bits.intersect(b.bits)
		b.umin, b.umax, b.smin, b.smax, b.bits = a.umin, a.umax, a.smin, a.smax, a.bits
	case bpf.JNE:
		if !isConst(b, word) {
			a, b = b, a
		}
		if isConst(b, word) {
			a.exclude(b.bits.Value, word)
		}
	case bpf.JSET, nset:
		if !isConst(b, word) {
			a, b = b, a
		}
		if !isConst(b, word) {
			return
		}
		v := b.bits.Value
		if word {
			v = uint64(uint32(v))
		}
		if op == nset {
			// The kernel forgets the ranges here, and so do we: what passes here
			// passes there.
			a.forget64()
			a.forget32()
			a.bits = Tnum{a.bits.Value &^ v, a.bits.Mask &^ v}
		} else if bits.OnesCount64(v) == 1 {
			a.bits = Tnum{a.bits.Value | v, a.bits.Mask &^ v}
		}
	case bpf.JGT, bpf.JGE, bpf.JSGT, bpf.JSGE:
		narrow(flipped(op), b, a, word)
	case bpf.JLE:
		if word {
			a.umax32, b.umin32 = min(a.umax32, b.umax32), max(a.umin32, b.umin32)
		} else {
			a.umax, b.umin = min(a.umax, b.umax), max(a.umin, b.umin)
		}
	case bpf.JLT:
		if word {
			hi, lo := b.umax32, a.umin32
			if hi > 0 {
				a.umax32 = min(a.umax32, hi-1)
			}
			if lo < math.MaxUint32 {
				b.umin32 = max(b.umin32, lo+1)
			}
		} else {
			hi, lo := b.umax, a.umin
			if hi > 0 {
				a.umax = min(a.umax, hi-1)
			}
			if lo < math.MaxUint64 {
				b.umin = max(b.umin, lo+1)
			}
		}
	case bpf.JSLE:
		if word {
			a.smax32, b.smin32 = min(a.smax32, b.smax32), max(a.smin32, b.smin32)
		} else {
			a.smax, b.smin = min(a.smax, b.smax), max(a.smin, b.smin)
		}
	case bpf.JSLT:
		if word {
			hi, lo := b.smax32, a.smin32
			if hi > math.MinInt32 {
				a.smax32 = min(a.smax32, hi-1)
			}
			if lo < math.MaxInt32 {
				b.smin32 = max(b.smin32, lo+1)
			}
		} else {
			hi, lo := b.smax, a.smin
			if hi > math.MinInt64 {
				a.smax = min(a.smax, hi-1)
			}
			if lo < math.MaxInt64 {
				b.smin = max(b.smin, lo+1)
			}
		}
	}
}

func isConst(s *scalar, word bool) bool {
	if word {
		return s.isConst32()
	}
	return s.isConst()
}

// exclude trims v off the ends of the ranges.
func (s *scalar) exclude(v uint64, word bool) {
	if word {
		w := uint32(v)
		if s.umin32 == w && w != math.MaxUint32 {
			s.umin32++
		}
		if s.umax32 == w && w != 0 {
			s.umax32--
		}
		if s.smin32 == int32(w) && int32(w) != math.MaxInt32 {
			s.smin32++
		}
		if s.smax32 == int32(w) && int32(w) != math.MinInt32 {
			s.smax32--
		}
		return
	}
	if s.umin == v && v != math.MaxUint64 {
		s.umin++
	}
	if s.umax == v && v != 0 {
		s.umax--
	}
	if s.smin == int64(v) && int64(v) != math.MaxInt64 {
		s.smin++
	}
	if s.smax == int64(v) && int64(v) != math.MinInt64 {
		s.smax--
	}
}
