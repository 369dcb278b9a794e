package nfpisa

// field is a run of bits of a word: the lowest bit in the upper byte, the
// number of bits in the lower one. As a constant it costs nothing at run time,
// and the table of forms can still list it.
type field uint16

const fieldLo = 8

func (f field) lo() uint    { return uint(f >> fieldLo) }
func (f field) width() uint { return uint(f & 0xff) }

// mask is the field's bits, in place.
func (f field) mask() uint64 { return (1<<f.width() - 1) << f.lo() }

// get reads the field from w.
func (f field) get(w uint64) uint64 { return w >> f.lo() & (1<<f.width() - 1) }

// bit reads a field of one bit.
func (f field) bit(w uint64) bool { return w>>f.lo()&1 != 0 }

// put places v in the field; bits of v that do not fit are cut off.
func (f field) put(v uint64) uint64 { return v & (1<<f.width() - 1) << f.lo() }

// flag sets a field of one bit.
func (f field) flag(b bool) uint64 {
	if b {
		return 1 << f.lo()
	}
	return 0
}

// The instruction's bits in a word; ECC and zeros are above them.
const (
	insnBits = 45
	insnMask = 1<<insnBits - 1
)

// Fields that several classes share.
//
//	 44   43     42     41     40
//	┌────┬──────┬──────┬──────┬─────┐
//	│pred│dst_lm│src_lm│wrboth│no_cc│ ...
//	└────┴──────┴──────┴──────┴─────┘
const (
	fNoCC   field = 40<<fieldLo | 1 // keep the condition codes
	fWrBoth field = 41<<fieldLo | 1 // write the result to both banks
	fSrcLM  field = 42<<fieldLo | 1 // LM sources use index 2/3 in place of 0/1
	fDstLM  field = 43<<fieldLo | 1 // an LM destination uses index 2/3
	fPredCC field = 44<<fieldLo | 1 // execute conditionally

	fA10 field = 0<<fieldLo | 10  // A source, unrestricted
	fB10 field = 10<<fieldLo | 10 // B source, unrestricted
	fA8  field = 0<<fieldLo | 8   // A source, restricted
	fB8  field = 10<<fieldLo | 8  // B source, restricted

	fImmMSB  field = 18<<fieldLo | 1  // bit 7 of a restricted constant
	fDefer   field = 20<<fieldLo | 2  // defer slots
	fAddr    field = 22<<fieldLo | 13 // branch address 12:0
	fAddrMSB field = 40<<fieldLo | 1  // branch address 13
)

// alu:
//
//	 39 37  36   35  31   30   29  20 19   10 9     0
//	┌─────┬─────┬───────┬────┬───────┬───────┬───────┐
//	│ 101 │dst b│  op   │swap│  dst  │   B   │   A   │
//	└─────┴─────┴───────┴────┴───────┴───────┴───────┘
const (
	fALUDst     field = 20<<fieldLo | 10
	fALUSwap    field = 30<<fieldLo | 1
	fALUOp      field = 31<<fieldLo | 5
	fALUDstBank field = 36<<fieldLo | 1
)

// alu_shf, dbl_shf, asr, byte_align:
//
//	 39 37  36   35 33 32   28 27  20  19   18   17  10 9  8 7   0
//	┌─────┬─────┬─────┬───────┬──────┬────┬─────┬──────┬────┬─────┐
//	│ 100 │dst b│ op  │ shift │ dst  │swap│imm 7│  B   │ sc │  A  │
//	└─────┴─────┴─────┴───────┴──────┴────┴─────┴──────┴────┴─────┘
const (
	fShfSC      field = 8<<fieldLo | 2
	fShfSwap    field = 19<<fieldLo | 1
	fShfDst     field = 20<<fieldLo | 8
	fShfAmount  field = 28<<fieldLo | 5
	fShfOp      field = 33<<fieldLo | 3
	fShfDstBank field = 36<<fieldLo | 1
)

// ld_field; the destination is the A field, with swap the B field:
//
//	 40    35  34   33 32   28 27  24 23 21  20   19   18   17  10 9  8 7   0
//	┌────────┬─────┬──┬───────┬──────┬─────┬─────┬────┬─────┬──────┬────┬─────┐
//	│ 011000 │ldcc │0 │ shift │ mask │ 000 │clear│swap│imm 7│ B/src│ sc │A/dst│
//	└────────┴─────┴──┴───────┴──────┴─────┴─────┴────┴─────┴──────┴────┴─────┘
const (
	fLdClear field = 20<<fieldLo | 1
	fLdMask  field = 24<<fieldLo | 4
	fLdCC    field = 34<<fieldLo | 1
)

// immed; one of A and B is the destination, the other 0x300 | value 7:0:
//
//	 40    35 34 33  32  31   30   29  28 27       20 19   10 9     0
//	┌────────┬─────┬───┬─────┬────┬────┬──┬──────────┬───────┬───────┐
//	│ 011110 │shift│ 0 │inv  │word│byte│  │value 15:8│   B   │   A   │
//	└────────┴─────┴───┴─────┴────┴────┴──┴──────────┴───────┴───────┘
const (
	fImmHi    field = 20<<fieldLo | 8
	fImmByte  field = 29<<fieldLo | 1
	fImmWord  field = 30<<fieldLo | 1
	fImmInv   field = 31<<fieldLo | 1
	fImmShift field = 33<<fieldLo | 2
)

