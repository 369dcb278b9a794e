package nfpisa

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Constructors make what the assembler reads.
func TestConstructors(t *testing.T) {
	lm3 := LMem(3, 2)
	for text, i := range map[string]Instr{
		"alu[gprA_1, gprA_2, +, gprB_3]":                          ALU(A(1), A(2), ALUAdd, B(3)),
		"alu[gprA_1, gprB_2, -, gprA_3]":                          ALU(A(1), B(2), ALUSub, A(3)),
		"alu[gprA_1, $xfer_2, -, gprA_3]":                         ALU(A(1), X(2), ALUSub, A(3)),
		"alu[--, gprB_2, AND, 0xff], gpr_wrboth":                  ALU(NoOperand, B(2), ALUAnd, Const(255)).Both(),
		"alu[*l$index3[2], --, B, gprA_1], no_cc":                 Mov(lm3, A(1)).KeepCC(),
		"ffs[gprB_1, gprA_2]":                                     ALU(B(1), NoOperand, ALUFFS, A(2)),
		"crc_le[crc_32, gprA_1, gprB_2], byte_3, bit_swap":        CRCStep(CRC32|CRCLittle|CRCByte3|CRCBitSwap, A(1), B(2)),
		"cam_lookup[gprA_1, gprB_2]":                              CamLookup(A(1), B(2)),
		"cam_write[gprA_1, gprB_2, 7]":                            CamWrite(A(1), B(2), 7),
		"alu_shf[gprA_1, gprA_2, OR, gprB_3, >>4]":                Shf(A(1), A(2), ShfOr, B(3), Rsh(4)),
		"alu_shf[gprA_1, --, B, gprA_3, <<indirect]":              Shf(A(1), NoOperand, ShfB, A(3), LshIndirect),
		"alu_shf[gprA_1, --, ~B, gprA_3, >>indirect]":             Shf(A(1), NoOperand, ShfNotB, A(3), RshIndirect),
		"alu_shf[gprA_1, --, B, gprA_3, >>rot9]":                  Shf(A(1), NoOperand, ShfB, A(3), Rot(9)),
		"dbl_shf[gprB_1, gprB_2, gprA_3, >>12]":                   DblShf(B(1), B(2), A(3), 12),
		"asr[gprA_1, gprA_2, >>31]":                               Asr(A(1), A(2), Rsh(31)),
		"byte_align_be[gprA_1, gprA_2]":                           ByteAlignBE(A(1), A(2)),
		"byte_align_le[gprA_1, gprB_2]":                           ByteAlignLE(A(1), B(2)),
		"ld_field[gprB_1, 0101, gprA_2, <<8], load_cc":            LdField(B(1), 5, A(2), Lsh(8)).LoadCC(),
		"ld_field_w_clr[*l$index3[2], 1000, gprB_2]":              LdFieldClr(lm3, 8, B(2), Rot(0)),
		"immed[gprB_1, 0x1234, <<8]":                              Immed(B(1), 0x123400),
		"immed[gprA_1, 0xffff1234]":                               Immed(A(1), 0xffff1234),
		"immed_w1[gprA_1, 0x1234]":                                ImmedW(1, A(1), 0x1234),
		"immed_b3[gprA_1, 0x12]":                                  ImmedB(3, A(1), 0x12),
		"nop":                                                     Nop(),
		"mul_step[gprB_1, gprA_2], 16x16_step2":                   MulStepOf(Mul16x16, MulStep2, B(1), A(2)),
		"mul_step[gprB_1, --], 32x32_last2, gpr_wrboth":           MulLastOf(Mul32x32, MulLast2, B(1)).Both(),
		"br[.16383], defer[2]":                                    Br(1).WithDefer(2).WithTarget(16383),
		"bgt[.5]":                                                 Bcc(CondGT, 5),
		"br[.5]":                                                  Bcc(CondAlways, 5),
		"br_!signal[7, .5]":                                       BrArg(CondNoSignal, 7, 5),
		"br_bset[gprB_1, 31, .5]":                                 BrSet(B(1), 31, 5),
		"br_bclr[*l$index3[2], 0, .5], defer[3]":                  BrClr(lm3, 0, 5).WithDefer(3),
		"br=byte[gprB_1, 2, 0xff, .5]":                            BrByteEq(B(1), 2, 255, 5),
		"br!=byte[$xfer_1, 3, 0x0, .5]":                           BrByteNe(X(1), 3, 0, 5),
		"rtn[gprB_5], defer[1]":                                   Rtn(B(5)).WithDefer(1),
		"jump[gprA_5, .131071]":                                   Jump(A(5), 131071),
		"ctx_arb[sig1, sig15]":                                    CtxArb(1<<1 | 1<<15),
		"ctx_arb[voluntary]":                                      CtxArb(1),
		"local_csr_wr[ActLMAddr2, gprB_1]":                        CSRWr(CSRActLMAddr(2), B(1)),
		"local_csr_wr[ByteIndex, 0x3]":                            CSRWr(CSRByteIndex, Const(3)),
		"local_csr_rd[PseudoRndNum]":                              CSRRd(CSRPseudoRndNum),
		"mem[read32, $xfer_3, gprA_1, gprB_2, 8], ctx_swap[sig1]": Mem32(MemRead32, 3, A(1), B(2), 8).CtxSwap(1),
		"mem[write8_swap, $xfer_3, 0x1, gprB_2, 1]":               Mem32(MemWrite8Swap, 3, B(2), Const(1), 1),
		"mem[add_imm, $xfer_0, gprB_1, <<8, gprA_2, 1], indirect_ref, sig_done[sig3]": Mem40(MemAddImm, 0, B(1), A(2), 1).IndirectRef().SigDone(3),
		"mem[add, $xfer_0, gprA_1, <<8, gprB_2, 1], ctx_swap[sig1], defer[2]":         Mem40(MemAdd, 0, A(1), B(2), 1).CtxSwap(1).WithDefer(2),
	} {
		t.Run(text, func(t *testing.T) {
			require.Equal(t, text, i.String())
			w, err := Encode(i, Ctx4)
			require.NoError(t, err)
			back, err := Decode(w, Ctx4)
			require.NoError(t, err)
			require.Equal(t, i, back)
			parsed, err := Parse(text)
			require.NoError(t, err)
			require.Equal(t, i, parsed)
		})
	}
}

