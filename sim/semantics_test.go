package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
)

// packetPointer loads the packet pointer into A1.
var packetPointer = nfpisa.Mov(a(1), lm(1, 2))

// TestSemantics pins what each instruction does, above all what the kernel's
// words leave open. A program's A0 is compared.
func TestSemantics(t *testing.T) {
	alu := func(l uint32, o nfpisa.ALUOp, r uint32) ins {
		left := a(1)
		if o == nfpisa.ALUNotB {
			left = op.None
		}
		return program(load(a(1), l), load(b(1), r), nfpisa.ALU(a(0), left, o, b(1)), exit())
	}
	shf := func(l uint32, o nfpisa.ShfOp, r uint32, s nfpisa.Shift) ins {
		left := a(1)
		if o == nfpisa.ShfB || o == nfpisa.ShfNotB {
			left = op.None
		}
		return program(load(a(1), l), load(b(1), r), nfpisa.Shf(a(0), left, o, b(1), s), exit())
	}
	// carryOf gives 1 if the instructions left carry, else 0.
	carryOf := func(code ...any) ins {
		return program(append(code, nfpisa.Immed(a(0), 0), nfpisa.ALU(a(0), a(0), nfpisa.ALUAddCarry, k(0)), exit())...)
	}
	mul := func(typ nfpisa.MulType, steps int, l, r uint32, last nfpisa.MulStep) ins {
		code := program(load(a(1), l), load(b(1), r), nfpisa.MulStepOf(nfpisa.MulStart, 0, a(1), b(1)))
		for s := range steps {
			code = append(code, nfpisa.MulStepOf(typ, nfpisa.MulStep(s), a(1), b(1)))
		}
		code = append(code, nfpisa.MulLastOf(typ, nfpisa.MulLast, a(2)))
		if last == nfpisa.MulLast2 {
			code = append(code, nfpisa.MulLastOf(typ, nfpisa.MulLast2, a(2)))
		}
		return program(code, ret(a(2)))
	}
	// lmAddr sets an index register to a byte offset from the stack base.
	lmAddr := func(i int, off int) ins {
		return program(nfpisa.ALU(a(9), a(22), nfpisa.ALUAdd, k(off)), nfpisa.CSRWr(nfpisa.CSRActLMAddr(i), a(9)), nops(3))
	}
	align := func(idx int, step func(dst, src nfpisa.Operand) nfpisa.Instr) ins {
		return program(nfpisa.CSRWr(nfpisa.CSRByteIndex, k(idx)), load(a(1), 0x11223344), load(b(1), 0x55667788), load(b(2), 0x11223344), load(a(2), 0x55667788),
			nops(1), step(op.None, b(2)), step(a(0), b(1)), exit())
	}
	for _, tc := range []struct {
		name string
		code ins
		want uint32
	}{
		{"add", alu(0xffffffff, nfpisa.ALUAdd, 2), 1},
		{"add16 takes the low half of the right operand", alu(5, nfpisa.ALUAdd16, 0x10007), 12},
		{"add8 takes the low byte of the right operand", alu(5, nfpisa.ALUAdd8, 0x107), 12},
		{"sub", alu(5, nfpisa.ALUSub, 7), 0xfffffffe},
		{"B-A", alu(5, nfpisa.ALURevSub, 7), 2},
		{"~AND inverts the left operand", alu(0xf0, nfpisa.ALUNotAnd, 0xff), 0x0f},
		{"AND~ inverts the right operand", alu(0xf0, nfpisa.ALUAndNot, 0xff), 0},
		{"AND~ the other way", alu(0xff, nfpisa.ALUAndNot, 0xf0), 0x0f},
		{"~B", alu(0, nfpisa.ALUNotB, 0xffff0000), 0xffff},
		{"swapped fields keep left and right", program(load(b(1), 9), load(a(1), 4), nfpisa.ALU(a(0), b(1), nfpisa.ALUSub, a(1)), exit()), 5},

		{"carry of add", carryOf(load(a(1), 0xffffffff), nfpisa.ALU(op.None, a(1), nfpisa.ALUAdd, k(1))), 1},
		{"no carry of add", carryOf(load(a(1), 0xfffffffe), nfpisa.ALU(op.None, a(1), nfpisa.ALUAdd, k(1))), 0},
		{"carry of sub means nothing borrowed", carryOf(load(a(1), 7), nfpisa.ALU(op.None, a(1), nfpisa.ALUSub, k(7))), 1},
		{"no carry of sub means borrowed", carryOf(load(a(1), 6), nfpisa.ALU(op.None, a(1), nfpisa.ALUSub, k(7))), 0},
		{"carry of B-A", carryOf(load(a(1), 6), nfpisa.ALU(op.None, a(1), nfpisa.ALURevSub, k(7))), 1},
		{"-carry subtracts the borrow", program(load(a(1), 6), nfpisa.ALU(op.None, a(1), nfpisa.ALUSub, k(7)), nfpisa.Immed(a(2), 5), nfpisa.ALU(a(0), a(2), nfpisa.ALUSubCarry, k(1)), exit()), 3},
		{"-carry carries on", carryOf(load(a(1), 0), nfpisa.ALU(op.None, a(1), nfpisa.ALUSub, k(1)), nfpisa.ALU(op.None, a(1), nfpisa.ALUSubCarry, k(0))), 0},
		{"immed leaves the flags alone", carryOf(load(a(1), 0xffffffff), nfpisa.ALU(op.None, a(1), nfpisa.ALUAdd, k(1)), nfpisa.Immed(a(5), 0), nfpisa.ImmedW(1, a(5), 3)), 1},
		{"no_cc leaves the flags alone", carryOf(load(a(1), 0xffffffff), nfpisa.ALU(op.None, a(1), nfpisa.ALUAdd, k(1)), nfpisa.ALU(op.None, a(1), nfpisa.ALUSub, k(1)).KeepCC()), 1},

		{"shift the right operand, then combine", shf(0xff00, nfpisa.ShfOr, 0x0f, nfpisa.Lsh(4)), 0xfff0},
		{"left by 31", shf(0, nfpisa.ShfB, 3, nfpisa.Lsh(31)), 0x80000000},
		{"left by 1", shf(0, nfpisa.ShfB, 3, nfpisa.Lsh(1)), 6},
		{"right by 31", shf(0, nfpisa.ShfB, 0x80000000, nfpisa.Rsh(31)), 1},
		{"rotate right", shf(0, nfpisa.ShfB, 0x12345678, nfpisa.Rot(8)), 0x78123456},
		{"rotate by 0", shf(0, nfpisa.ShfB, 0x12345678, nfpisa.Rot(0)), 0x12345678},
		{"~B after shift", shf(0, nfpisa.ShfNotB, 0xff, nfpisa.Lsh(8)), 0xffff00ff},
		{"double shift takes the left operand as the high word", program(load(a(1), 0xabcd), load(b(1), 0x12345678), nfpisa.DblShf(a(0), a(1), b(1), 16), exit()), 0xabcd1234},
		{"double shift, indirect by 0, gives the low word", program(load(a(1), 0), load(a(3), 0xabcd), load(b(1), 0x12345678),
			nfpisa.ALU(op.None, a(1), nfpisa.ALUOr, k(0)), nfpisa.DblShf(a(0), a(3), b(1), 0), exit()), 0x12345678},
		{"indirect shift takes PREV_A, low five bits", program(load(a(1), 0x64), load(b(1), 0x12345678),
			nfpisa.ALU(op.None, a(1), nfpisa.ALUOr, k(0)), nfpisa.Shf(a(0), op.None, nfpisa.ShfB, b(1), nfpisa.RshIndirect), exit()), 0x01234567},
		{"indirect left shift is direct in the amount", program(load(a(1), 4), load(b(1), 0x12345678),
			nfpisa.ALU(op.None, a(1), nfpisa.ALUOr, k(0)), nfpisa.Shf(a(0), op.None, nfpisa.ShfB, b(1), nfpisa.LshIndirect), exit()), 0x23456780},
		{"asr fills with the sign of the previous result: set", program(load(b(1), 0x00000100), load(a(2), 0x80000000),
			nfpisa.Mov(op.None, a(2)), nfpisa.Asr(a(0), b(1), nfpisa.Rsh(4)), exit()), 0xf0000010},
		{"asr fills with the sign of the previous result: clear", program(load(b(1), 0x80000100), load(a(2), 1),
			nfpisa.Mov(op.None, a(2)), nfpisa.Asr(a(0), b(1), nfpisa.Rsh(4)), exit()), 0x08000010},
		{"immed is a previous result, too", program(load(b(1), 0x00000100), nfpisa.Immed(op.None, 0xffff0000), nfpisa.Asr(a(0), b(1), nfpisa.Rsh(4)), exit()), 0xf0000010},

		{"ld_field replaces bytes", program(load(a(1), 0xaabbccdd), load(b(1), 0x11223344), nfpisa.LdField(a(1), 0b0110, b(1), nfpisa.Rot(0)), ret(a(1))), 0xaa2233dd},
		{"ld_field_w_clr clears the rest", program(load(b(1), 0x11223344), nfpisa.LdFieldClr(a(1), 0b0011, b(1), nfpisa.Rsh(16)), ret(a(1))), 0x1122},
		{"ld_field into bank B", program(load(b(1), 0xaabbccdd), load(a(1), 0x11223344), nfpisa.LdField(b(1), 0b1000, a(1), nfpisa.Lsh(24)), ret(b(1))), 0x44bbccdd},
		{"ld_field sets flags with load_cc only", program(load(a(1), 0), load(b(1), 0), nfpisa.ALU(op.None, a(1), nfpisa.ALUAdd, k(1)),
			nfpisa.LdFieldClr(a(2), 15, b(1), nfpisa.Rot(0)), nfpisa.Bcc(nfpisa.CondEQ, at(7)), nfpisa.Immed(a(0), 1), exit(), nfpisa.Immed(a(0), 2), exit()), 1},
		{"ld_field with load_cc", program(load(a(1), 0), load(b(1), 0), nfpisa.ALU(op.None, a(1), nfpisa.ALUAdd, k(1)),
			nfpisa.LdFieldClr(a(2), 15, b(1), nfpisa.Rot(0)).LoadCC(), nfpisa.Bcc(nfpisa.CondEQ, at(7)), nfpisa.Immed(a(0), 1), exit(), nfpisa.Immed(a(0), 2), exit()), 2},
		{"immed_w1 keeps the low half", program(nfpisa.Immed(a(0), 0x1234), nfpisa.ImmedW(1, a(0), 0xabcd), exit()), 0xabcd1234},
		{"immed_b2", program(load(a(0), 0x11223344), nfpisa.ImmedB(2, a(0), 0xee), exit()), 0x11ee3344},
		{"immed inverted and shifted", program(nfpisa.Immed(a(0), 0xff00ffff), exit()), 0xff00ffff},
		{"immed_w1 inverted", program(nfpisa.Immed(a(0), 0x1234), func() nfpisa.Instr { i := nfpisa.ImmedW(1, a(0), 0xabcd); i.Invert = true; return i }(), exit()), 0x54321234},
		{"wr_both", program(nfpisa.Immed(a(3), 77).Both(), nfpisa.Immed(a(3), 5), ret(b(3))), 77},

		{"16x16 multiplies the low halves", mul(nfpisa.Mul16x16, 2, 0xdead1234, 0xbeef0010, nfpisa.MulLast), 0x12340},
		{"24x8 multiplies 24 by 8 bits", mul(nfpisa.Mul24x8, 1, 0xde001234, 0xbeef0010, nfpisa.MulLast), 0x12340},
		{"32x32 low word", mul(nfpisa.Mul32x32, 4, 0xdeadbeef, 0x12345678, nfpisa.MulLast), 0x5621ca08},
		{"32x32 high word", mul(nfpisa.Mul32x32, 4, 0xdeadbeef, 0x12345678, nfpisa.MulLast2), 0x0fd5bdee},

		{"local memory offset is ORed", program(lmAddr(2, 4), nfpisa.Immed(lm(0, 1), 11), nfpisa.Immed(lm(0, 2), 22), ret(lm(2, 1))), 11},
		{"local memory offset is ORed, other bit", program(lmAddr(2, 4), nfpisa.Immed(lm(0, 1), 11), nfpisa.Immed(lm(0, 3), 33), ret(lm(2, 2))), 33},
		{"index registers drop two bits", program(lmAddr(3, 7), nfpisa.Immed(lm(0, 1), 11), ret(lm(3, 0))), 11},
		{"post-increment", program(lmAddr(2, 0), nfpisa.Immed(lm(0, 0), 1), nfpisa.Immed(lm(0, 1), 2),
			nfpisa.Mov(a(1), nfpisa.Operand{Kind: nfpisa.LM, Index: 2, Mod: nfpisa.PostInc}),
			nfpisa.ALU(a(0), a(1), nfpisa.ALUAdd, nfpisa.Operand{Kind: nfpisa.LM, Index: 2, Mod: nfpisa.PostDec}), nfpisa.ALU(a(0), a(0), nfpisa.ALUAdd, lm(2, 0)), exit()), 4},
		{"local memory as source and destination", program(nfpisa.Immed(lm(0, 0), 40), nfpisa.ALU(lm(0, 1), lm(0, 0), nfpisa.ALUAdd, k(2)), ret(lm(0, 1))), 42},

		{"transfer-in and transfer-out are different registers", program(packetPointer, nfpisa.Immed(xf(0), 99),
			nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1), ret(xf(0))), 0x01020304},
		{"transfer-out survives a read into the same number", program(packetPointer, nfpisa.Immed(xf(0), 0x55), nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1),
			nfpisa.Mem32(nfpisa.MemWrite32, 0, a(1), k(4), 1).CtxSwap(1), nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(4), 1).CtxSwap(1), ret(xf(0))), 0x55},
		{"read32_swap", program(packetPointer, nfpisa.Mem32(nfpisa.MemRead32Swap, 0, a(1), k(1), 2).CtxSwap(1), ret(xf(1))), 0x09080706},
		{"read8 puts the first byte on top", program(packetPointer, nfpisa.Mem32(nfpisa.MemRead8, 0, a(1), k(2), 2).CtxSwap(1),
			nfpisa.Shf(a(0), op.None, nfpisa.ShfB, xf(0), nfpisa.Rsh(16)), exit()), 0x0304},
		{"write8_swap takes the low byte first", program(packetPointer, load(a(2), 0xaabbccdd), nfpisa.Mov(xf(0), a(2)), nfpisa.Mem32(nfpisa.MemWrite8Swap, 0, a(1), k(1), 3).CtxSwap(1),
			nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1), ret(xf(0))), 0x01ddccbb}, // 0xaa stays out
		{"write8 takes the high byte first", program(packetPointer, load(a(2), 0xaabbccdd), nfpisa.Mov(xf(0), a(2)), nfpisa.Mem32(nfpisa.MemWrite8, 0, a(1), k(1), 2).CtxSwap(1),
			nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1), ret(xf(0))), 0x01aabb04},
		{"data of a command with defer slots is taken after them", program(packetPointer, nfpisa.Immed(xf(0), 1),
			nfpisa.Mem32(nfpisa.MemWrite32, 0, a(1), k(0), 1).CtxSwap(1).WithDefer(1), nfpisa.Immed(xf(0), 2),
			nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1), ret(xf(0))), 2},

		{"byte_align_be 0 gives the previous operand", align(0, nfpisa.ByteAlignBE), 0x11223344},
		{"byte_align_be 1", align(1, nfpisa.ByteAlignBE), 0x22334455},
		{"byte_align_be 3", align(3, nfpisa.ByteAlignBE), 0x44556677},
		{"byte_align_le 0 gives the previous operand", program(nfpisa.CSRWr(nfpisa.CSRByteIndex, k(0)), load(a(1), 0x11223344), load(a(2), 0x55667788),
			nfpisa.ByteAlignLE(op.None, a(1)), nfpisa.ByteAlignLE(a(0), a(2)), exit()), 0x11223344},
		{"byte_align_le 1", program(nfpisa.CSRWr(nfpisa.CSRByteIndex, k(1)), load(a(1), 0x11223344), load(a(2), 0x55667788),
			nfpisa.ByteAlignLE(op.None, a(1)), nfpisa.ByteAlignLE(a(0), a(2)), exit()), 0x88112233},

		{"ffs", program(load(a(1), 0x500), nfpisa.ALU(a(0), op.None, nfpisa.ALUFFS, a(1)), exit()), 8},
		{"population count", program(load(b(1), 0xf0f00001), nfpisa.ALU(op.None, op.None, nfpisa.ALUPopCount1, b(1)), nfpisa.ALU(op.None, op.None, nfpisa.ALUPopCount2, b(1)),
			nfpisa.ALU(a(0), op.None, nfpisa.ALUPopCount3, b(1)), exit()), 9},
		{"local_csr_rd goes to the next immed", program(nfpisa.CSRWr(nfpisa.CSRMailbox0, k(42)), nfpisa.CSRRd(nfpisa.CSRMailbox0), nfpisa.Immed(a(0), 0), exit()), 42},
		{"context number", program(nfpisa.CSRRd(nfpisa.CSRActCtxStatus), nfpisa.Immed(a(0), 0), exit()), 0},

		{"br_bset", program(load(a(1), 1<<31), nfpisa.BrSet(a(1), 31, at(4)), nfpisa.Immed(a(0), 1), exit(), nfpisa.Immed(a(0), 2), exit()), 2},
		{"br_bclr", program(load(b(1), 1<<31), nfpisa.BrClr(b(1), 31, at(4)), nfpisa.Immed(a(0), 1), exit(), nfpisa.Immed(a(0), 2), exit()), 1},
		{"br=byte", program(load(a(1), 0x00330000), nfpisa.BrByteEq(a(1), 2, 0x33, at(4)), nfpisa.Immed(a(0), 1), exit(), nfpisa.Immed(a(0), 2), exit()), 2},
		{"br!=byte", program(load(a(1), 0x00330000), nfpisa.BrByteNe(a(1), 2, 0x33, at(4)), nfpisa.Immed(a(0), 1), exit(), nfpisa.Immed(a(0), 2), exit()), 1},
		{"jump adds an offset", program(nfpisa.Immed(a(1), uint32(at(0))), nfpisa.Jump(a(1), 4), nfpisa.Immed(a(0), 1), exit(), nfpisa.Immed(a(0), 2), exit()), 2},
		{"defer slots of a branch run", program(nfpisa.Immed(a(0), 1), nfpisa.Br(at(5)).WithDefer(2), nfpisa.ALU(a(0), a(0), nfpisa.ALUAdd, k(2)),
			nfpisa.ALU(a(0), a(0), nfpisa.ALUAdd, k(4)), nfpisa.ALU(a(0), a(0), nfpisa.ALUAdd, k(8)), exit()), 7},
		{"defer slots of an untaken branch run", program(load(a(1), 0), nfpisa.Immed(a(0), 1), nfpisa.BrSet(a(1), 0, at(6)).WithDefer(2), nfpisa.ALU(a(0), a(0), nfpisa.ALUAdd, k(2)),
			nfpisa.ALU(a(0), a(0), nfpisa.ALUAdd, k(4)), nfpisa.ALU(a(0), a(0), nfpisa.ALUAdd, k(8)), exit()), 15},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := testMachine(t, tc.code, nil)
			res := m.Run(Input{Packet: frame(64)})
			require.Nil(t, res.Fault)
			require.Equal(t, tc.want, res.Code, "got %#x, want %#x", res.Code, tc.want)
			require.Equal(t, res, m.Run(Input{Packet: frame(64)}), "second run")
		})
	}
}

