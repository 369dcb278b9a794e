package nfpisa

import "fmt"

// EncodeError says why an instruction has no encoding.
type EncodeError struct {
	Instr  Instr
	Mode   Mode
	Part   string // the operand or field at fault
	Reason string
}

// Error names the instruction, the part and the reason.
func (e *EncodeError) Error() string {
	return fmt.Sprintf("nfpisa: cannot encode %s: %s: %s", e.Instr, e.Part, e.Reason)
}

// Encode returns the word for an instruction on a core in mode m, with its
// check bits. Values out of range, operands that their field cannot hold and
// combinations that do not exist give an *EncodeError.
func Encode(i Instr, m Mode) (Word, error) {
	e := encoder{m: m}
	if !m.valid() {
		return 0, &EncodeError{i, m, "mode", "there is no such context mode"}
	}
	if int(i.Class) < numClasses {
		e.x = forms[i.Class].match
	}
	switch i.Class {
	case ClassCmd:
		e.cmd(&i)
	case ClassALUShf:
		e.aluShf(&i)
	case ClassALU:
		e.alu(&i)
	case ClassImmed:
		e.immed(&i)
	case ClassLdField:
		e.ldField(&i)
	case ClassCtxArb:
		e.ctxArb(&i)
	case ClassLocalCSR:
		e.localCSR(&i)
	case ClassBranch:
		e.branch(&i)
	case ClassBrByte:
		e.brByte(&i)
	case ClassBrBit:
		e.brBit(&i)
	case ClassJump:
		e.jump(&i)
	case ClassMulStep:
		e.mulStep(&i)
	default:
		e.fail("class", "there is no such class")
	}
	if i.Spare&^insnMask != 0 {
		e.fail("spare bits", "bits above 44")
	}
	if e.reason != "" {
		return 0, &EncodeError{i, m, e.part, string(e.reason)}
	}
	return Word(e.x ^ i.Spare).WithECC(), nil
}

// encoder is the state of encoding one instruction.
type encoder struct {
	x      uint64
	m      Mode
	part   string
	reason fault
	srcLM  uint8 // 0 no LM source yet, else 2 | extension bit
	imm    uint8 // 0 no restricted constant yet, else 2 | its bit 7
}

// fail records the first fault.
func (e *encoder) fail(part string, why fault) {
	if e.reason == "" {
		e.part, e.reason = part, why
	}
}

// put sets a field, which must be able to hold v.
func (e *encoder) put(part string, f field, v uint64) {
	if v>>f.width() != 0 {
		e.fail(part, "value does not fit the field")
	}
	e.x |= v << f.lo()
}

func bankFault(o Operand, b Bank) fault {
	if o.Bank == b || o.Kind != GPR && o.Kind != AbsGPR {
		return ""
	}
	if b == BankA {
		return "field A reads bank A only"
	}
	return "field B reads bank B only"
}

// src10 puts a source in an unrestricted field.
func (e *encoder) src10(part string, f field, o Operand, b Bank) {
	c, why := code10(o, e.m)
	if why != "" {
		e.fail(part, why)
	}
	e.x |= c << f.lo()
	e.srcBits(part, o, b)
}

// src8 puts a source in a restricted field.
func (e *encoder) src8(part string, f field, o Operand, b Bank) {
	c, why := code8(o, e.m)
	if why != "" {
		e.fail(part, why)
	}
	e.x |= c << f.lo()
	e.srcBits(part, o, b)
}

func (e *encoder) srcBits(part string, o Operand, b Bank) {
	if why := bankFault(o, b); why != "" {
		e.fail(part, why)
	}
	if o.Kind != LM {
		return
	}
	ext := uint8(lmExt(o))
	if e.srcLM != 0 && e.srcLM&1 != ext {
		e.fail(part, "both sources are local memory, one with index 0/1 and one with index 2/3")
	}
	e.srcLM = 2 | ext
	e.x |= fSrcLM.put(uint64(ext))
}

// msb sets bit 7 of a restricted constant, which both sources share.
func (e *encoder) msb(part string, o Operand) {
	if o.Kind != Imm {
		return
	}
	bit := uint8(o.Num >> 7 & 1)
	if e.imm != 0 && e.imm&1 != bit {
		e.fail(part, "both sources are constants, one below and one above 127")
	}
	e.imm = 2 | bit
	e.x |= fImmMSB.put(uint64(bit))
}

