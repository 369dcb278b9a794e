package nfpisa

// syntax describes how instructions of one mnemonic are written:
//
//	name[arg, arg, ...], mod, mod
//
// Printer and parser both work from the syntaxes table; what an argument or a
// modifier looks like is in argCodecs and modCodecs.
type syntax struct {
	name string
	base Instr // the fields that the mnemonic fixes
	args []arg
	mods []mod
}

// arg is one argument between the brackets.
type arg uint8

const (
	argDst      arg = iota // destination
	argMulDst              // destination of the last multiplication steps
	argLeft                // left operand
	argRight               // right operand
	argSrc                 // the one operand
	argALUOp               // operator of alu
	argShfOp               // operator of alu_shf
	argShift               // shift of alu_shf, asr, dbl_shf
	argLdShift             // shift of ld_field, may be absent
	argMask                // byte mask of ld_field
	argEntry               // CAM entry
	argCRC                 // CRC type
	argImm                 // value of immed
	argImmShift            // shift of immed, may be absent
	argImmPart             // value of immed_w0 ... immed_b3
	argCtx                 // number of a context or signal
	argInpState            // input state
	argCLSState            // cluster scratch ring
	argTarget              // branch address
	argByteNo              // byte number
	argByteVal             // byte value
	argBit                 // bit number
	argOffset              // jump offset
	argSignals             // what ctx_arb waits for: one or more arguments
	argCSR                 // name or address of a local CSR
	argAction              // action of a command
	argXfer                // first transfer register
	argRef                 // data reference of a third-party command
	argHigh                // address bits 39:8
	argBy8                 // <<8
	argLow                 // rest of the address
	argAddrA               // address operand A
	argAddrB               // address operand B
	argAddr16              // immediate address
	argData14              // immediate data of ModeImmBoth
	argData22              // immediate data of ModeImmData
	argDash                // --
	argLen                 // number of units
)

// mod is one modifier after the brackets.
type mod uint8

const (
	modNoCC mod = iota
	modLoadCC
	modWrBoth
	modPredCC
	modDefer
	modCamLM
	modCRCBytes
	modBitSwap
	modMulStep
	modAny
	modResume
	modIndirect
	modCtxSwap
	modSigDone
	modCmdDefer
)

var (
	modsALU  = []mod{modNoCC, modWrBoth, modPredCC}
	modsLd   = []mod{modLoadCC, modWrBoth, modPredCC}
	modsImm  = []mod{modWrBoth, modPredCC}
	modsBr   = []mod{modDefer}
	modsMul  = []mod{modMulStep, modNoCC, modWrBoth, modPredCC}
	modsCRC  = []mod{modCRCBytes, modBitSwap, modNoCC, modWrBoth, modPredCC}
	modsCmd  = []mod{modIndirect, modCtxSwap, modCmdDefer, modSigDone}
	modsCmd3 = []mod{modCtxSwap, modCmdDefer, modSigDone}
)

// syntaxes lists every mnemonic. Commands are listed by address mode; their
// mnemonic is the unit's name.
var syntaxes = buildSyntaxes()

