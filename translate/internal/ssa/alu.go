package ssa

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// pair is a double word.
type pair struct{ lo, hi ID }

// alu builds an arithmetic instruction; wide is the 64-bit class.
func (b *Builder) alu(in bpf.Insn, pc int, wide bool) error {
	dst := int(in.Dst)
	op := in.ALUOp()
	if op == bpf.End {
		return b.endian(in, pc, wide)
	}
	var x, y pair
	if op != bpf.Mov {
		x.lo, x.hi = b.Reg(dst)
	}
	var yFact *verify.Reg
	if in.Source() == bpf.X && op != bpf.Neg {
		y.lo, y.hi = b.Reg(int(in.Src))
		yFact = b.Fact(int(in.Src))
	} else {
		y.lo, y.hi = b.Const(uint32(in.Imm)), b.Const(uint32(in.Imm>>31))
	}
	zero := b.Const(0)
	if !wide {
		x.hi, y.hi = zero, zero
	}
	var r pair
	switch op {
	case bpf.Mov:
		r = b.mov(in, y, wide)
	case bpf.Add, bpf.Sub:
		r = b.addSub(in, x, y, wide)
	case bpf.And:
		r = pair{b.Op(And, 0, x.lo, y.lo), b.Op(And, 0, x.hi, y.hi)}
	case bpf.Or:
		r = pair{b.Op(Or, 0, x.lo, y.lo), b.Op(Or, 0, x.hi, y.hi)}
	case bpf.Xor:
		r = pair{b.Op(Xor, 0, x.lo, y.lo), b.Op(Xor, 0, x.hi, y.hi)}
	case bpf.Neg:
		r.lo = b.Op(Sub, 0, zero, x.lo)
		r.hi = b.Op(SubHi, 0, zero, x.hi, zero, x.lo)
	case bpf.Mul:
		r = b.mul(x, y, wide)
	case bpf.Div, bpf.Mod:
		r = b.divide(x, y, op == bpf.Mod, in.Off == 1, wide)
	case bpf.Lsh, bpf.Rsh, bpf.Arsh:
		r = b.shift(op, x, y, yFact, wide)
	default:
		return b.Unsupported(fmt.Sprintf("instruction %#02x", in.Op), "the compiler has no translation for it")
	}
	if !wide {
		r.hi = zero
	}
	b.narrow(pc, dst, r.lo, r.hi)
	return nil
}

// mov handles plain and sign-extending moves.
func (b *Builder) mov(in bpf.Insn, y pair, wide bool) pair {
	if in.Source() == bpf.K || in.Off == 0 {
		return y
	}
	lo := y.lo
	if in.Off < 32 {
		lo = b.signExtend(y.lo, uint32(in.Off))
	}
	if !wide {
		return pair{lo, b.Const(0)}
	}
	return pair{lo, b.Shift(Sar, lo, 31)}
}

// signExtend extends the low n bits of a word to the whole word.
func (b *Builder) signExtend(x ID, n uint32) ID {
	return b.Shift(Sar, b.Shift(Shl, x, 32-n), 32-n)
}

// firmwareAddress reports whether a register points to a map value of firmware,
// whose words are no number of 64 bits.
func (b *Builder) firmwareAddress(r uint8) bool {
	return !b.Env.Machine.Direct && b.Fact(int(r)).Kind == verify.PtrMapValue
}

// addSub adds or subtracts. Of pointers, Reg mostly knows the high word anyway;
// that of a firmware's address stays.
func (b *Builder) addSub(in bpf.Insn, x, y pair, wide bool) pair {
	op, high := Add, AddHi
	if in.ALUOp() == bpf.Sub {
		op, high = Sub, SubHi
	}
	lo := b.Op(op, 0, x.lo, y.lo)
	if !wide {
		return pair{lo, b.Const(0)}
	}
	xPtr := b.firmwareAddress(in.Dst)
	yPtr := in.Source() == bpf.X && b.firmwareAddress(in.Src)
	switch {
	case xPtr && !yPtr:
		return pair{lo, x.hi}
	case yPtr && !xPtr && op == Add:
		return pair{lo, y.hi}
	}
	return pair{lo, b.Op(high, 0, x.hi, y.hi, x.lo, y.lo)}
}

// mul multiplies, by words.
func (b *Builder) mul(x, y pair, wide bool) pair {
	lo := b.Op(Mul, 0, x.lo, y.lo)
	if !wide {
		return pair{lo, b.Const(0)}
	}
	hi := b.Op(MulHi, 0, x.lo, y.lo)
	hi = b.Op(Add, 0, hi, b.Op(Mul, 0, x.lo, y.hi))
	hi = b.Op(Add, 0, hi, b.Op(Mul, 0, x.hi, y.lo))
	return pair{lo, hi}
}

