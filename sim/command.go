package sim

import (
	"github.com/skipsw/skipsw/nfpisa"
)

// cmdKind is what a command does to memory.
type cmdKind uint8

const (
	cmdRead cmdKind = iota
	cmdWrite
	cmdAtomicRead
	cmdAtomicWrite
	cmdSwap
	cmdSet
	cmdClr
	cmdXor
	cmdAdd
	cmdAddSat
	cmdSub
	cmdSubSat
)

// command is a predecoded memory command.
type command struct {
	kind    cmdKind
	test    bool  // the value before goes to transfer-in
	imm     bool  // the operand is an immediate from PREV_ALU
	wide    bool  // 64-bit operand
	little  bool  // first byte of memory is the least significant of a word
	bytes   bool  // length counts bytes, else words
	length  uint8 // units, 1..8
	xfer    uint8
	signal  uint8
	swap    bool // give up the core until the signal
	slots   uint8
	mode    nfpisa.CmdMode
	replace bool // fields are overridden from PREV_ALU
}

// access is a command with its operands known.
type access struct {
	addr   uint64
	n      uint32 // bytes
	imm    uint64
	wide   bool
	issued uint64 // cycle
}

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

var atomicActions = map[uint8]cmdKind{5: cmdSet, 6: cmdClr, 15: cmdXor, 7: cmdAdd, 8: cmdAddSat, 9: cmdSub, 10: cmdSubSat}

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
	u.op, u.imm = opCmd, uint32(len(d.cd.cmds))
	d.cd.cmds = append(d.cd.cmds, k)
	return d.source(in.A, &u.l, &u.lk, u) && d.source(in.B, &u.r, &u.rk, u)
}