func buildSyntaxes() []syntax {
	alu := func(op ALUOp) Instr { return Instr{Class: ClassALU, ALU: op} }
	shf := func(op ShfOp, k ShiftKind) Instr {
		return Instr{Class: ClassALUShf, Shf: op, Shift: Shift{Kind: k}}
	}
	imm := func(w ImmedWidth, s uint8) Instr {
		return Instr{Class: ClassImmed, Dst: A(0), ImmWidth: w, ImmShift: s}
	}
	test := func(c Class, taken bool) Instr { return Instr{Class: c, Taken: taken} }
	cmd := func(m CmdMode) Instr { return Instr{Class: ClassCmd, Cmd: Cmd{Mode: m, Ctx: CmdNoSwap}} }
	dstRight := []arg{argDst, argRight}
	part := []arg{argDst, argImmPart}

	t := []syntax{
		{"alu", alu(ALUB), []arg{argDst, argLeft, argALUOp, argRight}, modsALU},
		{"pop_count1", alu(ALUPopCount1), []arg{argRight}, modsALU},
		{"pop_count2", alu(ALUPopCount2), []arg{argRight}, modsALU},
		{"pop_count3", alu(ALUPopCount3), dstRight, modsALU},
		{"ffs", alu(ALUFFS), dstRight, modsALU},
		{"cam_clear", alu(ALUCamClear), nil, modsALU},
		{"cam_read_tag", alu(ALUCamReadTag), dstRight, modsALU},
		{"cam_read_state", alu(ALUCamReadState), dstRight, modsALU},
		{"cam_write", alu(ALUCamWrite), []arg{argRight, argLeft, argEntry}, modsALU},
		{"cam_write_state", alu(ALUCamWrState), []arg{argRight, argEntry}, modsALU},
		{"cam_lookup", alu(ALUCamLookup), []arg{argDst, argLeft}, []mod{modCamLM, modNoCC, modWrBoth, modPredCC}},
		{"crc_be", alu(ALUCRC), []arg{argCRC, argDst, argRight}, modsCRC},
		{"crc_le", Instr{Class: ClassALU, ALU: ALUCRC, CRC: CRCLittle}, []arg{argCRC, argDst, argRight}, modsCRC},

		{"alu_shf", shf(ShfB, ShiftRot), []arg{argDst, argLeft, argShfOp, argRight, argShift}, modsALU},
		{"asr", shf(ShfAsr, ShiftRight), []arg{argDst, argRight, argShift}, modsALU},
		{"dbl_shf", shf(ShfB, ShiftDouble), []arg{argDst, argLeft, argRight, argShift}, modsALU},
		{"byte_align_be", shf(ShfByteAlign, ShiftRot), dstRight, modsALU},
		{"byte_align_le", shf(ShfByteAlign, ShiftLeft), []arg{argDst, argLeft}, modsALU},

		{"ld_field", Instr{Class: ClassLdField}, []arg{argLeft, argMask, argRight, argLdShift}, modsLd},
		{"ld_field_w_clr", Instr{Class: ClassLdField, Clear: true}, []arg{argLeft, argMask, argRight, argLdShift}, modsLd},

		{"nop", Nop(), nil, nil},
		{"immed", Instr{Class: ClassImmed, Dst: A(0)}, []arg{argDst, argImm, argImmShift}, modsImm},
		{"immed_w0", imm(ImmedWord, 0), part, modsImm},
		{"immed_w1", imm(ImmedWord, 2), part, modsImm},
		{"immed_b0", imm(ImmedByte, 0), part, modsImm},
		{"immed_b1", imm(ImmedByte, 1), part, modsImm},
		{"immed_b2", imm(ImmedByte, 2), part, modsImm},
		{"immed_b3", imm(ImmedByte, 3), part, modsImm},

		{"br=byte", test(ClassBrByte, true), []arg{argSrc, argByteNo, argByteVal, argTarget}, modsBr},
		{"br!=byte", test(ClassBrByte, false), []arg{argSrc, argByteNo, argByteVal, argTarget}, modsBr},
		{"br_bset", test(ClassBrBit, true), []arg{argSrc, argBit, argTarget}, modsBr},
		{"br_bclr", test(ClassBrBit, false), []arg{argSrc, argBit, argTarget}, modsBr},
		{"rtn", Instr{Class: ClassJump}, []arg{argSrc}, modsBr},
		{"jump", Instr{Class: ClassJump, Imm: 1}, []arg{argSrc, argOffset}, modsBr},

		{"ctx_arb", Instr{Class: ClassCtxArb}, []arg{argSignals}, []mod{modAny, modResume, modDefer}},
		{"local_csr_rd", Instr{Class: ClassLocalCSR}, []arg{argCSR}, nil},
		{"local_csr_wr", Instr{Class: ClassLocalCSR, Write: true}, []arg{argCSR, argSrc}, nil},
		{"mul_step", Instr{Class: ClassMulStep}, []arg{argLeft, argRight}, modsMul},
		{"mul_step", Instr{Class: ClassMulStep, Mul: Mul24x8, Step: MulLast}, []arg{argMulDst, argDash}, modsMul},

		{"", cmd(Mode40AB), []arg{argAction, argXfer, argHigh, argBy8, argLow, argLen}, modsCmd},
		{"", cmd(ModeThird2), []arg{argAction, argRef, argHigh, argBy8, argLow, argLen}, modsCmd3},
		{"", cmd(Mode32), []arg{argAction, argXfer, argAddrA, argAddrB, argLen}, modsCmd},
		{"", cmd(ModeImmAddr), []arg{argAction, argXfer, argAddr16, argLen}, modsCmd},
		{"", cmd(ModeImmBoth), []arg{argAction, argAddr16, argData14}, modsCmd},
		{"", cmd(ModeImmData), []arg{argAction, argData22, argDash, argLen}, modsCmd},
	}
	for c, op := range brOps {
		s := syntax{op.name, Instr{Class: ClassBranch, Cond: Cond(c), EvPip: condEvPip}, nil, modsBr}
		switch op.arg {
		case argNone:
			s.args = []arg{argTarget}
		case argNumber:
			s.args = []arg{argCtx, argTarget}
		case argInp:
			s.args = []arg{argInpState, argTarget}
		case argCLS:
			s.args = []arg{argCLSState, argTarget}
		}
		if Cond(c) == CondAlways {
			s.base.EvPip = 0
		}
		if op.name != "" {
			t = append(t, s)
		}
	}
	return t
}