// shift shifts by y.lo modulo the width.
func (b *Builder) shift(op bpf.ALUOp, x, y pair, fact *verify.Reg, wide bool) pair {
	n, isConst := b.F.IsConst(y.lo)
	if !wide {
		if isConst {
			return pair{lo: b.Shift(map[bpf.ALUOp]Op{bpf.Lsh: Shl, bpf.Rsh: Shr, bpf.Arsh: Sar}[op], x.lo, n&31)}
		}
		return pair{lo: b.Op(map[bpf.ALUOp]Op{bpf.Lsh: ShlV, bpf.Rsh: ShrV, bpf.Arsh: SarV}[op], 0, x.lo, y.lo)}
	}
	if isConst {
		return b.shiftConst(op, x, n&63)
	}
	lo, hi := uint64(0), ^uint64(0)
	if fact != nil && fact.Kind == verify.Scalar {
		lo, hi = fact.UMin, fact.UMax
	}
	zero, one := b.F.Known(y.lo)
	switch {
	case hi < 32 || zero&32 != 0:
		return b.shiftShort(op, x, y.lo, lo >= 1 && hi < 32)
	case lo >= 32 && hi < 64 || one&32 != 0:
		return b.shiftLong(op, x, y.lo)
	}
	words := b.Choose(Compare{Cond: TST, XL: y.lo, YL: b.Const(32)},
		func() []ID { r := b.shiftLong(op, x, y.lo); return []ID{r.lo, r.hi} },
		func() []ID { r := b.shiftShort(op, x, y.lo, false); return []ID{r.lo, r.hi} })
	return pair{words[0], words[1]}
}

// shiftConst shifts by n, 0..63.
func (b *Builder) shiftConst(op bpf.ALUOp, x pair, n uint32) pair {
	zero := b.Const(0)
	if n == 0 {
		return x
	}
	switch op {
	case bpf.Lsh:
		if n >= 32 {
			return pair{zero, b.Shift(Shl, x.lo, n-32)}
		}
		return pair{b.Shift(Shl, x.lo, n), b.Op(Funnel, 32-n, x.hi, x.lo)}
	case bpf.Rsh:
		if n >= 32 {
			return pair{b.Shift(Shr, x.hi, n-32), zero}
		}
		return pair{b.Op(Funnel, n, x.hi, x.lo), b.Shift(Shr, x.hi, n)}
	}
	if n >= 32 {
		return pair{b.Shift(Sar, x.hi, n-32), b.Shift(Sar, x.hi, 31)}
	}
	return pair{b.Op(Funnel, n, x.hi, x.lo), b.Shift(Sar, x.hi, n)}
}

// shiftShort shifts by an amount of which bit 5 is clear; positive says that
// it is not 0 either.
func (b *Builder) shiftShort(op bpf.ALUOp, x pair, amount ID, positive bool) pair {
	inverse := func() ID { return b.Op(Xor, 0, amount, b.Const(31)) } // 31 - amount
	if op == bpf.Lsh {
		lo := b.Op(ShlV, 0, x.lo, amount)
		if b.F.Is(x.lo, 0) {
			return pair{lo, b.Op(ShlV, 0, x.hi, amount)}
		}
		if positive {
			return pair{lo, b.Op(FunnelV, 0, x.hi, x.lo, b.Op(Sub, 0, b.Const(0), amount))}
		}
		rest := b.Op(ShrV, 0, b.Shift(Shr, x.lo, 1), inverse())
		return pair{lo, b.Op(Or, 0, b.Op(ShlV, 0, x.hi, amount), rest)}
	}
	hi := b.Op(ShrV, 0, x.hi, amount)
	if op == bpf.Arsh {
		hi = b.Op(SarV, 0, x.hi, amount)
	}
	switch {
	case b.F.Is(x.hi, 0):
		return pair{b.Op(ShrV, 0, x.lo, amount), hi}
	case positive:
		return pair{b.Op(FunnelV, 0, x.hi, x.lo, amount), hi}
	}
	rest := b.Op(ShlV, 0, b.Shift(Shl, x.hi, 1), inverse())
	return pair{b.Op(Or, 0, b.Op(ShrV, 0, x.lo, amount), rest), hi}
}

// shiftLong shifts by an amount of which bit 5 is set.
func (b *Builder) shiftLong(op bpf.ALUOp, x pair, amount ID) pair {
	zero := b.Const(0)
	switch op {
	case bpf.Lsh:
		return pair{zero, b.Op(ShlV, 0, x.lo, amount)}
	case bpf.Rsh:
		return pair{b.Op(ShrV, 0, x.hi, amount), zero}
	}
	return pair{b.Op(SarV, 0, x.hi, amount), b.Shift(Sar, x.hi, 31)}
}

// endian handles conversions to big and little endian and byte exchanges.
func (b *Builder) endian(in bpf.Insn, pc int, wide bool) error {
	lo, hi := b.Reg(int(in.Dst))
	zero := b.Const(0)
	swap := wide || in.Source() == bpf.X
	switch {
	case in.Imm == 16 && swap:
		lo, hi = b.Op(Bswap16, 0, lo), zero
	case in.Imm == 16:
		lo, hi = b.And(lo, 0xffff), zero
	case in.Imm == 32 && swap:
		lo, hi = b.Op(Bswap, 0, lo), zero
	case in.Imm == 32:
		hi = zero
	case in.Imm == 64 && swap:
		lo, hi = b.Op(Bswap, 0, hi), b.Op(Bswap, 0, lo)
	case in.Imm == 64:
	default:
		return b.Unsupported(fmt.Sprintf("a byte exchange of %d bits", in.Imm), "there are 16, 32 and 64")
	}
	b.narrow(pc, int(in.Dst), lo, hi)
	return nil
}
