package ssa

import "math/bits"

// knownDepth bounds how far back Known looks.
const knownDepth = 8

// Known returns what is known of the bits of a value: zero has a bit set where
// the value has a 0, one where it has a 1.
func (f *Func) Known(id ID) (zero, one uint32) { return f.known(id, knownDepth) }

// UMax returns an upper bound of the value as an unsigned number.
func (f *Func) UMax(id ID) uint32 {
	zero, _ := f.Known(id)
	if m := f.Values[id].Max; m != 0 {
		return min(m, ^zero)
	}
	return ^zero
}

// KnownParams finds what is known of block parameters from their arguments.
func (f *Func) KnownParams() {
	type joined struct {
		zero, one, max uint32
		seen           bool
	}
	at := map[ID]*joined{}
	for _, b := range f.RPO() {
		for _, e := range f.B(b).Term.Succs {
			for k, a := range e.Args {
				p := f.B(e.To).Params[k]
				j := at[p]
				if j == nil {
					j = &joined{zero: ^uint32(0), one: ^uint32(0)}
					at[p] = j
				}
				if a == p {
					continue
				}
				zero, one := f.Known(a)
				j.zero &= zero
				j.one &= one
				j.max = max(j.max, f.UMax(a))
				j.seen = true
			}
		}
	}
	for p, j := range at {
		if !j.seen {
			continue
		}
		v := f.V(p)
		v.KnownMask, v.KnownBits = j.zero|j.one, j.one
		v.Max = 0
		if j.max != ^uint32(0) {
			v.Max = j.max
		}
	}
}

func (f *Func) known(id ID, depth int) (zero, one uint32) {
	v := &f.Values[id]
	zero, one = f.knownOp(v, depth)
	zero |= v.KnownMask &^ v.KnownBits
	one |= v.KnownMask & v.KnownBits
	return zero, one
}

func (f *Func) knownOp(v *Value, depth int) (zero, one uint32) {
	if v.Op == Const {
		return ^v.Imm, v.Imm
	}
	if depth == 0 {
		return 0, 0
	}
	arg := func(k int) (uint32, uint32) { return f.known(v.Args[k], depth-1) }
	switch v.Op {
	case And:
		z0, o0 := arg(0)
		z1, o1 := arg(1)
		return z0 | z1, o0 & o1
	case Or:
		z0, o0 := arg(0)
		z1, o1 := arg(1)
		return z0 & z1, o0 | o1
	case Xor:
		z0, o0 := arg(0)
		z1, o1 := arg(1)
		return z0&z1 | o0&o1, z0&o1 | o0&z1
	case Add:
		z0, o0 := arg(0)
		z1, o1 := arg(1)
		return knownSum(z0, o0, z1, o1)
	case Mul:
		z0, _ := arg(0)
		z1, _ := arg(1)
		hi := bits.Len32(^z0) + bits.Len32(^z1)
		if hi < 32 {
			zero = ^uint32(0) << hi
		}
		lo := min(bits.TrailingZeros32(^z0)+bits.TrailingZeros32(^z1), 32)
		return zero | uint32(uint64(1)<<lo-1), 0
	case Shl:
		z, o := arg(0)
		return z<<v.Imm | (1<<v.Imm - 1), o << v.Imm
	case Shr:
		z, o := arg(0)
		return z>>v.Imm | ^(^uint32(0) >> v.Imm), o >> v.Imm
	case Sar:
		z, o := arg(0)
		return uint32(int32(z) >> v.Imm), uint32(int32(o) >> v.Imm)
	case ShrV:
		z, _ := arg(0)
		n := bits.LeadingZeros32(^z)
		if n > 0 {
			return ^(^uint32(0) >> n), 0
		}
	case Funnel:
		zh, oh := arg(0)
		zl, ol := arg(1)
		return zl>>v.Imm | zh<<(32-v.Imm), ol>>v.Imm | oh<<(32-v.Imm)
	case Bswap:
		z, o := arg(0)
		return bits.ReverseBytes32(z), bits.ReverseBytes32(o)
	case Bswap16:
		z, o := arg(0)
		return bits.ReverseBytes32(z)>>16 | 0xffff0000, bits.ReverseBytes32(o) >> 16
	case Insert:
		z0, o0 := arg(0)
		z1, o1 := arg(1)
		m, s := InsertMask(v.Imm), InsertShift(v.Imm)
		z1, o1 = bits.RotateLeft32(z1, s), bits.RotateLeft32(o1, s)
		return z0&^m | z1&m, o0&^m | o1&m
	case Load:
		if v.Size < 4 {
			return ^uint32(0) << (8 * v.Size), 0
		}
	}
	return 0, 0
}

// knownSum returns the known bits of a sum.
func knownSum(z0, o0, z1, o1 uint32) (zero, one uint32) {
	lo, hi := uint64(o0)+uint64(o1), uint64(^z0)+uint64(^z1)
	// Bits below the first unknown one are exact; above the highest bit that
	// the greatest sum reaches they are zero.
	exact := bits.TrailingZeros32(^((z0 | o0) & (z1 | o1)))
	mask := uint32(uint64(1)<<exact - 1)
	one = uint32(lo) & mask
	zero = ^uint32(lo) & mask
	if hi < 1<<32 {
		n := bits.Len32(uint32(hi))
		if n < 32 {
			zero |= ^uint32(0) << n
		}
	}
	return zero, one
}

// InsertImm packs the parameters of Insert: a mask of bytes, and the left
// shift (rotation) of the inserted word in bits.
func InsertImm(byteMask, shift int) uint32 { return uint32(byteMask) | uint32(shift)<<8 }

// InsertMask returns the bits that an Insert with this Imm replaces.
func InsertMask(imm uint32) uint32 {
	m := uint32(0)
	for k := range 4 {
		if imm>>k&1 != 0 {
			m |= 0xff << (8 * k)
		}
	}
	return m
}

// InsertShift returns the left rotation of an Insert with this Imm, in bits.
func InsertShift(imm uint32) int { return int(imm >> 8 & 31) }
