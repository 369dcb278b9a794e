package ssa

import "math/bits"

// simplifySum handles Add and Sub.
func (m *Maker) simplifySum(v *Value) ID {
	f := m.F
	x, y := v.Args[0], v.Args[1]
	c, isConst := f.IsConst(y)
	if v.Op == Sub {
		switch {
		case x == y:
			return f.Const(0)
		case isConst:
			return m.AddConst(x, -c)
		}
		// (a + p) - (a + q) is p - q; a itself is a + 0.
		xv, yv := f.V(x), f.V(y)
		if xv.Op == Add && (xv.Args[0] == y || xv.Args[1] == y) {
			return otherArg(xv, y)
		}
		if xv.Op == Add && yv.Op == Add && xv.Args[0] == yv.Args[0] {
			return m.Op(Sub, 0, xv.Args[1], yv.Args[1])
		}
		return 0
	}
	if !isConst {
		return m.constantLast(x, y)
	}
	if c == 0 {
		return x
	}
	switch xv := f.V(x); xv.Op {
	case StackAddr:
		if at := int64(int16(xv.Imm)) + int64(int32(c)); at == int64(int16(at)) {
			return f.StackAddr(int(xv.Imm>>16), int32(at))
		}
	case Add:
		if c2, ok := f.IsConst(xv.Args[1]); ok {
			return m.AddConst(xv.Args[0], c+c2)
		}
	}
	return 0
}

// constantLast moves the constant part of a sum of addresses outwards, where a
// memory command takes it.
func (m *Maker) constantLast(x, y ID) ID {
	f := m.F
	for _, p := range [2][2]ID{{x, y}, {y, x}} {
		v := f.V(p[0])
		if v.Op != Add {
			continue
		}
		if c, ok := f.IsConst(v.Args[1]); ok && (f.fromPacket(v.Args[0]) || f.fromPacket(p[1])) {
			return m.AddConst(m.Op(Add, 0, v.Args[0], p[1]), c)
		}
	}
	return 0
}

// fromPacket reports whether a value is the packet pointer or a sum with it.
func (f *Func) fromPacket(id ID) bool {
	for range knownDepth {
		v := f.V(id)
		switch {
		case v.Op == PktPtr:
			return true
		case v.Op != Add:
			return false
		case f.V(v.Args[1]).Op == PktPtr:
			return true
		}
		id = v.Args[0]
	}
	return false
}

func otherArg(v *Value, x ID) ID {
	if v.Args[0] == x {
		return v.Args[1]
	}
	return v.Args[0]
}

// simplifyHigh handles AddHi and SubHi.
func (m *Maker) simplifyHigh(v *Value) ID {
	f := m.F
	xh, yh, xl, yl := v.Args[0], v.Args[1], v.Args[2], v.Args[3]
	if v.Op == AddHi {
		if uint64(f.UMax(xl))+uint64(f.UMax(yl)) < 1<<32 {
			return m.Op(Add, 0, xh, yh)
		}
		return 0
	}
	_, least := f.Known(xl)
	if xl == yl || least >= f.UMax(yl) || f.ahead(xl, yl) {
		return m.Op(Sub, 0, xh, yh)
	}
	return 0
}

// offsetLimit bounds offsets of packet pointers: below it, sums with a packet
// pointer do not wrap.
const offsetLimit = 1 << 30

// ahead reports whether x is y, an address in the packet, plus something that
// does not wrap.
func (f *Func) ahead(x, y ID) bool {
	v := f.V(x)
	if v.Op != Add || f.V(y).Op != PktPtr {
		return false
	}
	for k, a := range v.Args {
		if a == y && f.UMax(v.Args[1-k]) < offsetLimit {
			return true
		}
	}
	return false
}

// simplifyLogic handles And, Or and Xor.
func (m *Maker) simplifyLogic(v *Value) ID {
	f := m.F
	x, y := v.Args[0], v.Args[1]
	if x == y {
		if v.Op == Xor {
			return f.Const(0)
		}
		return x
	}
	c, ok := f.IsConst(y)
	if !ok {
		return 0
	}
	xv := f.V(x)
	zero, one := f.Known(x)
	switch v.Op {
	case And:
		if ^zero&^c == 0 {
			return x
		}
		if c&^zero == 0 {
			return f.Const(0)
		}
		if xv.Op == And {
			if c2, ok := f.IsConst(xv.Args[1]); ok {
				return m.And(xv.Args[0], c&c2)
			}
		}
		// Bits of an Or, Xor or Insert that the mask does not let through are
		// not needed.
		if xv.Op == Or || xv.Op == Xor {
			for k, a := range xv.Args {
				if z, _ := f.Known(a); c&^z == 0 {
					return m.And(xv.Args[1-k], c)
				}
			}
		}
	case Or:
		switch {
		case c == 0 || c&^one == 0:
			return x
		case c == ^uint32(0):
			return y
		}
	case Xor:
		if c == 0 {
			return x
		}
	}
	if xv.Op == v.Op && v.Op != And {
		if c2, ok := f.IsConst(xv.Args[1]); ok {
			r, _ := Fold(v.Op, 0, [4]uint32{c, c2})
			return m.Op(v.Op, 0, xv.Args[0], f.Const(r))
		}
	}
	return 0
}

