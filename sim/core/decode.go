package core

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/skipsw/skipsw/nfpisa"
)

// decoder turns instructions into predecoded words.
type decoder struct {
	cd    *Code
	at    int // word
	grant Grant
}

func sortedHelpers(h map[uint32]uint16) iter.Seq2[uint32, uint16] {
	return func(yield func(uint32, uint16) bool) {
		for _, id := range slices.Sorted(maps.Keys(h)) {
			if !yield(id, h[id]) {
				return
			}
		}
	}
}

// failed reports whether the word has been found bad.
func (d *decoder) failed() bool { _, bad := d.cd.reasons[d.at]; return bad }

func (d *decoder) bad(kind FaultKind, text string) {
	d.cd.ops[d.at] = bareOp(opInvalid, 0)
	d.cd.reasons[d.at] = reason{kind, text}
}

func (d *decoder) unsupported(format string, args ...any) {
	d.bad(FaultUnsupported, "not supported: "+fmt.Sprintf(format, args...))
}

// word predecodes one instruction.
func (d *decoder) word(in *nfpisa.Instr) {
	u := bareOp(opInvalid, 0)
	if in.PredCC {
		d.unsupported("predicate_cc, because no source says what its condition is")
		return
	}
	var ok bool
	switch in.Class {
	case nfpisa.ClassALU:
		ok = d.alu(in, &u)
	case nfpisa.ClassALUShf:
		ok = d.shf(in, &u)
	case nfpisa.ClassLdField:
		ok = d.ldField(in, &u)
	case nfpisa.ClassImmed:
		ok = d.immed(in, &u)
	case nfpisa.ClassMulStep:
		ok = d.mul(in, &u)
	case nfpisa.ClassBranch:
		ok = d.branch(in, &u)
	case nfpisa.ClassBrBit, nfpisa.ClassBrByte, nfpisa.ClassJump:
		ok = d.branchOnRegister(in, &u)
	case nfpisa.ClassCtxArb:
		ok = d.ctxArb(in, &u)
	case nfpisa.ClassLocalCSR:
		ok = d.localCSR(in, &u)
	case nfpisa.ClassCmd:
		ok = d.command(in, &u)
	default:
		panic(fmt.Sprintf("BUG: decoded instruction of class %d", in.Class))
	}
	if ok {
		d.cd.ops[d.at] = u
	}
}

// source places a source operand.
func (d *decoder) source(o nfpisa.Operand, idx *uint16, kind *uint8, u *uop) bool {
	switch o.Kind {
	case nfpisa.None:
		*idx = slotConst
	case nfpisa.GPR:
		*idx = slotA + o.Num
		if o.Bank == nfpisa.BankB {
			*idx = slotB + o.Num
		}
	case nfpisa.Imm:
		*idx = slotConst + o.Num
	case nfpisa.Xfer:
		*idx = slotIn + o.Num
	default:
		k, ok := d.special(o, idx, u)
		if !ok {
			return false
		}
		*kind = k
		u.flags |= fSrcSpecial
	}
	return true
}

// special places an operand that is not in the flat file.
func (d *decoder) special(o nfpisa.Operand, idx *uint16, u *uop) (uint8, bool) {
	switch o.Kind {
	case nfpisa.LM:
		*idx = uint16(o.Index)<<4 | o.Num
		switch o.Mod {
		case nfpisa.PostInc:
			u.post |= 1 << (postLMInc + o.Index)
		case nfpisa.PostDec:
			u.post |= 1 << (postLMDec + o.Index)
		}
		if o.Mod != nfpisa.NoMod {
			u.flags |= fPost
		}
		return kLM, true
	case nfpisa.XferIndex:
		switch o.Mod {
		case nfpisa.PostInc:
			u.post |= postTInc
		case nfpisa.PostDec:
			u.post |= postTDec
		}
		if o.Mod != nfpisa.NoMod {
			u.flags |= fPost
		}
		return kXferIx, true
	case nfpisa.AbsGPR:
		*idx = o.Num
		if o.Bank == nfpisa.BankB {
			*idx |= 1 << 7
		}
		return kAbs, true
	}
	d.unsupported("next-neighbour registers, because a core stands alone here")
	return 0, false
}

