package sim

// arbitrate handles ctx_arb: it says what the context waits for.
func (c *core) arbitrate(x *context, u *uop, now uint64) bool {
	mask := uint16(u.imm)
	if mask == 0 {
		c.fail(x, FaultExit, "ctx_arb[kill] ends the context without an exit")
		return false
	}
	x.wait, x.waitAny = mask, u.sub != 0
	if mask == 1 {
		x.wait = 0 // voluntary: let the others run
	}
	x.swapCost = uint8(c.spec.SwapSlots) - min(u.slots, uint8(c.spec.SwapSlots))
	x.resume = noTarget
	if u.shift != 0 {
		x.resume = u.target
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
func (c *core) swap(x *context, now uint64) uint64 {
	if k := x.deferred; k != nil {
		x.deferred = nil
		if !c.perform(x, k, &x.access) {
			return now
		}
	}
	now += uint64(x.swapCost)
	x.lost += uint64(x.swapCost)
	x.wake = now
	x.forget(c.undefined)
	if x.wait == 0 {
		return now
	}
	first, last := ^uint64(0), uint64(0)
	for s := range x.arrival {
		if x.wait>>s&1 == 0 {
			continue
		}
		if x.raised>>s&1 == 0 {
			if x.waitAny {
				continue
			}
			c.fail(x, FaultSignal, "the context waits for signal %d, which no command raises", s)
			return now
		}
		first, last = min(first, x.arrival[s]), max(last, x.arrival[s])
	}
	if x.waitAny {
		if last = first; last == ^uint64(0) {
			c.fail(x, FaultSignal, "the context waits for signals %#x, which no command raises", x.wait)
			return now
		}
	}
	x.wake = max(now, last)
	return now
}

// wakeUp lets the context go on: it advances time to the arrival of what it
// waits for and takes the signals. With "any" the program takes them itself,
// by br_signal.
func (c *core) wakeUp(x *context, now uint64) uint64 {
	if x.wake > now {
		x.waited += x.wake - now
		now = x.wake
	}
	if !x.waitAny {
		for s := 1; x.wait>>s != 0; s++ {
			if x.wait>>s&1 != 0 {
				x.take(s)
			}
		}
	}
	x.wait = 0
	if x.resume != noTarget {
		x.pc, x.resume = x.resume, noTarget
	}
	return now
}

// takeSignal reports whether signal s has arrived, and takes it if so.
func (c *core) takeSignal(x *context, s uint32, now uint64) bool {
	if x.raised>>s&1 == 0 || now < x.arrival[s] {
		return false
	}
	x.take(int(s))
	return true
}

// take consumes a signal: its transfer registers are the program's again.
func (x *context) take(s int) {
	x.raised &^= 1 << s
	if in := x.sigIn[s]; in != 0 {
		for n := range x.landing {
			if in>>n&1 != 0 {
				x.regs[slotIn+n] = x.landing[n]
			}
		}
		x.pending &^= in
		x.sigIn[s] = 0
	}
	x.busy &^= x.sigOut[s]
	x.sigOut[s] = 0
}