// simplifyMul handles Mul and MulHi.
func (m *Maker) simplifyMul(v *Value) ID {
	f := m.F
	x, y := v.Args[0], v.Args[1]
	if v.Op == MulHi && uint64(f.UMax(x))*uint64(f.UMax(y)) < 1<<32 {
		return f.Const(0)
	}
	c, ok := f.IsConst(y)
	if !ok {
		return 0
	}
	switch {
	case c == 0:
		return y
	case c&(c-1) == 0 && v.Op == Mul:
		return m.Shift(Shl, x, uint32(bits.TrailingZeros32(c)))
	case c&(c-1) == 0:
		return m.Shift(Shr, x, uint32(32-bits.TrailingZeros32(c)))
	}
	return 0
}

// simplifyShift handles shifts by constants.
func (m *Maker) simplifyShift(v *Value) ID {
	f := m.F
	n := v.Imm
	if n == 0 {
		return v.Args[len(v.Args)-1]
	}
	if v.Op == Funnel {
		switch {
		case f.Is(v.Args[0], 0):
			return m.Shift(Shr, v.Args[1], n)
		case f.Is(v.Args[1], 0):
			return m.Shift(Shl, v.Args[0], 32-n)
		}
		return 0
	}
	x := v.Args[0]
	xv := f.V(x)
	zero, _ := f.Known(x)
	if v.Op == Sar && zero>>31 != 0 {
		return m.Shift(Shr, x, n)
	}
	switch {
	case v.Op == xv.Op && v.Op != Sar:
		return m.Shift(v.Op, xv.Args[0], n+xv.Imm)
	case v.Op == xv.Op:
		return m.Shift(Sar, xv.Args[0], min(31, n+xv.Imm))
	case v.Op == Shr && xv.Op == Shl:
		return m.shiftPair(xv.Args[0], int(xv.Imm)-int(n), ^uint32(0)>>n)
	case v.Op == Shl && xv.Op == Shr:
		return m.shiftPair(xv.Args[0], int(n)-int(xv.Imm), ^uint32(0)<<n)
	case v.Op == Shr && xv.Op == And:
		if c, ok := f.IsConst(xv.Args[1]); ok {
			return m.And(m.Shift(Shr, xv.Args[0], n), c>>n)
		}
	case v.Op == Shl && xv.Op == And:
		if c, ok := f.IsConst(xv.Args[1]); ok {
			return m.And(m.Shift(Shl, xv.Args[0], n), c<<n)
		}
	case v.Op == Shr && xv.Op == Bswap && n == 16:
		return m.Op(Bswap16, 0, xv.Args[0])
	}
	return 0
}

// shiftPair returns (x << left) & mask, where a negative left is a shift to
// the right.
func (m *Maker) shiftPair(x ID, left int, mask uint32) ID {
	if left >= 0 {
		return m.And(m.Shift(Shl, x, uint32(left)), mask)
	}
	return m.And(m.Shift(Shr, x, uint32(-left)), mask)
}

// simplifyVarShift handles shifts by an amount that turns out to be constant,
// and drops masks of the amount that the operation makes itself.
func (m *Maker) simplifyVarShift(v *Value) ID {
	f := m.F
	last := len(v.Args) - 1
	amount := v.Args[last]
	if c, ok := f.IsConst(amount); ok {
		switch v.Op {
		case ShlV:
			return m.Shift(Shl, v.Args[0], c&31)
		case ShrV:
			return m.Shift(Shr, v.Args[0], c&31)
		case SarV:
			return m.Shift(Sar, v.Args[0], c&31)
		case FunnelV:
			return m.Op(Funnel, c&31, v.Args[0], v.Args[1])
		}
	}
	if a := f.V(amount); a.Op == And {
		if c, ok := f.IsConst(a.Args[1]); ok && c&31 == 31 {
			args := append([]ID(nil), v.Args...)
			args[last] = a.Args[0]
			return m.Op(v.Op, 0, args...)
		}
	}
	if f.Is(v.Args[0], 0) && v.Op != FunnelV {
		return v.Args[0]
	}
	return 0
}

// simplifyBytes handles byte exchanges and insertions.
func (m *Maker) simplifyBytes(v *Value) ID {
	f := m.F
	x := v.Args[0]
	xv := f.V(x)
	switch v.Op {
	case Bswap:
		if xv.Op == Bswap {
			return xv.Args[0]
		}
	case Bswap16:
		zero, _ := f.Known(x)
		if xv.Op == Bswap16 && zero>>16 == 0xffff {
			return m.And(xv.Args[0], 0xffff)
		}
		if xv.Op == And {
			if c, ok := f.IsConst(xv.Args[1]); ok && c&0xffff == 0xffff {
				return m.Op(Bswap16, 0, xv.Args[0])
			}
		}
	case Insert:
		mask, shift := InsertMask(v.Imm), InsertShift(v.Imm)
		if mask == ^uint32(0) && shift == 0 {
			return v.Args[1]
		}
		wrapped := mask & (1<<shift - 1) // bytes that the rotation brings down from the top
		switch {
		case xv.Op != Undef:
		case wrapped == 0:
			return m.Shift(Shl, v.Args[1], uint32(shift))
		case wrapped == mask:
			return m.Shift(Shr, v.Args[1], uint32(32-shift))
		}
		// A second insertion at the same place makes the first one useless.
		if xv.Op == Insert && InsertMask(xv.Imm)&^mask == 0 {
			return m.Op(Insert, v.Imm, xv.Args[0], v.Args[1])
		}
		y := f.V(v.Args[1])
		if y.Op == And {
			need := bits.RotateLeft32(mask, -shift)
			if c, ok := f.IsConst(y.Args[1]); ok && need&^c == 0 {
				return m.Op(Insert, v.Imm, x, y.Args[0])
			}
		}
	}
	return 0
}
