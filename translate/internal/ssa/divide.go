package ssa

import (
	"math/bits"

	"github.com/skipsw/skipsw/translate/bpf"
)

// divide divides, unsigned or signed. A division by 0 gives 0, the remainder
// of it is the dividend, as eBPF defines.
func (b *Builder) divide(x, y pair, mod, signed, wide bool) pair {
	zero := b.Const(0)
	if !signed {
		return b.divideUnsigned(x, y, mod)
	}
	if !wide {
		x.hi, y.hi = b.Shift(Sar, x.lo, 31), b.Shift(Sar, y.lo, 31)
	}
	// Quotient of the magnitudes; the sign of the quotient is that of both
	// operands together, the sign of the remainder that of the dividend.
	xSign, ySign := b.Shift(Sar, x.hi, 31), b.Shift(Sar, y.hi, 31)
	r := b.divideUnsigned(b.magnitude(x, xSign, wide), b.magnitude(y, ySign, wide), mod)
	sign := xSign
	if !mod {
		sign = b.Op(Xor, 0, xSign, ySign)
	}
	r = b.magnitude(r, sign, true)
	if !wide {
		r.hi = zero
	}
	return r
}

// DivideConst divides a double word by a constant that is not 0, unsigned.
func (b *Builder) DivideConst(lo, hi ID, by uint32) (quotientLo, quotientHi ID) {
	r := b.divideUnsigned(pair{lo, hi}, pair{b.Const(by), b.Const(0)}, false)
	return r.lo, r.hi
}

// magnitude negates x where sign is all ones and keeps it where sign is 0.
func (b *Builder) magnitude(x pair, sign ID, wide bool) pair {
	lo, hi := b.Op(Xor, 0, x.lo, sign), b.Op(Xor, 0, x.hi, sign)
	r := pair{b.Op(Sub, 0, lo, sign), b.Op(SubHi, 0, hi, sign, lo, sign)}
	if !wide {
		r.hi = b.Const(0)
	}
	return r
}

func (b *Builder) divideUnsigned(x, y pair, mod bool) pair {
	zero := b.Const(0)
	f := b.F
	d, isConst := f.IsConst(y.lo)
	short := f.UMax(x.hi) == 0
	if isConst && f.Is(y.hi, 0) && (short || d&(d-1) == 0) {
		switch {
		case d == 0 && mod:
			return x
		case d == 0:
			return pair{zero, zero}
		case d&(d-1) == 0 && mod:
			return pair{b.And(x.lo, d-1), zero}
		case d&(d-1) == 0:
			return b.shiftConst(bpf.Rsh, x, uint32(bits.TrailingZeros32(d)))
		}
		q := b.reciprocal(x.lo, d)
		if mod {
			return pair{b.Op(Sub, 0, x.lo, b.Op(Mul, 0, q, b.Const(d))), zero}
		}
		return pair{q, zero}
	}
	if isConst && d != 0 {
		return b.longDivision(x, y, mod)
	}
	wide := uint32(1)
	if f.UMax(x.hi) == 0 && f.UMax(y.hi) == 0 {
		wide = 0
	}
	c := Compare{Cond: NE, XL: y.lo, YL: zero}
	if wide != 0 {
		c.XL = b.Op(Or, 0, y.lo, y.hi)
	}
	words := b.Choose(c,
		func() []ID { r := b.longDivision(x, y, mod); return []ID{r.lo, r.hi} },
		func() []ID {
			if mod {
				return []ID{x.lo, x.hi}
			}
			return []ID{zero, zero}
		})
	return pair{words[0], words[1]}
}

