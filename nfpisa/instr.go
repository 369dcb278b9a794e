package nfpisa

// Class is an instruction class, the outermost split of the encoding.
type Class uint8

// The instruction classes of ME v2.8, in the order in which they are matched.
const (
	ClassInvalid Class = iota
	ClassCmd
	ClassALUShf
	ClassALU
	ClassImmed
	ClassLdField
	ClassCtxArb
	ClassLocalCSR
	ClassBranch
	ClassBrByte
	ClassBrBit
	ClassJump
	ClassMulStep
)

// ALUOp is the operation of an alu instruction (bits 35:31).
type ALUOp uint8

// The alu operations. Results name the logical left operand L and right
// operand R; the single-operand ones use R.
const (
	ALUB            ALUOp = 0  // R
	ALUAdd          ALUOp = 1  // L + R
	ALUPopCount3    ALUOp = 3  // third step of a population count, to Dst
	ALUNotB         ALUOp = 4  // ~R
	ALUAdd16        ALUOp = 5  // L + (R & 0xffff)
	ALUPopCount1    ALUOp = 6  // first step of a population count
	ALUPopCount2    ALUOp = 7  // second step of a population count
	ALUAnd          ALUOp = 8  // L & R
	ALUAdd8         ALUOp = 9  // L + (R & 0xff)
	ALUCamClear     ALUOp = 11 // clear the CAM
	ALUNotAnd       ALUOp = 12 // ~L & R
	ALUSubCarry     ALUOp = 13 // L - R - !C
	ALUFFS          ALUOp = 14 // number of the lowest set bit of R
	ALUCamReadTag   ALUOp = 15 // tag of CAM entry R
	ALUAndNot       ALUOp = 16 // L & ~R
	ALUAddCarry     ALUOp = 17 // L + R + C
	ALUCRC          ALUOp = 18 // CRC step
	ALUCamWrite     ALUOp = 19 // write CAM entry
	ALUOr           ALUOp = 20 // L | R
	ALUSub          ALUOp = 21 // L - R
	ALUCamLookup    ALUOp = 23 // CAM lookup of L
	ALUXor          ALUOp = 24 // L ^ R
	ALURevSub       ALUOp = 25 // R - L
	ALUCamWrState   ALUOp = 27 // write CAM entry's state
	ALUCamReadState ALUOp = 31 // state of CAM entry R
)

// ShfOp is the operation of an alu_shf instruction (bits 35:33). R is shifted
// before it is combined with L.
type ShfOp uint8

// The alu_shf operations.
const (
	ShfB         ShfOp = iota // R (dbl_shf when the shift is ShiftDouble)
	ShfNotB                   // ~R
	ShfAnd                    // L & R
	ShfNotAnd                 // ~L & R
	ShfAndNot                 // L & ~R
	ShfOr                     // L | R
	ShfAsr                    // R shifted right, filled with PREV_ALU bit 31
	ShfByteAlign              // byte_align_be / byte_align_le
)

// ShiftKind is the shift control field sc (bits 9:8).
type ShiftKind uint8

// The shift controls.
const (
	ShiftRot    ShiftKind = iota // rotate right; amount 0 is no shift
	ShiftRight                   // shift right
	ShiftLeft                    // shift left
	ShiftDouble                  // low word of (L:R) >> n
)

// Shift is the shift applied to the right operand. Amount is the number of
// bits that the reader sees: the encoding of a left shift, 32-n, is the
// encoder's business. ShiftRight, ShiftLeft and ShiftDouble with Amount 0 are
// indirect: the amount is PREV_A bits 4:0.
type Shift struct {
	Kind   ShiftKind
	Amount uint8
}

// Cond is the operation of a branch (bits 4:0).
type Cond uint8

