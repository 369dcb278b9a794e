package nfpisa

import "fmt"

// DecodeError says why a word is not an instruction.
type DecodeError struct {
	Word   Word
	Reason string
}

// Error returns the reason and the word.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("nfpisa: word %#014x is not an instruction: %s", uint64(e.Word.Bare()), e.Reason)
}

// Decode returns the instruction in bits 44:0 of w as a core in mode m reads
// it; check bits and the bits above them are not looked at (see CheckECC).
//
// For every word that Decode accepts, Encode gives back its bits 44:0. Words
// of no class, undefined operations and operands without a meaning give a
// *DecodeError.
func Decode(w Word, m Mode) (Instr, error) {
	d := decoder{x: uint64(w) & insnMask, m: m}
	var i Instr
	if !m.valid() {
		return i, &DecodeError{w, "there is no such context mode"}
	}
	c := classify(d.x)
	i.Class = c
	d.spare = d.x & forms[c].free
	switch c {
	case ClassCmd:
		d.cmd(&i)
	case ClassALUShf:
		d.aluShf(&i)
	case ClassALU:
		d.alu(&i)
	case ClassImmed:
		d.immed(&i)
	case ClassLdField:
		d.ldField(&i)
	case ClassCtxArb:
		d.ctxArb(&i)
	case ClassLocalCSR:
		d.localCSR(&i)
	case ClassBranch:
		d.branch(&i)
	case ClassBrByte:
		d.brByte(&i)
	case ClassBrBit:
		d.brBit(&i)
	case ClassJump:
		d.jump(&i)
	case ClassMulStep:
		d.mulStep(&i)
	default:
		d.bad = "it belongs to no class"
	}
	if d.bad != "" {
		return Instr{}, &DecodeError{w, d.bad}
	}
	i.Spare = d.spare
	return i, nil
}

// decoder is the state of decoding one word.
type decoder struct {
	x     uint64
	m     Mode
	spare uint64
	bad   string
	srcLM bool // an LM source used the extension bit
	imm   bool // a restricted constant used its bit 7
}

// unused marks what a field holds beyond the encoder's choice as spare.
func (d *decoder) unused(f field, canonical uint64) {
	d.spare |= (f.get(d.x) ^ canonical) << f.lo()
}

func (d *decoder) unusedIf(unused bool, f field) {
	if unused {
		d.spare |= d.x & f.mask()
	}
}

// src10 reads a source from an unrestricted field of a bank.
func (d *decoder) src10(f field, b Bank) Operand {
	c := &codes10[d.m][f.get(d.x)]
	if c.bad {
		d.bad = "undefined source operand"
	}
	d.spare |= uint64(c.spare) << f.lo()
	return d.srcBits(c.op, b)
}

// src8 reads a source from a restricted field of a bank.
func (d *decoder) src8(f field, b Bank) Operand {
	c := &codes8[d.m][f.get(d.x)]
	d.spare |= uint64(c.spare) << f.lo()
	return d.srcBits(c.op, b)
}

func (d *decoder) srcBits(o Operand, b Bank) Operand {
	switch o.Kind {
	case GPR, AbsGPR:
		o.Bank = b
	case LM:
		o.Index |= uint8(fSrcLM.get(d.x)) << 1
		d.srcLM = true
	}
	return o
}

// msb adds bit 7 to a restricted constant.
func (d *decoder) msb(o *Operand) {
	if o.Kind == Imm {
		o.Num |= uint16(fImmMSB.get(d.x)) << 7
		d.imm = true
	}
}

// dst10 reads a destination from an unrestricted field.
func (d *decoder) dst10(f, bank field) Operand {
	v := f.get(d.x)
	c := &codes10[d.m][v]
	if c.bad {
		d.bad = "undefined destination operand"
	}
	if c.op.Kind == Imm {
		d.spare |= (v^noDst10)<<f.lo() | d.x&(bank.mask()|fDstLM.mask())
		return Operand{}
	}
	d.spare |= uint64(c.spare) << f.lo()
	return d.dstBits(c.op, bank)
}

