package number

import (
	"math"
	"math/bits"
)

// Refine narrows a and b by the knowledge that a op b holds.
func Refine(op Cond, a, b *Scalar, word bool) {
	narrow(op, a, b, word)
	a.Sync()
	b.Sync()
}

func narrow(op Cond, a, b *Scalar, word bool) {
	switch op {
	case EQ:
		if word {
			a.U32Min, a.U32Max = max(a.U32Min, b.U32Min), min(a.U32Max, b.U32Max)
			a.S32Min, a.S32Max = max(a.S32Min, b.S32Min), min(a.S32Max, b.S32Max)
			b.U32Min, b.U32Max, b.S32Min, b.S32Max = a.U32Min, a.U32Max, a.S32Min, a.S32Max
			t := a.Bits.Low(4).Intersect(b.Bits.Low(4))
			a.Bits, b.Bits = a.Bits.WithLow(t), b.Bits.WithLow(t)
			return
		}
		a.UMin, a.UMax = max(a.UMin, b.UMin), min(a.UMax, b.UMax)
		a.SMin, a.SMax = max(a.SMin, b.SMin), min(a.SMax, b.SMax)
		a.Bits = a.Bits.Intersect(b.Bits)
		b.UMin, b.UMax, b.SMin, b.SMax, b.Bits = a.UMin, a.UMax, a.SMin, a.SMax, a.Bits
	case NE:
		if !isConst(b, word) {
			a, b = b, a
		}
		if isConst(b, word) {
			a.exclude(b.Bits.Value, word)
		}
	case Set, Clear:
		if !isConst(b, word) {
			a, b = b, a
		}
		if !isConst(b, word) {
			return
		}
		v := b.Bits.Value
		if word {
			v = uint64(uint32(v))
		}
		if op == Clear {
			// The kernel forgets the ranges here, and so do we: what passes here
			// passes there.
			a.forget64()
			a.forget32()
			a.Bits = Tnum{a.Bits.Value &^ v, a.Bits.Mask &^ v}
		} else if bits.OnesCount64(v) == 1 {
			a.Bits = Tnum{a.Bits.Value | v, a.Bits.Mask &^ v}
		}
	case GT, GE, SGT, SGE:
		narrow(op.Flip(), b, a, word)
	case LE:
		if word {
			a.U32Max, b.U32Min = min(a.U32Max, b.U32Max), max(a.U32Min, b.U32Min)
		} else {
			a.UMax, b.UMin = min(a.UMax, b.UMax), max(a.UMin, b.UMin)
		}
	case LT:
		if word {
			hi, lo := b.U32Max, a.U32Min
			if hi > 0 {
				a.U32Max = min(a.U32Max, hi-1)
			}
			if lo < math.MaxUint32 {
				b.U32Min = max(b.U32Min, lo+1)
			}
		} else {
			hi, lo := b.UMax, a.UMin
			if hi > 0 {
				a.UMax = min(a.UMax, hi-1)
			}
			if lo < math.MaxUint64 {
				b.UMin = max(b.UMin, lo+1)
			}
		}
	case SLE:
		if word {
			a.S32Max, b.S32Min = min(a.S32Max, b.S32Max), max(a.S32Min, b.S32Min)
		} else {
			a.SMax, b.SMin = min(a.SMax, b.SMax), max(a.SMin, b.SMin)
		}
	case SLT:
		if word {
			hi, lo := b.S32Max, a.S32Min
			if hi > math.MinInt32 {
				a.S32Max = min(a.S32Max, hi-1)
			}
			if lo < math.MaxInt32 {
				b.S32Min = max(b.S32Min, lo+1)
			}
		} else {
			hi, lo := b.SMax, a.SMin
			if hi > math.MinInt64 {
				a.SMax = min(a.SMax, hi-1)
			}
			if lo < math.MaxInt64 {
				b.SMin = max(b.SMin, lo+1)
			}
		}
	}
}

func isConst(s *Scalar, word bool) bool {
	if word {
		return s.IsConst32()
	}
	return s.IsConst()
}

// exclude trims v off the ends of the ranges.
func (s *Scalar) exclude(v uint64, word bool) {
	if word {
		w := uint32(v)
		if s.U32Min == w && w != math.MaxUint32 {
			s.U32Min++
		}
		if s.U32Max == w && w != 0 {
			s.U32Max--
		}
		if s.S32Min == int32(w) && int32(w) != math.MaxInt32 {
			s.S32Min++
		}
		if s.S32Max == int32(w) && int32(w) != math.MinInt32 {
			s.S32Max--
		}
		return
	}
	if s.UMin == v && v != math.MaxUint64 {
		s.UMin++
	}
	if s.UMax == v && v != 0 {
		s.UMax--
	}
	if s.SMin == int64(v) && int64(v) != math.MaxInt64 {
		s.SMin++
	}
	if s.SMax == int64(v) && int64(v) != math.MinInt64 {
		s.SMax--
	}
}

// Settled returns the number with no ranges where they contradict each other or
// the known bits: no run takes the way on which it arose.
func (s Scalar) Settled() Scalar {
	if s.outOfStep() {
		s.forget64()
		s.forget32()
	}
	return s
}