// The branch operations.
const (
	CondEQ       Cond = 0  // Z
	CondNE       Cond = 1  // !Z
	CondMI       Cond = 2  // N
	CondPL       Cond = 3  // !N
	CondCS       Cond = 4  // C: unsigned >= after a subtraction
	CondCC       Cond = 5  // !C: unsigned < after a subtraction
	CondVS       Cond = 6  // V
	CondVC       Cond = 7  // !V
	CondGE       Cond = 8  // N == V
	CondLT       Cond = 9  // N != V
	CondLE       Cond = 10 // Z or N != V
	CondGT       Cond = 11 // !Z and N == V
	CondCtx      Cond = 16 // this context's number == Arg
	CondNotCtx   Cond = 17
	CondSignal   Cond = 18 // signal Arg arrived
	CondNoSignal Cond = 19
	CondInp      Cond = 20 // input state Arg
	CondNotInp   Cond = 21
	CondCLS      Cond = 22 // cluster scratch ring state Arg
	CondNotCLS   Cond = 23
	CondAlways   Cond = 24
)

// MulType is the kind of a multiplication (mul_step bits 32:31).
type MulType uint8

// The multiplications.
const (
	MulStart MulType = iota
	Mul24x8
	Mul16x16
	Mul32x32
)

// MulStep is the step of a multiplication (mul_step bits 22:20).
type MulStep uint8

// The steps. MulLast gives the low word of the product, MulLast2 the high one.
const (
	MulStep1 MulStep = iota
	MulStep2
	MulStep3
	MulStep4
	MulLast
	MulLast2
)

// ImmedWidth says which part of the destination an immed writes.
type ImmedWidth uint8

// The widths of immed: the whole register, a half (immed_w0, immed_w1; which
// one follows from ImmShift) or one byte (immed_b0..b3).
const (
	ImmedAll ImmedWidth = iota
	ImmedWord
	ImmedByte
)

// CRC holds the parameters of a CRC step (bits 7:0 of the left field):
//
//	 7    5    4       3     2     0
//	┌──────┬────────┬──────┬────────┐
//	│ type │bit_swap│little│ bytes  │
//	└──────┴────────┴──────┴────────┘
type CRC uint8

// CRC types, byte order and bytes; OR one of each together. The default is
// all four bytes, big-endian.
const (
	CRCNone  CRC = 0 << 5
	CRCCCITT CRC = 2 << 5
	CRC32    CRC = 4 << 5
	CRCiSCSI CRC = 5 << 5
	CRC10    CRC = 6 << 5
	CRC5     CRC = 7 << 5

	CRCBitSwap CRC = 1 << 4
	CRCLittle  CRC = 1 << 3

	CRCBytes13 CRC = 1
	CRCBytes23 CRC = 2
	CRCByte3   CRC = 3
	CRCBytes02 CRC = 4
	CRCBytes01 CRC = 5
	CRCByte0   CRC = 6
)

// CmdCtx is the context behaviour of a command (bits 9:8).
type CmdCtx uint8

// The context behaviours: give up the core until the signal arrives, the same
// after one or two more instructions, or go on.
const (
	CmdSwap CmdCtx = iota
	CmdSwapDefer1
	CmdSwapDefer2
	CmdNoSwap
)

// CmdMode is the address mode of a command (bits 44:42).
type CmdMode uint8

// The address modes.
const (
	Mode40AB    CmdMode = iota // address (A << 8) + B
	Mode40BA                   // address (B << 8) + A
	ModeThird2                 // third-party variant
	ModeThird3                 // third-party variant
	Mode32                     // address A + B
	ModeImmAddr                // immediate address {B, A}
	ModeImmBoth                // immediate address and data
	ModeImmData                // immediate data
)

// Cmd holds the fields of a command to a memory or another unit.
type Cmd struct {
	// Op is the 7-bit target and action field (bits 38:32), as encoded. For
	// the memory unit (bits 6:4 = 4 or 5) the action is bits 4:0.
	Op       uint8
	Token    uint8 // bits 19:18, selects the variant of the action
	Xfer     uint8 // first transfer register, 0..63
	Len      uint8 // length field, 0..7: units - 1
	Signal   uint8 // signal number, 0 for none
	Ctx      CmdCtx
	Mode     CmdMode
	Indirect bool // fields are overridden from PREV_ALU
}

