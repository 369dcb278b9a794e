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
	s.bits = loadedTnum(bytes)
	s.sync()
	return s
}

// loadedTnum has the low bytes unknown and the rest zero.
func loadedTnum(bytes int) Tnum { return unknown.low(bytes) }

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

// outOfStep reports a contradiction, also one between known bits and ranges.
func (s *scalar) outOfStep() bool {
	v := s.bits.Value
	return s.broken() ||
		s.isConst() && (s.umin != v || s.umax != v || s.smin != int64(v) || s.smax != int64(v)) ||
		s.isConst32() && (s.umin32 != uint32(v) || s.umax32 != uint32(v) || s.smin32 != int32(v) || s.smax32 != int32(v))
}

// forget64 drops the ranges of the whole, keeping bits and low word.
func (s *scalar) forget64() {
	s.umin, s.umax, s.smin, s.smax = 0, math.MaxUint64, math.MinInt64, math.MaxInt64
}

func (s *scalar) forget32() {
	s.umin32, s.umax32, s.smin32, s.smax32 = 0, math.MaxUint32, math.MinInt32, math.MaxInt32
}

// rounds is how often sync lets the views learn from each other, the kernel's
// number.
const rounds = 3

// sync carries what each view knows over to the others, in the kernel's order.
func (s *scalar) sync() {
	if s.bits.Mask == 0 && !s.broken() && s.contains(s.bits.Value) {
		*s = constScalar(s.bits.Value)
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
	whole := s.bits.intersect(rangeTnum(s.umin, s.umax))
	s.bits = whole.withLow(whole.low(4).intersect(rangeTnum(uint64(s.umin32), uint64(s.umax32))))
	s.fromBits()
}

// fromBits narrows the ranges by the known bits.
func (s *scalar) fromBits() {
	const sign = uint64(1) << 63
	v, m := s.bits.Value, s.bits.Mask
	s.fromBits32()
	s.umin, s.umax = max(s.umin, v), min(s.umax, v|m)
	s.smin = max(s.smin, int64(v|m&sign))
	s.smax = min(s.smax, int64(v|m&^sign))
	s.single()
}

// single makes a constant of a number whose known bits allow only one value
// of its range.
func (s *scalar) single() {
	next := s.bits.after(s.umin)
	switch in := s.bits.Contains(s.umin); {
	case in && next > s.umax:
		*s = constScalar(s.umin)
	case !in && next == s.bits.max(), !in && next <= s.umax && s.bits.after(next) > s.umax:
		*s = constScalar(next)
	}
}

// fromBits32 narrows the ranges of the low word by its known bits.
func (s *scalar) fromBits32() {
	const sign = uint32(1) << 31
	v, m := uint32(s.bits.Value), uint32(s.bits.Mask)
	s.umin32, s.umax32 = max(s.umin32, v), min(s.umax32, v|m)
	s.smin32 = max(s.smin32, int32(v|m&sign))
	s.smax32 = min(s.smax32, int32(v|m&^sign))
}

// deduce32 narrows the low word's ranges by the whole's, where the high word
// is the same throughout, and by each other.
func (s *scalar) deduce32() {
	if s.umin>>32 == s.umax>>32 {
		s.within32(uint32(s.umin), uint32(s.umax))
		if int32(s.umin) <= int32(s.umax) {
			s.smin32, s.smax32 = max(s.smin32, int32(s.umin)), min(s.smax32, int32(s.umax))
		}
	}
	if s.smin>>32 == s.smax>>32 {
		if uint32(s.smin) <= uint32(s.smax) {
			s.within32(uint32(s.smin), uint32(s.smax))
		}
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
	if int32(s.umin32) <= int32(s.umax32) {
		s.smin32, s.smax32 = max(s.smin32, int32(s.umin32)), min(s.smax32, int32(s.umax32))
	}
	switch {
	case uint32(s.smin32) <= uint32(s.smax32):
		s.within32(uint32(s.smin32), uint32(s.smax32))
	case s.umax32 < uint32(s.smin32):
		s.smin32 = 0
		s.umax32 = min(s.umax32, uint32(s.smax32))
	case s.umin32 > uint32(s.smax32):
		s.smax32 = -1
		s.umin32 = max(s.umin32, uint32(s.smin32))
	}
}

// within32 narrows the low word's unsigned range to what lies in lo..hi.
func (s *scalar) within32(lo, hi uint32) {
	s.umin32, s.umax32 = max(s.umin32, lo), min(s.umax32, hi)
}

// deduce64 carries the whole's signed range over to the unsigned one and back,
// where it does not wrap in the other view.
func (s *scalar) deduce64() {
	if int64(s.umin) <= int64(s.umax) {
		s.smin, s.smax = max(s.smin, int64(s.umin)), min(s.smax, int64(s.umax))
	}
	switch {
	case uint64(s.smin) <= uint64(s.smax):
		s.umin, s.umax = max(s.umin, uint64(s.smin)), min(s.umax, uint64(s.smax))
	case s.umax < uint64(s.smin):
		// The unsigned range lies below the negative part.
		s.smin = 0
		s.umax = min(s.umax, uint64(s.smax))
	case s.umin > uint64(s.smax):
		// It lies above the positive part.
		s.smax = -1
		s.umin = max(s.umin, uint64(s.smin))
	}
}

// from32To64 narrows the ends of the whole's range by the low word's range.
func (s *scalar) from32To64() {
	const high = ^uint64(0xffffffff)
	lo, hi := uint64(s.umin32), uint64(s.umax32)
	s.umin, s.umax = max(s.umin, s.umin&high|lo), min(s.umax, s.umax&high|hi)
	s.smin = max(s.smin, int64(uint64(s.smin)&high|lo))
	s.smax = min(s.smax, int64(uint64(s.smax)&high|hi))
	// A whole that fits the sign-extended low word and a low word that is
	// never negative are the same number.
	if s.smin32 >= 0 && s.smin >= math.MinInt32 && s.smax <= math.MaxInt32 {
		s.smin, s.smax = int64(s.smin32), int64(s.smax32)
		s.umin, s.umax = uint64(s.smin32), uint64(s.smax32)
		s.bits = s.bits.intersect(rangeTnum(s.umin, s.umax))
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
	if s.smin32 >= 0 && s.smax32 >= 0 {
		s.smin, s.smax = int64(s.smin32), int64(s.smax32)
	} else {
		s.smin, s.smax = 0, math.MaxUint32
	}
	s.sync()
}

// signExtend makes the whole the sign-extended low bytes. Only where the bytes
// above them are the same throughout and the sign is known does the range
// survive.
func (s *scalar) signExtend(bytes int) {
	if bytes >= 8 {
		return
	}
	if s.isConst() {
		*s = constScalar(s.bits.sext(bytes).Value)
		return
	}
	lo, hi, ok := sextRange(s.smin, s.smax, bytes)
	n := uint(8*bytes - 1)
	*s = unknownScalar
	if ok {
		s.smin, s.smax = lo, hi
		s.bits = rangeTnum(uint64(lo), uint64(hi))
	} else {
		s.smin, s.smax = -(int64(1) << n), int64(1)<<n-1
	}
	s.sync()
}

// signExtend32 sign-extends the low bytes to a word and clears the high word.
func (s *scalar) signExtend32(bytes int) {
	if s.isConst32() {
		*s = constScalar(uint64(uint32(s.bits.sext(bytes).Value)))
		return
	}
	lo, hi, ok := sextRange(int64(s.smin32), int64(s.smax32), bytes)
	n := uint(8*bytes - 1)
	s.forget32()
	if ok {
		s.smin32, s.smax32 = int32(lo), int32(hi)
		s.bits = rangeTnum(uint64(lo), uint64(hi)).low(4)
	} else {
		s.smin32, s.smax32 = -(int32(1) << n), int32(1)<<n-1
		s.bits = loadedTnum(4)
	}
	s.zext32()
}

// sextRange sign-extends the ends of a range from their low bytes. ok is false
// when the bytes above differ or the sign does.
func sextRange(smin, smax int64, bytes int) (lo, hi int64, ok bool) {
	n := uint(8 * bytes)
	if smin>>n != smax>>n {
		return 0, 0, false
	}
	a, b := smin<<(64-n)>>(64-n), smax<<(64-n)>>(64-n)
	lo, hi = min(a, b), max(a, b)
	return lo, hi, lo >= 0 == (hi >= 0)
}