// none checks that an operand which the operation does not use is absent.
func (e *encoder) none(part string, o Operand) {
	if o.Kind != None {
		e.fail(part, "the operation has no such operand")
	}
}

// dst10 puts a destination in an unrestricted field.
func (e *encoder) dst10(f, bank field, o Operand) {
	switch o.Kind {
	case None:
		e.x |= noDst10 << f.lo()
		return
	case Imm:
		e.fail("destination", "a constant cannot be written")
		return
	}
	c, why := code10(o, e.m)
	if why != "" {
		e.fail("destination", why)
	}
	e.x |= c << f.lo()
	e.dstBits(bank, o)
}

// dst8 puts a destination in a restricted field.
func (e *encoder) dst8(f, bank field, o Operand) {
	switch o.Kind {
	case None:
		e.x |= noDst8 << f.lo()
		return
	case Imm:
		e.fail("destination", "a constant cannot be written")
		return
	}
	c, why := code8(o, e.m)
	if why != "" {
		e.fail("destination", why)
	}
	e.x |= c << f.lo()
	e.dstBits(bank, o)
}

func (e *encoder) dstBits(bank field, o Operand) {
	if o.Kind == GPR || o.Kind == AbsGPR {
		e.put("destination", bank, uint64(o.Bank))
	}
	e.x |= fDstLM.put(lmExt(o))
}

func (e *encoder) flags(i *Instr) {
	e.x |= fWrBoth.flag(i.WrBoth) | fPredCC.flag(i.PredCC)
}

func (e *encoder) address(i *Instr) {
	const bits = 14
	if i.Target>>bits != 0 {
		e.fail("target", "control-store addresses end at 16383")
	}
	t := uint64(i.Target)
	e.x |= fAddr.put(t) | fAddrMSB.put(t>>fAddr.width())
	e.put("defer", fDefer, uint64(i.Defer))
}

func (e *encoder) alu(i *Instr) {
	e.x |= fALUSwap.flag(i.Swap) | fNoCC.flag(i.NoCC)
	e.flags(i)
	e.put("operation", fALUOp, uint64(i.ALU))
	if int(i.ALU) >= len(aluOps) || aluOps[i.ALU].name == "" {
		e.fail("operation", "undefined alu operation")
		return
	}
	op := &aluOps[i.ALU]
	left, right := fA10, fB10
	l, r := i.A, i.B
	lb, rb := BankA, BankB
	if i.Swap {
		left, right, l, r, lb, rb = right, left, r, l, rb, lb
	}
	if op.use&useLeft != 0 {
		e.src10("left operand", left, l, lb)
	} else {
		e.none("left operand", l)
	}
	if op.use&useCRC != 0 {
		if !i.CRC.valid() {
			e.fail("CRC parameters", "undefined type or bytes")
		}
		e.x |= uint64(i.CRC) << left.lo()
	}
	switch {
	case op.use&useRight != 0:
		e.src10("right operand", right, r, rb)
	case op.use&useCamLM != 0:
		if r.Kind != None && r.Kind != LM || r.Index > 3 || r.Num > 3 || r.Mod != NoMod {
			e.fail("right operand", "cam_lookup loads ActLMAddr0..3 with an offset of 0..3")
		}
		e.x |= camLMCode(r) << right.lo()
	default:
		e.none("right operand", r)
	}
	switch {
	case op.use&useDst != 0:
		e.dst10(fALUDst, fALUDstBank, i.Dst)
	case op.use&useEntry != 0:
		if i.Arg > 0xf {
			e.fail("CAM entry", "entries end at 15")
		}
		e.x |= fALUDst.put(uint64(i.Arg))
		e.none("destination", i.Dst)
	default:
		e.x |= noDst10 << fALUDst.lo()
		e.none("destination", i.Dst)
	}
}