// Instr is one decoded instruction: a value, comparable, without pointers.
// Which fields mean something depends on Class; the others are zero. A and B
// are the fields as encoded (field A reads bank A, field B bank B); Swap tells
// which of them is the left operand, see Left and Right. An operand that the
// operation does not use is None.
//
// Some operations use the fields in their own way:
//
//	cam_write*   Arg is the CAM entry; there is no Dst
//	cam_lookup   the right operand is None or an LM operand: ActLMAddr<Index>
//	             is loaded from the entry found, Num 0..3 are the address's
//	             lowest bits
//	ld_field     the destination is the left operand; Dst is None
//	immed        Dst only; Swap puts a destination without a bank in field B
//	br_bset,     the register is A or B, the other one is None
//	br=byte, jump
//	local_csr    a write has one Source; the other field is None, Const(0), or
//	             the same constant
//	mul_step     the last steps have a Dst and no sources
type Instr struct {
	Class Class
	ALU   ALUOp // ClassALU
	Shf   ShfOp // ClassALUShf

	Dst, A, B Operand
	Shift     Shift // ClassALUShf, ClassLdField

	Swap   bool // the left operand is in field B
	NoCC   bool // condition codes stay (ALU, ALUShf, MulStep)
	SetCC  bool // load_cc (LdField)
	WrBoth bool // write the result to both banks
	PredCC bool // execute conditionally

	ByteMask uint8 // LdField: bit k = byte k
	Clear    bool  // LdField: ld_field_w_clr

	ImmWidth ImmedWidth // Immed
	ImmShift uint8      // Immed: byte shift 0..3
	Invert   bool       // Immed: invert the 32-bit result

	Cond   Cond   // Branch
	Arg    uint8  // Branch: context, signal or state; BrBit: bit 0..31; BrByte: byte 0..3; ALU: CAM entry
	Taken  bool   // BrBit: branch if set; BrByte: branch if equal
	EvPip  uint8  // Branch: the ev_pip field
	Defer  uint8  // defer slots 0..3
	Target uint16 // branch address in words, 0..16383; CtxArb: resume address
	// Imm is the 16-bit value (Immed), the 17-bit offset (Jump), the byte to
	// compare with (BrByte) or the 16-bit immediate address or data (Cmd with
	// ModeImmAddr, ModeImmBoth or ModeImmData).
	Imm uint32

	Step MulStep // MulStep
	Mul  MulType // MulStep

	CSR   uint16 // LocalCSR: byte address
	Write bool   // LocalCSR: write

	SigMask uint16 // CtxArb
	Any     bool   // CtxArb: any signal will do
	Break   bool   // CtxArb: breakpoint
	Resume  bool   // CtxArb: Target is valid
	NoLoad  bool   // CtxArb: "--"

	CRC CRC // ALU: parameters of ALUCRC

	Cmd Cmd // ClassCmd

	// Spare holds instruction bits that change nothing the core does but that
	// differ from what Encode would choose: Decode finds them, Encode XORs
	// them in. It is 0 in instructions that a program makes.
	Spare uint64
}

// Left returns the logical left operand of a two-operand instruction.
func (i *Instr) Left() Operand {
	if i.Swap {
		return i.B
	}
	return i.A
}

// Right returns the logical right operand of a two-operand instruction.
func (i *Instr) Right() Operand {
	if i.Swap {
		return i.A
	}
	return i.B
}

// Source returns the operand of an instruction that has one: br_bset, br_bclr,
// br=byte, br!=byte, jump, rtn and local_csr_wr.
func (i *Instr) Source() Operand {
	if i.sourceInB() {
		return i.B
	}
	return i.A
}

func (i *Instr) sourceInB() bool {
	return i.A.Kind == None || i.A.Kind == Imm && i.B.Kind != Imm && i.B.Kind != None
}

// Mode is the number of contexts that a core runs; it sets how many registers
// of each file a context can name.
type Mode uint8

// The context modes. eBPF code runs with four contexts.
const (
	Ctx4 Mode = iota
	Ctx8
)

// Word is one 64-bit control-store word: the instruction in bits 44:0, ECC in
// 51:45, zero above.
type Word uint64
