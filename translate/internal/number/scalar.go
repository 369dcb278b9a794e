package number

import "math"

// Scalar is what is known of a 64-bit number: bits, and ranges of the whole
// and of the low word, signed and unsigned. All ends belong to their ranges.
type Scalar struct {
	Bits       Tnum
	UMin, UMax uint64
	SMin, SMax int64
	// ranges of the low word
	U32Min, U32Max uint32
	S32Min, S32Max int32
}

// Unknown is any number.
func Unknown() Scalar {
	return Scalar{
		Bits: UnknownTnum(),
		UMax: math.MaxUint64, SMin: math.MinInt64, SMax: math.MaxInt64,
		U32Max: math.MaxUint32, S32Min: math.MinInt32, S32Max: math.MaxInt32,
	}
}

// Const is one number.
func Const(v uint64) Scalar {
	return Scalar{
		Bits: Tnum{Value: v}, UMin: v, UMax: v, SMin: int64(v), SMax: int64(v),
		U32Min: uint32(v), U32Max: uint32(v), S32Min: int32(v), S32Max: int32(v),
	}
}

// OfBytes is an unknown number of the given width, zero-extended.
func OfBytes(bytes int) Scalar {
	if bytes >= 8 {
		return Unknown()
	}
	s := Unknown()
	s.Bits = UnknownTnum().Low(bytes)
	s.Sync()
	return s
}

// IsConst reports whether every bit is known.
func (s *Scalar) IsConst() bool { return s.Bits.Mask == 0 }

// IsConst32 reports whether every bit of the low word is known.
func (s *Scalar) IsConst32() bool { return uint32(s.Bits.Mask) == 0 }

// IsZero reports the number 0.
func (s *Scalar) IsZero() bool { return s.Bits.Mask == 0 && s.Bits.Value == 0 }

// Contains reports whether v is possible.
func (s *Scalar) Contains(v uint64) bool {
	return s.Bits.Contains(v) && s.UMin <= v && v <= s.UMax && s.SMin <= int64(v) && int64(v) <= s.SMax &&
		s.U32Min <= uint32(v) && uint32(v) <= s.U32Max && s.S32Min <= int32(v) && int32(v) <= s.S32Max
}

// Within reports whether every number of s is one of o's.
func (s *Scalar) Within(o *Scalar) bool {
	return o.UMin <= s.UMin && s.UMax <= o.UMax && o.SMin <= s.SMin && s.SMax <= o.SMax &&
		o.U32Min <= s.U32Min && s.U32Max <= o.U32Max && o.S32Min <= s.S32Min && s.S32Max <= o.S32Max &&
		s.Bits.Within(o.Bits)
}

// Broken reports a contradiction: no number satisfies all that is recorded.
// It arises on ways that no run takes.
func (s *Scalar) Broken() bool {
	return s.UMin > s.UMax || s.SMin > s.SMax || s.U32Min > s.U32Max || s.S32Min > s.S32Max
}

// outOfStep reports a contradiction, also one between known bits and ranges.
func (s *Scalar) outOfStep() bool {
	v := s.Bits.Value
	return s.Broken() ||
		s.IsConst() && (s.UMin != v || s.UMax != v || s.SMin != int64(v) || s.SMax != int64(v)) ||
		s.IsConst32() && (s.U32Min != uint32(v) || s.U32Max != uint32(v) || s.S32Min != int32(v) || s.S32Max != int32(v))
}

// forget64 drops the ranges of the whole, keeping bits and low word.
func (s *Scalar) forget64() {
	s.UMin, s.UMax, s.SMin, s.SMax = 0, math.MaxUint64, math.MinInt64, math.MaxInt64
}

func (s *Scalar) forget32() {
	s.U32Min, s.U32Max, s.S32Min, s.S32Max = 0, math.MaxUint32, math.MinInt32, math.MaxInt32
}
