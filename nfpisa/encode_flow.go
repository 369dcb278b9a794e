package nfpisa

// The encoders of branches, context arbitration, CSRs, multiplication and
// commands.

func (e *encoder) branch(i *Instr) {
	e.put("operation", fBrOp, uint64(i.Cond))
	e.put("ev_pip", fBrEvPip, uint64(i.EvPip))
	e.address(i)
	switch {
	case int(i.Cond) >= len(brOps) || brOps[i.Cond].name == "":
		e.fail("operation", "undefined branch")
	case brOps[i.Cond].arg != argNone:
		e.put("argument", fBrArg, uint64(i.Arg))
	case i.Arg != 0:
		e.fail("argument", "the branch has none")
	default:
		e.x |= fBrArg.put(unusedArg)
	}
}

func (e *encoder) brByte(i *Instr) {
	e.x |= fBBEq.flag(i.Taken)
	e.put("byte", fBBByte, uint64(i.Arg))
	e.address(i)
	if i.Imm > 0xff {
		e.fail("value", "a byte is compared with 0..255")
	}
	o := Operand{Kind: Imm, Num: uint16(i.Imm & 0xff)}
	e.regAndValue8(i, o)
	e.msb("value", o)
}

func (e *encoder) brBit(i *Instr) {
	e.x |= fBitSet.flag(i.Taken)
	e.address(i)
	if i.Arg > 31 {
		e.fail("bit", "bits end at 31")
	}
	e.regAndValue8(i, Operand{Kind: Imm, Num: uint16(i.Arg) + 1})
}

// regAndValue8 puts the one source in its field and a constant in the other.
func (e *encoder) regAndValue8(i *Instr, value Operand) {
	reg, val, o, b := fA8, fB8, i.A, BankA
	if i.A.Kind == None {
		reg, val, o, b = fB8, fA8, i.B, BankB
	} else if i.B.Kind != None {
		e.fail("source", "a test has one source")
	}
	if o.Kind == Imm {
		e.fail("source", "a test needs a register")
	}
	e.src8("source", reg, o, b)
	c, why := code8(value, e.m)
	if why != "" {
		e.fail("value", why)
	}
	e.x |= c << val.lo()
}

func (e *encoder) jump(i *Instr) {
	e.put("defer", fDefer, uint64(i.Defer))
	reg, val, o, b := fA10, fB10, i.A, BankA
	if i.A.Kind == None {
		reg, val, o, b = fB10, fA10, i.B, BankB
	} else if i.B.Kind != None {
		e.fail("source", "a jump has one source")
	}
	if o.Kind == Imm {
		e.fail("source", "a jump needs a register")
	}
	e.src10("source", reg, o, b)
	e.put("offset", fJumpHi, uint64(i.Imm)>>8)
	e.x |= (noDst10 | uint64(i.Imm)&0xff) << val.lo()
}

func (e *encoder) ctxArb(i *Instr) {
	e.address(i)
	switch {
	case !i.Resume && i.Target != 0:
		e.fail("target", "it needs Resume")
	case i.Break && (i.SigMask != 0 || i.NoLoad):
		e.fail("signals", "a breakpoint waits for none")
	case i.NoLoad && i.SigMask != 0:
		e.fail("signals", "NoLoad goes without signals")
	case i.SigMask&1 != 0 && i.SigMask != 1:
		e.fail("signals", "bit 0 stands alone, for a voluntary switch")
	case i.Any && i.kills():
		e.fail("signals", "Any without signals")
	}
	e.x |= uint64(i.SigMask) | fArbAny.flag(i.Any) | fArbBreak.flag(i.Break) |
		fArbResume.flag(i.Resume) | fArbNoLoad.flag(i.NoLoad)
}

func (e *encoder) localCSR(i *Instr) {
	if i.CSR%csrUnit != 0 {
		e.fail("CSR", "the address is not a multiple of 4")
	}
	e.put("CSR", fCSRNum, uint64(i.CSR/csrUnit))
	e.x |= fCSRWrite.flag(i.Write)
	if !i.Write {
		e.none("source", i.A)
		e.none("source", i.B)
		return
	}
	o, other, src, unused, b := i.A, i.B, fA10, fB10, BankA
	if i.sourceInB() {
		o, other, src, unused, b = i.B, i.A, fB10, fA10, BankB
	}
	e.src10("source", src, o, b)
	c := uint64(noDst10)
	if o.Kind == Imm {
		c |= uint64(o.Num)
	}
	if other.Kind != None && (other.Kind != Imm || uint64(other.Num)|noDst10 != c) {
		e.fail("source", "a CSR is written from one source; the other field is None, or 0, or the same constant")
	}
	e.x |= c << unused.lo()
}

func (e *encoder) mulStep(i *Instr) {
	e.x |= fMulSwap.flag(i.Swap) | fNoCC.flag(i.NoCC)
	e.flags(i)
	e.put("type", fMulType, uint64(i.Mul))
	e.put("step", fMulStep, uint64(i.Step))
	if int(i.Step) >= len(mulSteps) || i.Mul == MulStart && i.Step != 0 {
		e.fail("step", "undefined multiplication step")
	}
	a, b := "left operand", "right operand"
	if i.Swap {
		a, b = b, a
	}
	if i.Step < MulLast {
		e.src10(a, fA10, i.A, BankA)
		e.src10(b, fB10, i.B, BankB)
		e.none("destination", i.Dst)
		return
	}
	e.none(a, i.A)
	e.none(b, i.B)
	dst := fA10
	if i.Swap {
		dst = fB10
	}
	e.dst10(dst, fMulDstBank, i.Dst)
}

func (e *encoder) cmd(i *Instr) {
	c := &i.Cmd
	e.put("operation", fCmdOp, uint64(c.Op))
	e.put("token", fCmdToken, uint64(c.Token))
	e.put("transfer register", fCmdXfer, uint64(c.Xfer&0x1f))
	e.put("transfer register", fCmdXfer5, uint64(c.Xfer>>fCmdXfer.width()))
	e.put("length", fCmdLen, uint64(c.Len))
	e.put("signal", fCmdSignal, uint64(c.Signal))
	e.put("context switch", fCmdCtx, uint64(c.Ctx))
	e.put("mode", fCmdMode, uint64(c.Mode))
	e.x |= fCmdInd.flag(c.Indirect)
	if e.reason == "" && c.Action() == "" {
		e.fail("operation", "undefined command")
	}
	switch c.Mode {
	case ModeImmAddr, ModeImmBoth, ModeImmData:
		if c.Mode == ModeImmBoth && c.Xfer > 0x1f {
			e.fail("transfer register", "immediate data has five bits of it")
		}
		if i.Imm > 0xffff {
			e.fail("address", "an immediate address has 16 bits")
		}
		e.x |= fB8.put(uint64(i.Imm)>>8) | fA8.put(uint64(i.Imm))
		e.none("address", i.A)
		e.none("address", i.B)
	default:
		e.addr8("address A", fA8, i.A, BankA)
		e.addr8("address B", fB8, i.B, BankB)
	}
}

// addr8 puts an address operand of a command in its field.
func (e *encoder) addr8(part string, f field, o Operand, b Bank) {
	switch {
	case o.Kind == LM && o.Index > 1:
		e.fail(part, "a command reaches local memory through index 0 and 1 only")
	case o.Kind == Imm && o.Num > 0x7f:
		e.fail(part, "a command's constants end at 127")
	}
	e.src8(part, f, o, b)
}