// reciprocal divides a word by a constant that is no power of two, with a
// multiplication (Granlund and Montgomery, Division by Invariant Integers
// using Multiplication, 1994).
func (b *Builder) reciprocal(x ID, d uint32) ID {
	limit := uint64(b.F.UMax(x))
	if uint64(d) > limit {
		return b.Const(0)
	}
	if d > 1<<31 {
		// The quotient is 1 or 0: one less the borrow of x - d.
		borrow := b.Op(SubHi, 0, b.Const(0), b.Const(0), x, b.Const(d))
		return b.AddConst(borrow, 1)
	}
	// Search the smallest shift s and multiplier m = ceil(2^(32+s)/d) whose
	// error stays below 1/d for every x up to limit.
	for s := range uint32(32) {
		p := uint64(1) << (32 + s)
		m := p/uint64(d) + 1
		excess := m*uint64(d) - p // m*d = 2^(32+s) + excess
		if m < 1<<32 && fits(excess, limit, p) {
			return b.Shift(Shr, b.Op(MulHi, 0, x, b.Const(uint32(m))), s)
		}
	}
	// An even divisor: take its powers of two first.
	if tz := uint32(bits.TrailingZeros32(d)); tz > 0 {
		return b.reciprocal(b.Shift(Shr, x, tz), d>>tz)
	}
	// The multiplier has 33 bits: 2^32 + m.
	l := uint32(bits.Len32(d - 1))
	m := uint32(((uint64(1)<<l-uint64(d))<<32)/uint64(d)) + 1
	t := b.Op(MulHi, 0, x, b.Const(m))
	half := b.Shift(Shr, b.Op(Sub, 0, x, t), 1)
	return b.Shift(Shr, b.Op(Add, 0, half, t), l-1)
}

// fits reports whether excess * limit < p.
func fits(excess, limit, p uint64) bool {
	hi, lo := bits.Mul64(excess, limit)
	return hi == 0 && lo < p
}

// longDivision divides bit by bit; y is not 0.
func (b *Builder) longDivision(x, y pair, mod bool) pair {
	zero := b.Const(0)
	if b.F.UMax(x.hi) == 0 && b.F.UMax(y.hi) == 0 {
		words := b.Repeat(b.Const(32), []ID{x.lo, zero}, func(w []ID) []ID {
			q, r := w[0], w[1]
			r = b.Op(Funnel, 31, r, q)
			q = b.Shift(Shl, q, 1)
			return b.divideStep(pair{q, zero}, pair{r, zero}, pair{y.lo, zero}, false)
		})
		if mod {
			return pair{words[1], zero}
		}
		return pair{words[0], zero}
	}
	words := b.Repeat(b.Const(64), []ID{x.lo, x.hi, zero, zero}, func(w []ID) []ID {
		q, r := pair{w[0], w[1]}, pair{w[2], w[3]}
		r = pair{b.Op(Funnel, 31, r.lo, q.hi), b.Op(Funnel, 31, r.hi, r.lo)}
		q = b.shiftConst(bpf.Lsh, q, 1)
		return b.divideStep(q, r, y, true)
	})
	if mod {
		return pair{words[2], words[3]}
	}
	return pair{words[0], words[1]}
}

// divideStep subtracts the divisor from the shifted remainder if it fits, and
// then sets the lowest bit of the quotient. The shift loses no bit: before the
// last step the remainder is at most half of the dividend.
func (b *Builder) divideStep(q, r, y pair, wide bool) []ID {
	less := Compare{Cond: ULT, XL: r.lo, YL: y.lo}
	if wide {
		less.XH, less.YH = r.hi, y.hi
	}
	words := func(q, r pair) []ID {
		if wide {
			return []ID{q.lo, q.hi, r.lo, r.hi}
		}
		return []ID{q.lo, r.lo}
	}
	subtract := func() []ID {
		n := pair{b.Op(Sub, 0, r.lo, y.lo), b.Const(0)}
		if wide {
			n.hi = b.Op(SubHi, 0, r.hi, y.hi, r.lo, y.lo)
		}
		return words(pair{b.Op(Or, 0, q.lo, b.Const(1)), q.hi}, n)
	}
	keep := func() []ID { return words(q, r) }
	return b.Choose(less, keep, subtract)
}
