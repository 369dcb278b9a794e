package core

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
)

// fetch returns the sources of an instruction of which at least one is not in
// the flat register file.
func (c *Core) fetch(x *Context, u *uop, now uint64) (l, r uint64) {
	l, r = x.regs[u.l&slotMask], x.regs[u.r&slotMask]
	if u.lk != kFlat {
		l = c.load(x, u.lk, u.l, now)
	}
	if u.rk != kFlat {
		r = c.load(x, u.rk, u.r, now)
	}
	return l, r
}

func (c *Core) load(x *Context, kind uint8, idx uint16, now uint64) uint64 {
	switch kind {
	case kLM:
		w, ok := c.lmWord(x, idx, now)
		if !ok {
			return 0
		}
		return c.lm[w]
	case kXferIx:
		y, n := c.xferIndex(x, now)
		if y == nil {
			return 0
		}
		return y.regs[slotIn+n]
	}
	y, slot := c.absolute(idx)
	return y.regs[slot]
}

// store writes a result where the plain path cannot, and modifies index
// registers afterwards.
func (c *Core) store(x *Context, u *uop, w, now uint64) bool {
	switch {
	case u.dk == kLM:
		i, ok := c.lmWord(x, u.d, now)
		if !ok {
			return false
		}
		c.lm[i] = w
	case u.dk == kXferIx:
		y, n := c.xferIndex(x, now)
		if y == nil || !c.mayWriteOut(y, n) {
			x.fault = y.faultOr(x)
			return false
		}
		y.regs[slotOut+n] = w
	case u.dk == kAbs:
		y, slot := c.absolute(u.d)
		y.regs[slot] = w
	default:
		if u.flags&fXferOut != 0 && x.busy|x.owed.all != 0 && !c.mayWriteOut(x, u.d-slotOut) {
			return false
		}
		x.regs[u.d&slotMask] = w
		x.regs[u.d2&slotMask] = w
	}
	if u.flags&fPost != 0 {
		c.postModify(x, u)
	}
	return true
}

// faultOr returns x's own fault, or y's when y faulted for it.
func (y *Context) faultOr(x *Context) *Fault {
	if x.fault == nil && y != nil {
		f := y.fault
		if y != x {
			y.fault = nil
		}
		return f
	}
	return x.fault
}

// mayWriteOut faults when a command may still read transfer-out register n.
func (c *Core) mayWriteOut(x *Context, n uint16) bool {
	if (x.busy|x.owed.all)>>n&1 == 0 || c.cfg.Checks&CheckSignals == 0 {
		return true
	}
	c.fail(x, FaultSignal, "transfer-out register $xfer_%d is written while a command may still read it", n)
	return false
}

// lmWord returns the local-memory word that an operand names: the address in
// the index register with the offset ORed in.
func (c *Core) lmWord(x *Context, enc uint16, now uint64) (uint32, bool) {
	reg := &x.lm[enc>>4&3]
	addr := reg.addr
	if x.lmSet>>(enc>>4)&1 == 0 && c.undefined {
		c.fail(x, FaultUndefined, "*l$index%d is used, and nobody wrote ActLMAddr%d", enc>>4, enc>>4)
		return 0, false
	}
	if now < reg.ready {
		if c.cfg.Checks&CheckPointerLatency != 0 {
			c.fail(x, FaultPointerLatency, "*l$index%d is used %d cycles too soon after ActLMAddr%d was written", enc>>4, reg.ready-now, enc>>4)
			return 0, false
		}
		addr = reg.at(now)
	}
	w := (addr>>2 | uint32(enc&15)) & (lmWords - 1)
	if !x.owns(w) {
		c.fail(x, FaultLocalMemory, "*l$index%d[%d] is local-memory byte %d; the context's packet vector and stack are bytes %d to %d",
			enc>>4, enc&15, w*4, x.lmLo*4, (x.lmLo+x.lmLen)*4-1)
		return 0, false
	}
	return w, true
}

