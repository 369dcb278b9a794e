package number

import (
	"fmt"
	"math/bits"
)

// Tnum is a number of which some bits are known: bits set in Mask are unknown
// and zero in Value. (The kernel's word is "tristate number".)
type Tnum struct{ Value, Mask uint64 }

// UnknownTnum returns the number of which no bit is known.
func UnknownTnum() Tnum { return Tnum{Mask: ^uint64(0)} }

// ConstTnum returns the number of which every bit is known.
func ConstTnum(v uint64) Tnum { return Tnum{Value: v} }

// RangeTnum returns the tightest number that holds all of min..max: the high
// bits that both share are known.
func RangeTnum(min, max uint64) Tnum {
	n := bits.Len64(min ^ max)
	if n > 63 {
		return UnknownTnum()
	}
	low := uint64(1)<<n - 1
	return Tnum{min &^ low, low}
}

// IsConst reports whether every bit is known.
func (t Tnum) IsConst() bool { return t.Mask == 0 }

// Contains reports whether v is one of the numbers that t stands for.
func (t Tnum) Contains(v uint64) bool { return v&^t.Mask == t.Value }

// Within reports whether every number of t is one of o's.
func (t Tnum) Within(o Tnum) bool {
	return t.Mask&^o.Mask == 0 && t.Value&^o.Mask == o.Value
}

// Union returns the tightest number that holds both.
func (t Tnum) Union(o Tnum) Tnum {
	m := t.Mask | o.Mask | (t.Value ^ o.Value)
	return Tnum{t.Value &^ m, m}
}

// Intersect returns what is known when both hold. When they contradict each
// other the result is that of o where it is known.
func (t Tnum) Intersect(o Tnum) Tnum {
	m := t.Mask & o.Mask
	return Tnum{(t.Value | o.Value) &^ m, m}
}

// Conflicts reports whether no number is in both.
func (t Tnum) Conflicts(o Tnum) bool {
	return (t.Value^o.Value)&^(t.Mask|o.Mask) != 0
}

// Max returns the greatest number of t.
func (t Tnum) Max() uint64 { return t.Value | t.Mask }

// after returns the smallest number of t that is greater than z, or t.Max()
// when there is none.
func (t Tnum) after(z uint64) uint64 {
	switch {
	case z >= t.Max():
		return t.Max()
	case z < t.Value:
		return t.Value
	}
	// k is the number of bits from the first one down in which z is none of t's
	// numbers.
	k := bits.Len64((z ^ t.Value) &^ t.Mask)
	if k > 0 && t.Value>>(k-1)&1 != 0 {
		return z&t.Mask&^(1<<k-1) | t.Value
	}
	high := t.Mask &^ (1<<k - 1)
	return ((z|^high)+1)&high | t.Value
}

// Add returns the sum.
func (t Tnum) Add(o Tnum) Tnum {
	sv := t.Value + o.Value
	sigma := sv + t.Mask + o.Mask
	m := sigma ^ sv | t.Mask | o.Mask
	return Tnum{sv &^ m, m}
}

// Sub returns the difference.
func (t Tnum) Sub(o Tnum) Tnum {
	dv := t.Value - o.Value
	m := (dv + t.Mask) ^ (dv - o.Mask) | t.Mask | o.Mask
	return Tnum{dv &^ m, m}
}

// And returns the bits that both have.
func (t Tnum) And(o Tnum) Tnum {
	v := t.Value & o.Value
	return Tnum{v, (t.Value | t.Mask) & (o.Value | o.Mask) &^ v}
}

// Or returns the bits that one has.
func (t Tnum) Or(o Tnum) Tnum {
	v := t.Value | o.Value
	return Tnum{v, (t.Mask | o.Mask) &^ v}
}

// Xor returns the bits in which both differ.
func (t Tnum) Xor(o Tnum) Tnum {
	m := t.Mask | o.Mask
	return Tnum{(t.Value ^ o.Value) &^ m, m}
}

// Mul adds up the partial products: a set bit of t adds o, an unknown bit adds
// o or nothing.
func (t Tnum) Mul(o Tnum) Tnum {
	if t.IsConst() && o.IsConst() {
		return ConstTnum(t.Value * o.Value)
	}
	var acc Tnum
	for s := t.Value | t.Mask; s != 0; s &= s - 1 {
		k := uint(bits.TrailingZeros64(s))
		sum := acc.Add(o.Lsh(k))
		if t.Value>>k&1 != 0 {
			acc = sum
		} else {
			acc = acc.Union(sum)
		}
	}
	return acc
}

// Lsh shifts left.
func (t Tnum) Lsh(n uint) Tnum { return Tnum{t.Value << n, t.Mask << n} }

// Rsh shifts right.
func (t Tnum) Rsh(n uint) Tnum { return Tnum{t.Value >> n, t.Mask >> n} }

// Arsh shifts right and repeats the sign.
func (t Tnum) Arsh(n uint) Tnum {
	return Tnum{uint64(int64(t.Value) >> n), uint64(int64(t.Mask) >> n)}
}

// arsh32 shifts the low word arithmetically and clears the high word.
func (t Tnum) arsh32(n uint) Tnum {
	return Tnum{uint64(uint32(int32(t.Value) >> n)), uint64(uint32(int32(t.Mask) >> n))}
}

// Low returns the low bytes with the rest zero.
func (t Tnum) Low(bytes int) Tnum {
	if bytes >= 8 {
		return t
	}
	m := uint64(1)<<(8*bytes) - 1
	return Tnum{t.Value & m, t.Mask & m}
}

// High returns t with the low word zero.
func (t Tnum) High() Tnum { return Tnum{t.Value &^ 0xffffffff, t.Mask &^ 0xffffffff} }

// WithLow returns t with the low word replaced by o's.
func (t Tnum) WithLow(o Tnum) Tnum { return t.High().Or(o.Low(4)) }

// Sext sign-extends from a width in bytes.
func (t Tnum) Sext(bytes int) Tnum {
	if bytes >= 8 {
		return t
	}
	n := uint(64 - 8*bytes)
	return t.Lsh(n).Arsh(n)
}

// Bswap swaps the low bytes end for end and clears the rest.
func (t Tnum) Bswap(bytes int) Tnum {
	n := uint(64 - 8*bytes)
	return Tnum{bits.ReverseBytes64(t.Value) >> n, bits.ReverseBytes64(t.Mask) >> n}
}

// String is the kernel's notation: a constant, or value and mask.
func (t Tnum) String() string {
	if t.IsConst() {
		return fmt.Sprintf("%#x", t.Value)
	}
	return fmt.Sprintf("(%#x; %#x)", t.Value, t.Mask)
}
