package verify

import (
	"math"
	"math/bits"

	"github.com/skipsw/skipsw/translate/bpf"
)

// apply computes d = d op s on 64-bit numbers, or on low words with the high
// word of the result zero.
func (d *scalar) apply(op uint8, s scalar, word bool) {
	if word {
		d.apply32(op, &s)
	} else {
		d.apply64(op, &s)
	}
}

func (d *scalar) apply64(op uint8, s *scalar) {
	if d.broken() || s.broken() {
		*d = unknownScalar
		return
	}
	switch op {
	case bpf.ADD:
		d.bits = d.bits.add(s.bits)
		d.smin, d.smax = addRange(d.smin, d.smax, s.smin, s.smax)
		d.umin, d.umax = addURange(d.umin, d.umax, s.umin, s.umax)
		d.forget32()
	case bpf.SUB:
		d.bits = d.bits.sub(s.bits)
		d.smin, d.smax = subRange(d.smin, d.smax, s.smin, s.smax)
		d.umin, d.umax = subURange(d.umin, d.umax, s.umin, s.umax)
		d.forget32()
	case bpf.MUL:
		d.bits = d.bits.mul(s.bits)
		d.smin, d.smax = mulRange(d.smin, d.smax, s.smin, s.smax)
		if hi, lo := bits.Mul64(d.umax, s.umax); hi == 0 {
			d.umin, d.umax = d.umin*s.umin, lo
		} else {
			d.umin, d.umax = 0, math.MaxUint64
		}
		d.forget32()
	case bpf.AND:
		b, hi := d.bits.and(s.bits), min(d.umax, s.umax)
		*d = unknownScalar
		d.bits, d.umin, d.umax = b, b.Value, hi
	case bpf.OR:
		b, lo := d.bits.or(s.bits), max(d.umin, s.umin)
		*d = unknownScalar
		d.bits, d.umin, d.umax = b, lo, b.Value|b.Mask
	case bpf.XOR:
		b := d.bits.xor(s.bits)
		*d = unknownScalar
		d.bits = b
	case bpf.LSH, bpf.RSH, bpf.ARSH:
		if !s.isConst() || s.bits.Value > 63 {
			*d = unknownScalar
			return
		}
		d.shift64(op, uint(s.bits.Value))
	default:
		*d = unknownScalar
		return
	}
	d.sync()
}

func (d *scalar) shift64(op uint8, n uint) {
	if n == 0 {
		return
	}
	switch op {
	case bpf.LSH:
		lo32, hi32 := d.smin32, d.smax32
		d.bits = d.bits.lsh(n)
		if d.umax > math.MaxUint64>>n {
			d.umin, d.umax = 0, math.MaxUint64
		} else {
			d.umin, d.umax = d.umin<<n, d.umax<<n
		}
		d.smin, d.smax = math.MinInt64, math.MaxInt64
		if n == 32 {
			// Half of a sign extension by two shifts.
			d.smin, d.smax = int64(lo32)<<32, int64(hi32)<<32
		}
	case bpf.RSH:
		d.bits = d.bits.rsh(n)
		d.umin, d.umax = d.umin>>n, d.umax>>n
		d.smin, d.smax = math.MinInt64, math.MaxInt64
	case bpf.ARSH:
		d.bits = d.bits.arsh(n)
		d.smin, d.smax = d.smin>>n, d.smax>>n
		d.umin, d.umax = 0, math.MaxUint64
	}
	d.forget32()
}