// br and the conditional branches:
//
//	 40   39 35 34      22 21 20 19 18 17 14 13 10 9   8 7 5 4  0
//	┌────┬─────┬──────────┬─────┬─────┬─────┬─────┬─────┬───┬────┐
//	│a 13│11011│addr 12:0 │defer│ 00  │ arg │0000 │evpip│001│ op │
//	└────┴─────┴──────────┴─────┴─────┴─────┴─────┴─────┴───┴────┘
const (
	fBrOp    field = 0<<fieldLo | 5
	fBrEvPip field = 8<<fieldLo | 2
	fBrArg   field = 14<<fieldLo | 4
)

// br=byte, br!=byte:
//
//	 40   39 35 34      22 21 20  19   18   17 10 9  8 7  0
//	┌────┬─────┬──────────┬─────┬────┬─────┬─────┬────┬────┐
//	│a 13│11001│addr 12:0 │defer│ eq │imm 7│  B  │byte│ A  │
//	└────┴─────┴──────────┴─────┴────┴─────┴─────┴────┴────┘
const (
	fBBByte field = 8<<fieldLo | 2
	fBBEq   field = 19<<fieldLo | 1
)

// br_bset, br_bclr; one of A and B is the register, the other bit number + 1:
//
//	 40   39 35 34      22 21 20 19  18  17 10 9  8 7  0
//	┌────┬─────┬──────────┬─────┬──┬────┬─────┬────┬────┐
//	│a 13│11010│addr 12:0 │defer│0 │set │  B  │ 00 │ A  │
//	└────┴─────┴──────────┴─────┴──┴────┴─────┴────┴────┘
const fBitSet field = 18<<fieldLo | 1

// jump and rtn; one of A and B is the register, the other 0x300 | offset 7:0:
//
//	 39 35 34 31 30        22 21 20 19   10 9     0
//	┌─────┬─────┬────────────┬─────┬───────┬───────┐
//	│11101│0000 │offset 16:8 │defer│   B   │   A   │
//	└─────┴─────┴────────────┴─────┴───────┴───────┘
const fJumpHi field = 22<<fieldLo | 9

// ctx_arb:
//
//	 40   39 35 34     22 21 20  19   18   17  16  15         0
//	┌────┬─────┬─────────┬─────┬─────┬────┬───┬───┬────────────┐
//	│a 13│11100│addr 12:0│defer│no ld│ br │bpt│any│signal mask │
//	└────┴─────┴─────────┴─────┴─────┴────┴───┴───┴────────────┘
const (
	fArbMask   field = 0<<fieldLo | 16
	fArbAny    field = 16<<fieldLo | 1
	fArbBreak  field = 17<<fieldLo | 1
	fArbResume field = 18<<fieldLo | 1
	fArbNoLoad field = 19<<fieldLo | 1
)

// local_csr:
//
//	 40 39    33 32        22  21   20 19   10 9     0
//	┌──┬────────┬────────────┬─────┬──┬───────┬───────┐
//	│0 │1111110 │ address/4  │write│0 │   B   │   A   │
//	└──┴────────┴────────────┴─────┴──┴───────┴───────┘
const (
	fCSRWrite field = 21<<fieldLo | 1
	fCSRNum   field = 22<<fieldLo | 11
)

// mul_step; in the last steps A is the destination and B is 0:
//
//	 39    33 32 31  30  29   24  23   22  20 19   10 9     0
//	┌────────┬─────┬────┬───────┬─────┬──────┬───────┬───────┐
//	│1111100 │type │swap│000000 │dst b│ step │   B   │ A/dst │
//	└────────┴─────┴────┴───────┴─────┴──────┴───────┴───────┘
const (
	fMulStep    field = 20<<fieldLo | 3
	fMulDstBank field = 23<<fieldLo | 1
	fMulSwap    field = 30<<fieldLo | 1
	fMulType    field = 31<<fieldLo | 2
)

// cmd:
//
//	 44 42  41   40   39 38   32 31  28 27 25 24  20 19 18 17 10 9  8 7  0
//	┌─────┬────┬─────┬──┬───────┬──────┬─────┬──────┬─────┬─────┬────┬────┐
//	│mode │ind │xfer5│0 │  op   │signal│ len │ xfer │token│  B  │ctx │ A  │
//	└─────┴────┴─────┴──┴───────┴──────┴─────┴──────┴─────┴─────┴────┴────┘
const (
	fCmdCtx    field = 8<<fieldLo | 2
	fCmdToken  field = 18<<fieldLo | 2
	fCmdXfer   field = 20<<fieldLo | 5
	fCmdLen    field = 25<<fieldLo | 3
	fCmdSignal field = 28<<fieldLo | 4
	fCmdOp     field = 32<<fieldLo | 7
	fCmdXfer5  field = 40<<fieldLo | 1
	fCmdInd    field = 41<<fieldLo | 1
	fCmdMode   field = 42<<fieldLo | 3
)
