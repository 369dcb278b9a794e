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
	switch op {
	case bpf.LSH, bpf.RSH, bpf.ARSH:
		if !s.isConst() || s.umin != s.umax || s.umax > 63 {
			*d = unknownScalar
			return
		}
		d.shift64(op, uint(s.umax))
	default:
		if !d.combine(op, s) {
			*d = unknownScalar
			return
		}
	}
	d.sync()
}

func (d *scalar) apply32(op uint8, s *scalar) {
	switch op {
	case bpf.LSH, bpf.RSH, bpf.ARSH:
		if !s.isConst32() || s.umin32 != s.umax32 || s.umax > 31 {
			*d = unknownScalar
			return
		}
		d.shift32(op, uint(s.umax))
	default:
		if !d.combine(op, s) {
			// As the kernel has it, which does not know here that the high word is 0.
			*d = unknownScalar
			return
		}
	}
	d.zext32()
}

// combine computes the bits and all ranges of d op s, and reports whether it
// can.
func (d *scalar) combine(op uint8, s *scalar) bool {
	switch op {
	case bpf.ADD:
		d.add32(s)
		d.add64(s)
		d.bits = d.bits.add(s.bits)
	case bpf.SUB:
		d.sub32(s)
		d.sub64(s)
		d.bits = d.bits.sub(s.bits)
	case bpf.MUL:
		d.mul32(s)
		d.mul64(s)
		d.bits = d.bits.mul(s.bits)
	case bpf.AND:
		d.bits = d.bits.and(s.bits)
		d.unsigned32(uint32(d.bits.Value), min(d.umax32, s.umax32))
		d.unsigned64(d.bits.Value, min(d.umax, s.umax))
	case bpf.OR:
		d.bits = d.bits.or(s.bits)
		d.unsigned32(max(d.umin32, s.umin32), uint32(d.bits.Value|d.bits.Mask))
		d.unsigned64(max(d.umin, s.umin), d.bits.Value|d.bits.Mask)
	case bpf.XOR:
		d.bits = d.bits.xor(s.bits)
		d.unsigned32(uint32(d.bits.Value), uint32(d.bits.Value|d.bits.Mask))
		d.unsigned64(d.bits.Value, d.bits.Value|d.bits.Mask)
	default:
		return false
	}
	return true
}

// unsigned64 sets the whole's ranges from its unsigned one, unsigned32 the low
// word's.
func (d *scalar) unsigned64(lo, hi uint64) {
	d.umin, d.umax, d.smin, d.smax = lo, hi, math.MinInt64, math.MaxInt64
	if int64(lo) <= int64(hi) {
		d.smin, d.smax = int64(lo), int64(hi)
	}
}

func (d *scalar) unsigned32(lo, hi uint32) {
	d.umin32, d.umax32, d.smin32, d.smax32 = lo, hi, math.MinInt32, math.MaxInt32
	if int32(lo) <= int32(hi) {
		d.smin32, d.smax32 = int32(lo), int32(hi)
	}
}

