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
func Decode(w Word, m Mode) (i Instr, err error) {
	if !m.valid() {
		return i, &DecodeError{w, "there is no such context mode"}
	}
	d := decoder{x: uint64(w) & insnMask, m: m}
	d.sources = &sources[m][fSrcLM.get(d.x)]
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
	if d.kinds>>undefined != 0 {
		return Instr{}, &DecodeError{w, undefinedOperand}
	}
	i.Spare = d.spare
	return i, nil
}

// decoder is the state of decoding one word.
type decoder struct {
	x       uint64
	spare   uint64
	sources *sourceTables
	bad     string
	m       Mode
	kinds   uint16 // kinds of operands seen, one bit each
}

// undefinedOperand is why a word with an operand of no kind is refused.
const undefinedOperand = "undefined operand"

// unused marks what a field holds beyond the encoder's choice as spare.
func (d *decoder) unused(f field, canonical uint64) {
	d.spare |= (f.get(d.x) ^ canonical) << f.lo()
}

// unusedUnless marks a bit as spare if no operand of a kind was seen.
func (d *decoder) unusedUnless(k OperandKind, f field) {
	if d.kinds>>k&1 == 0 {
		d.spare |= d.x & f.mask()
	}
}

// a10, b10, a8 and b8 read a source from one of the fields.
func (d *decoder) a10(o *Operand) { d.src(&d.sources.ten[BankA][fA10.get(d.x)], fA10.lo(), o) }
func (d *decoder) b10(o *Operand) { d.src(&d.sources.ten[BankB][fB10.get(d.x)], fB10.lo(), o) }
func (d *decoder) a8(o *Operand)  { d.src(&d.sources.eight[BankA][fA8.get(d.x)], fA8.lo(), o) }
func (d *decoder) b8(o *Operand)  { d.src(&d.sources.eight[BankB][fB8.get(d.x)], fB8.lo(), o) }

func (d *decoder) src(c *code, lo uint, o *Operand) {
	*o = c.op
	d.spare |= uint64(c.spare) << lo
	d.kinds |= 1 << (c.op.Kind & 0xf)
}

// msb adds bit 7 to a restricted constant.
func (d *decoder) msb(o *Operand) {
	if o.Kind == Imm {
		o.Num |= uint16(fImmMSB.get(d.x)) << 7
	}
}

// dst10 reads a destination from an unrestricted field; bank is the field
// that chooses its bank.
func (d *decoder) dst10(f, bank field, o *Operand) {
	d.dst(&dests[d.m].ten[bank.get(d.x)&1][fDstLM.get(d.x)][f.get(d.x)], f, bank, o)
}

func (d *decoder) dst(c *code, f, bank field, o *Operand) {
	*o = c.op
	if c.op.Kind == undefined {
		d.bad = undefinedOperand
	}
	if c.spare != 0 {
		d.spare |= f.put(uint64(c.spare)) | bank.put(uint64(c.spare/spareBank)) | fDstLM.put(uint64(c.spare/spareLM))
	}
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
	d.aluSources(i, op.use)
	switch {
	case op.use&useDst != 0:
		d.dst10(fALUDst, fALUDstBank, &i.Dst)
	case op.use&useEntry != 0:
		i.Arg = uint8(fALUDst.get(d.x) & 0xf)
		d.unused(fALUDst, uint64(i.Arg))
		d.spare |= d.x & (fALUDstBank.mask() | fDstLM.mask())
	default:
		d.noDst10(fALUDst, fALUDstBank)
	}
	d.unusedUnless(LM, fSrcLM)
}

// aluSources reads what stands in the fields of the two operands.
func (d *decoder) aluSources(i *Instr, u use) {
	inA, inB := u&usesLeft, u&usesRight
	if i.Swap {
		inA, inB = inB, inA
	}
	switch inA {
	case 0:
		d.spare |= d.x & fA10.mask()
	case useLeft, useRight:
		d.a10(&i.A)
	default:
		i.A = d.aluParam(i, inA, fA10)
	}
	switch inB {
	case 0:
		d.spare |= d.x & fB10.mask()
	case useLeft, useRight:
		d.b10(&i.B)
	default:
		i.B = d.aluParam(i, inB, fB10)
	}
}

// aluParam reads a field that holds no operand but parameters.
func (d *decoder) aluParam(i *Instr, u use, f field) Operand {
	c := f.get(d.x)
	if u == useCamLM {
		lm := camLM(c)
		d.unused(f, camLMCode(lm))
		return lm
	}
	i.CRC = CRC(c)
	d.unused(f, uint64(i.CRC))
	if !i.CRC.valid() {
		d.bad = "undefined CRC type or bytes"
	}
	return Operand{}
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
		d.a8(&i.A)
		d.msb(&i.A)
	} else {
		d.spare |= d.x & fA8.mask()
	}
	if useB {
		d.b8(&i.B)
		d.msb(&i.B)
	} else {
		d.spare |= d.x & fB8.mask()
	}
	d.dst(&dests[d.m].eight[fShfDstBank.get(d.x)][fDstLM.get(d.x)][fShfDst.get(d.x)], fShfDst, fShfDstBank, &i.Dst)
	d.unusedUnless(Imm, fImmMSB)
	d.unusedUnless(LM, fSrcLM)
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
	d.a8(&i.A)
	d.b8(&i.B)
	dst, src := &i.A, &i.B
	if i.Swap {
		dst, src = src, dst
	}
	if dst.Kind == Imm {
		d.bad = "ld_field into a constant"
	}
	d.msb(src)
	d.unusedUnless(Imm, fImmMSB)
	if dst.Kind == LM {
		dst.Index = dst.Index&1 | uint8(fDstLM.get(d.x))<<1
		if src.Kind != LM {
			d.unused(fSrcLM, fDstLM.get(d.x))
		}
		return
	}
	d.spare |= d.x & fDstLM.mask()
	d.unusedUnless(LM, fSrcLM)
}

func (d *decoder) immed(i *Instr) {
	d.flags(i)
	i.Invert = fImmInv.bit(d.x)
	i.ImmShift = uint8(fImmShift.get(d.x))
	switch {
	case fImmByte.bit(d.x):
		i.ImmWidth = ImmedByte
		d.spare |= d.x & fImmWord.mask()
	case fImmWord.bit(d.x):
		i.ImmWidth = ImmedWord
	}
	value, dst, bank := fB10, fA10, BankA
	if isConst10(fA10.get(d.x)) && !isConst10(fB10.get(d.x)) {
		value, dst, bank = fA10, fB10, BankB
	} else if !isConst10(fB10.get(d.x)) {
		d.bad = "immed without a value"
		return
	}
	i.Imm = uint32(fImmHi.get(d.x)<<8 | value.get(d.x)&0xff)
	c := &dests[d.m].ten[bank][fDstLM.get(d.x)][dst.get(d.x)]
	i.Dst = c.op
	if c.op.Kind == undefined {
		d.bad = undefinedOperand
	}
	// The field says what the bank is; a destination without one can be in
	// either.
	i.Swap = bank == BankB && c.spare&spareBank != 0
	d.spare |= dst.put(uint64(c.spare)) | fDstLM.put(uint64(c.spare/spareLM))
}
