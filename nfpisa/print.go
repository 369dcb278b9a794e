package nfpisa

import "strconv"

// String returns the instruction as GNU objdump writes it, for example
// "alu[gprA_1, gprA_2, +, gprB_3], no_cc".
func (i Instr) String() string { return string(i.Append(nil)) }

// Append appends the text of String to b. Parse reads it back: Spare and what
// else the text does not show (the choice of fields where there is one, EvPip
// of hand-made branches, a half number of immed_w0) is then as the
// constructors choose it.
//
// The text differs from objdump 2.40 where that is wrong:
//   - local_csr at address 4 is printed as such; objdump prints the urd and
//     uwr instructions that ME v2.8 does not have
//   - byte_align shows the LM index 2 or 3; objdump drops the extension bit
func (i *Instr) Append(b []byte) []byte {
	s := i.syntax()
	if s == nil {
		return append(b, "<invalid>"...)
	}
	name := s.name
	if i.Class == ClassCmd {
		name = i.Cmd.Unit()
	}
	b = append(b, name...)
	for k, a := range s.args {
		sep := len(b)
		if k == 0 {
			b = append(b, '[')
		} else {
			b = append(b, ", "...)
		}
		start := len(b)
		if b = printArg(b, i, a); len(b) == start {
			b = b[:sep]
		}
	}
	if len(s.args) != 0 {
		b = append(b, ']')
	}
	for _, m := range s.mods {
		b = printMod(b, i, m)
	}
	return b
}

// String returns the operand as GNU objdump writes it: gprA_1, @gprB_100,
// $xfer_3, *$index++, *l$index0[2], n$reg_4, *n$index, 0x1f, or --.
func (o Operand) String() string { return string(o.append(nil)) }

func (o Operand) append(b []byte) []byte {
	switch o.Kind {
	case GPR, AbsGPR:
		if o.Kind == AbsGPR {
			b = append(b, '@')
		}
		b = append(b, "gprA_"...)
		b[len(b)-2] += byte(o.Bank)
		return strconv.AppendUint(b, uint64(o.Num), 10)
	case Xfer:
		return strconv.AppendUint(append(b, "$xfer_"...), uint64(o.Num), 10)
	case XferIndex:
		return o.Mod.append(append(b, "*$index"...))
	case LM:
		b = strconv.AppendUint(append(b, "*l$index"...), uint64(o.Index), 10)
		if o.Mod != NoMod {
			return o.Mod.append(b)
		}
		if o.Num != 0 {
			b = append(strconv.AppendUint(append(b, '['), uint64(o.Num), 10), ']')
		}
		return b
	case NN:
		return strconv.AppendUint(append(b, "n$reg_"...), uint64(o.Num), 10)
	case NNIndex:
		return o.Mod.append(append(b, "*n$index"...))
	case Imm:
		return appendHex(b, uint64(o.Num))
	}
	return append(b, "--"...)
}

func (m PostMod) append(b []byte) []byte {
	switch m {
	case PostInc:
		return append(b, "++"...)
	case PostDec:
		return append(b, "--"...)
	}
	return b
}

func appendHex(b []byte, v uint64) []byte {
	return strconv.AppendUint(append(b, "0x"...), v, 16)
}

func appendDec(b []byte, v uint64) []byte { return strconv.AppendUint(b, v, 10) }

// highLow returns the operands of a 40-bit address.
func (i *Instr) highLow() (high, low Operand) {
	if i.Cmd.Mode == Mode40BA || i.Cmd.Mode == ModeThird3 {
		return i.B, i.A
	}
	return i.A, i.B
}

// immedValue is the 32-bit number that stands in the text of an immed, before
// its shift.
func (i *Instr) immedValue() uint32 {
	if i.Invert {
		return ^i.Imm
	}
	return i.Imm
}

func printArg(b []byte, i *Instr, a arg) []byte {
	switch a {
	case argDst:
		return i.Dst.append(b)
	case argMulDst:
		if i.Dst.Kind == None {
			return append(b, "0x0"...)
		}
		return i.Dst.append(b)
	case argLeft:
		return i.Left().append(b)
	case argRight:
		return i.Right().append(b)
	case argSrc:
		return i.Source().append(b)
	case argALUOp:
		return append(b, i.ALU.String()...)
	case argShfOp:
		return append(b, i.Shf.String()...)
	case argShift:
		return i.Shift.append(b)
	case argLdShift:
		if i.Shift == (Shift{}) {
			return b
		}
		if i.Shift.Kind == ShiftDouble {
			return appendDec(append(b, ">>dbl"...), uint64(i.Shift.Amount))
		}
		return i.Shift.append(b)
	case argMask:
		for k := 3; k >= 0; k-- {
			b = append(b, '0'+i.ByteMask>>k&1)
		}
		return b
	case argEntry, argCtx, argByteNo, argBit:
		return appendDec(b, uint64(i.Arg))
	case argCRC:
		return append(b, crcNames[i.CRC>>5]...)
	case argImm:
		return appendHex(b, uint64(i.immedValue()))
	case argImmShift:
		if i.ImmShift == 0 {
			return b
		}
		return appendDec(append(b, "<<"...), 8*uint64(i.ImmShift))
	case argImmPart:
		v := i.immedValue() & 0xff
		if i.ImmWidth == ImmedWord {
			v = i.immedValue() & 0xffff
		}
		return appendHex(b, uint64(v))
	case argInpState:
		return append(b, inpStates[i.Arg&0xf]...)
	case argCLSState:
		return append(appendDec(append(b, "cls_ring"...), uint64(i.Arg)), "_status"...)
	case argTarget:
		return appendDec(append(b, '.'), uint64(i.Target))
	case argByteVal:
		return appendHex(b, uint64(i.Imm))
	case argOffset:
		return appendDec(append(b, '.'), uint64(i.Imm))
	case argSignals:
		return printSignals(b, i)
	case argCSR:
		if name := CSRName(i.CSR); name != "" {
			return append(b, name...)
		}
		return appendHex(b, uint64(i.CSR))
	}
	return printCmdArg(b, i, a)
}

