package core

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/mem"
)

// The methods below are for those who enter contexts, execute routines for them
// and take their results.

// Core returns the core that the context belongs to.
func (x *Context) Core() *Core { return x.core }

// Slot returns the context's number on its core, 0..3.
func (x *Context) Slot() int { return int(x.slot) }

// Now returns the cycle of what Work is told of the context.
func (x *Context) Now() uint64 { return x.told }

// Fault returns why the context stopped, or nil.
func (x *Context) Fault() *Fault { return x.fault }

// Fail ends the context with a fault; the first one stays.
func (x *Context) Fail(kind FaultKind, format string, args ...any) {
	x.core.fail(x, kind, format, args...)
}

// Local is a context's local memory, in bytes: where it begins, where in it the
// packet vector and the stack are, and how much of them is the context's own.
type Local struct {
	Base                uint32
	Vector, VectorBytes uint32
	Stack, StackBytes   uint32
}

// Enter prepares the context for a packet: its first word, and the local memory
// that is its own. No register and no word of local memory is written then.
func (x *Context) Enter(word uint32, l *Local) {
	c := x.core
	x.reset()
	x.pc = word
	x.vector = (l.Base + l.Vector) / 4
	lo, hi := min(l.Vector, l.Stack), max(l.Vector+l.VectorBytes, l.Stack+l.StackBytes)
	end, next := l.Vector+l.VectorBytes, l.Stack
	if l.Stack < l.Vector {
		end, next = l.Stack+l.StackBytes, l.Vector
	}
	x.lmLo, x.lmLen = (l.Base+lo)/4, (hi-lo+3)/4
	x.gapLo, x.gapLen = 0, 0
	if gap := (end + 3) / 4; gap < next/4 && c.cfg.Checks&CheckLocalMemory != 0 {
		x.gapLo, x.gapLen = l.Base/4+gap, next/4-gap
	}
	for lm := c.lm[x.lmLo : x.lmLo+x.lmLen]; len(lm) > 0; {
		lm = lm[copy(lm, c.blanks[:]):]
	}
}

// owns reports whether a word of local memory is the context's own.
func (x *Context) owns(w uint32) bool { return w-x.lmLo < x.lmLen && w-x.gapLo >= x.gapLen }

// Fill puts a packet into the context's buffer, off bytes from its beginning,
// and zeros around it. It returns the packet's address.
func (x *Context) Fill(packet []byte, off uint32) uint64 {
	if x.buf.Data == nil {
		x.buf.Data = make([]byte, x.core.cfg.PacketBuffer)
	}
	buf := x.buf.Data
	end := off + uint32(copy(buf[off:], packet))
	clear(buf[:off])
	clear(buf[end:max(end, x.dirty)])
	x.dirty = end
	return x.buf.Base + uint64(off)
}

// Beside returns what the firmware keeps beside the packet, which is zeros behind
// Fill. What is written there is gone with the next packet.
func (x *Context) Beside() []byte {
	v := &x.core.cfg.View
	x.dirty = max(x.dirty, v.BesideHigh)
	return x.buf.Data[v.BesideLow:v.BesideHigh]
}

// FillRest puts the part of a packet that the buffer has no room for behind it.
func (x *Context) FillRest(packet []byte) {
	if x.rest.Data == nil {
		x.rest.Data = make([]byte, x.rest.Size)
	}
	copy(x.rest.Data, packet)
}

// Rest returns the n bytes of the packet behind the buffer; false when there is no
// room for as many.
func (x *Context) Rest(n uint64) ([]byte, bool) {
	if n > 0 && (x.rest == nil || n > uint64(len(x.rest.Data))) {
		return nil, false
	}
	if n == 0 {
		return nil, true
	}
	return x.rest.Data[:n:n], true
}

// Packet returns n bytes of the buffer from address addr on; false when they
// are not inside it.
func (x *Context) Packet(addr, n uint64) ([]byte, bool) {
	off := addr - x.buf.Base
	if size := uint64(len(x.buf.Data)); off > size || n > size-off {
		return nil, false
	}
	return x.buf.Data[off : off+n : off+n], true
}

// Frame returns the packet as the packet vector says.
func (x *Context) Frame() []byte {
	lo, hi := x.PacketBounds()
	return x.buf.Data[lo:hi]
}

func slotOf(r target.Reg) uint16 {
	slot := slotA + uint16(r.Num)%gprs
	if r.Bank == nfpisa.BankB {
		slot += slotB - slotA
	}
	return slot
}

// Reg returns a general-purpose register and the bits of it that nobody wrote.
func (x *Context) Reg(r target.Reg) (v, unwritten uint32) {
	w := x.regs[slotOf(r)]
	return uint32(w), uint32(w >> 32)
}

