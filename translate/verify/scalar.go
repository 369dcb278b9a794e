package verify

import "math"

// scalar is what is known of a 64-bit number: bits, and ranges of the whole
// and of the low word, signed and unsigned.
type scalar struct {
	bits       Tnum
	umin, umax uint64
	smin, smax int64
	// ranges of the low word
	umin32, umax32 uint32
	smin32, smax32 int32
}

var unknownScalar = scalar{
	bits: unknown,
	umax: math.MaxUint64, smin: math.MinInt64, smax: math.MaxInt64,
	umax32: math.MaxUint32, smin32: math.MinInt32, smax32: math.MaxInt32,
}

func constScalar(v uint64) scalar {
	return scalar{
		bits: Tnum{Value: v}, umin: v, umax: v, smin: int64(v), smax: int64(v),
		umin32: uint32(v), umax32: uint32(v), smin32: int32(v), smax32: int32(v),
	}
}

// loadedScalar is an unknown number of the given width, zero-extended.
func loadedScalar(bytes int) scalar {
	if bytes >= 8 {
		return unknownScalar
	}
	s := unknownScalar
	s.bits = Tnum{Mask: uint64(1)<<(8*bytes) - 1}
	s.sync()
	return s
}

func (s *scalar) isConst() bool   { return s.bits.Mask == 0 }
func (s *scalar) isConst32() bool { return uint32(s.bits.Mask) == 0 }
func (s *scalar) isZero() bool    { return s.bits.Mask == 0 && s.bits.Value == 0 }

// contains reports whether v is possible.
func (s *scalar) contains(v uint64) bool {
	return s.bits.Contains(v) && s.umin <= v && v <= s.umax && s.smin <= int64(v) && int64(v) <= s.smax &&
		s.umin32 <= uint32(v) && uint32(v) <= s.umax32 && s.smin32 <= int32(v) && int32(v) <= s.smax32
}

// within reports whether every number of s is one of o's.
func (s *scalar) within(o *scalar) bool {
	return o.umin <= s.umin && s.umax <= o.umax && o.smin <= s.smin && s.smax <= o.smax &&
		o.umin32 <= s.umin32 && s.umax32 <= o.umax32 && o.smin32 <= s.smin32 && s.smax32 <= o.smax32 &&
		s.bits.within(o.bits)
}

// broken reports a contradiction: no number satisfies all that is recorded.
// It arises on ways that no run takes.
func (s *scalar) broken() bool {
	return s.umin > s.umax || s.smin > s.smax || s.umin32 > s.umax32 || s.smin32 > s.smax32
}

// forget64 drops the ranges of the whole, keeping bits and low word.
func (s *scalar) forget64() {
	s.umin, s.umax, s.smin, s.smax = 0, math.MaxUint64, math.MinInt64, math.MaxInt64
}

func (s *scalar) forget32() {
	s.umin32, s.umax32, s.smin32, s.smax32 = 0, math.MaxUint32, math.MinInt32, math.MaxInt32
}

// sync carries what each view knows over to the others.
func (s *scalar) sync() {
	if s.bits.Mask == 0 {
		// A constant that the ranges exclude stays a contradiction.
		if !s.broken() && s.contains(s.bits.Value) {
			*s = constScalar(s.bits.Value)
		}
		return
	}
	for range 3 {
		before := *s
		s.fromBits()
		s.from32To64()
		s.from64To32()
		s.signs()
		if s.broken() {
			return
		}
		s.bits = s.bits.intersect(rangeTnum(s.umin, s.umax))
		low := s.bits.intersect(Tnum{s.bits.Value, s.bits.Mask}.withLow(rangeTnum(uint64(s.umin32), uint64(s.umax32))))
		s.bits = low
		if *s == before {
			return
		}
	}
	s.fromBits()
}

// fromBits narrows the ranges by the known bits.
func (s *scalar) fromBits() {
	const sign, sign32 = uint64(1) << 63, uint32(1) << 31
	v, m := s.bits.Value, s.bits.Mask
	s.umin, s.umax = max(s.umin, v), min(s.umax, v|m)
	s.smin = max(s.smin, int64(v|m&sign))
	s.smax = min(s.smax, int64(v|m&^sign))
	v32, m32 := uint32(v), uint32(m)
	s.umin32, s.umax32 = max(s.umin32, v32), min(s.umax32, v32|m32)
	s.smin32 = max(s.smin32, int32(v32|m32&sign32))
	s.smax32 = min(s.smax32, int32(v32|m32&^sign32))
}

