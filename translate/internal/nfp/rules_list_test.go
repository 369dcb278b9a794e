package nfp

import "github.com/skipsw/skipsw/translate/internal/ssa"

// rules are functions, each for one rule, and the instructions they become; r
// stands for any register.
var rules = []struct {
	name  string
	build func(f *fn) *ssa.Func
	want  string
}{
	{"add small constant", func(f *fn) *ssa.Func { return f.exit(f.AddConst(f.x, 200)) }, `alu[r, r, +, 0xc8]`},
	{"add small negative constant", func(f *fn) *ssa.Func { return f.exit(f.AddConst(f.x, ^uint32(4))) }, `alu[r, r, -, 0x5]`},
	{"add large constant", func(f *fn) *ssa.Func { return f.exit(f.AddConst(f.x, 0x12345678)) }, `immed[r, 0x5678]
immed_w1[r, 0x1234]
alu[r, r, +, r]`},
	{"double word sum", func(f *fn) *ssa.Func {
		lo := f.raw(ssa.Add, 0, f.x, f.y)
		hi := f.raw(ssa.AddHi, 0, f.y, f.x, f.x, f.y)
		return f.exit(f.raw(ssa.Xor, 0, lo, hi))
	}, `alu[r, r, +, r]
alu[r, r, +carry, r]
alu[r, r, XOR, r]`},
	{"high word of a difference alone", func(f *fn) *ssa.Func {
		return f.exit(f.raw(ssa.SubHi, 0, f.y, f.x, f.x, f.y))
	}, `alu[--, r, -, r]
alu[r, r, -carry, r]`},
	{"mask of whole bytes", func(f *fn) *ssa.Func { return f.exit(f.And(f.x, 0xffff)) }, `alu[r, 0x0, +16, r]`},
	{"half out of a word", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.And, 0, f.raw(ssa.Shr, 8, f.x), f.Const(0xffff))) }, `ld_field_w_clr[r, 0011, r, >>8]`},
	{"byte out of a word", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.And, 0, f.raw(ssa.Shr, 16, f.x), f.Const(0xff))) }, `alu_shf[r, 0xff, AND, r, >>16]`},
	{"low bytes added", func(f *fn) *ssa.Func {
		return f.exit(f.raw(ssa.Add, 0, f.raw(ssa.And, 0, f.x, f.Const(0xffff)), f.raw(ssa.And, 0, f.y, f.Const(0xffff))))
	}, `alu[r, 0x0, +16, r]
alu[r, r, +16, r]`},
	{"a byte added", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Add, 0, f.x, f.raw(ssa.And, 0, f.y, f.Const(0xff)))) }, `alu[r, r, +8, r]`},
	{"a shifted byte added", func(f *fn) *ssa.Func {
		return f.exit(f.raw(ssa.Add, 0, f.x, f.raw(ssa.And, 0, f.raw(ssa.Shr, 8, f.y), f.Const(0xff))))
	}, `alu_shf[r, 0xff, AND, r, >>8]
alu[r, r, +, r]`},
	{"shifted operand", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Or, 0, f.x, f.raw(ssa.Shl, 4, f.y))) }, `alu_shf[r, r, OR, r, <<4]`},
	{"masked and shifted", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.And, 0, f.raw(ssa.Shr, 14, f.x), f.Const(0x3c))) }, `alu_shf[r, 0x3c, AND, r, >>14]`},
	{"complement", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Xor, 0, f.x, f.Const(^uint32(0)))) }, `alu[r, --, ~B, r]`},
	{"and with nearly all ones", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.And, 0, f.x, f.Const(^uint32(0x18)))) }, `alu[r, r, AND~, 0x18]`},
	{"bytes reversed", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Bswap, 0, f.x)) }, `alu_shf[r, --, B, r, >>rot8]
ld_field[r, 0101, r, >>rot24]`},
	{"low bytes exchanged", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Bswap16, 0, f.x)) }, `ld_field_w_clr[r, 0010, r, <<8]
ld_field[r, 0001, r, >>8]`},
	{"insert a byte", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Insert, ssa.InsertImm(4, 16), f.x, f.y)) }, `ld_field[r, 0100, r, >>rot16]`},
	{"arithmetic shift", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Sar, 5, f.x)) }, `alu[--, --, B, r]
asr[r, r, >>5]`},
	{"shift by a register", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.ShlV, 0, f.x, f.y)) }, `alu[--, r, OR, 0x0]
alu_shf[r, --, B, r, <<indirect]`},
	{"arithmetic shift by a register", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.SarV, 0, f.x, f.y)) }, `alu[r, r, AND, 0x1f]
alu[--, r, OR, r]
asr[r, r, >>indirect]`},
	{"double word shift", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Funnel, 12, f.x, f.y)) }, `dbl_shf[r, r, r, >>12]`},
	{"product of words", func(f *fn) *ssa.Func {
		lo := f.raw(ssa.Mul, 0, f.x, f.y)
		hi := f.raw(ssa.MulHi, 0, f.x, f.y)
		return f.exit(f.raw(ssa.Xor, 0, lo, hi))
	}, `mul_step[r, r], start
mul_step[r, r], 32x32_step1
mul_step[r, r], 32x32_step2
mul_step[r, r], 32x32_step3
mul_step[r, r], 32x32_step4
mul_step[r, --], 32x32_last
mul_step[r, --], 32x32_last2
alu[r, r, XOR, r]`},
	{"product of half words", func(f *fn) *ssa.Func {
		return f.exit(f.raw(ssa.Mul, 0, f.And(f.x, 0xffff), f.Const(20)))
	}, `alu[r, 0x0, +16, r]
mul_step[r, 0x14], start
mul_step[r, 0x14], 16x16_step1
mul_step[r, 0x14], 16x16_step2
mul_step[r, --], 16x16_last`},
	{"read used as operand", func(f *fn) *ssa.Func {
		r := f.Add(ssa.Value{Op: ssa.Read, Space: ssa.Packet, Size: 8, Imm: 12, Args: []ssa.ID{f.p}})
		a := f.Add(ssa.Value{Op: ssa.Word, Args: []ssa.ID{r}})
		return f.exit(f.AddConst(a, 1))
	}, `mem[read32_swap, $xfer_0, *l$index1[2], 0xc, 1], ctx_swap[sig1]
alu[r, $xfer_0, +, 0x1]`},
	{"long read", func(f *fn) *ssa.Func {
		r := f.Add(ssa.Value{Op: ssa.Read, Space: ssa.Packet, Size: 40, Imm: 12, Args: []ssa.ID{f.p}})
		a := f.Add(ssa.Value{Op: ssa.Word, Args: []ssa.ID{r}})
		b := f.Add(ssa.Value{Op: ssa.Word, Imm: 9, Args: []ssa.ID{r}})
		return f.exit(f.raw(ssa.Xor, 0, a, b))
	}, `immed[--, 0x980]
mem[read32_swap, $xfer_0, *l$index1[2], 0xc, 1], indirect_ref, ctx_swap[sig1]
alu[r, --, B, $xfer_0], no_cc
alu[r, r, XOR, $xfer_9]`},
	{"write", func(f *fn) *ssa.Func {
		f.Add(ssa.Value{Op: ssa.Write, Space: ssa.Packet, Size: 6, Imm: 6, Args: []ssa.ID{f.p, f.x, f.AddConst(f.y, 1)}})
		return f.exit(f.Const(2))
	}, `alu[$xfer_1, r, +, 0x1]
mem[write8_swap, $xfer_0, *l$index1[2], 0x6, 6]
immed[r, 0x2]`},
	{"small atomic addition", func(f *fn) *ssa.Func {
		f.Add(ssa.Value{Op: ssa.AtomicAdd, Space: ssa.MapValue, Size: 8, Args: []ssa.ID{f.x, f.Const(0x20000000), f.Const(1), f.Const(0)}})
		return f.exit(f.Const(2))
	}, `immed[r, 0x2000, <<16]
immed[r, 0xc90]
alu_shf[--, r, OR, 0x1, <<16]
mem[add_imm, $xfer_0, r, <<8, r, 1], indirect_ref
immed[r, 0x2]`},
	{"atomic addition", func(f *fn) *ssa.Func {
		f.Add(ssa.Value{Op: ssa.AtomicAdd, Space: ssa.MapValue, Size: 4, Args: []ssa.ID{f.x, f.Const(0x20000000), f.y}})
		return f.exit(f.Const(2))
	}, `immed[r, 0x2000, <<16]
mem[add, $xfer_0, r, <<8, r, 1]
immed[r, 0x2]`},
	{"unsigned comparison", func(f *fn) *ssa.Func { return f.branch(ssa.ULT, f.x, f.Const(14)) }, `alu[--, r, -, 0xe]
bcc[.5]
immed[r, 0x1]
immed[r, 0x2]`},
	{"greater becomes greater or equal", func(f *fn) *ssa.Func { return f.branch(ssa.UGT, f.x, f.Const(14)) }, `alu[--, r, -, 0xf]
bcs[.5]
immed[r, 0x1]
immed[r, 0x2]`},
	{"signed comparison", func(f *fn) *ssa.Func { return f.branch(ssa.SGT, f.x, f.y) }, `alu[--, r, -, r]
blt[.6]
immed[r, 0x1]
immed[r, 0x2]`},
	{"sign bit", func(f *fn) *ssa.Func { return f.branch(ssa.SLT, f.x, f.Const(0)) }, `br_bset[r, 31, .4]
immed[r, 0x1]
immed[r, 0x2]`},
	{"one bit", func(f *fn) *ssa.Func { return f.branch(ssa.TST, f.x, f.Const(1<<9)) }, `br_bset[r, 9, .4]
immed[r, 0x1]
immed[r, 0x2]`},
	{"several bits", func(f *fn) *ssa.Func { return f.branch(ssa.TST, f.x, f.Const(0x3c)) }, `alu[--, r, AND, 0x3c]
bne[.5]
immed[r, 0x1]
immed[r, 0x2]`},
	{"zero", func(f *fn) *ssa.Func { return f.branch(ssa.EQ, f.x, f.Const(0)) }, `alu[--, --, B, r]
beq[.5]
immed[r, 0x1]
immed[r, 0x2]`},
	{"zero of a difference", func(f *fn) *ssa.Func { return f.branch(ssa.EQ, f.raw(ssa.Sub, 0, f.x, f.y), f.Const(0)) }, `alu[--, r, -, r]
beq[.6]
immed[r, 0x1]
immed[r, 0x2]`},
	{"one byte", func(f *fn) *ssa.Func {
		return f.branch(ssa.EQ, f.raw(ssa.And, 0, f.raw(ssa.Shr, 24, f.x), f.Const(0xff)), f.Const(17))
	}, `br=byte[r, 3, 0x11, .4]
immed[r, 0x1]
immed[r, 0x2]`},
	{"two bytes", func(f *fn) *ssa.Func {
		return f.branch(ssa.NE, f.raw(ssa.And, 0, f.x, f.Const(0xffff)), f.Const(0x0608))
	}, `br!=byte[r, 0, 0x8, .5]
br!=byte[r, 1, 0x6, .5]
immed[r, 0x1]
immed[r, 0x2]`},
	{"double words equal", func(f *fn) *ssa.Func { return f.branchWide(ssa.EQ, f.x, f.y, f.Const(7), f.Const(0)) }, `alu[r, r, XOR, 0x7]
alu[--, r, OR, r]
beq[.7]
immed[r, 0x1]
immed[r, 0x2]`},
	{"double words ordered", func(f *fn) *ssa.Func { return f.branchWide(ssa.UGT, f.x, f.y, f.Const(7), f.Const(1)) }, `alu[--, r, -, 0x8]
alu[--, r, -carry, 0x1]
bcs[.7]
immed[r, 0x1]
immed[r, 0x2]`},
	{"or with shifted bits", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Or, 0, f.x, f.Const(0xa500))) }, `alu_shf[r, r, OR, 0xa5, <<8]`},
	{"and with shifted bits", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.And, 0, f.x, f.Const(0x3fc0))) }, `alu_shf[r, r, AND, 0xff, <<6]`},
	{"and with all but shifted bits", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.And, 0, f.x, f.Const(^uint32(0x7f000)))) }, `alu_shf[r, r, AND~, 0x7f, <<12]`},
	{"double words ordered with a negative constant", func(f *fn) *ssa.Func {
		return f.branchWide(ssa.SLT, f.x, f.y, f.Const(^uint32(4)), f.Const(^uint32(0)))
	}, `alu[--, r, +, 0x5]
alu[--, r, +carry, 0x0]
blt[.7]
immed[r, 0x1]
immed[r, 0x2]`},
	{"a power of two is reached", func(f *fn) *ssa.Func { return f.branch(ssa.UGE, f.x, f.Const(0x10000)) }, `alu_shf[--, --, B, r, >>16]
bne[.5]
immed[r, 0x1]
immed[r, 0x2]`},
	{"a double word is below a power of two", func(f *fn) *ssa.Func { return f.branchWide(ssa.ULT, f.x, f.y, f.Const(0x1000), f.Const(0)) }, `alu_shf[--, r, OR, r, >>12]
beq[.6]
immed[r, 0x1]
immed[r, 0x2]`},
	{"the length reaches a power of two", func(f *fn) *ssa.Func {
		return f.branch(ssa.ULT, f.Add(ssa.Value{Op: ssa.PktLen}), f.Const(64))
	}, `alu_shf[--, 0xff, AND, *l$index1, >>6]
beq[.4]
immed[r, 0x1]
immed[r, 0x2]`},
	{"bits of a double word of which one half is tested whole", func(f *fn) *ssa.Func {
		return f.branchWide(ssa.TST, f.x, f.y, f.Const(0x80), f.Const(0xffffffff))
	}, `alu[r, r, AND, 0x80]
alu[--, r, OR, r]
bne[.7]
immed[r, 0x1]
immed[r, 0x2]`},
	{"bytes put into zero", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Insert, ssa.InsertImm(2, 8), f.Const(0), f.x)) }, `ld_field_w_clr[r, 0010, r, >>rot24]`},
	{"shift by a word that was read", func(f *fn) *ssa.Func {
		read := f.Add(ssa.Value{Op: ssa.Read, Space: ssa.Packet, Size: 4, Args: []ssa.ID{f.p}})
		return f.exit(f.raw(ssa.ShlV, 0, f.x, f.raw(ssa.Word, 0, read)))
	}, `mem[read32_swap, $xfer_0, *l$index1[2], 0x0, 1], ctx_swap[sig1], defer[1]
alu[--, $xfer_0, OR, 0x0]
alu_shf[r, --, B, r, <<indirect]`},
	{"the length that a changed packet had", func(f *fn) *ssa.Func {
		n := f.Add(ssa.Value{Op: ssa.PktLen})
		f.raw(ssa.SetPkt, 0, f.p, f.x)
		return f.branch(ssa.ULT, n, f.Const(64))
	}, `immed[r, 0x3fff]
alu[r, r, AND, *l$index1]
alu[--, r, -, 0x40]
bcc[.10], defer[3]
alu[r, r, ~AND, *l$index1]
alu[r, r, OR, r]
alu[*l$index1, --, B, r]
immed[r, 0x1]
immed[r, 0x2]`},
	{"the length, with something added, reaches a power of two", func(f *fn) *ssa.Func {
		return f.branch(ssa.UGT, f.Add(ssa.Value{Op: ssa.PktLen}), f.Const(33))
	}, `alu[r, *l$index1, +, 0x1e]
alu_shf[--, 0xff, AND, r, >>6]
bne[.5]
immed[r, 0x1]
immed[r, 0x2]`},
	{"the length reaches what its word cannot tell", func(f *fn) *ssa.Func {
		return f.branch(ssa.UGE, f.Add(ssa.Value{Op: ssa.PktLen}), f.Const(513))
	}, `immed[r, 0x3fff]
alu[r, r, AND, *l$index1]
immed[r, 0x201]
alu[--, r, -, r]
bcs[.7]
immed[r, 0x1]
immed[r, 0x2]`},
	{"the length is wanted for something else, too", func(f *fn) *ssa.Func {
		n := f.Add(ssa.Value{Op: ssa.PktLen})
		f.raw(ssa.SetVec, 10, n)
		return f.branch(ssa.ULT, n, f.Const(32))
	}, `immed[r, 0x3fff]
alu[r, r, AND, *l$index1]
alu[--, r, -, 0x20]
bcc[.7], defer[1]
alu[*l$index1[10], --, B, r], no_cc
immed[r, 0x1]
immed[r, 0x2]`},
}
