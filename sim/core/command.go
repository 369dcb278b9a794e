package core

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/sim/mem"
)

// command is a predecoded memory command.
type command struct {
	proto   mem.Command // what is known from the word
	bytes   bool        // length counts bytes, else words
	length  uint8       // units, 1..8
	xfer    uint8
	signal  uint8
	swap    bool // give up the core until the signal
	slots   uint8
	mode    nfpisa.CmdMode
	replace bool // fields are overridden from PREV_ALU
	index   int32
}

// noCommand is no index of a command.
const noCommand = -1

// Targets and actions of the command field.
const (
	unitMU         = 2 // bits 6:5 of the field
	actRead32      = 28
	actWrite32     = 31
	actWrite8      = 2
	actRead8       = 3
	actAtomicWrite = 4
	wideBit        = 4 // of the length field
)

// Data order tokens of the read32 and write32 family.
const (
	tokenPlain = 0
	tokenSwap  = 2
)

var atomicActions = map[uint8]mem.Op{5: mem.Set, 6: mem.Clear, 15: mem.Xor, 7: mem.Add, 8: mem.AddSat, 9: mem.Sub, 10: mem.SubSat}

// command predecodes a command.
func (d *decoder) command(in *nfpisa.Instr, u *uop) bool {
	cm := &in.Cmd
	if cm.Op>>5 != unitMU {
		d.unsupported("commands to units other than the memory unit, because no target's interface gives a program any other memory")
		return false
	}
	switch cm.Mode {
	case nfpisa.Mode40AB, nfpisa.Mode40BA, nfpisa.Mode32:
	default:
		d.unsupported("command address mode %d, because programs are made without it", cm.Mode)
		return false
	}
	k := command{
		length: cm.Len + 1, xfer: cm.Xfer, signal: cm.Signal,
		swap: cm.Ctx != nfpisa.CmdNoSwap, mode: cm.Mode, replace: cm.Indirect,
		index: int32(len(d.cd.cmds)),
	}
	if k.swap {
		k.slots = uint8(cm.Ctx)
	}
	if !d.memoryAction(cm, &k) {
		return false
	}
	if k.swap && k.signal == 0 {
		d.bad(FaultInvalidWord, "a context swap on signal 0 never ends")
		return false
	}
	if k.signal != 0 && d.grant.Signals>>k.signal&1 == 0 {
		d.bad(FaultGrant, fmt.Sprintf("signal %d is used, which is not the program's", k.signal))
		return false
	}
	u.op, u.imm = opCmd, uint32(len(d.cd.cmds))
	d.cd.cmds = append(d.cd.cmds, k)
	return d.source(in.A, &u.l, &u.lk, u) && d.source(in.B, &u.r, &u.rk, u)
}

// memoryAction sets what a command to the memory unit does.
func (d *decoder) memoryAction(cm *nfpisa.Cmd, k *command) bool {
	action, token, q := cm.Op&31, cm.Token, &k.proto
	if op, ok := atomicActions[action]; ok {
		q.Op, q.Test, q.Imm = op, token&1 != 0, token&2 != 0
		q.Wide = cm.Len&wideBit != 0 && action >= 7 && action <= 10
		k.length = 1
		if q.Wide {
			k.length = 2
		}
		if action < 7 || action > 10 {
			k.length = cm.Len + 1
		}
		return true
	}
	switch action {
	case actRead32, actWrite32:
		q.Op = mem.Read
		if action == actWrite32 {
			q.Op = mem.Write
		}
		q.Little = token == tokenSwap
		if token == tokenPlain || token == tokenSwap {
			return true
		}
	case actWrite8:
		q.Op, k.bytes, q.Little = mem.Write, true, token == tokenSwap
		if token == tokenPlain || token == tokenSwap {
			return true
		}
	case actRead8:
		switch token {
		case 0:
			q.Op = mem.AtomicRead
			return true
		case 1:
			q.Op, k.bytes = mem.Read, true
			return true
		}
	case actAtomicWrite:
		q.Op, q.Imm = mem.AtomicWrite, token&2 != 0
		if token&1 != 0 {
			q.Op = mem.Swap
			q.Test = true
		}
		return true
	}
	d.unsupported("memory command action %d token %d, because no source says how it orders its data", action, token)
	return false
}

// Fields of PREV_ALU in an indirect reference.
const (
	indSelect      = 7 << 3
	indSelectImm16 = 2 << 3
	indLength      = 1 << 7
	indLengthShift = 8
	indLengthMask  = 31
	indImmShift    = 16
	indImmed16     = 8 // in the length: the operand is the immediate
	indKnown       = indSelect | indLength | indLengthMask<<indLengthShift | 0xffff<<indImmShift
)