// TestConditions holds every branch condition against its definition.
func TestConditions(t *testing.T) {
	values := []uint32{0, 1, 2, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff}
	for cond, want := range map[nfpisa.Cond]func(l, r uint32) bool{
		nfpisa.CondEQ: func(l, r uint32) bool { return l == r },
		nfpisa.CondNE: func(l, r uint32) bool { return l != r },
		nfpisa.CondMI: func(l, r uint32) bool { return int32(l-r) < 0 },
		nfpisa.CondPL: func(l, r uint32) bool { return int32(l-r) >= 0 },
		nfpisa.CondCS: func(l, r uint32) bool { return l >= r },
		nfpisa.CondCC: func(l, r uint32) bool { return l < r },
		nfpisa.CondVS: func(l, r uint32) bool { return int64(int32(l))-int64(int32(r)) != int64(int32(l-r)) },
		nfpisa.CondVC: func(l, r uint32) bool { return int64(int32(l))-int64(int32(r)) == int64(int32(l-r)) },
		nfpisa.CondGE: func(l, r uint32) bool { return int32(l) >= int32(r) },
		nfpisa.CondLT: func(l, r uint32) bool { return int32(l) < int32(r) },
		nfpisa.CondLE: func(l, r uint32) bool { return int32(l) <= int32(r) },
		nfpisa.CondGT: func(l, r uint32) bool { return int32(l) > int32(r) },
	} {
		for _, l := range values {
			for _, r := range values {
				code := program(load(a(1), l), load(b(1), r), nfpisa.ALU(op.None, a(1), nfpisa.ALUSub, b(1)))
				code = program(code, nfpisa.Bcc(cond, at(len(code)+3)), nfpisa.Immed(a(0), 0), exit(), nfpisa.Immed(a(0), 1), exit())
				res := testMachine(t, code, nil).Run(Input{Packet: frame(14)})
				require.Nil(t, res.Fault)
				require.Equal(t, want(l, r), res.Code == 1, "condition %d of %#x - %#x", cond, l, r)
			}
		}
	}
}
