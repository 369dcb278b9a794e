package check

import (
	"math/bits"

	"github.com/skipsw/skipsw/translate/bpf"
)

// arith counts arithmetic.
func (c *counter) arith(slot int, in bpf.Insn) {
	wide, imm := in.Class() == bpf.ClassALU64, in.Source() == bpf.K
	switch op := in.ALUOp(); op {
	case bpf.Mov:
		c.move(slot, in, wide, imm)
	case bpf.Mul:
		c.product(slot, in, imm)
	case bpf.Div:
		by := uint32(in.Imm)
		if !imm {
			by = uint32(c.insns[slot].uminSrc)
		}
		c.words(quotientWords(by))
	case bpf.End:
		if in.Imm == 64 {
			c.words(5)
		} else {
			c.words(3)
		}
	case bpf.Lsh, bpf.Rsh, bpf.Arsh:
		c.shift(slot, in, wide, imm)
	case bpf.Neg:
		c.words(1)
		c.high(slot, wide, 1)
	default:
		if !imm {
			c.words(1)
			c.high(slot, wide, 1)
			return
		}
		c.withConstant(slot, in, op, wide)
	}
}

// high counts the upper half of a result: n words, or what clears it.
func (c *counter) high(slot int, wide bool, n int) {
	if wide {
		c.words(n)
	} else {
		c.upper(slot)
	}
}

func (c *counter) move(slot int, in bpf.Insn, wide, imm bool) {
	switch {
	case imm:
		c.words(load(uint32(in.Imm)) + 1)
	case wide && in.Src == 10:
		c.words(operand(uint32(c.frame4(funcAt(c.funcs, slot)))) + 2)
	default:
		c.words(2)
	}
}

// withConstant counts sums and bitwise operations with a constant.
func (c *counter) withConstant(slot int, in bpf.Insn, op bpf.ALUOp, wide bool) {
	imm := int64(in.Imm)
	sum := op == bpf.Add || op == bpf.Sub
	if sum && in.Imm < 0 { // the other operation, with the positive number
		imm = int64(-in.Imm)
	}
	neutral := imm == 0
	if op == bpf.And {
		neutral = imm == -1
	}
	if wide && neutral && !sum {
		return
	}
	one := func(v uint32) int {
		switch {
		case sum:
		case op == bpf.And && v == 0, op != bpf.And && v == 1<<32-1:
			return 1
		case op == bpf.And && v == 1<<32-1, op != bpf.And && v == 0:
			return 0
		}
		return operand(v) + 1
	}
	c.words(one(uint32(imm)))
	c.high(slot, wide, one(uint32(uint64(imm)>>32)))
}

func (c *counter) product(slot int, in bpf.Insn, imm bool) {
	n := &c.insns[slot]
	right := uint32(n.umaxSrc)
	if imm {
		right = uint32(in.Imm)
		c.words(operand(right))
	}
	if uint32(n.umaxDst) > 1<<16-1 || right > 1<<16-1 {
		c.words(7)
	} else {
		c.words(4)
	}
}

// quotientWords returns the words of a division by a constant.
func quotientWords(by uint32) int {
	const multiply = 7
	if by > 1<<31 {
		return operand(by) + 3
	}
	r := reciprocalOf(by, 32)
	exp, pre := r.exp, 0
	if r.wide && by&1 == 0 {
		pre = bits.TrailingZeros32(by)
		r = reciprocalOf(by>>pre, 32-pre)
	}
	n := operand(r.m)
	switch {
	case by == 1<<exp:
		return n + 1
	case r.wide:
		return n + multiply + 4
	case pre > 0:
		n++
	}
	return n + multiply + 1
}

func (c *counter) shift(slot int, in bpf.Insn, wide, imm bool) {
	n := &c.insns[slot]
	amount, known := uint64(uint8(in.Imm)), imm
	if !imm && n.uminSrc == n.umaxSrc {
		amount, known = uint64(uint8(n.uminSrc)), true
	}
	op := in.ALUOp()
	arithmetic := op == bpf.Arsh
	switch {
	case !wide && known && amount == 0:
	case !wide && known && !arithmetic:
		c.words(1)
	case !wide:
		c.words(2)
	case known && amount == 0:
	case known && (!arithmetic || amount == 32):
		c.words(2)
	case known, n.uminSrc >= 32:
		c.words(3)
	case n.umaxSrc < 32 && op == bpf.Lsh:
		c.words(5)
	case n.umaxSrc < 32:
		c.words(4)
	case op == bpf.Lsh:
		c.words(10)
	default:
		c.words(9)
	}
	if !wide {
		c.upper(slot)
	}
}
