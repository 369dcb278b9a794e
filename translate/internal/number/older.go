package number

import (
	"math"

	"github.com/skipsw/skipsw/translate/bpf"
)

// What Linux 6.1 knows of numbers, where later kernels know more: its views learn
// from each other in one round and never across widths, most operations want a
// constant operand, and comparisons teach only beside constants. Source:
// kernel/bpf/verifier.c of 6.1.192.

// sync61 is Sync in 6.1.
func (s *Scalar) sync61() {
	s.bounds()
	s.deduce61()
	s.fromRanges()
	s.bounds()
}

// deduce61 learns a sign from either range of a view for the other.
func (s *Scalar) deduce61() {
	switch lo, hi := s.U32Min, s.U32Max; {
	case s.S32Min >= 0 || s.S32Max < 0:
		s.U32Min, s.U32Max = max(uint32(s.S32Min), lo), min(uint32(s.S32Max), hi)
		s.S32Min, s.S32Max = int32(s.U32Min), int32(s.U32Max)
	case int32(hi) >= 0:
		s.S32Min = int32(lo)
		s.U32Max = min(uint32(s.S32Max), hi)
		s.S32Max = int32(s.U32Max)
	case int32(lo) < 0:
		s.U32Min = max(uint32(s.S32Min), lo)
		s.S32Min, s.S32Max = int32(s.U32Min), int32(hi)
	}
	switch lo, hi := s.UMin, s.UMax; {
	case s.SMin >= 0 || s.SMax < 0:
		s.UMin, s.UMax = max(uint64(s.SMin), lo), min(uint64(s.SMax), hi)
		s.SMin, s.SMax = int64(s.UMin), int64(s.UMax)
	case int64(hi) >= 0:
		s.SMin = int64(lo)
		s.UMax = min(uint64(s.SMax), hi)
		s.SMax = int64(s.UMax)
	case int64(lo) < 0:
		s.UMin = max(uint64(s.SMin), lo)
		s.SMin, s.SMax = int64(s.UMin), int64(hi)
	}
}

// Apply61 is Apply in 6.1.
func (d *Scalar) Apply61(op bpf.ALUOp, s Scalar, word bool) {
	known := s.IsConst()
	if word {
		known = s.IsConst32()
	}
	if s.Broken() || !known && op != bpf.Add && op != bpf.Sub && op != bpf.And {
		*d = Unknown()
		return
	}
	switch op {
	case bpf.Add:
		d.add61(&s)
		d.Bits = d.Bits.Add(s.Bits)
	case bpf.Sub:
		d.sub61(&s)
		d.Bits = d.Bits.Sub(s.Bits)
	case bpf.Mul:
		d.Bits = d.Bits.Mul(s.Bits)
		d.mul61(&s)
	case bpf.And, bpf.Or, bpf.Xor:
		d.bitwise61(op, &s)
	case bpf.Lsh, bpf.Rsh, bpf.Arsh:
		n := s.UMax
		switch {
		case word && n > 31, n > 63:
			*d = Unknown()
		case word:
			d.shift32(op, uint(n))
		default:
			smin, smax := d.S32Min, d.S32Max
			d.shift64(op, uint(n))
			if op == bpf.Lsh && n == 32 {
				d.SMin, d.SMax = math.MinInt64, math.MaxInt64
				if smin >= 0 {
					d.SMin = int64(smin) << 32
				}
				if smax >= 0 {
					d.SMax = int64(smax) << 32
				}
			}
		}
	default:
		*d = Unknown()
	}
	if word {
		d.onlyLow()
	}
	d.sync61()
}

func (d *Scalar) add61(s *Scalar) {
	d.S32Min, d.S32Max = fit32(int64(d.S32Min)+int64(s.S32Min), int64(d.S32Max)+int64(s.S32Max))
	lo, hi := d.SMin+s.SMin, d.SMax+s.SMax
	if (lo < d.SMin) != (s.SMin < 0) || (hi < d.SMax) != (s.SMax < 0) {
		lo, hi = math.MinInt64, math.MaxInt64
	}
	d.SMin, d.SMax = lo, hi
	if d.U32Min+s.U32Min < s.U32Min || d.U32Max+s.U32Max < s.U32Max {
		d.U32Min, d.U32Max = 0, math.MaxUint32
	} else {
		d.U32Min, d.U32Max = d.U32Min+s.U32Min, d.U32Max+s.U32Max
	}
	if d.UMin+s.UMin < s.UMin || d.UMax+s.UMax < s.UMax {
		d.UMin, d.UMax = 0, math.MaxUint64
	} else {
		d.UMin, d.UMax = d.UMin+s.UMin, d.UMax+s.UMax
	}
}

func (d *Scalar) sub61(s *Scalar) {
	d.S32Min, d.S32Max = fit32(int64(d.S32Min)-int64(s.S32Max), int64(d.S32Max)-int64(s.S32Min))
	lo, hi := d.SMin-s.SMax, d.SMax-s.SMin
	if (lo > d.SMin) != (s.SMax < 0) || (hi > d.SMax) != (s.SMin < 0) {
		lo, hi = math.MinInt64, math.MaxInt64
	}
	d.SMin, d.SMax = lo, hi
	if d.U32Min < s.U32Max {
		d.U32Min, d.U32Max = 0, math.MaxUint32
	} else {
		d.U32Min, d.U32Max = d.U32Min-s.U32Max, d.U32Max-s.U32Min
	}
	if d.UMin < s.UMax {
		d.UMin, d.UMax = 0, math.MaxUint64
	} else {
		d.UMin, d.UMax = d.UMin-s.UMax, d.UMax-s.UMin
	}
}

