package number

import (
	"math"
	"math/bits"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Apply computes d = d op s on 64-bit numbers, or on low words with the high
// word of the result zero.
func (d *Scalar) Apply(op bpf.ALUOp, s Scalar, word bool) {
	if word {
		d.apply32(op, &s)
	} else {
		d.Apply64(op, &s)
	}
}

// Apply64 computes d = d op s on 64-bit numbers.
func (d *Scalar) Apply64(op bpf.ALUOp, s *Scalar) {
	switch op {
	case bpf.Lsh, bpf.Rsh, bpf.Arsh:
		if !s.IsConst() || s.UMin != s.UMax || s.UMax > 63 {
			*d = Unknown()
			return
		}
		d.shift64(op, uint(s.UMax))
	default:
		if !d.combine(op, s) {
			*d = Unknown()
			return
		}
	}
	d.Sync()
}

func (d *Scalar) apply32(op bpf.ALUOp, s *Scalar) {
	switch op {
	case bpf.Lsh, bpf.Rsh, bpf.Arsh:
		if !s.IsConst32() || s.U32Min != s.U32Max || s.UMax > 31 {
			*d = Unknown()
			return
		}
		d.shift32(op, uint(s.UMax))
	default:
		if !d.combine(op, s) {
			// As the kernel has it, which does not know here that the high word is 0.
			*d = Unknown()
			return
		}
	}
	d.zext32()
}

// combine computes the bits and all ranges of d op s, and reports whether it
// can.
func (d *Scalar) combine(op bpf.ALUOp, s *Scalar) bool {
	switch op {
	case bpf.Add:
		d.add32(s)
		d.add64(s)
		d.Bits = d.Bits.Add(s.Bits)
	case bpf.Sub:
		d.sub32(s)
		d.sub64(s)
		d.Bits = d.Bits.Sub(s.Bits)
	case bpf.Mul:
		d.mul32(s)
		d.mul64(s)
		d.Bits = d.Bits.Mul(s.Bits)
	case bpf.And:
		d.Bits = d.Bits.And(s.Bits)
		d.unsigned32(uint32(d.Bits.Value), min(d.U32Max, s.U32Max))
		d.unsigned64(d.Bits.Value, min(d.UMax, s.UMax))
	case bpf.Or:
		d.Bits = d.Bits.Or(s.Bits)
		d.unsigned32(max(d.U32Min, s.U32Min), uint32(d.Bits.Value|d.Bits.Mask))
		d.unsigned64(max(d.UMin, s.UMin), d.Bits.Value|d.Bits.Mask)
	case bpf.Xor:
		d.Bits = d.Bits.Xor(s.Bits)
		d.unsigned32(uint32(d.Bits.Value), uint32(d.Bits.Value|d.Bits.Mask))
		d.unsigned64(d.Bits.Value, d.Bits.Value|d.Bits.Mask)
	default:
		return false
	}
	return true
}

// unsigned64 sets the whole's ranges from its unsigned one, unsigned32 the low
// word's.
func (d *Scalar) unsigned64(lo, hi uint64) {
	d.UMin, d.UMax, d.SMin, d.SMax = lo, hi, math.MinInt64, math.MaxInt64
	if int64(lo) <= int64(hi) {
		d.SMin, d.SMax = int64(lo), int64(hi)
	}
}

func (d *Scalar) unsigned32(lo, hi uint32) {
	d.U32Min, d.U32Max, d.S32Min, d.S32Max = lo, hi, math.MinInt32, math.MaxInt32
	if int32(lo) <= int32(hi) {
		d.S32Min, d.S32Max = int32(lo), int32(hi)
	}
}

func (d *Scalar) shift64(op bpf.ALUOp, n uint) {
	switch op {
	case bpf.Lsh:
		lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
		if n == 32 {
			// Half of a sign extension by two shifts.
			lo, hi = int64(d.S32Min)<<32, int64(d.S32Max)<<32
		}
		d.SMin, d.SMax = lo, hi
		if d.UMax > 1<<(63-n) {
			d.UMin, d.UMax = 0, math.MaxUint64
		} else {
			d.UMin, d.UMax = d.UMin<<n, d.UMax<<n
		}
		d.lsh32(n)
		d.Bits = d.Bits.Lsh(n)
		return
	case bpf.Rsh:
		d.Bits = d.Bits.Rsh(n)
		d.UMin, d.UMax = d.UMin>>n, d.UMax>>n
		d.SMin, d.SMax = math.MinInt64, math.MaxInt64
	case bpf.Arsh:
		d.Bits = d.Bits.Arsh(n)
		d.SMin, d.SMax = d.SMin>>n, d.SMax>>n
		d.UMin, d.UMax = 0, math.MaxUint64
	}
	d.forget32()
}

// lsh32 computes the ranges of the low word of a number that is shifted left.
func (d *Scalar) lsh32(n uint) {
	d.S32Min, d.S32Max = math.MinInt32, math.MaxInt32
	if n > 31 || d.U32Max > 1<<(31-n) {
		d.U32Min, d.U32Max = 0, math.MaxUint32
	} else {
		d.U32Min, d.U32Max = d.U32Min<<n, d.U32Max<<n
	}
}

func (d *Scalar) shift32(op bpf.ALUOp, n uint) {
	low := d.Bits.Low(4)
	switch op {
	case bpf.Lsh:
		d.lsh32(n)
		d.Bits = low.Lsh(n).Low(4)
	case bpf.Rsh:
		d.S32Min, d.S32Max = math.MinInt32, math.MaxInt32
		d.U32Min, d.U32Max = d.U32Min>>n, d.U32Max>>n
		d.Bits = low.Rsh(n)
	case bpf.Arsh:
		d.S32Min, d.S32Max = d.S32Min>>n, d.S32Max>>n
		d.U32Min, d.U32Max = 0, math.MaxUint32
		d.Bits = low.arsh32(n)
	}
	d.fromBits32()
}

// add64 adds the whole's ranges, add32 the low word's. A signed sum that may
// overflow is unknown; an unsigned one if only one end overflows.
func (d *Scalar) add64(s *Scalar) {
	lo, hi := d.SMin+s.SMin, d.SMax+s.SMax
	if (lo < d.SMin) != (s.SMin < 0) || (hi < d.SMax) != (s.SMax < 0) {
		lo, hi = math.MinInt64, math.MaxInt64
	}
	d.SMin, d.SMax = lo, hi
	ulo, uhi := d.UMin+s.UMin, d.UMax+s.UMax
	if ulo >= d.UMin && uhi < d.UMax {
		ulo, uhi = 0, math.MaxUint64
	}
	d.UMin, d.UMax = ulo, uhi
}

func (d *Scalar) add32(s *Scalar) {
	d.S32Min, d.S32Max = fit32(int64(d.S32Min)+int64(s.S32Min), int64(d.S32Max)+int64(s.S32Max))
	ulo, uhi := d.U32Min+s.U32Min, d.U32Max+s.U32Max
	if ulo >= d.U32Min && uhi < d.U32Max {
		ulo, uhi = 0, math.MaxUint32
	}
	d.U32Min, d.U32Max = ulo, uhi
}

// sub64 subtracts the whole's ranges, sub32 the low word's.
func (d *Scalar) sub64(s *Scalar) {
	lo, hi := d.SMin-s.SMax, d.SMax-s.SMin
	if (lo > d.SMin) != (s.SMax < 0) || (hi > d.SMax) != (s.SMin < 0) {
		lo, hi = math.MinInt64, math.MaxInt64
	}
	d.SMin, d.SMax = lo, hi
	if d.UMin < s.UMax && d.UMax >= s.UMin {
		d.UMin, d.UMax = 0, math.MaxUint64
	} else {
		d.UMin, d.UMax = d.UMin-s.UMax, d.UMax-s.UMin
	}
}

func (d *Scalar) sub32(s *Scalar) {
	d.S32Min, d.S32Max = fit32(int64(d.S32Min)-int64(s.S32Max), int64(d.S32Max)-int64(s.S32Min))
	if d.U32Min < s.U32Max && d.U32Max >= s.U32Min {
		d.U32Min, d.U32Max = 0, math.MaxUint32
	} else {
		d.U32Min, d.U32Max = d.U32Min-s.U32Max, d.U32Max-s.U32Min
	}
}

// mul64 multiplies the whole's ranges, mul32 the low word's.
func (d *Scalar) mul64(s *Scalar) {
	d.SMin, d.SMax = mulRange(d.SMin, d.SMax, s.SMin, s.SMax)
	if hi, lo := bits.Mul64(d.UMax, s.UMax); hi == 0 {
		d.UMin, d.UMax = d.UMin*s.UMin, lo
	} else {
		d.UMin, d.UMax = 0, math.MaxUint64
	}
}

func (d *Scalar) mul32(s *Scalar) {
	d.S32Min, d.S32Max = mul32Range(d.S32Min, d.S32Max, s.S32Min, s.S32Max)
	if hi := uint64(d.U32Max) * uint64(s.U32Max); hi <= math.MaxUint32 {
		d.U32Min, d.U32Max = d.U32Min*s.U32Min, uint32(hi)
	} else {
		d.U32Min, d.U32Max = 0, math.MaxUint32
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

// UpTo returns a number of 0 to most.
func UpTo(most uint32) Scalar {
	s := Unknown()
	s.unsigned64(0, uint64(most))
	s.unsigned32(0, most)
	s.Sync()
	return s
}
