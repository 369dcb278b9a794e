package core

import "math/bits"

// arbitrate handles ctx_arb: it says what the context waits for.
func (c *Core) arbitrate(x *Context, u *uop, now uint64) bool {
	mask := uint16(u.imm)
	if mask == 0 {
		c.fail(x, FaultExit, "ctx_arb[kill] ends the context without an exit")
		return false
	}
	x.wait, x.waitAny = mask, u.sub != 0
	if mask == 1 {
		x.wait = 0 // voluntary: let the others run
	}
	x.swapCost = uint8(c.cfg.SwapSlots) - min(u.slots, uint8(c.cfg.SwapSlots))
	x.target = noTarget
	if u.shift != 0 {
		x.target = u.target
		if u.target == noTarget {
			c.fail(x, FaultBadPC, "ctx_arb resumes where there is no code")
			return false
		}
	}
	return true
}

// swap gives up the core: a command with defer slots takes its data now, and
// the time to go on is the arrival of the signals. It returns the time after
// the swap.
func (c *Core) swap(x *Context, now uint64) uint64 {
	if x.held != noCommand {
		k := &c.code.cmds[x.held]
		x.held = noCommand
		if !c.perform(x, k, &x.deferred) {
			return now
		}
	}
	now += uint64(x.swapCost)
	x.lost += uint64(x.swapCost)
	x.forget(c.blank)
	if x.wait == 0 {
		return c.fall(x, now, 0)
	}
	switch missing := x.wait &^ x.raised; {
	case missing != 0 && !x.waitAny:
		c.fail(x, FaultSignal, "the context waits for signal %d, which no command raises", bits.TrailingZeros16(missing))
		return now
	case missing == x.wait:
		c.fail(x, FaultSignal, "the context waits for signals %#x, which no command raises", x.wait)
		return now
	}
	x.asleep = now
	x.settle()
	c.switchedAt(x, SwitchSleep, now)
	return now
}

// fall puts a context to sleep at cycle now for a number of cycles.
func (c *Core) fall(x *Context, now, cycles uint64) uint64 {
	x.asleep, x.wake = now, now+cycles
	c.switchedAt(x, SwitchSleep, now)
	return now
}

// resume lets a sleeping context go on at cycle now or when it wakes, which is
// later. It takes the signals; with "any" the program takes them itself, by
// br_signal. It returns the time and the program counter.
func (c *Core) resume(x *Context, now uint64) (uint64, uint32) {
	now = max(now, x.wake)
	x.waited += x.wake - x.asleep
	x.lost += now - x.wake
	if !x.waitAny {
		for s := 1; x.wait>>s != 0; s++ {
			if x.wait>>s&1 != 0 {
				x.take(s)
			}
		}
	}
	x.wait = 0
	if x.target != noTarget {
		x.pc, x.target = x.target, noTarget
	}
	c.switchedAt(x, SwitchWake, now)
	return now, x.pc
}

// open reports whether it is not known yet if signals of a mask have arrived.
func (x *Context) open(mask uint16, now uint64) bool {
	for m := mask & x.unanswered & x.raised; m != 0; m &= m - 1 {
		if now >= x.arrival[bits.TrailingZeros16(m)] {
			return true
		}
	}
	return false
}

// takeSignal reports whether signal s has arrived, and takes it if so.
func (c *Core) takeSignal(x *Context, s uint32, now uint64) bool {
	if x.raised>>s&1 == 0 || now < x.arrival[s] {
		return false
	}
	x.take(int(s))
	return true
}

// take consumes a signal: its transfer registers are the program's again.
func (x *Context) take(s int) {
	x.raised &^= 1 << s
	if in := x.sigIn[s]; in != 0 {
		for m := in; m != 0; m &= m - 1 {
			n := bits.TrailingZeros64(m)
			x.regs[slotIn+n] = x.landing[n]
		}
		x.pending &^= in
		x.sigIn[s] = 0
	}
	x.busy &^= x.sigOut[s]
	x.sigOut[s] = 0
	x.owed.paid(s)
}