// variant tells the syntaxes of a class apart.
func (i *Instr) variant() uint8 {
	switch i.Class {
	case ClassALU:
		switch {
		case int(i.ALU) >= len(aluOps):
			return 0xff
		case aluOps[i.ALU].plain:
			return 0
		}
		return uint8(i.ALU)<<1 | oneIf(i.ALU == ALUCRC && i.CRC&CRCLittle != 0)
	case ClassALUShf:
		switch {
		case i.Shf == ShfByteAlign:
			return 3 + oneIf(i.Shift.Kind == ShiftLeft)
		case i.Shift.Kind == ShiftDouble:
			return 2
		}
		return oneIf(i.Shf == ShfAsr)
	case ClassLdField:
		return oneIf(i.Clear)
	case ClassImmed:
		switch {
		case i.IsNop():
			return 0
		case i.ImmWidth == ImmedWord:
			return 2 + i.ImmShift>>1&1
		case i.ImmWidth == ImmedByte:
			return 4 + i.ImmShift&3
		}
		return 1
	case ClassBranch:
		return uint8(i.Cond)
	case ClassBrByte, ClassBrBit:
		return oneIf(i.Taken)
	case ClassJump:
		return oneIf(i.Imm != 0)
	case ClassLocalCSR:
		return oneIf(i.Write)
	case ClassMulStep:
		return oneIf(i.Step >= MulLast)
	case ClassCmd:
		switch i.Cmd.Mode {
		case Mode40BA, ModeThird3:
			return uint8(i.Cmd.Mode - 1)
		}
		return uint8(i.Cmd.Mode)
	}
	return 0
}

func oneIf(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// syntaxIndex finds the syntax of an instruction by class and variant: 1 + its
// place in syntaxes, or 0.
var syntaxIndex = buildSyntaxIndex()

func buildSyntaxIndex() (t [numClasses][256]uint8) {
	for n := range syntaxes {
		i := &syntaxes[n].base
		at := &t[i.Class][i.variant()]
		if *at != 0 {
			panic("BUG: two syntaxes for " + syntaxes[n].name)
		}
		*at = uint8(n + 1)
	}
	return t
}

// syntaxOf returns the syntax of i, or nil if there is none.
func (i *Instr) syntax() *syntax {
	if int(i.Class) >= numClasses {
		return nil
	}
	n := syntaxIndex[i.Class][i.variant()]
	if n == 0 {
		return nil
	}
	return &syntaxes[n-1]
}
