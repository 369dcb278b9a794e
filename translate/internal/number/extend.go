package number

import "math"

// Truncate keeps the low bytes and clears the rest.
func (s *Scalar) Truncate(bytes int) {
	if bytes >= 8 {
		return
	}
	if s.IsConst() {
		*s = Const(s.Bits.Low(bytes).Value)
		return
	}
	if bytes == 4 {
		s.zext32()
		return
	}
	s.keepLow(bytes)
	s.Sync()
}

// keepLow keeps 1 or 2 low bytes. Nothing is known of the low word's ranges then.
func (s *Scalar) keepLow(bytes int) {
	m := uint64(1)<<(8*bytes) - 1
	s.Bits = s.Bits.Low(bytes)
	if s.UMin&^m == s.UMax&^m {
		s.UMin, s.UMax = s.UMin&m, s.UMax&m
	} else {
		s.UMin, s.UMax = 0, m
	}
	s.SMin, s.SMax = int64(s.UMin), int64(s.UMax)
	s.forget32()
}

// zext32 makes the whole the zero-extended low word.
func (s *Scalar) zext32() {
	s.onlyLow()
	s.Sync()
}

// onlyLow gives the whole the bits and ranges of the low word.
func (s *Scalar) onlyLow() {
	s.Bits = s.Bits.Low(4)
	s.UMin, s.UMax = uint64(s.U32Min), uint64(s.U32Max)
	if s.S32Min >= 0 && s.S32Max >= 0 {
		s.SMin, s.SMax = int64(s.S32Min), int64(s.S32Max)
	} else {
		s.SMin, s.SMax = 0, math.MaxUint32
	}
}

// SignExtend makes the whole the sign-extended low bytes. Only where the bytes
// above them are the same throughout and the sign is known does the range
// survive.
func (s *Scalar) SignExtend(bytes int) {
	if bytes >= 8 {
		return
	}
	if s.IsConst() {
		*s = Const(s.Bits.Sext(bytes).Value)
		return
	}
	lo, hi, ok := sextRange(s.SMin, s.SMax, bytes)
	n := uint(8*bytes - 1)
	*s = Unknown()
	if ok {
		s.SMin, s.SMax = lo, hi
		s.Bits = RangeTnum(uint64(lo), uint64(hi))
	} else {
		s.SMin, s.SMax = -(int64(1) << n), int64(1)<<n-1
	}
	s.Sync()
}

// SignExtend32 sign-extends the low bytes to a word and clears the high word.
func (s *Scalar) SignExtend32(bytes int) {
	if s.IsConst32() {
		*s = Const(uint64(uint32(s.Bits.Sext(bytes).Value)))
		return
	}
	lo, hi, ok := sextRange(int64(s.S32Min), int64(s.S32Max), bytes)
	n := uint(8*bytes - 1)
	s.forget32()
	if ok {
		s.S32Min, s.S32Max = int32(lo), int32(hi)
		s.Bits = RangeTnum(uint64(lo), uint64(hi)).Low(4)
	} else {
		s.S32Min, s.S32Max = -(int32(1) << n), int32(1)<<n-1
		s.Bits = UnknownTnum().Low(4)
	}
	s.zext32()
}

// sextRange sign-extends the ends of a range from their low bytes. ok is false
// when the bytes above differ or the sign does.
func sextRange(SMin, SMax int64, bytes int) (lo, hi int64, ok bool) {
	n := uint(8 * bytes)
	if SMin>>n != SMax>>n {
		return 0, 0, false
	}
	a, b := SMin<<(64-n)>>(64-n), SMax<<(64-n)>>(64-n)
	lo, hi = min(a, b), max(a, b)
	return lo, hi, lo >= 0 == (hi >= 0)
}

// Swap reverses the order of the low bytes and clears the rest.
func (s *Scalar) Swap(bytes int) {
	b := s.Bits.Bswap(bytes)
	*s = Unknown()
	s.Bits = b
	s.Sync()
}

// SetLow makes the low word a constant and leaves the ranges of the whole as
// they are.
func (s *Scalar) SetLow(w uint32) {
	s.Bits = s.Bits.High().Or(ConstTnum(uint64(w)))
	s.U32Min, s.U32Max, s.S32Min, s.S32Max = w, w, int32(w), int32(w)
}