// memoryAction sets what a command to the memory unit does.
func (d *decoder) memoryAction(cm *nfpisa.Cmd, k *command) bool {
	action, token := cm.Op&31, cm.Token
	if kind, ok := atomicActions[action]; ok {
		k.kind, k.test, k.imm = kind, token&1 != 0, token&2 != 0
		k.wide = cm.Len&wideBit != 0 && action >= 7 && action <= 10
		k.length = 1
		if k.wide {
			k.length = 2
		}
		if action < 7 || action > 10 {
			k.length = cm.Len + 1
		}
		return true
	}
	switch action {
	case actRead32, actWrite32:
		k.kind = cmdRead
		if action == actWrite32 {
			k.kind = cmdWrite
		}
		k.little = token == tokenSwap
		if token == tokenPlain || token == tokenSwap {
			return true
		}
	case actWrite8:
		k.kind, k.bytes, k.little = cmdWrite, true, token == tokenSwap
		if token == tokenPlain || token == tokenSwap {
			return true
		}
	case actRead8:
		switch token {
		case 0:
			k.kind = cmdAtomicRead
			return true
		case 1:
			k.kind, k.bytes = cmdRead, true
			return true
		}
	case actAtomicWrite:
		k.kind, k.imm = cmdAtomicWrite, token&2 != 0
		if token&1 != 0 {
			k.kind = cmdSwap
			k.test = true
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

// operands works out address, length and immediate of a command.
func (c *core) cmdOperands(x *context, k *command, a, b uint32, now uint64) (access, bool) {
	q := access{wide: k.wide, issued: now}
	switch k.mode {
	case nfpisa.Mode32:
		q.addr = uint64(a + b)
	case nfpisa.Mode40AB:
		q.addr = (uint64(a)<<8 + uint64(b)) & (1<<40 - 1)
	default:
		q.addr = (uint64(b)<<8 + uint64(a)) & (1<<40 - 1)
	}
	units := uint32(k.length)
	if k.replace {
		if x.prevALU>>32 != 0 {
			c.undefinedUse(x, slotSink, "indirect reference with a PREV_ALU that nobody wrote")
			return q, false
		}
		p := uint32(x.prevALU)
		sel := p & indSelect
		switch {
		case p&^uint32(indKnown) != 0, sel != 0 && sel != indSelectImm16, sel == indSelectImm16 != k.imm:
			c.fail(x, FaultUnsupported, "not supported: indirect reference %s, because its override fields are not modelled", hex32(p))
			return q, false
		}
		if p&indLength != 0 {
			n := p >> indLengthShift & indLengthMask
			units = n + 1
			if k.imm {
				if n&^uint32(wideBit) != indImmed16 {
					c.fail(x, FaultUnsupported, "not supported: length override %d of an atomic command with an immediate", n)
					return q, false
				}
				q.wide = n&wideBit != 0
			}
		}
		q.imm = uint64(p >> indImmShift)
	} else if k.imm {
		c.fail(x, FaultUnsupported, "not supported: immediate operand without an indirect reference, because no source says where it is taken from")
		return q, false
	}
	switch {
	case k.imm && q.wide:
		q.n = 8
	case k.imm:
		q.n = 4
	case k.wide:
		q.n = 8
	case k.bytes:
		q.n = units
	default:
		q.n = 4 * units
	}
	if (q.n+3)/4+uint32(k.xfer) > xfers {
		c.fail(x, FaultHazard, "the command uses %d transfer registers from $xfer_%d on; a context has %d", (q.n+3)/4, k.xfer, xfers)
		return q, false
	}
	return q, true
}

// issue sends a command to its memory unit.
func (c *core) issue(x *context, k *command, a, b uint32, now uint64) bool {
	q, ok := c.cmdOperands(x, k, a, b, now)
	if !ok {
		return false
	}
	if k.signal != 0 && x.raised>>k.signal&1 != 0 && c.spec.Checks&CheckSignals != 0 {
		c.fail(x, FaultSignal, "signal %d is used for a command while it is still in use", k.signal)
		return false
	}
	if !k.swap {
		return c.perform(x, k, &q)
	}
	x.wait, x.waitAny = 1<<k.signal, false
	x.swapLeft = uint32(k.slots) + 1
	x.swapCost = uint8(c.spec.SwapSlots) - min(k.slots, uint8(c.spec.SwapSlots))
	if k.slots == 0 {
		return c.perform(x, k, &q)
	}
	x.deferred, x.access = k, q
	return true
}

// perform carries a command out and raises its signal at the time it comes.
// Memory changes at once and in the order of commands; the transfer registers
// belong to the command until its signal is taken.
func (c *core) perform(x *context, k *command, q *access) bool {
	p, unit, ok := c.resolve(x, q.addr, q.n, k.kind != cmdRead && k.kind != cmdAtomicRead)
	if !ok {
		return false
	}
	words := uint64(1)<<((q.n+3)/4) - 1
	words <<= k.xfer
	reads := k.kind == cmdRead || k.kind == cmdAtomicRead || k.test
	writes := k.kind != cmdRead && k.kind != cmdAtomicRead && !k.imm
	if writes && !c.readable(x, k, q.n) {
		return false
	}
	strict := c.spec.Checks&CheckSignals != 0
	hold := strict && !k.swap && reads
	if hold && (x.pending&words != 0 || k.signal == 0) {
		c.fail(x, FaultSignal, "a read into $xfer_%d that no signal tells the end of, or into registers that are still being filled", k.xfer)
		return false
	}
	switch k.kind {
	case cmdRead:
		c.loadWords(x, k, q, p, hold)
	case cmdWrite:
		x.storeWords(k, q.n, p)
	default:
		if q.addr&3 != 0 || q.wide && q.addr&7 != 0 {
			c.fail(x, FaultHazard, "atomic command on address %#x, which is not aligned", q.addr)
			return false
		}
		c.atomic(x, k, q, p, hold)
	}
	if hold {
		x.pending |= words
		for n := uint32(0); n < (q.n+3)/4; n++ {
			r := &x.regs[slotIn+uint32(k.xfer)+n]
			*r = undefAll | uint64(uint32(*r))
		}
	}
	x.commands++
	done := c.mem.access(unit, q.issued, k.kind, q.n, c.spec)
	if k.signal == 0 {
		if writes && done > x.freeAt {
			x.freeAt = done
		}
		if writes {
			x.quiet |= words
		}
		return true
	}
	x.raised |= 1 << k.signal
	x.arrival[k.signal] = done
	x.sigIn[k.signal], x.sigOut[k.signal] = 0, 0
	if hold {
		x.sigIn[k.signal] = words
	}
	if writes && !k.swap {
		x.sigOut[k.signal] = words
		x.busy |= words
	}
	return true
}

// readable faults when transfer-out registers hold unwritten bits among the
// bytes that a command takes.
func (c *core) readable(x *context, k *command, n uint32) bool {
	if !c.undefined {
		return true
	}
	for i := uint32(0); i < n; i += 4 {
		m := uint32(x.regs[slotOut+uint32(k.xfer)+i/4] >> 32)
		if rest := n - i; rest < 4 {
			if k.little {
				m &= 1<<(8*rest) - 1
			} else {
				m &= ^uint32(0) << (32 - 8*rest)
			}
		}
		if m != 0 {
			c.fail(x, FaultUndefined, "a command writes $xfer_%d to memory, and nobody wrote bits %#x of it", uint32(k.xfer)+i/4, m)
			return false
		}
	}
	return true
}
