package core

import (
	"github.com/skipsw/skipsw/nfpisa"
)

// taint works out which bits of a result are unwritten when operands l and r
// have unwritten bits. Moves, masks, shifts and field loads are followed bit
// by bit; arithmetic spreads an unwritten bit upward. It is a fault where the
// value would show.
func (c *Core) taint(x *Context, u *uop, l, r uint64) uint64 {
	if x.pending != 0 && (c.onItsWay(x, u.lk, u.l, l) || c.onItsWay(x, u.rk, u.r, r)) {
		return 0
	}
	ml, mr := uint32(l>>32), uint32(r>>32)
	a, b := uint32(l), uint32(r)
	var m uint32
	switch u.op {
	case opB, opNotB:
		m = mr
	case opAnd:
		m = ml&mr | ml&b | mr&a
	case opNotAnd:
		m = ml&mr | ml&b | mr&^a
	case opAndNot:
		m = ml&mr | ml&^b | mr&a
	case opOr:
		m = ml&mr | ml&^b | mr&^a
	case opXor:
		m = ml | mr
	case opAdd, opAddCarry, opSub, opSubCarry, opRevSub:
		m = upward(ml | mr)
	case opAdd16:
		m = upward(ml | mr&0xffff)
	case opAdd8:
		m = upward(ml | mr&0xff)
	case opShr:
		m = mr >> (u.amount & 31)
	case opShl:
		m = mr << (u.amount & 31)
	case opShf, opAsr, opLdField:
		m = c.taintShift(x, u, l, r)
	case opByteAlignBE, opByteAlignLE:
		return 0 // followed where the latch is
	case opImmedPart:
		m = ml &^ u.mask
	case opFFS, opMulStart, opMulStep:
		m = ml | mr
		if m != 0 {
			m = 1<<32 - 1
		}
	case opBrBit:
		if ml>>u.sub&1 == 0 {
			return 0
		}
		c.undefinedUse(x, u.l, "the branch tests bit %d of a value, which nobody wrote", u.sub)
	case opBrByte:
		if ml>>(8*u.sub)&0xff == 0 {
			return 0
		}
		c.undefinedUse(x, u.l, "the branch tests byte %d of a value, which nobody wrote", u.sub)
	case opJump:
		c.undefinedUse(x, u.l, "jump to a value that nobody wrote")
	case opCmd:
		c.undefinedUse(x, u.l, "memory command with an address that nobody wrote")
	case opCSRWrite:
		c.undefinedUse(x, u.l, "a local CSR is written with a value that nobody wrote")
	default:
		c.undefinedUse(x, u.l, "operation on a value that nobody wrote")
	}
	return uint64(m) << 32
}

// upward returns m with every bit above its lowest one set.
func upward(m uint32) uint32 { return m | -m }

// taintShift follows unwritten bits through the shifter and what comes after.
func (c *Core) taintShift(x *Context, u *uop, l, r uint64) uint32 {
	n := u.amount
	if n == 0 && u.shift != uint8(nfpisa.ShiftRot) {
		n = uint8(x.prevA) & 31 // checked when the amount is used
	}
	ml, mr := uint32(l>>32), uint32(r>>32)
	ms := shift32(u.shift, n, ml, mr)
	if u.op == opLdField {
		return ml&^u.mask | ms&u.mask
	}
	a, s := uint32(l), shift32(u.shift, n, uint32(l), uint32(r))
	if u.op == opAsr || u.shift == uint8(nfpisa.ShiftDouble) {
		return ms
	}
	switch nfpisa.ShfOp(u.sub) {
	case nfpisa.ShfAnd:
		return ml&ms | ml&s | ms&a
	case nfpisa.ShfNotAnd:
		return ml&ms | ml&s | ms&^a
	case nfpisa.ShfAndNot:
		return ml&ms | ml&^s | ms&a
	case nfpisa.ShfOr:
		return ml&ms | ml&^s | ms&^a
	}
	return ms
}

// alignTag follows unwritten bits through byte_align.
func alignTag(le bool, prev, cur uint64, n uint32) uint64 {
	return uint64(byteAlign(le, uint32(prev>>32), uint32(cur>>32), n)) << 32
}

// onItsWay faults when an operand is a transfer-in register whose command has
// not been waited for.
func (c *Core) onItsWay(x *Context, kind uint8, slot uint16, v uint64) bool {
	if kind != kFlat || v>>32 == 0 || slot < slotIn || slot >= slotOut {
		return false
	}
	n := slot - slotIn
	if x.pending>>n&1 == 0 {
		return false
	}
	for s := range x.sigIn {
		if x.raised>>s&1 != 0 && x.sigIn[s]>>n&1 != 0 {
			c.fail(x, FaultSignal, "$xfer_%d is used before signal %d of its command was waited for", n, s)
			return true
		}
	}
	c.fail(x, FaultSignal, "$xfer_%d is used while a command without a signal fills it", n)
	return true
}

// indirect returns the amount of an indirect shift.
func (c *Core) indirect(x *Context) (uint8, bool) {
	if x.prevPC == noTarget || c.code.ops[x.prevPC].flags&fHasA == 0 {
		if c.hazard(x, "the amount of an indirect shift comes from PREV_A, and the previous operation left none there") {
			return 0, false
		}
	}
	if x.prevA>>32&31 != 0 {
		c.undefinedUse(x, slotSink, "indirect shift by a value that nobody wrote")
		return 0, false
	}
	return uint8(x.prevA) & 31, true
}

// zeroUndefined reports whether it is open if the last result is zero, and
// faults if so.
func (c *Core) zeroUndefined(x *Context) bool {
	if uint32(x.cc)&^uint32(x.cc>>32) != 0 {
		return false
	}
	return c.flagsUndefined(x)
}

// flagsUndefined faults for a use of undefined condition codes.
func (c *Core) flagsUndefined(x *Context) bool {
	if !c.undefined {
		return false
	}
	c.fail(x, FaultFlags, "condition codes are used that the last operation left undefined")
	return true
}
