package nfpisa

// The decoders of branches, context arbitration, CSRs, multiplication and
// commands.

func (d *decoder) branch(i *Instr) {
	i.Cond = Cond(fBrOp.get(d.x))
	i.EvPip = uint8(fBrEvPip.get(d.x))
	d.address(i)
	op := &brOps[i.Cond]
	switch {
	case op.name == "":
		d.bad = "undefined branch"
	case op.arg == argNone:
		d.unused(fBrArg, unusedArg)
	default:
		i.Arg = uint8(fBrArg.get(d.x))
	}
}

func (d *decoder) brByte(i *Instr) {
	i.Taken = fBBEq.bit(d.x)
	i.Arg = uint8(fBBByte.get(d.x))
	d.address(i)
	value, ok := d.regAndValue8(i)
	if !ok {
		return
	}
	i.Imm = uint32(const8(value.get(d.x)) | fImmMSB.get(d.x)<<7)
}

func (d *decoder) brBit(i *Instr) {
	i.Taken = fBitSet.bit(d.x)
	d.address(i)
	value, ok := d.regAndValue8(i)
	if !ok {
		return
	}
	i.Arg = uint8(const8(value.get(d.x))-1) & 0x1f
	c, _ := code8(Operand{Kind: Imm, Num: uint16(i.Arg) + 1}, d.m)
	d.unused(value, c)
}

// regAndValue8 reads the one restricted field that holds a register and
// returns the other one, which holds the constant.
func (d *decoder) regAndValue8(i *Instr) (value field, ok bool) {
	a, b := isConst8(fA8.get(d.x)), isConst8(fB8.get(d.x))
	switch {
	case a && !b:
		d.b8(&i.B)
		value = fA8
	case b && !a:
		d.a8(&i.A)
		value = fB8
	default:
		d.bad = "a test needs one register and one constant"
		return 0, false
	}
	d.unusedUnless(LM, fSrcLM)
	return value, true
}

func (d *decoder) jump(i *Instr) {
	i.Defer = uint8(fDefer.get(d.x))
	a, b := isConst10(fA10.get(d.x)), isConst10(fB10.get(d.x))
	value := fB10
	switch {
	case a && !b:
		d.b10(&i.B)
		value = fA10
	case b && !a:
		d.a10(&i.A)
	default:
		d.bad = "a jump needs one register and one constant"
		return
	}
	i.Imm = uint32(fJumpHi.get(d.x)<<8 | value.get(d.x)&0xff)
	d.unusedUnless(LM, fSrcLM)
}

func (d *decoder) ctxArb(i *Instr) {
	i.SigMask = uint16(fArbMask.get(d.x))
	i.Any = fArbAny.bit(d.x)
	i.Break = fArbBreak.bit(d.x)
	i.Resume = fArbResume.bit(d.x)
	i.NoLoad = fArbNoLoad.bit(d.x)
	d.address(i)
	if i.SigMask != 1 {
		d.spare |= uint64(i.SigMask & 1)
		i.SigMask &^= 1
	}
	if i.Break {
		d.spare |= uint64(i.SigMask)
		i.SigMask = 0
	}
	if i.NoLoad && (i.Break || i.SigMask != 0) {
		d.spare |= fArbNoLoad.mask()
		i.NoLoad = false
	}
	if i.Any && i.kills() {
		d.spare |= fArbAny.mask()
		i.Any = false
	}
	if !i.Resume {
		d.spare |= d.x & (fAddr.mask() | fAddrMSB.mask())
		i.Target = 0
	}
}

// kills reports whether a ctx_arb ends the context.
func (i *Instr) kills() bool { return !i.Break && !i.NoLoad && i.SigMask == 0 }

func (d *decoder) localCSR(i *Instr) {
	i.CSR = uint16(fCSRNum.get(d.x) * csrUnit)
	i.Write = fCSRWrite.bit(d.x)
	if !i.Write {
		d.spare |= d.x & (fA10.mask() | fB10.mask() | fSrcLM.mask())
		return
	}
	i.A, i.B = Const(0), Const(0)
	switch {
	case isConst10(fA10.get(d.x)) && !isConst10(fB10.get(d.x)):
		d.b10(&i.B)
		d.unused(fA10, noDst10)
	case isConst10(fA10.get(d.x)):
		d.a10(&i.A)
		i.B = i.A
		d.unused(fB10, fA10.get(d.x))
	default:
		d.a10(&i.A)
		d.unused(fB10, noDst10)
	}
	d.unusedUnless(LM, fSrcLM)
}

func (d *decoder) mulStep(i *Instr) {
	i.Mul = MulType(fMulType.get(d.x))
	i.Step = MulStep(fMulStep.get(d.x))
	i.Swap = fMulSwap.bit(d.x)
	i.NoCC = fNoCC.bit(d.x)
	d.flags(i)
	if int(i.Step) >= len(mulSteps) || i.Mul == MulStart && i.Step != 0 {
		d.bad = "undefined multiplication step"
		return
	}
	if i.Step < MulLast {
		d.a10(&i.A)
		d.b10(&i.B)
		d.spare |= d.x & (fMulDstBank.mask() | fDstLM.mask())
		d.unusedUnless(LM, fSrcLM)
		return
	}
	dst, other := fA10, fB10
	if i.Swap {
		dst, other = other, dst
	}
	d.dst10(dst, fMulDstBank, &i.Dst)
	d.spare |= d.x & (other.mask() | fSrcLM.mask())
}

func (d *decoder) cmd(i *Instr) {
	c := &i.Cmd
	c.Op = uint8(fCmdOp.get(d.x))
	c.Token = uint8(fCmdToken.get(d.x))
	c.Xfer = uint8(fCmdXfer.get(d.x) | fCmdXfer5.get(d.x)<<fCmdXfer.width())
	c.Len = uint8(fCmdLen.get(d.x))
	c.Signal = uint8(fCmdSignal.get(d.x))
	c.Ctx = CmdCtx(fCmdCtx.get(d.x))
	c.Mode = CmdMode(fCmdMode.get(d.x))
	c.Indirect = fCmdInd.bit(d.x)
	if cmdIndex[c.Op][c.actionToken()][c.Len] == 0 {
		d.bad = "undefined command"
		return
	}
	switch c.Mode {
	case ModeImmAddr, ModeImmBoth, ModeImmData:
		i.Imm = uint32(fB8.get(d.x)<<8 | fA8.get(d.x))
		if c.Mode == ModeImmBoth {
			c.Xfer &^= 1 << fCmdXfer.width()
			d.spare |= d.x & fCmdXfer5.mask()
		}
	default:
		// A command has no LM extension: its bit belongs to the mode.
		d.sources = &sources[d.m][0]
		d.a8(&i.A)
		d.b8(&i.B)
	}
}

// actionToken is the token that selects the action. With immediate data the
// field belongs to the data and the token counts as 0.
func (c *Cmd) actionToken() uint8 {
	if c.Mode == ModeImmBoth {
		return 0
	}
	return c.Token
}