func (d *scalar) apply32(op uint8, s *scalar) {
	if d.broken() || s.broken() {
		*d = loadedScalar(4)
		return
	}
	switch op {
	case bpf.ADD:
		d.bits = d.bits.low(4).add(s.bits.low(4))
		d.smin32, d.smax32 = fit32(int64(d.smin32)+int64(s.smin32), int64(d.smax32)+int64(s.smax32))
		d.umin32, d.umax32 = fitU32(int64(d.umin32)+int64(s.umin32), int64(d.umax32)+int64(s.umax32))
	case bpf.SUB:
		d.bits = d.bits.low(4).sub(s.bits.low(4))
		d.smin32, d.smax32 = fit32(int64(d.smin32)-int64(s.smax32), int64(d.smax32)-int64(s.smin32))
		d.umin32, d.umax32 = fitU32(int64(d.umin32)-int64(s.umax32), int64(d.umax32)-int64(s.umin32))
	case bpf.MUL:
		d.bits = d.bits.low(4).mul(s.bits.low(4))
		d.smin32, d.smax32 = mul32Range(d.smin32, d.smax32, s.smin32, s.smax32)
		if hi := uint64(d.umax32) * uint64(s.umax32); hi <= math.MaxUint32 {
			d.umin32, d.umax32 = d.umin32*s.umin32, uint32(hi)
		} else {
			d.umin32, d.umax32 = 0, math.MaxUint32
		}
	case bpf.AND:
		b, hi := d.bits.and(s.bits).low(4), min(d.umax32, s.umax32)
		d.forget32()
		d.bits, d.umin32, d.umax32 = b, uint32(b.Value), hi
	case bpf.OR:
		b, lo := d.bits.or(s.bits).low(4), max(d.umin32, s.umin32)
		d.forget32()
		d.bits, d.umin32, d.umax32 = b, lo, uint32(b.Value|b.Mask)
	case bpf.XOR:
		d.bits = d.bits.xor(s.bits).low(4)
		d.forget32()
	case bpf.LSH, bpf.RSH, bpf.ARSH:
		if !s.isConst32() || uint32(s.bits.Value) > 31 {
			*d = unknownScalar
			return
		}
		n := uint(uint32(s.bits.Value))
		b := d.bits.low(4)
		switch {
		case n == 0:
			d.bits = b
		case op == bpf.LSH:
			d.bits = b.lsh(n).low(4)
			lo, hi, keep := d.umin32<<n, d.umax32<<n, d.umax32 <= math.MaxUint32>>n
			d.forget32()
			if keep {
				d.umin32, d.umax32 = lo, hi
			}
		case op == bpf.RSH:
			d.bits = b.rsh(n)
			lo, hi := d.umin32>>n, d.umax32>>n
			d.forget32()
			d.umin32, d.umax32 = lo, hi
		default:
			d.bits = b.arsh32(n)
			lo, hi := d.smin32>>n, d.smax32>>n
			d.forget32()
			d.smin32, d.smax32 = lo, hi
		}
	default:
		// As the kernel has it, which does not know here that the high word is 0.
		*d = unknownScalar
		return
	}
	d.bits = d.bits.low(4)
	d.forget64()
	d.umax = math.MaxUint32
	d.smin, d.smax = 0, math.MaxUint32
	d.sync()
	d.umin, d.umax = uint64(d.umin32), uint64(d.umax32)
	d.smin, d.smax = int64(d.umin32), int64(d.umax32)
	d.sync()
}

// addRange adds signed ranges; when only one end overflows nothing is known.
func addRange(alo, ahi, blo, bhi int64) (lo, hi int64) {
	lo, hi = alo+blo, ahi+bhi
	oflo, ofhi := (lo < alo) != (blo < 0), (hi < ahi) != (bhi < 0)
	if oflo != ofhi || lo > hi {
		return math.MinInt64, math.MaxInt64
	}
	return lo, hi
}

func addURange(alo, ahi, blo, bhi uint64) (lo, hi uint64) {
	lo, hi = alo+blo, ahi+bhi
	if (lo < alo) != (hi < ahi) {
		return 0, math.MaxUint64
	}
	return lo, hi
}

func subRange(alo, ahi, blo, bhi int64) (lo, hi int64) {
	lo, hi = alo-bhi, ahi-blo
	oflo, ofhi := (lo > alo) != (bhi < 0), (hi > ahi) != (blo < 0)
	if oflo != ofhi || lo > hi {
		return math.MinInt64, math.MaxInt64
	}
	return lo, hi
}

func subURange(alo, ahi, blo, bhi uint64) (lo, hi uint64) {
	lo, hi = alo-bhi, ahi-blo
	if (alo < bhi) != (ahi < blo) {
		return 0, math.MaxUint64
	}
	return lo, hi
}

func mulRange(alo, ahi, blo, bhi int64) (lo, hi int64) {
	lo, hi = math.MaxInt64, math.MinInt64
	for _, a := range [2]int64{alo, ahi} {
		for _, b := range [2]int64{blo, bhi} {
			p := a * b
			if a != 0 && (p/a != b || a == -1 && b == math.MinInt64) {
				return math.MinInt64, math.MaxInt64
			}
			lo, hi = min(lo, p), max(hi, p)
		}
	}
	return lo, hi
}

func mul32Range(alo, ahi, blo, bhi int32) (lo, hi int32) {
	l, h := int64(math.MaxInt64), int64(math.MinInt64)
	for _, a := range [2]int32{alo, ahi} {
		for _, b := range [2]int32{blo, bhi} {
			p := int64(a) * int64(b)
			l, h = min(l, p), max(h, p)
		}
	}
	return fit32(l, h)
}

// fit32 wraps a range to signed words when it does not cross the sign there.
func fit32(lo, hi int64) (l, h int32) {
	if hi-lo < 1<<32 && int32(lo) <= int32(hi) {
		return int32(lo), int32(hi)
	}
	return math.MinInt32, math.MaxInt32
}

// fitU32 is fit32 for unsigned words.
func fitU32(lo, hi int64) (l, h uint32) {
	if lo>>32 == hi>>32 {
		return uint32(lo), uint32(hi)
	}
	return 0, math.MaxUint32
}
