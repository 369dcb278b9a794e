package core

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
)

var condOps = [32]opcode{
	nfpisa.CondEQ: opBrEQ, nfpisa.CondNE: opBrNE, nfpisa.CondMI: opBrMI, nfpisa.CondPL: opBrPL,
	nfpisa.CondCS: opBrCS, nfpisa.CondCC: opBrCC, nfpisa.CondVS: opBrVS, nfpisa.CondVC: opBrVC,
	nfpisa.CondGE: opBrGE, nfpisa.CondLT: opBrLT, nfpisa.CondLE: opBrLE, nfpisa.CondGT: opBrGT,
	nfpisa.CondCtx: opBrCtx, nfpisa.CondNotCtx: opBrCtx,
	nfpisa.CondSignal: opBrSignal, nfpisa.CondNoSignal: opBrSignal, nfpisa.CondAlways: opBr,
}

// Slots that a branch can fill; what is not filled is lost when it is taken.
const (
	slotsAlways = 2 // unconditional branch
	slotsOther  = 3 // every other branch
)

// slots sets the defer slots and the bubble of a branch.
func (d *decoder) slots(u *uop, n, limit uint8) bool {
	if n > limit {
		d.bad(FaultInvalidWord, fmt.Sprintf("%d defer slots, at most %d are possible here", n, limit))
		return false
	}
	u.slots, u.bubble = n, limit-n
	return true
}

// goTo sets a fixed target. A target that is nowhere is a fault when the
// branch is taken.
func (d *decoder) goTo(u *uop, addr uint16) {
	i, ok := d.cd.index(uint32(addr))
	if !ok {
		i = noTarget
	}
	u.target = i
	u.imm = u.imm&0xffff | uint32(addr)<<16
}

const noTarget = 1<<32 - 1

func (d *decoder) branch(in *nfpisa.Instr, u *uop) bool {
	u.op = condOps[in.Cond&31]
	switch u.op {
	case opInvalid:
		d.unsupported("branch on a ring or next-neighbour state, because there are no rings here")
		return false
	case opBrCtx:
		u.sub = b2u(in.Cond == nfpisa.CondCtx)
	case opBrSignal:
		u.sub = b2u(in.Cond == nfpisa.CondSignal)
	}
	u.imm = uint32(in.Arg)
	d.goTo(u, in.Target)
	if u.op == opBr {
		return d.slots(u, in.Defer, slotsAlways)
	}
	return d.slots(u, in.Defer, slotsOther)
}

func (d *decoder) branchOnRegister(in *nfpisa.Instr, u *uop) bool {
	reg := in.A
	if reg.Kind == nfpisa.None || reg.Kind == nfpisa.Imm {
		reg = in.B
	}
	if !d.source(reg, &u.l, &u.lk, u) || !d.slots(u, in.Defer, slotsOther) {
		return false
	}
	u.imm = uint32(in.Imm)
	switch in.Class {
	case nfpisa.ClassBrBit:
		u.op = opBrBit
		u.sub = in.Arg & 31
		u.shift = b2u(in.Taken)
		d.goTo(u, in.Target)
	case nfpisa.ClassBrByte:
		u.op = opBrByte
		u.sub = in.Arg & 3
		u.shift = b2u(in.Taken)
		d.goTo(u, in.Target)
	default:
		u.op = opJump
	}
	return true
}

func (d *decoder) ctxArb(in *nfpisa.Instr, u *uop) bool {
	u.op = opCtxArb
	u.imm = uint32(in.SigMask)
	switch {
	case in.Break:
		d.unsupported("breakpoints")
		return false
	case in.NoLoad:
		d.unsupported("ctx_arb[--], because the signals would have to come from CtxWkpEvt")
		return false
	}
	u.sub = b2u(in.Any)
	if in.Resume {
		d.goTo(u, in.Target)
		u.imm = uint32(in.SigMask)
		u.shift = 1
	}
	if in.Defer > slotsAlways {
		d.bad(FaultInvalidWord, fmt.Sprintf("%d defer slots, at most %d are possible here", in.Defer, slotsAlways))
		return false
	}
	u.slots = in.Defer
	return true
}

func (d *decoder) localCSR(in *nfpisa.Instr, u *uop) bool {
	u.imm = uint32(in.CSR)
	if !in.Write {
		u.op = opCSRRead
		return true
	}
	u.op = opCSRWrite
	src := in.A
	if src.Kind == nfpisa.None || src.Kind == nfpisa.Imm && in.B.Kind != nfpisa.None && in.B.Kind != nfpisa.Imm {
		src = in.B
	}
	return d.source(src, &u.l, &u.lk, u)
}

func b2u(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