// dest places the destination.
func (d *decoder) dest(o nfpisa.Operand, wrBoth bool, u *uop) bool {
	switch o.Kind {
	case nfpisa.None:
	case nfpisa.GPR:
		if !d.granted(o, wrBoth) {
			return false
		}
		u.d = slotA + o.Num
		if o.Bank == nfpisa.BankB {
			u.d = slotB + o.Num
		}
		if wrBoth {
			u.d, u.d2 = slotA+o.Num, slotB+o.Num
		}
	case nfpisa.Xfer:
		if int(o.Num) >= d.grant.XferOut {
			d.bad(FaultGrant, fmt.Sprintf("transfer-out register $xfer_%d is not the program's, which has %d", o.Num, d.grant.XferOut))
			return false
		}
		u.d = slotOut + o.Num
		u.flags |= fXferOut
	case nfpisa.Imm:
		panic("BUG: constant as destination")
	default:
		k, ok := d.special(o, &u.d, u)
		if !ok {
			return false
		}
		u.dk = k
		u.flags |= fDstSpecial
		if wrBoth && k == kAbs {
			d.unsupported("gpr_wrboth with an absolute register, because no source says what it does")
			return false
		}
	}
	return true
}

// granted reports whether the program may write a general-purpose register.
func (d *decoder) granted(o nfpisa.Operand, both bool) bool {
	bit := uint32(1) << (o.Num % gprs)
	for _, bank := range [...]struct {
		grant uint32
		is    bool
		name  string
	}{{d.grant.GPRA, both || o.Bank != nfpisa.BankB, "A"}, {d.grant.GPRB, both || o.Bank == nfpisa.BankB, "B"}} {
		if bank.is && bank.grant&bit == 0 {
			d.bad(FaultGrant, fmt.Sprintf("register gpr%s_%d is written, which is not the program's", bank.name, o.Num))
			return false
		}
	}
	return true
}

// operands places left and right.
func (d *decoder) operands(in *nfpisa.Instr, u *uop) bool {
	return d.source(in.Left(), &u.l, &u.lk, u) && d.source(in.Right(), &u.r, &u.rk, u)
}

func (d *decoder) right(in *nfpisa.Instr, u *uop) bool {
	return d.source(in.Right(), &u.r, &u.rk, u)
}

var aluOps = [32]opcode{
	nfpisa.ALUB: opB, nfpisa.ALUAdd: opAdd, nfpisa.ALUPopCount3: opPop3, nfpisa.ALUNotB: opNotB,
	nfpisa.ALUAdd16: opAdd16, nfpisa.ALUPopCount1: opPop1, nfpisa.ALUPopCount2: opPop2, nfpisa.ALUAnd: opAnd,
	nfpisa.ALUAdd8: opAdd8, nfpisa.ALUCamClear: opCamClear, nfpisa.ALUNotAnd: opNotAnd,
	nfpisa.ALUSubCarry: opSubCarry, nfpisa.ALUFFS: opFFS, nfpisa.ALUCamReadTag: opCamReadTag,
	nfpisa.ALUAndNot: opAndNot, nfpisa.ALUAddCarry: opAddCarry, nfpisa.ALUCRC: opCRC,
	nfpisa.ALUCamWrite: opCamWrite, nfpisa.ALUOr: opOr, nfpisa.ALUSub: opSub,
	nfpisa.ALUCamLookup: opCamLookup, nfpisa.ALUXor: opXor, nfpisa.ALURevSub: opRevSub,
	nfpisa.ALUCamWrState: opCamWriteState, nfpisa.ALUCamReadState: opCamReadState,
}

func (d *decoder) alu(in *nfpisa.Instr, u *uop) bool {
	u.op = aluOps[in.ALU&31]
	if !in.NoCC {
		u.flags |= fCC
	}
	switch u.op {
	case opInvalid:
		d.bad(FaultInvalidWord, fmt.Sprintf("alu operation %d is not assigned", in.ALU))
		return false
	case opB, opNotB, opFFS, opPop1, opPop2, opPop3, opCamReadTag, opCamReadState:
		return d.right(in, u) && d.dest(in.Dst, in.WrBoth, u)
	case opCamClear:
		u.flags &^= fCC
		return true
	case opCRC:
		return d.crc(in, u)
	case opCamWrite, opCamWriteState:
		u.flags &^= fCC
		u.imm = uint32(in.Arg & 15)
		if u.op == opCamWrite {
			return d.operands(in, u)
		}
		return d.right(in, u)
	case opCamLookup:
		return d.camLookup(in, u)
	}
	u.flags |= fHasA
	return d.operands(in, u) && d.dest(in.Dst, in.WrBoth, u)
}