// xferIndex returns the transfer register that T_INDEX points at.
func (c *Core) xferIndex(x *Context, now uint64) (*Context, uint16) {
	abs := c.index(x, &x.tindex, now) >> 2 & 255
	if x.fault != nil {
		return nil, 0
	}
	return &c.ctx[abs/xfers], uint16(abs % xfers)
}

// absolute returns the place of an absolute general-purpose register.
func (c *Core) absolute(idx uint16) (*Context, uint16) {
	n := idx & 127
	slot := slotA + n%gprs
	if idx>>7 != 0 {
		slot = slotB + n%gprs
	}
	return &c.ctx[n/gprs], slot
}

// index returns the value of an index CSR that an instruction at cycle now
// uses.
func (c *Core) index(x *Context, reg *indexReg, now uint64) uint32 {
	if now < reg.ready {
		if c.cfg.Checks&CheckPointerLatency != 0 {
			c.fail(x, FaultPointerLatency, "an index CSR is used %d cycles too soon after it was written", reg.ready-now)
			return 0
		}
		return reg.at(now)
	}
	return reg.addr
}

// postModify moves index registers by a word.
func (c *Core) postModify(x *Context, u *uop) {
	for i := range x.lm {
		if u.post>>(postLMInc+i)&1 != 0 {
			x.lm[i].addr += 4
		}
		if u.post>>(postLMDec+i)&1 != 0 {
			x.lm[i].addr -= 4
		}
	}
	if u.post&postTInc != 0 {
		x.tindex.addr += 4
	}
	if u.post&postTDec != 0 {
		x.tindex.addr -= 4
	}
}

// fail ends the run with a fault; place adds where.
func (c *Core) fail(x *Context, kind FaultKind, format string, args ...any) {
	if x.fault == nil {
		x.fault = &Fault{Kind: kind, Word: -1, Insn: -1, Core: c.id, Context: int(x.slot), Reason: fmt.Sprintf(format, args...)}
	}
}

// hazard faults for a sequence that the core does not define, if that is
// checked, and reports whether it did.
func (c *Core) hazard(x *Context, why string) bool {
	if c.cfg.Checks&CheckHazards == 0 {
		return false
	}
	c.fail(x, FaultHazard, "%s", why)
	return true
}

func (c *Core) slotHazard(x *Context) bool {
	return c.hazard(x, "a branch or a context swap in a defer slot")
}

// undefinedUse faults for a use of unwritten bits.
func (c *Core) undefinedUse(x *Context, slot uint16, format string, args ...any) {
	what := ""
	switch {
	case slot < slotB:
		what = fmt.Sprintf(" (gprA_%d)", slot)
	case slot < slotIn:
		what = fmt.Sprintf(" (gprB_%d)", slot-slotB)
	case slot < slotOut:
		what = fmt.Sprintf(" ($xfer_%d)", slot-slotIn)
	}
	c.fail(x, FaultUndefined, "%s%s", fmt.Sprintf(format, args...), what)
}

// place fills in where a fault happened.
func (c *Core) place(x *Context, pc uint32, now uint64) {
	f := x.fault
	f.Cycle = now - x.start
	if c.code.ops[pc].op == opEnd {
		pc-- // the last word
	}
	if int(pc) >= c.code.words {
		return
	}
	f.Word, f.Addr = int(pc), c.code.start+uint16(pc)
	if in, err := nfpisa.Decode(c.code.raw[pc], c.code.mode); err == nil {
		f.Text = in.String()
	}
	if f.Line = c.code.img.LineOf(int(pc)); f.Line != nil {
		f.Insn = int(f.Line.Insn)
	}
}

// invalid faults for a word that cannot execute.
func (c *Core) invalid(x *Context, u *uop, pc uint32) {
	if u.op == opEnd {
		c.fail(x, FaultBadPC, "execution runs beyond the last word")
		return
	}
	why := c.code.reasons[int(pc)]
	c.fail(x, why.kind, "%s", why.text)
}

// number returns the hardware number of a context: with four contexts they are
// 0, 2, 4 and 6.
func (x *Context) number() uint8 { return 2 * x.slot }