// dst8 reads a destination from a restricted field.
func (d *decoder) dst8(f, bank field) Operand {
	v := f.get(d.x)
	c := &codes8[d.m][v]
	if c.op.Kind == Imm {
		d.spare |= (v^noDst8)<<f.lo() | d.x&(bank.mask()|fDstLM.mask())
		return Operand{}
	}
	d.spare |= uint64(c.spare) << f.lo()
	return d.dstBits(c.op, bank)
}

func (d *decoder) dstBits(o Operand, bank field) Operand {
	switch o.Kind {
	case GPR, AbsGPR:
		o.Bank = Bank(bank.get(d.x))
		d.spare |= d.x & fDstLM.mask()
	case LM:
		o.Index |= uint8(fDstLM.get(d.x)) << 1
		d.spare |= d.x & bank.mask()
	default:
		d.spare |= d.x & (bank.mask() | fDstLM.mask())
	}
	return o
}

func (d *decoder) noDst10(f, bank field) {
	d.unused(f, noDst10)
	d.spare |= d.x & (bank.mask() | fDstLM.mask())
}

func (d *decoder) flags(i *Instr) {
	i.WrBoth = fWrBoth.bit(d.x)
	i.PredCC = fPredCC.bit(d.x)
}

func (d *decoder) address(i *Instr) {
	i.Target = uint16(fAddr.get(d.x) | fAddrMSB.get(d.x)<<fAddr.width())
	i.Defer = uint8(fDefer.get(d.x))
}

func (d *decoder) alu(i *Instr) {
	i.ALU = ALUOp(fALUOp.get(d.x))
	i.Swap = fALUSwap.bit(d.x)
	i.NoCC = fNoCC.bit(d.x)
	d.flags(i)
	op := &aluOps[i.ALU]
	if op.name == "" {
		d.bad = "undefined alu operation"
		return
	}
	left, right := fA10, fB10
	l, r := &i.A, &i.B
	lb, rb := BankA, BankB
	if i.Swap {
		left, right, l, r, lb, rb = right, left, r, l, rb, lb
	}
	switch {
	case op.use&useLeft != 0:
		*l = d.src10(left, lb)
	case op.use&useCRC != 0:
		i.CRC = CRC(left.get(d.x))
		d.spare |= left.get(d.x) >> 8 << 8 << left.lo()
		if !i.CRC.valid() {
			d.bad = "undefined CRC type or bytes"
		}
	default:
		d.spare |= d.x & left.mask()
	}
	switch {
	case op.use&useRight != 0:
		*r = d.src10(right, rb)
	case op.use&useCamLM != 0:
		*r = camLM(right.get(d.x))
		d.unused(right, camLMCode(*r))
	default:
		d.spare |= d.x & right.mask()
	}
	switch {
	case op.use&useDst != 0:
		i.Dst = d.dst10(fALUDst, fALUDstBank)
	case op.use&useEntry != 0:
		i.Arg = uint8(fALUDst.get(d.x) & 0xf)
		d.unused(fALUDst, uint64(i.Arg))
		d.spare |= d.x & (fALUDstBank.mask() | fDstLM.mask())
	default:
		d.noDst10(fALUDst, fALUDstBank)
	}
	d.unusedIf(!d.srcLM, fSrcLM)
}

// camLM reads the right field of cam_lookup:
//
//	 9    5  4   3  2  1   0
//	┌──────┬───┬─────┬───┬───┐
//	│ 0    │n 1│low 2│n 0│on │
//	└──────┴───┴─────┴───┴───┘
func camLM(c uint64) Operand {
	if c&3 == 0 {
		return Operand{}
	}
	return Operand{Kind: LM, Index: uint8(c>>1&1 | c>>3&2), Num: uint16(c >> 2 & 3)}
}

func camLMCode(o Operand) uint64 {
	if o.Kind == None {
		return 0
	}
	return 1 | uint64(o.Index&1)<<1 | uint64(o.Num&3)<<2 | uint64(o.Index>>1)<<4
}

