package verify

import (
	"fmt"
	"math/bits"
)

// unknown is the number of which no bit is known.
var unknown = Tnum{Mask: ^uint64(0)}

// constTnum returns the number of which every bit is known.
func constTnum(v uint64) Tnum { return Tnum{Value: v} }

// rangeTnum returns the tightest number that holds all of min..max: the high
// bits that both share are known.
func rangeTnum(min, max uint64) Tnum {
	n := bits.Len64(min ^ max)
	if n > 63 {
		return unknown
	}
	low := uint64(1)<<n - 1
	return Tnum{min &^ low, low}
}

// IsConst reports whether every bit is known.
func (t Tnum) IsConst() bool { return t.Mask == 0 }

// Contains reports whether v is one of the numbers that t stands for.
func (t Tnum) Contains(v uint64) bool { return v&^t.Mask == t.Value }

// within reports whether every number of t is one of o's.
func (t Tnum) within(o Tnum) bool {
	return t.Mask&^o.Mask == 0 && t.Value&^o.Mask == o.Value
}

// union returns the tightest number that holds both.
func (t Tnum) union(o Tnum) Tnum {
	m := t.Mask | o.Mask | (t.Value ^ o.Value)
	return Tnum{t.Value &^ m, m}
}

// intersect returns what is known when both hold. When they contradict each
// other the result is that of o where it is known.
func (t Tnum) intersect(o Tnum) Tnum {
	m := t.Mask & o.Mask
	return Tnum{(t.Value | o.Value) &^ m, m}
}

// conflicts reports whether no number is in both.
func (t Tnum) conflicts(o Tnum) bool {
	return (t.Value^o.Value)&^(t.Mask|o.Mask) != 0
}

// max returns the greatest number of t.
func (t Tnum) max() uint64 { return t.Value | t.Mask }

// after returns the smallest number of t that is greater than z, or t.max()
// when there is none.
func (t Tnum) after(z uint64) uint64 {
	switch {
	case z >= t.max():
		return t.max()
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

func (t Tnum) add(o Tnum) Tnum {
	sv := t.Value + o.Value
	sigma := sv + t.Mask + o.Mask
	m := sigma ^ sv | t.Mask | o.Mask
	return Tnum{sv &^ m, m}
}

func (t Tnum) sub(o Tnum) Tnum {
	dv := t.Value - o.Value
	m := (dv + t.Mask) ^ (dv - o.Mask) | t.Mask | o.Mask
	return Tnum{dv &^ m, m}
}

func (t Tnum) and(o Tnum) Tnum {
	v := t.Value & o.Value
	return Tnum{v, (t.Value | t.Mask) & (o.Value | o.Mask) &^ v}
}

func (t Tnum) or(o Tnum) Tnum {
	v := t.Value | o.Value
	return Tnum{v, (t.Mask | o.Mask) &^ v}
}

func (t Tnum) xor(o Tnum) Tnum {
	m := t.Mask | o.Mask
	return Tnum{(t.Value ^ o.Value) &^ m, m}
}

// mul adds up the partial products: a set bit of t adds o, an unknown bit adds
// o or nothing.
func (t Tnum) mul(o Tnum) Tnum {
	if t.IsConst() && o.IsConst() {
		return constTnum(t.Value * o.Value)
	}
	var acc Tnum
	for s := t.Value | t.Mask; s != 0; s &= s - 1 {
		k := uint(bits.TrailingZeros64(s))
		sum := acc.add(o.lsh(k))
		if t.Value>>k&1 != 0 {
			acc = sum
		} else {
			acc = acc.union(sum)
		}
	}
	return acc
}

func (t Tnum) lsh(n uint) Tnum { return Tnum{t.Value << n, t.Mask << n} }
func (t Tnum) rsh(n uint) Tnum { return Tnum{t.Value >> n, t.Mask >> n} }
func (t Tnum) arsh(n uint) Tnum {
	return Tnum{uint64(int64(t.Value) >> n), uint64(int64(t.Mask) >> n)}
}

// arsh32 shifts the low word arithmetically and clears the high word.
func (t Tnum) arsh32(n uint) Tnum {
	return Tnum{uint64(uint32(int32(t.Value) >> n)), uint64(uint32(int32(t.Mask) >> n))}
}

// low returns the low bytes with the rest zero.
func (t Tnum) low(bytes int) Tnum {
	if bytes >= 8 {
		return t
	}
	m := uint64(1)<<(8*bytes) - 1
	return Tnum{t.Value & m, t.Mask & m}
}

// high returns t with the low word zero.
func (t Tnum) high() Tnum { return Tnum{t.Value &^ 0xffffffff, t.Mask &^ 0xffffffff} }

// withLow returns t with the low word replaced by o's.
func (t Tnum) withLow(o Tnum) Tnum { return t.high().or(o.low(4)) }

// sext sign-extends from a width in bytes.
func (t Tnum) sext(bytes int) Tnum {
	if bytes >= 8 {
		return t
	}
	n := uint(64 - 8*bytes)
	return t.lsh(n).arsh(n)
}

// bswap swaps the low bytes end for end and clears the rest.
func (t Tnum) bswap(bytes int) Tnum {
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
