package core

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/sim/mem"
)

// cmdOperands works out address, length and immediate of a command.
func (c *Core) cmdOperands(x *Context, k *command, a, b uint32, q *mem.Command) bool {
	var addr uint64
	switch k.mode {
	case nfpisa.Mode32:
		addr = uint64(a + b)
	case nfpisa.Mode40AB:
		addr = (uint64(a)<<8 + uint64(b)) & (1<<40 - 1)
	default:
		addr = (uint64(b)<<8 + uint64(a)) & (1<<40 - 1)
	}
	units := uint32(k.length)
	if k.replace {
		if x.prevALU>>32 != 0 {
			c.undefinedUse(x, slotSink, "indirect reference with a PREV_ALU that nobody wrote")
			return false
		}
		p := uint32(x.prevALU)
		sel := p & indSelect
		switch {
		case p&^uint32(indKnown) != 0, sel != 0 && sel != indSelectImm16, sel == indSelectImm16 != q.Imm:
			c.fail(x, FaultUnsupported, "not supported: indirect reference %s, because its override fields are not modelled", hex32(p))
			return false
		}
		if p&indLength != 0 {
			n := p >> indLengthShift & indLengthMask
			units = n + 1
			if q.Imm {
				if n&^uint32(wideBit) != indImmed16 {
					c.fail(x, FaultUnsupported, "not supported: length override %d of an atomic command with an immediate", n)
					return false
				}
				q.Wide = n&wideBit != 0
			}
		}
		q.Operand = uint64(p >> indImmShift)
	} else if q.Imm {
		c.fail(x, FaultUnsupported, "not supported: immediate operand without an indirect reference, because no source says where it is taken from")
		return false
	}
	switch {
	case q.Imm && q.Wide:
		q.Bytes = 8
	case q.Imm:
		q.Bytes = 4
	case k.proto.Wide:
		q.Bytes = 8
	case k.bytes:
		q.Bytes = units
	default:
		q.Bytes = 4 * units
	}
	end := int(q.Bytes+3)/4 + int(k.xfer)
	if end > xfers {
		c.fail(x, FaultHazard, "the command uses transfer registers $xfer_%d to $xfer_%d; a context has %d", k.xfer, end-1, xfers)
		return false
	}
	if g := &c.code.grant; end > g.XferIn && q.Returns() || end > g.XferOut && q.Takes() {
		c.fail(x, FaultGrant, "the command uses transfer registers $xfer_%d to $xfer_%d, which are not all the program's", k.xfer, end-1)
		return false
	}
	q.Address = addr
	return true
}

// issue sends a command to its memory unit.
func (c *Core) issue(x *Context, k *command, a, b uint32, now uint64) bool {
	q := &x.access
	if k.swap && k.slots != 0 {
		q = &x.deferred
	}
	*q = k.proto
	q.Arrival = now
	if !c.cmdOperands(x, k, a, b, q) {
		return false
	}
	if k.signal != 0 && x.raised>>k.signal&1 != 0 && c.cfg.Checks&CheckSignals != 0 {
		c.fail(x, FaultSignal, "signal %d is used for a command while it is still in use", k.signal)
		return false
	}
	if !k.swap {
		return c.perform(x, k, q)
	}
	x.wait, x.waitAny = 1<<k.signal, false
	x.swapLeft = uint32(k.slots) + 1
	x.swapCost = uint8(c.cfg.SwapSlots) - min(k.slots, uint8(c.cfg.SwapSlots))
	if k.slots == 0 {
		return c.perform(x, k, q)
	}
	x.held = k.index
	return true
}

// perform hands a command to its unit. The transfer registers belong to it
// until its signal is taken.
func (c *Core) perform(x *Context, k *command, q *mem.Command) bool {
	if !c.resolve(x, q) {
		return false
	}
	words := uint64(1)<<((q.Bytes+3)/4) - 1
	words <<= k.xfer
	reads, writes := q.Returns(), q.Takes()
	if writes && !c.readable(x, k, q) {
		return false
	}
	posted := reads && !k.swap && c.cfg.Checks&CheckSignals != 0
	if posted && (x.pending&words != 0 || k.signal == 0) {
		c.fail(x, FaultSignal, "a read into $xfer_%d that no signal tells the end of, or into registers that are still being filled", k.xfer)
		return false
	}
	if q.Op > mem.Write && (q.Address&3 != 0 || q.Wide && q.Address&7 != 0) {
		c.fail(x, FaultHazard, "atomic command on address %#x, which is not aligned", q.Address)
		return false
	}
	var done uint64
	// Other contexts could see the registers before the signal.
	hold := posted || reads && k.swap && !c.alone
	q.Ticket.Register, q.Ticket.Held = k.xfer, hold
	if c.queued {
		q.Ticket.Source, q.Ticket.Context, q.Ticket.Signal = uint16(c.id), x.slot, k.signal
		done = c.mem.Post(q, x.regs[slotOut+int(k.xfer):])
		x.unanswered |= 1 << k.signal
		if k.signal == 0 {
			if writes {
				x.loose++
			}
			x.swapLeft |= pauseNext
		}
	} else {
		in := x.into(q)
		done = c.mem.Do(q, x.regs[slotOut+int(k.xfer):], in)
		if q.Op == mem.Read && c.undefined {
			marks(q, in)
		}
	}
	if posted {
		x.pending |= words
		for n := uint32(0); n < (q.Bytes+3)/4; n++ {
			r := &x.regs[slotIn+uint32(k.xfer)+n]
			*r = undefAll | uint64(uint32(*r))
		}
	}
	x.commands++
	if !q.Op.Reads() {
		x.settled = max(x.settled, done)
	}
	if k.signal == 0 {
		if writes {
			x.freeAt = max(x.freeAt, done)
			x.owed.add(q.Region.Unit, words)
		}
		return true
	}
	x.owed.before(q.Region.Unit, k.signal)
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

// into returns the words that a command's reply fills.
func (x *Context) into(q *mem.Command) []uint64 {
	if q.Ticket.Held {
		return x.landing[q.Ticket.Register:]
	}
	return x.regs[slotIn+int(q.Ticket.Register):]
}

// marks marks what a read delivers and nobody wrote: the end of a word that is
// filled in part, and bytes that are not the requester's.
func marks(q *mem.Command, in []uint64) {
	lo, hi := q.Ticket.Lo, q.Ticket.Hi
	if rest := q.Bytes & 3; rest != 0 {
		in[q.Bytes/4] |= undefAll >> (8 * rest) & undefAll
	}
	if lo == 0 && hi == q.Bytes {
		return
	}
	for i := range q.Bytes {
		if i >= lo && i < hi {
			continue
		}
		s := 24 - 8*(i&3)
		if q.Little {
			s = 8 * (i & 3)
		}
		in[i/4] |= 0xff << (32 + s)
	}
}

// readable faults when transfer-out registers hold unwritten bits among the
// bytes that a command takes.
func (c *Core) readable(x *Context, k *command, q *mem.Command) bool {
	if !c.undefined {
		return true
	}
	for i := uint32(0); i < q.Bytes; i += 4 {
		m := uint32(x.regs[slotOut+uint32(k.xfer)+i/4] >> 32)
		if rest := q.Bytes - i; rest < 4 {
			if q.Little {
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
