package core

import (
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
)

// shift32 is the shifter: it applies a shift to the right operand; a double
// shift takes the left operand as the high word. n is the amount that counts,
// 0..31.
func shift32(kind, n uint8, a, b uint32) uint32 {
	switch nfpisa.ShiftKind(kind) {
	case nfpisa.ShiftRot:
		return bits.RotateLeft32(b, -int(n))
	case nfpisa.ShiftRight:
		return b >> (n & 31)
	case nfpisa.ShiftLeft:
		return b << (n & 31)
	}
	return uint32((uint64(a)<<32 | uint64(b)) >> (n & 31))
}

// combine is the operation after the shifter.
func combine(op uint8, a, b uint32) uint32 {
	switch nfpisa.ShfOp(op) {
	case nfpisa.ShfNotB:
		return ^b
	case nfpisa.ShfAnd:
		return a & b
	case nfpisa.ShfNotAnd:
		return ^a & b
	case nfpisa.ShfAndNot:
		return a &^ b
	case nfpisa.ShfOr:
		return a | b
	}
	return b
}

// mulState follows a sequence of multiply steps.
type mulState struct {
	a, b  uint32
	tag   uint64 // unwritten bits of either operand
	kind  uint8  // nfpisa.MulType of the steps, 0 before the first
	steps uint8  // steps done
	open  bool
}

var mulSteps = [...]uint8{nfpisa.Mul24x8: 1, nfpisa.Mul16x16: 2, nfpisa.Mul32x32: 4}

// mulStart begins a multiplication.
func (x *Context) mulStart(a, b uint32, tag uint64) {
	x.mul = mulState{a: a, b: b, tag: tag, open: true}
}

// mulStep does one step; it returns a reason when the sequence is broken.
func (x *Context) mulStep(kind, step uint8, a, b uint32, tag uint64) string {
	m := &x.mul
	switch {
	case !m.open:
		return "a multiply step without mul_step start"
	case m.kind != 0 && m.kind != kind:
		return "multiply steps of two types in one sequence"
	case step != m.steps:
		return "multiply steps out of order"
	case a != m.a || b != m.b:
		return "a multiply step with other operands than the start"
	}
	m.kind = kind
	m.steps++
	m.tag |= tag
	return ""
}

// product returns the result of the steps done. A 16x16 multiplication takes
// the low halves of both operands, a 24x8 one the low 24 bits of the left and
// the low 8 of the right operand.
func (x *Context) product() (uint64, string) {
	m := &x.mul
	a, b := m.a, m.b
	switch nfpisa.MulType(m.kind) {
	case nfpisa.Mul24x8:
		a, b = a&0xffffff, b&0xff
	case nfpisa.Mul16x16:
		a, b = a&0xffff, b&0xffff
	}
	p := uint64(a) * uint64(b)
	if !m.open || m.kind == 0 || m.steps != mulSteps[m.kind] {
		return p, "the product is taken before the last multiply step"
	}
	return p, ""
}

// popState follows the three instructions of a population count.
type popState struct {
	b    uint32
	done uint8
}

// popStep does step 1, 2 or 3; it returns a reason when the sequence is broken.
func (x *Context) popStep(step uint8, b uint32) string {
	p := &x.pop
	if step == 1 {
		*p = popState{b: b}
	}
	if p.done != step-1 || p.b != b {
		p.done = 0
		return "pop_count steps out of order or with different operands"
	}
	p.done = step % 3
	return ""
}

// byteAlign joins the operand of the previous byte_align with this one's and
// takes four bytes from byte index n of the pair on.
func byteAlign(le bool, prev, cur, n uint32) uint32 {
	n = 8 * (n & 3)
	if le {
		return uint32((uint64(cur)<<32 | uint64(prev)) >> n)
	}
	return uint32((uint64(prev)<<32 | uint64(cur)) >> (32 - n))
}