func TestOneInstructionReadsOneRegisterOfABank(t *testing.T) {
	for _, i := range []Instr{
		ALU(A(1), A(2), ALUAdd, A(3)),
		ALU(A(1), B(2), ALUAdd, B(3)),
		Shf(A(1), B(2), ShfOr, B(3), Rsh(1)),
		LdField(A(1), 1, A(2), Rot(0)),
		MulStepOf(Mul32x32, MulStep1, B(1), B(2)),
		Mem32(MemRead32, 0, A(1), A(2), 1),
		Mem40(MemRead32, 0, B(1), B(2), 1),
	} {
		_, err := Encode(i, Ctx4)
		var e *EncodeError
		require.ErrorAs(t, err, &e)
		require.Regexp(t, `^field (A reads bank A|B reads bank B) only$`, e.Reason)
	}
}

// loaded is the value that immeds leave in a register.
func loaded(is []Instr) (v uint32) {
	for _, i := range is {
		switch i.ImmWidth {
		case ImmedAll:
			if v = i.Imm << (8 * i.ImmShift); i.Invert {
				v = ^v
			}
		case ImmedWord:
			v = v&^(0xffff<<(8*i.ImmShift)) | i.Imm<<(8*i.ImmShift)
		}
	}
	return v
}

func TestLoadImmed(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	check := func(v uint32) {
		is := LoadImmed(A(1), v)
		require.Equal(t, v, loaded(is), "%#x", v)
		require.Equal(t, CanImmed(v), len(is) == 1)
		for _, i := range is {
			_, err := Encode(i, Ctx4)
			require.NoError(t, err)
		}
	}
	for _, v := range []uint32{0, 1, 0xff, 0xffff, 0x10000, 0xffff00, 0xffff0000, 0xff0000ff, 0xffffffff, 0x80000001, 0xff00ffff} {
		check(v)
	}
	for range 1000 {
		v := r.Uint32()
		check(v)
		check(v >> 16 << r.IntN(17))
		check(^(v >> 16 << r.IntN(17)))
	}
}