func printCmdArg(b []byte, i *Instr, a arg) []byte {
	c := &i.Cmd
	high, low := i.highLow()
	switch a {
	case argAction:
		return append(b, c.Action()...)
	case argXfer:
		return appendDec(append(b, "$xfer_"...), uint64(c.Xfer))
	case argRef:
		return appendHex(b, uint64(oneIf(c.Indirect))<<6|uint64(c.Xfer))
	case argHigh:
		return high.append(b)
	case argBy8:
		return append(b, "<<8"...)
	case argLow:
		return low.append(b)
	case argAddrA:
		return i.A.append(b)
	case argAddrB:
		return i.B.append(b)
	case argAddr16:
		return appendHex(b, uint64(i.Imm))
	case argData14:
		return appendHex(b, uint64(c.Data()))
	case argData22:
		return appendHex(b, uint64(c.Xfer)<<16|uint64(i.Imm))
	case argDash:
		return append(b, "--"...)
	case argLen:
		return appendDec(b, uint64(c.Len)+1)
	}
	panic("BUG: argument without a printer")
}

func (s Shift) append(b []byte) []byte {
	dir := ">>"
	switch s.Kind {
	case ShiftRot:
		return appendDec(append(b, ">>rot"...), uint64(s.Amount))
	case ShiftLeft:
		dir = "<<"
	}
	b = append(b, dir...)
	if s.Amount == 0 {
		return append(b, "indirect"...)
	}
	return appendDec(b, uint64(s.Amount))
}

func printSignals(b []byte, i *Instr) []byte {
	switch {
	case i.Break:
		return append(b, "bpt"...)
	case i.SigMask == 1:
		return append(b, "voluntary"...)
	case i.kills():
		return append(b, "kill"...)
	case i.SigMask == 0:
		return append(b, "--"...)
	}
	sep := ""
	for n := 1; n < 16; n++ {
		if i.SigMask>>n&1 != 0 {
			b = appendDec(append(append(b, sep...), "sig"...), uint64(n))
			sep = ", "
		}
	}
	return b
}

func printMod(b []byte, i *Instr, m mod) []byte {
	c := &i.Cmd
	switch m {
	case modNoCC:
		return appendIf(b, i.NoCC, ", no_cc")
	case modLoadCC:
		return appendIf(b, i.SetCC, ", load_cc")
	case modWrBoth:
		return appendIf(b, i.WrBoth, ", gpr_wrboth")
	case modPredCC:
		return appendIf(b, i.PredCC, ", predicate_cc")
	case modDefer:
		return appendNum(b, i.Defer != 0, ", defer[", i.Defer)
	case modCamLM:
		lm := i.Right()
		if lm.Kind == None {
			return b
		}
		b = appendDec(append(b, ", lm_addr"...), uint64(lm.Index))
		return append(appendDec(append(b, '['), uint64(lm.Num)), ']')
	case modCRCBytes:
		if i.CRC&7 == 0 {
			return b
		}
		return append(append(b, ", "...), crcBytes[i.CRC&7]...)
	case modBitSwap:
		return appendIf(b, i.CRC&CRCBitSwap != 0, ", bit_swap")
	case modMulStep:
		b = append(append(b, ", "...), mulTypes[i.Mul&3]...)
		if i.Mul != MulStart && int(i.Step) < len(mulSteps) {
			b = append(append(b, '_'), mulSteps[i.Step]...)
		}
		return b
	case modAny:
		return appendIf(b, i.Any, ", any")
	case modResume:
		if !i.Resume {
			return b
		}
		return append(appendDec(append(b, ", br[."...), uint64(i.Target)), ']')
	case modIndirect:
		return appendIf(b, c.Indirect, ", indirect_ref")
	case modCtxSwap:
		switch {
		case c.Ctx == CmdNoSwap:
			return b
		case c.visibleSignal() == 0:
			return append(b, ", ctx_swap[--]"...)
		}
		return appendNum(b, true, ", ctx_swap[sig", c.Signal)
	case modCmdDefer:
		return appendNum(b, c.Ctx == CmdSwapDefer1 || c.Ctx == CmdSwapDefer2, ", defer[", uint8(c.Ctx))
	case modSigDone:
		return appendNum(b, c.Ctx == CmdNoSwap && c.visibleSignal() != 0, ", sig_done[sig", c.Signal)
	}
	panic("BUG: modifier without a printer")
}

// visibleSignal is the signal of a command; with immediate data the field
// belongs to the data.
func (c *Cmd) visibleSignal() uint8 {
	if c.Mode == ModeImmBoth {
		return 0
	}
	return c.Signal
}

func appendIf(b []byte, cond bool, s string) []byte {
	if !cond {
		return b
	}
	return append(b, s...)
}

func appendNum(b []byte, cond bool, s string, n uint8) []byte {
	if !cond {
		return b
	}
	return append(appendDec(append(b, s...), uint64(n)), ']')
}