func (d *Scalar) mul61(s *Scalar) {
	if s.S32Min < 0 || d.S32Min < 0 || s.U32Max > math.MaxUint16 || d.U32Max > math.MaxUint16 {
		d.forget32()
	} else {
		d.unsigned32(d.U32Min*s.U32Min, d.U32Max*s.U32Max)
		if d.U32Max > math.MaxInt32 {
			d.S32Min, d.S32Max = math.MinInt32, math.MaxInt32
		}
	}
	if s.SMin < 0 || d.SMin < 0 || s.UMax > math.MaxUint32 || d.UMax > math.MaxUint32 {
		d.forget64()
	} else {
		d.unsigned64(d.UMin*s.UMin, d.UMax*s.UMax)
		if d.UMax > math.MaxInt64 {
			d.SMin, d.SMax = math.MinInt64, math.MaxInt64
		}
	}
}

// bitwise61 computes and, or and exclusive or. Signed ranges survive where no
// operand can be negative.
func (d *Scalar) bitwise61(op bpf.ALUOp, s *Scalar) {
	was := *d
	switch op {
	case bpf.And:
		d.Bits = d.Bits.And(s.Bits)
	case bpf.Or:
		d.Bits = d.Bits.Or(s.Bits)
	default:
		d.Bits = d.Bits.Xor(s.Bits)
	}
	v, top := d.Bits.Value, d.Bits.Value|d.Bits.Mask
	lo, hi, lo32, hi32 := v, top, uint32(v), uint32(top)
	switch op {
	case bpf.And:
		hi, hi32 = min(was.UMax, s.UMax), min(was.U32Max, s.U32Max)
	case bpf.Or:
		lo, lo32 = max(was.UMin, s.UMin), max(was.U32Min, s.U32Min)
	}
	if s.IsConst32() && was.IsConst32() {
		d.S32Min, d.S32Max, d.U32Min, d.U32Max = int32(v), int32(v), uint32(v), uint32(v)
	} else {
		d.U32Min, d.U32Max, d.S32Min, d.S32Max = lo32, hi32, math.MinInt32, math.MaxInt32
		if was.S32Min >= 0 && s.S32Min >= 0 {
			d.S32Min, d.S32Max = int32(lo32), int32(hi32)
		}
	}
	if s.IsConst() && was.IsConst() {
		*d = Const(v)
		return
	}
	d.UMin, d.UMax, d.SMin, d.SMax = lo, hi, math.MinInt64, math.MaxInt64
	if was.SMin >= 0 && s.SMin >= 0 {
		d.SMin, d.SMax = int64(lo), int64(hi)
	}
	d.bounds()
}

// Compare61 is Compare in 6.1: b has to be a constant.
func Compare61(op Cond, a, b *Scalar, word bool) Verdict {
	if !isConst(b, word) {
		return Either
	}
	k := Const(b.Bits.Value)
	if op == EQ || op == NE {
		if !isConst(a, word) {
			return Either
		}
		return Decided((op == EQ) == (a.Bits.Value == k.Bits.Value || word && uint32(a.Bits.Value) == uint32(k.Bits.Value)))
	}
	return Compare(op, a, &k, word)
}

// Refine61 is Refine in 6.1: one of both has to be a constant, or they are equal.
func Refine61(op Cond, a, b *Scalar, word bool) {
	if !isConst(b, word) && isConst(a, word) {
		a, b, op = b, a, op.Flip()
	}
	if !isConst(b, word) {
		if op == EQ && !word {
			narrow(op, a, b, word)
			a.sync61()
			b.sync61()
		}
		return
	}
	k := Const(b.Bits.Value)
	if word {
		k = Const(uint64(uint32(b.Bits.Value)))
	}
	switch {
	case op == NE: // 6.1 does not trim ends
	case op == EQ && !word:
		*a = k
	default:
		narrow(op, a, &k, word)
	}
	if !word {
		a.forget32()
		if a.SMin >= math.MinInt32 && a.SMax <= math.MaxInt32 {
			a.S32Min, a.S32Max = int32(a.SMin), int32(a.SMax)
		}
		if a.UMax <= math.MaxUint32 {
			a.U32Min, a.U32Max = uint32(a.UMin), uint32(a.UMax)
		}
	} else if a.Bits.High() == (Tnum{}) {
		bits := a.Bits
		a.onlyLow()
		a.Bits = bits
	} else {
		a.forget64()
	}
	a.sync61()
}

// Truncate61 is Truncate in 6.1.
func (s *Scalar) Truncate61(bytes int) {
	if bytes >= 8 {
		return
	}
	if bytes == 4 {
		s.onlyLow()
		s.sync61()
		return
	}
	s.keepLow(bytes)
	s.U32Min, s.U32Max, s.S32Min, s.S32Max = uint32(s.UMin), uint32(s.UMax), int32(s.SMin), int32(s.SMax)
	s.sync61()
}