// signs carries signed ranges over to unsigned ones and back, where the range
// does not wrap in the other view.
func (s *scalar) signs() {
	if int64(s.umin) <= int64(s.umax) {
		s.smin, s.smax = max(s.smin, int64(s.umin)), min(s.smax, int64(s.umax))
	}
	if uint64(s.smin) <= uint64(s.smax) {
		s.umin, s.umax = max(s.umin, uint64(s.smin)), min(s.umax, uint64(s.smax))
	} else if s.umax < uint64(s.smin) {
		// The unsigned range lies below the negative part.
		s.smin = 0
		s.umax = min(s.umax, uint64(s.smax))
	} else if s.umin > uint64(s.smax) {
		// It lies above the positive part.
		s.smax = -1
		s.umin = max(s.umin, uint64(s.smin))
	}
	if int32(s.umin32) <= int32(s.umax32) {
		s.smin32, s.smax32 = max(s.smin32, int32(s.umin32)), min(s.smax32, int32(s.umax32))
	}
	if uint32(s.smin32) <= uint32(s.smax32) {
		s.umin32, s.umax32 = max(s.umin32, uint32(s.smin32)), min(s.umax32, uint32(s.smax32))
	} else if s.umax32 < uint32(s.smin32) {
		s.smin32 = 0
		s.umax32 = min(s.umax32, uint32(s.smax32))
	} else if s.umin32 > uint32(s.smax32) {
		s.smax32 = -1
		s.umin32 = max(s.umin32, uint32(s.smin32))
	}
}

// from64To32 narrows the low word when the high word is the same throughout
// the range of the whole.
func (s *scalar) from64To32() {
	if s.umin>>32 == s.umax>>32 {
		s.umin32, s.umax32 = max(s.umin32, uint32(s.umin)), min(s.umax32, uint32(s.umax))
		if int32(uint32(s.umin)) <= int32(uint32(s.umax)) {
			s.smin32 = max(s.smin32, int32(uint32(s.umin)))
			s.smax32 = min(s.smax32, int32(uint32(s.umax)))
		}
	}
	if s.smin>>32 == s.smax>>32 {
		s.umin32, s.umax32 = max(s.umin32, uint32(s.smin)), min(s.umax32, uint32(s.smax))
		if int32(s.smin) <= int32(s.smax) {
			s.smin32, s.smax32 = max(s.smin32, int32(s.smin)), min(s.smax32, int32(s.smax))
		}
	}
	// A range from -k to +k crosses one word boundary only.
	if uint32(s.umin>>32)+1 == uint32(s.umax>>32) && int32(s.umin) < 0 && int32(s.umax) >= 0 {
		s.smin32, s.smax32 = max(s.smin32, int32(s.umin)), min(s.smax32, int32(s.umax))
	}
	if uint32(uint64(s.smin)>>32)+1 == uint32(uint64(s.smax)>>32) && int32(s.smin) < 0 && int32(s.smax) >= 0 {
		s.smin32, s.smax32 = max(s.smin32, int32(s.smin)), min(s.smax32, int32(s.smax))
	}
}

// from32To64 narrows the ends of the whole's range by the low word's range.
func (s *scalar) from32To64() {
	if lo := s.umin&^0xffffffff | uint64(s.umin32); lo > s.umin {
		s.umin = lo
	}
	if hi := s.umax&^0xffffffff | uint64(s.umax32); hi < s.umax {
		s.umax = hi
	}
	if lo := s.smin&^0xffffffff | int64(s.umin32); lo > s.smin {
		s.smin = lo
	}
	if hi := s.smax&^0xffffffff | int64(s.umax32); hi < s.smax {
		s.smax = hi
	}
	// A whole that fits the sign-extended low word and a low word that is
	// never negative say the same of both.
	if s.smin32 >= 0 && s.smin >= math.MinInt32 && s.smax <= math.MaxInt32 {
		s.smin, s.smax = max(s.smin, int64(s.smin32)), min(s.smax, int64(s.smax32))
	}
}

// truncate keeps the low bytes and clears the rest.
func (s *scalar) truncate(bytes int) {
	if bytes >= 8 {
		return
	}
	if s.isConst() {
		*s = constScalar(s.bits.low(bytes).Value)
		return
	}
	m := uint64(1)<<(8*bytes) - 1
	s.bits = s.bits.low(bytes)
	if bytes == 4 {
		s.zext32()
		return
	}
	if s.umin&^m == s.umax&^m {
		s.umin, s.umax = s.umin&m, s.umax&m
	} else {
		s.umin, s.umax = 0, m
	}
	s.smin, s.smax = int64(s.umin), int64(s.umax)
	s.forget32()
	s.sync()
}

// zext32 makes the whole the zero-extended low word.
func (s *scalar) zext32() {
	s.bits = s.bits.low(4)
	s.umin, s.umax = uint64(s.umin32), uint64(s.umax32)
	s.smin, s.smax = int64(s.umin32), int64(s.umax32)
	s.sync()
}

// signExtend makes the whole the sign-extended low bytes.
func (s *scalar) signExtend(bytes int) {
	if s.isConst() {
		*s = constScalar(s.bits.sext(bytes).Value)
		return
	}
	n := uint(8*bytes - 1)
	lo, hi := -(int64(1) << n), int64(1)<<n-1
	b := s.bits.sext(bytes)
	keep := s.smin >= lo && s.smax <= hi
	smin, smax := s.smin, s.smax
	if !keep && bytes == 4 {
		smin, smax, keep = int64(s.smin32), int64(s.smax32), true
	}
	*s = unknownScalar
	s.bits = b
	if keep {
		s.smin, s.smax = smin, smax
	} else {
		s.smin, s.smax = lo, hi
	}
	s.sync()
}

// signExtend32 sign-extends the low bytes to a word and clears the high word.
func (s *scalar) signExtend32(bytes int) {
	s.signExtend(bytes)
	s.zext32()
}