func (e *encoder) aluShf(i *Instr) {
	e.x |= fShfSwap.flag(i.Swap) | fNoCC.flag(i.NoCC)
	e.flags(i)
	e.put("operation", fShfOp, uint64(i.Shf))
	switch {
	case int(i.Shf) >= len(shfOps):
		return
	case i.Shf == ShfByteAlign && (i.Shift.Amount != 0 || i.Shift.Kind != ShiftRot && i.Shift.Kind != ShiftLeft):
		e.fail("shift", "byte_align takes the amount from ByteIndex; its shift kind is ShiftRot (be) or ShiftLeft (le)")
	case i.Shift.Kind == ShiftDouble && i.Shf != ShfB:
		e.fail("operation", "a double shift has no operator")
	}
	e.shift(i)
	u := i.Shf.useOf(i.Shift.Kind)
	a, b := "left operand", "right operand"
	useA, useB := u&useLeft != 0, u&useRight != 0
	if i.Swap {
		a, b, useA, useB = b, a, useB, useA
	}
	if useA {
		e.src8(a, fA8, i.A, BankA)
		e.msb(a, i.A)
	} else {
		e.none(a, i.A)
	}
	if useB {
		e.src8(b, fB8, i.B, BankB)
		e.msb(b, i.B)
	} else {
		e.none(b, i.B)
	}
	e.dst8(fShfDst, fShfDstBank, i.Dst)
}

func (e *encoder) shift(i *Instr) {
	n := uint64(i.Shift.Amount)
	if n > 31 {
		e.fail("shift", "shift amounts end at 31")
	}
	if i.Shift.Kind == ShiftLeft && n != 0 {
		n = 32 - n
	}
	e.put("shift", fShfSC, uint64(i.Shift.Kind))
	e.x |= fShfAmount.put(n)
}

func (e *encoder) ldField(i *Instr) {
	e.x |= fShfSwap.flag(i.Swap) | fLdClear.flag(i.Clear) | fLdCC.flag(i.SetCC)
	e.flags(i)
	e.put("byte mask", fLdMask, uint64(i.ByteMask))
	e.shift(i)
	dst, src := i.A, i.B
	dstField, srcField := fA8, fB8
	dstBank, srcBank := BankA, BankB
	if i.Swap {
		dst, src, dstField, srcField, dstBank, srcBank = src, dst, srcField, dstField, srcBank, dstBank
	}
	e.none("destination", i.Dst)
	if dst.Kind == Imm {
		e.fail("destination", "a constant cannot be written")
	}
	c, why := code8(dst, e.m)
	if why == "" {
		why = bankFault(dst, dstBank)
	}
	if why != "" {
		e.fail("destination", why)
	}
	e.x |= c<<dstField.lo() | fDstLM.put(lmExt(dst))
	e.src8("source", srcField, src, srcBank)
	e.msb("source", src)
	if dst.Kind == LM && src.Kind != LM {
		// The destination is read as well, through the sources' extension.
		e.x |= fSrcLM.put(lmExt(dst))
	}
}

func (e *encoder) immed(i *Instr) {
	e.flags(i)
	e.x |= fImmInv.flag(i.Invert)
	e.put("shift", fImmShift, uint64(i.ImmShift))
	switch i.ImmWidth {
	case ImmedAll:
	case ImmedWord:
		e.x |= fImmWord.mask()
	case ImmedByte:
		e.x |= fImmByte.mask()
	default:
		e.fail("width", "there is no such width")
	}
	if i.Imm > 0xffff {
		e.fail("value", "an immed has 16 bits")
	}
	lo := noDst10 | uint64(i.Imm)&0xff
	e.x |= fImmHi.put(uint64(i.Imm) >> 8)
	dst, value := fA10, fB10
	if i.Dst.Kind == GPR || i.Dst.Kind == AbsGPR {
		if i.Dst.Bank == BankB {
			dst, value = value, dst
		}
		if i.Dst.Bank > BankB || i.Swap {
			e.fail("destination", "the bank chooses the field; Swap is for destinations without one")
		}
	} else if i.Swap {
		dst, value = value, dst
	}
	e.x |= lo << value.lo()
	switch i.Dst.Kind {
	case None:
		if i.Swap {
			e.fail("destination", "Swap without a destination")
		}
		e.x |= noDst10 << dst.lo()
		return
	case Imm:
		e.fail("destination", "a constant cannot be written")
		return
	}
	c, why := code10(i.Dst, e.m)
	if why != "" {
		e.fail("destination", why)
	}
	e.x |= c<<dst.lo() | fDstLM.put(lmExt(i.Dst))
}