func (d *decoder) aluShf(i *Instr) {
	i.Shf = ShfOp(fShfOp.get(d.x))
	i.Swap = fShfSwap.bit(d.x)
	i.NoCC = fNoCC.bit(d.x)
	d.flags(i)
	d.shift(i)
	if i.Shift.Kind == ShiftDouble && i.Shf != ShfB && i.Shf != ShfByteAlign {
		d.bad = "a double shift has no operator"
		return
	}
	if i.Shf == ShfByteAlign {
		d.spare |= d.x & fShfAmount.mask()
		if i.Shift.Kind != ShiftLeft {
			d.spare |= d.x & fShfSC.mask()
			i.Shift.Kind = ShiftRot
		}
		i.Shift.Amount = 0
	}
	u := i.Shf.useOf(i.Shift.Kind)
	useA, useB := u&useLeft != 0, u&useRight != 0
	if i.Swap {
		useA, useB = useB, useA
	}
	if useA {
		i.A = d.src8(fA8, BankA)
		d.msb(&i.A)
	} else {
		d.spare |= d.x & fA8.mask()
	}
	if useB {
		i.B = d.src8(fB8, BankB)
		d.msb(&i.B)
	} else {
		d.spare |= d.x & fB8.mask()
	}
	i.Dst = d.dst8(fShfDst, fShfDstBank)
	d.unusedIf(!d.imm, fImmMSB)
	d.unusedIf(!d.srcLM, fSrcLM)
}

func (d *decoder) shift(i *Instr) {
	i.Shift.Kind = ShiftKind(fShfSC.get(d.x))
	n := uint8(fShfAmount.get(d.x))
	if i.Shift.Kind == ShiftLeft && n != 0 {
		n = 32 - n
	}
	i.Shift.Amount = n
}

func (d *decoder) ldField(i *Instr) {
	i.Swap = fShfSwap.bit(d.x)
	i.Clear = fLdClear.bit(d.x)
	i.ByteMask = uint8(fLdMask.get(d.x))
	i.SetCC = fLdCC.bit(d.x)
	d.flags(i)
	d.shift(i)
	i.A = d.src8(fA8, BankA)
	i.B = d.src8(fB8, BankB)
	dst, src := &i.A, &i.B
	if i.Swap {
		dst, src = src, dst
	}
	if dst.Kind == Imm {
		d.bad = "ld_field into a constant"
	}
	d.msb(src)
	d.unusedIf(!d.imm, fImmMSB)
	if dst.Kind == LM {
		dst.Index = dst.Index&1 | uint8(fDstLM.get(d.x))<<1
		if src.Kind != LM {
			d.unused(fSrcLM, fDstLM.get(d.x))
		}
		return
	}
	d.spare |= d.x & fDstLM.mask()
	d.unusedIf(!d.srcLM, fSrcLM)
}

func (d *decoder) immed(i *Instr) {
	d.flags(i)
	i.Invert = fImmInv.bit(d.x)
	i.ImmShift = uint8(fImmShift.get(d.x))
	switch {
	case fImmByte.bit(d.x):
		i.ImmWidth = ImmedByte
		d.unusedIf(true, fImmWord)
	case fImmWord.bit(d.x):
		i.ImmWidth = ImmedWord
	}
	a, b := codes10[d.m][fA10.get(d.x)].op, codes10[d.m][fB10.get(d.x)].op
	value, dst := fB10, fA10
	bank := BankA
	switch {
	case a.Kind == Imm && b.Kind != Imm:
		value, dst, bank = fA10, fB10, BankB
		i.Swap = b.Kind != GPR && b.Kind != AbsGPR
	case b.Kind != Imm:
		d.bad = "immed without a value"
		return
	}
	i.Imm = uint32(fImmHi.get(d.x)<<8 | value.get(d.x)&0xff)
	c := &codes10[d.m][dst.get(d.x)]
	if c.bad {
		d.bad = "undefined destination operand"
		return
	}
	i.Dst = c.op
	switch c.op.Kind {
	case Imm:
		i.Dst = Operand{}
		d.unused(dst, noDst10)
		d.spare |= d.x & fDstLM.mask()
		return
	case GPR, AbsGPR:
		i.Dst.Bank = bank
		d.spare |= d.x & fDstLM.mask()
	case LM:
		i.Dst.Index |= uint8(fDstLM.get(d.x)) << 1
	default:
		d.spare |= d.x & fDstLM.mask()
	}
	d.spare |= uint64(c.spare) << dst.lo()
}