// Arg returns a register that a routine or an exit needs whole. It fails the
// context when there are bits in it that nobody wrote; what names it.
func (x *Context) Arg(r target.Reg, what string) (uint32, bool) {
	v, unwritten := x.Reg(r)
	if unwritten != 0 {
		x.core.undefinedUse(x, slotOf(r), "%s", what)
		return 0, false
	}
	return v, true
}

// SetReg writes a general-purpose register.
func (x *Context) SetReg(r target.Reg, v uint32) { x.regs[slotOf(r)] = uint64(v) }

// Pointer returns index register i, ActLMAddr0 to ActLMAddr3, and whether
// somebody wrote it.
func (x *Context) Pointer(i int) (addr uint32, written bool) {
	return x.lm[i&3].addr, x.lmSet>>(i&3)&1 != 0 || !x.core.undefined
}

// SetPointer writes index register i, which can be used at once.
func (x *Context) SetPointer(i int, addr uint32) {
	x.lm[i&3].addr = addr &^ 3
	x.lmSet |= 1 << (i & 3)
}

// SetVector writes bits of a word of the packet vector and leaves the others.
func (x *Context) SetVector(word int, bits, v uint32) {
	w := &x.core.lm[int(x.vector)+word]
	*w = *w&^(uint64(bits)<<32|uint64(bits)) | uint64(v&bits)
}

// Vector returns a word of the packet vector and the bits of it that nobody
// wrote.
func (x *Context) Vector(word int) (v, unwritten uint32) {
	w := x.core.lm[int(x.vector)+word]
	return uint32(w), uint32(w >> 32)
}

// LocalBytes copies bytes of local memory from byte address addr on; a word's
// first byte is its least significant. It fails the context for what is not its
// own or was written by nobody; what names it.
func (x *Context) LocalBytes(dst []byte, addr uint32, what string) bool {
	c := x.core
	for i := range dst {
		a := addr + uint32(i)
		w := a >> 2 & (lmWords - 1)
		if !x.owns(w) {
			c.fail(x, FaultLocalMemory, "%s of a firmware routine reaches local-memory byte %d, outside the context's packet vector and stack", what, a)
			return false
		}
		v := c.lm[w]
		if v>>32>>(8*(a&3))&0xff != 0 {
			c.fail(x, FaultUndefined, "byte %d of %s of a firmware routine was written by nobody", i, what)
			return false
		}
		dst[i] = byte(v >> (8 * (a & 3)))
	}
	return true
}

// Lose loses what a routine may lose of the context: the registers of both
// banks whose bit is not set in keep, transfer registers that no command fills,
// the index registers whose bit is not set in keepIndexes, flags and what lives
// between neighbouring instructions.
func (x *Context) Lose(keep uint32, keepIndexes uint8) {
	c := x.core
	v := c.blank
	if c.undefined {
		x.cc, x.cv = v, flagUndef
		x.lmSet &= keepIndexes
	}
	for r := range gprs {
		if keep>>r&1 == 0 {
			x.regs[slotA+r], x.regs[slotB+r] = v, v
		}
	}
	for r := range xfers {
		if x.pending>>r&1 == 0 {
			x.regs[slotIn+r] = v
		}
		x.regs[slotOut+r] = v
	}
	x.forget(v)
}

// MemoryBytes copies memory from an address on, as a command of the context
// would reach it; the context fails where that would.
func (x *Context) MemoryBytes(dst []byte, addr uint64) bool {
	q := mem.Command{Op: mem.Read, Address: addr, Bytes: uint32(len(dst))}
	if !x.core.resolve(x, &q) {
		return false
	}
	copy(dst, q.Region.Data[q.Offset:])
	return true
}

// Checked reports whether a rule is on.
func (x *Context) Checked(rule Checks) bool { return x.core.cfg.Checks&rule != 0 }

// Counts is what a packet has cost so far.
type Counts struct {
	Cycles       uint64 // from the first instruction
	Instructions uint64
	Commands     uint64 // memory commands
	MemWait      uint64 // cycles in which the context waited for a signal
	// Settled is when memory had done all that the program changed, as far as
	// that is known when it ends; at least Cycles.
	Settled uint64
}

// End ends the context's packet and returns its counts.
func (x *Context) End() Counts {
	x.core.switchedAt(x, SwitchEnd, x.told)
	n := x.ended
	if !x.leaving && !x.over {
		n = x.counts(x.told)
	}
	n.Settled = max(x.start+n.Cycles, x.settled) - x.start
	return n
}

// counts returns what the packet has cost until cycle now.
func (x *Context) counts(now uint64) Counts {
	n := Counts{Cycles: now - x.start, Commands: x.commands, MemWait: x.waited}
	n.Instructions = n.Cycles - x.waited - x.lost
	return n
}