func (d *scalar) shift64(op uint8, n uint) {
	switch op {
	case bpf.LSH:
		lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
		if n == 32 {
			// Half of a sign extension by two shifts.
			lo, hi = int64(d.smin32)<<32, int64(d.smax32)<<32
		}
		d.smin, d.smax = lo, hi
		if d.umax > 1<<(63-n) {
			d.umin, d.umax = 0, math.MaxUint64
		} else {
			d.umin, d.umax = d.umin<<n, d.umax<<n
		}
		d.lsh32(n)
		d.bits = d.bits.lsh(n)
		return
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

// lsh32 computes the ranges of the low word of a number that is shifted left.
func (d *scalar) lsh32(n uint) {
	d.smin32, d.smax32 = math.MinInt32, math.MaxInt32
	if n > 31 || d.umax32 > 1<<(31-n) {
		d.umin32, d.umax32 = 0, math.MaxUint32
	} else {
		d.umin32, d.umax32 = d.umin32<<n, d.umax32<<n
	}
}

func (d *scalar) shift32(op uint8, n uint) {
	low := d.bits.low(4)
	switch op {
	case bpf.LSH:
		d.lsh32(n)
		d.bits = low.lsh(n).low(4)
	case bpf.RSH:
		d.smin32, d.smax32 = math.MinInt32, math.MaxInt32
		d.umin32, d.umax32 = d.umin32>>n, d.umax32>>n
		d.bits = low.rsh(n)
	case bpf.ARSH:
		d.smin32, d.smax32 = d.smin32>>n, d.smax32>>n
		d.umin32, d.umax32 = 0, math.MaxUint32
		d.bits = low.arsh32(n)
	}
	d.fromBits32()
}

// add64 adds the whole's ranges, add32 the low word's. A signed sum that may
// overflow is unknown; an unsigned one if only one end overflows.
func (d *scalar) add64(s *scalar) {
	lo, hi := d.smin+s.smin, d.smax+s.smax
	if (lo < d.smin) != (s.smin < 0) || (hi < d.smax) != (s.smax < 0) {
		lo, hi = math.MinInt64, math.MaxInt64
	}
	d.smin, d.smax = lo, hi
	ulo, uhi := d.umin+s.umin, d.umax+s.umax
	if ulo >= d.umin && uhi < d.umax {
		ulo, uhi = 0, math.MaxUint64
	}
	d.umin, d.umax = ulo, uhi
}

func (d *scalar) add32(s *scalar) {
	d.smin32, d.smax32 = fit32(int64(d.smin32)+int64(s.smin32), int64(d.smax32)+int64(s.smax32))
	ulo, uhi := d.umin32+s.umin32, d.umax32+s.umax32
	if ulo >= d.umin32 && uhi < d.umax32 {
		ulo, uhi = 0, math.MaxUint32
	}
	d.umin32, d.umax32 = ulo, uhi
}

// sub64 subtracts the whole's ranges, sub32 the low word's.
func (d *scalar) sub64(s *scalar) {
	lo, hi := d.smin-s.smax, d.smax-s.smin
	if (lo > d.smin) != (s.smax < 0) || (hi > d.smax) != (s.smin < 0) {
		lo, hi = math.MinInt64, math.MaxInt64
	}
	d.smin, d.smax = lo, hi
	if d.umin < s.umax && d.umax >= s.umin {
		d.umin, d.umax = 0, math.MaxUint64
	} else {
		d.umin, d.umax = d.umin-s.umax, d.umax-s.umin
	}
}

func (d *scalar) sub32(s *scalar) {
	d.smin32, d.smax32 = fit32(int64(d.smin32)-int64(s.smax32), int64(d.smax32)-int64(s.smin32))
	if d.umin32 < s.umax32 && d.umax32 >= s.umin32 {
		d.umin32, d.umax32 = 0, math.MaxUint32
	} else {
		d.umin32, d.umax32 = d.umin32-s.umax32, d.umax32-s.umin32
	}
}

// mul64 multiplies the whole's ranges, mul32 the low word's.
func (d *scalar) mul64(s *scalar) {
	d.smin, d.smax = mulRange(d.smin, d.smax, s.smin, s.smax)
	if hi, lo := bits.Mul64(d.umax, s.umax); hi == 0 {
		d.umin, d.umax = d.umin*s.umin, lo
	} else {
		d.umin, d.umax = 0, math.MaxUint64
	}
}

func (d *scalar) mul32(s *scalar) {
	d.smin32, d.smax32 = mul32Range(d.smin32, d.smax32, s.smin32, s.smax32)
	if hi := uint64(d.umax32) * uint64(s.umax32); hi <= math.MaxUint32 {
		d.umin32, d.umax32 = d.umin32*s.umin32, uint32(hi)
	} else {
		d.umin32, d.umax32 = 0, math.MaxUint32
	}
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

// fit32 returns a range as signed words, or all words when it does not fit.
func fit32(lo, hi int64) (l, h int32) {
	if lo >= math.MinInt32 && hi <= math.MaxInt32 {
		return int32(lo), int32(hi)
	}
	return math.MinInt32, math.MaxInt32
}
