package ssa

import "math/bits"

// Maker adds values to a block. Pure operations are simplified as they are
// made, so that a Maker may return a value that already exists.
type Maker struct {
	F     *Func
	Block BlockID
	Slot  int32
	// Out is the list of values that new ones go to the end of; nil means the
	// block's own.
	Out *[]ID
}

// Add appends a value as it is.
func (m *Maker) Add(v Value) ID {
	v.Slot = m.Slot
	id := m.F.New(m.Block, v)
	if m.Out != nil {
		*m.Out = append(*m.Out, id)
	} else {
		b := m.F.B(m.Block)
		b.Values = append(b.Values, id)
	}
	return id
}

// Const returns a constant.
func (m *Maker) Const(v uint32) ID { return m.F.Const(v) }

// Op makes a pure operation on words.
func (m *Maker) Op(op Op, imm uint32, args ...ID) ID {
	v := Value{Op: op, Imm: imm, Args: args}
	if id := m.Simplify(&v); id != 0 {
		return id
	}
	return m.Add(v)
}

// And returns x & c.
func (m *Maker) And(x ID, c uint32) ID { return m.Op(And, 0, x, m.F.Const(c)) }

// AddConst returns x + c.
func (m *Maker) AddConst(x ID, c uint32) ID { return m.Op(Add, 0, x, m.F.Const(c)) }

// Shift returns x shifted by n, 0..63 bits; shifts of 32 and more are those of
// an endless word.
func (m *Maker) Shift(op Op, x ID, n uint32) ID {
	if n >= 32 {
		if op == Sar {
			n = 31
		} else {
			return m.F.Const(0)
		}
	}
	return m.Op(op, n, x)
}

// Simplify returns a value that equals the pure operation v, which has no
// number yet, or 0 if v has to be made. It may change the order of arguments.
func (m *Maker) Simplify(v *Value) ID {
	f := m.F
	switch v.Op {
	case Add, And, Or, Xor, Mul, MulHi:
		if _, ok := f.IsConst(v.Args[0]); ok {
			v.Args = []ID{v.Args[1], v.Args[0]}
		}
	}
	var c [4]uint32
	all := len(v.Args) > 0
	for k, a := range v.Args {
		x, ok := f.IsConst(a)
		c[k] = x
		all = all && ok
	}
	if all && v.Op.Pure() {
		if r, ok := Fold(v.Op, v.Imm, c); ok {
			return f.Const(r)
		}
	}
	var id ID
	switch v.Op {
	case Add, Sub:
		id = m.simplifySum(v)
	case AddHi, SubHi:
		id = m.simplifyHigh(v)
	case And, Or, Xor:
		id = m.simplifyLogic(v)
	case Mul, MulHi:
		id = m.simplifyMul(v)
	case Shl, Shr, Sar, Funnel:
		id = m.simplifyShift(v)
	case ShlV, ShrV, SarV, FunnelV:
		id = m.simplifyVarShift(v)
	case Bswap, Bswap16, Insert:
		id = m.simplifyBytes(v)
	}
	if id == 0 && v.Op.Pure() && v.Op != Const {
		if zero, one := f.knownOp(v, 4); zero|one == ^uint32(0) {
			return f.Const(one)
		}
	}
	return id
}

// Fold computes a pure operation on constants; ok is false for operations
// without a value.
func Fold(op Op, imm uint32, c [4]uint32) (r uint32, ok bool) {
	switch op {
	case Add:
		return c[0] + c[1], true
	case Sub:
		return c[0] - c[1], true
	case And:
		return c[0] & c[1], true
	case Or:
		return c[0] | c[1], true
	case Xor:
		return c[0] ^ c[1], true
	case AddHi:
		_, carry := bits.Add32(c[2], c[3], 0)
		return c[0] + c[1] + carry, true
	case SubHi:
		_, borrow := bits.Sub32(c[2], c[3], 0)
		return c[0] - c[1] - borrow, true
	case Mul:
		return c[0] * c[1], true
	case MulHi:
		hi, _ := bits.Mul32(c[0], c[1])
		return hi, true
	case Shl:
		return c[0] << imm, true
	case Shr:
		return c[0] >> imm, true
	case Sar:
		return uint32(int32(c[0]) >> imm), true
	case ShlV:
		return c[0] << (c[1] & 31), true
	case ShrV:
		return c[0] >> (c[1] & 31), true
	case SarV:
		return uint32(int32(c[0]) >> (c[1] & 31)), true
	case Funnel:
		return uint32((uint64(c[0])<<32 | uint64(c[1])) >> imm), true
	case FunnelV:
		return uint32((uint64(c[0])<<32 | uint64(c[1])) >> (c[2] & 31)), true
	case Bswap:
		return bits.ReverseBytes32(c[0]), true
	case Bswap16:
		return bits.ReverseBytes32(c[0]) >> 16, true
	case Insert:
		m := InsertMask(imm)
		return c[0]&^m | bits.RotateLeft32(c[1], InsertShift(imm))&m, true
	}
	return 0, false
}