func (d *decoder) shf(in *nfpisa.Instr, u *uop) bool {
	if !in.NoCC {
		u.flags |= fCC
	}
	u.shift, u.amount, u.sub = uint8(in.Shift.Kind), in.Shift.Amount&31, uint8(in.Shf)
	switch in.Shf {
	case nfpisa.ShfByteAlign:
		if in.Shift.Kind == nfpisa.ShiftLeft {
			u.op = opByteAlignLE
			return d.source(in.Left(), &u.l, &u.lk, u) && d.dest(in.Dst, in.WrBoth, u)
		}
		u.op = opByteAlignBE
		return d.right(in, u) && d.dest(in.Dst, in.WrBoth, u)
	case nfpisa.ShfAsr:
		u.op = opAsr
		if in.Shift.Kind != nfpisa.ShiftRight {
			d.unsupported("asr with a shift that is not to the right, because no source says what it does")
			return false
		}
		return d.right(in, u) && d.dest(in.Dst, in.WrBoth, u)
	}
	u.op = opShf
	unary := in.Shf == nfpisa.ShfNotB || in.Shf == nfpisa.ShfB && in.Shift.Kind != nfpisa.ShiftDouble
	if in.Shift.Kind == nfpisa.ShiftDouble && in.Shf != nfpisa.ShfB {
		d.unsupported("double shift combined with another operation, because no source says what it does")
		return false
	}
	if unary {
		if in.Shf == nfpisa.ShfB && u.amount != 0 {
			switch in.Shift.Kind {
			case nfpisa.ShiftRight:
				u.op = opShr
			case nfpisa.ShiftLeft:
				u.op = opShl
			}
		}
		return d.right(in, u) && d.dest(in.Dst, in.WrBoth, u)
	}
	u.flags |= fHasA
	return d.operands(in, u) && d.dest(in.Dst, in.WrBoth, u)
}

func (d *decoder) ldField(in *nfpisa.Instr, u *uop) bool {
	u.op = opLdField
	if in.SetCC {
		u.flags |= fCC
	}
	u.shift, u.amount = uint8(in.Shift.Kind), in.Shift.Amount&31
	if in.Shift.Kind == nfpisa.ShiftDouble {
		d.unsupported("ld_field with a double shift, because no source says what it does")
		return false
	}
	for k := range 4 {
		if in.ByteMask>>k&1 != 0 {
			u.mask |= 0xff << (8 * k)
		}
	}
	return d.right(in, u) && d.partOf(in.Left(), in, u, in.Clear)
}

// partOf places a destination of which some bits keep their value; with clear
// they become zero.
func (d *decoder) partOf(o nfpisa.Operand, in *nfpisa.Instr, u *uop, clear bool) bool {
	if !d.dest(o, in.WrBoth, u) || clear {
		return !d.failed()
	}
	if o.Kind == nfpisa.Xfer || o.Kind == nfpisa.XferIndex {
		d.unsupported("writing a part of a transfer-out register, because such a register cannot be read")
		return false
	}
	return d.source(o, &u.l, &u.lk, u)
}

func (d *decoder) immed(in *nfpisa.Instr, u *uop) bool {
	u.op = opImmed
	v := uint32(in.Imm) << (8 * uint32(in.ImmShift&3))
	switch in.ImmWidth {
	case nfpisa.ImmedAll:
		if in.Invert {
			v = ^v
		}
		u.imm = v
		return d.dest(in.Dst, in.WrBoth, u)
	case nfpisa.ImmedWord:
		u.mask = 0xffff << (8 * uint32(in.ImmShift&3))
	case nfpisa.ImmedByte:
		u.mask = 0xff << (8 * uint32(in.ImmShift&3))
	}
	u.op = opImmedPart
	if in.Invert {
		v = ^v
	}
	u.imm = v & u.mask
	return d.partOf(in.Dst, in, u, false)
}

func (d *decoder) mul(in *nfpisa.Instr, u *uop) bool {
	u.sub = uint8(in.Mul)
	if !in.NoCC {
		u.flags |= fCC
	}
	switch in.Step {
	case nfpisa.MulLast, nfpisa.MulLast2:
		u.op = opMulLast
		if in.Step == nfpisa.MulLast2 {
			u.op = opMulLast2
		}
		return d.dest(in.Dst, in.WrBoth, u)
	}
	u.op = opMulStep
	u.imm = uint32(in.Step)
	if in.Mul == nfpisa.MulStart {
		u.op = opMulStart
	}
	return d.operands(in, u)
}
