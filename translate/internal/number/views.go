package number

import "math"

// rounds is how often sync lets the views learn from each other, the kernel's
// number.
const rounds = 3

// Sync carries what each view knows over to the others, in the kernel's order.
func (s *Scalar) Sync() {
	if s.Bits.Mask == 0 && !s.Broken() && s.Contains(s.Bits.Value) {
		*s = Const(s.Bits.Value)
		return
	}
	s.fromBits()
	for range rounds {
		before := *s
		s.deduce32()
		s.deduce64()
		s.from32To64()
		if *s == before {
			break
		}
	}
	s.fromRanges()
	s.fromBits()
}

// fromRanges learns bits that the unsigned ranges leave only one value.
func (s *Scalar) fromRanges() {
	whole := s.Bits.Intersect(RangeTnum(s.UMin, s.UMax))
	s.Bits = whole.WithLow(whole.Low(4).Intersect(RangeTnum(uint64(s.U32Min), uint64(s.U32Max))))
}

// fromBits narrows the ranges by the known bits, to a constant if they allow only
// one value.
func (s *Scalar) fromBits() {
	s.bounds()
	s.single()
}

// bounds narrows the ranges by the known bits.
func (s *Scalar) bounds() {
	const sign = uint64(1) << 63
	v, m := s.Bits.Value, s.Bits.Mask
	s.fromBits32()
	s.UMin, s.UMax = max(s.UMin, v), min(s.UMax, v|m)
	s.SMin = max(s.SMin, int64(v|m&sign))
	s.SMax = min(s.SMax, int64(v|m&^sign))
}

// single makes a constant of a number whose known bits allow only one value
// of its range.
func (s *Scalar) single() {
	next := s.Bits.after(s.UMin)
	switch in := s.Bits.Contains(s.UMin); {
	case in && next > s.UMax:
		*s = Const(s.UMin)
	case !in && next == s.Bits.Max(), !in && next <= s.UMax && s.Bits.after(next) > s.UMax:
		*s = Const(next)
	}
}

// fromBits32 narrows the ranges of the low word by its known bits.
func (s *Scalar) fromBits32() {
	const sign = uint32(1) << 31
	v, m := uint32(s.Bits.Value), uint32(s.Bits.Mask)
	s.U32Min, s.U32Max = max(s.U32Min, v), min(s.U32Max, v|m)
	s.S32Min = max(s.S32Min, int32(v|m&sign))
	s.S32Max = min(s.S32Max, int32(v|m&^sign))
}

// deduce32 narrows the low word's ranges by the whole's, where the high word
// is the same throughout, and by each other.
func (s *Scalar) deduce32() {
	if s.UMin>>32 == s.UMax>>32 {
		s.within32(uint32(s.UMin), uint32(s.UMax))
		if int32(s.UMin) <= int32(s.UMax) {
			s.S32Min, s.S32Max = max(s.S32Min, int32(s.UMin)), min(s.S32Max, int32(s.UMax))
		}
	}
	if s.SMin>>32 == s.SMax>>32 {
		if uint32(s.SMin) <= uint32(s.SMax) {
			s.within32(uint32(s.SMin), uint32(s.SMax))
		}
		if int32(s.SMin) <= int32(s.SMax) {
			s.S32Min, s.S32Max = max(s.S32Min, int32(s.SMin)), min(s.S32Max, int32(s.SMax))
		}
	}
	// A range from -k to +k crosses one word boundary only.
	if uint32(s.UMin>>32)+1 == uint32(s.UMax>>32) && int32(s.UMin) < 0 && int32(s.UMax) >= 0 {
		s.S32Min, s.S32Max = max(s.S32Min, int32(s.UMin)), min(s.S32Max, int32(s.UMax))
	}
	if uint32(uint64(s.SMin)>>32)+1 == uint32(uint64(s.SMax)>>32) && int32(s.SMin) < 0 && int32(s.SMax) >= 0 {
		s.S32Min, s.S32Max = max(s.S32Min, int32(s.SMin)), min(s.S32Max, int32(s.SMax))
	}
	if int32(s.U32Min) <= int32(s.U32Max) {
		s.S32Min, s.S32Max = max(s.S32Min, int32(s.U32Min)), min(s.S32Max, int32(s.U32Max))
	}
	switch {
	case uint32(s.S32Min) <= uint32(s.S32Max):
		s.within32(uint32(s.S32Min), uint32(s.S32Max))
	case s.U32Max < uint32(s.S32Min):
		s.S32Min = 0
		s.U32Max = min(s.U32Max, uint32(s.S32Max))
	case s.U32Min > uint32(s.S32Max):
		s.S32Max = -1
		s.U32Min = max(s.U32Min, uint32(s.S32Min))
	}
}

// within32 narrows the low word's unsigned range to what lies in lo..hi.
func (s *Scalar) within32(lo, hi uint32) {
	s.U32Min, s.U32Max = max(s.U32Min, lo), min(s.U32Max, hi)
}

// deduce64 carries the whole's signed range over to the unsigned one and back,
// where it does not wrap in the other view.
func (s *Scalar) deduce64() {
	if int64(s.UMin) <= int64(s.UMax) {
		s.SMin, s.SMax = max(s.SMin, int64(s.UMin)), min(s.SMax, int64(s.UMax))
	}
	switch {
	case uint64(s.SMin) <= uint64(s.SMax):
		s.UMin, s.UMax = max(s.UMin, uint64(s.SMin)), min(s.UMax, uint64(s.SMax))
	case s.UMax < uint64(s.SMin):
		// The unsigned range lies below the negative part.
		s.SMin = 0
		s.UMax = min(s.UMax, uint64(s.SMax))
	case s.UMin > uint64(s.SMax):
		// It lies above the positive part.
		s.SMax = -1
		s.UMin = max(s.UMin, uint64(s.SMin))
	}
}

// from32To64 narrows the ends of the whole's range by the low word's range.
func (s *Scalar) from32To64() {
	const high = ^uint64(0xffffffff)
	lo, hi := uint64(s.U32Min), uint64(s.U32Max)
	s.UMin, s.UMax = max(s.UMin, s.UMin&high|lo), min(s.UMax, s.UMax&high|hi)
	s.SMin = max(s.SMin, int64(uint64(s.SMin)&high|lo))
	s.SMax = min(s.SMax, int64(uint64(s.SMax)&high|hi))
	// A whole that fits the sign-extended low word and a low word that is
	// never negative are the same number.
	if s.S32Min >= 0 && s.SMin >= math.MinInt32 && s.SMax <= math.MaxInt32 {
		s.SMin, s.SMax = int64(s.S32Min), int64(s.S32Max)
		s.UMin, s.UMax = uint64(s.S32Min), uint64(s.S32Max)
		s.Bits = s.Bits.Intersect(RangeTnum(s.UMin, s.UMax))
	}
}
