package number

import (
	"math"
	"strconv"
)

// Signed writes small numbers in decimal and others in hexadecimal, as the
// kernel does.
func Signed(n int64) string {
	if n >= math.MinInt16 && n <= math.MaxInt16 {
		return strconv.FormatInt(n, 10)
	}
	return hex(uint64(n))
}

// Unsigned is Signed for unsigned numbers.
func Unsigned(n uint64) string {
	if n <= math.MaxUint16 {
		return strconv.FormatUint(n, 10)
	}
	return hex(n)
}

func hex(n uint64) string { return "0x" + strconv.FormatUint(n, 16) }

// Terms lists what is known of a number in the kernel's notation: its ranges,
// those of equal value in one term, and its known bits.
func (s *Scalar) Terms() []string {
	type limit struct {
		name   string
		val    uint64
		signed bool
		omit   bool
	}
	word := func(n int32) uint64 { // a signed word is written as one when it is large
		if n >= math.MinInt16 && n <= math.MaxInt16 {
			return uint64(int64(n))
		}
		return uint64(uint32(n))
	}
	u := Unknown()
	all := [...]limit{
		{"smin", uint64(s.SMin), true, s.SMin == u.SMin},
		{"smax", uint64(s.SMax), true, s.SMax == u.SMax},
		{"umin", s.UMin, false, s.UMin == u.UMin},
		{"umax", s.UMax, false, s.UMax == u.UMax},
		{"smin32", word(s.S32Min), true, s.S32Min == u.S32Min},
		{"smax32", word(s.S32Max), true, s.S32Max == u.S32Max},
		{"umin32", uint64(s.U32Min), false, s.U32Min == u.U32Min},
		{"umax32", uint64(s.U32Max), false, s.U32Max == u.U32Max},
	}
	negative := func(l *limit) bool { return l.signed && int64(l.val) < 0 }
	var a []string
	for i := range all {
		l := &all[i]
		if l.omit {
			continue
		}
		names := l.name
		// Minima stand with minima and maxima with maxima.
		for k := i + 2; k < len(all); k += 2 {
			if m := &all[k]; !m.omit && m.val == l.val && negative(m) == negative(l) {
				m.omit = true
				names += "=" + m.name
			}
		}
		if l.signed {
			a = append(a, names+"="+Signed(int64(l.val)))
		} else {
			a = append(a, names+"="+Unsigned(l.val))
		}
	}
	if s.Bits != UnknownTnum() {
		a = append(a, "var_off="+s.Bits.String())
	}
	return a
}
