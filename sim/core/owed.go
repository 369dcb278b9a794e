package core

import (
	"math/bits"

	"github.com/skipsw/skipsw/sim/mem"
)

// maxUnits is the number of memory units that owed tells apart; those from the
// last one on are never known to be done.
const maxUnits = 8

// owed says which transfer-out registers commands without a signal may still
// have to read. A unit serves the commands of a context in the order in which
// they were issued, so that such a command is done when the signal of a later
// one to the same unit is taken; nothing else tells.
type owed struct {
	all    uint64
	unit   [maxUnits]uint64
	covers [numSignals]struct { // by signal: what its command came behind
		unit mem.UnitID
		regs uint64
	}
}

// add notes registers of a command without a signal.
func (o *owed) add(unit mem.UnitID, regs uint64) {
	o.all |= regs
	o.unit[min(unit, maxUnits-1)] |= regs
	for s := range o.covers {
		if o.covers[s].unit == unit {
			o.covers[s].regs &^= regs
		}
	}
}

// before notes a command with a signal, which comes behind all of its unit.
func (o *owed) before(unit mem.UnitID, signal uint8) {
	if o.all == 0 || unit >= maxUnits-1 {
		return
	}
	o.covers[signal].unit, o.covers[signal].regs = unit, o.unit[unit]
}

// paid notes that a signal was taken.
func (o *owed) paid(signal int) {
	c := &o.covers[signal]
	if o.all == 0 || c.regs == 0 {
		return
	}
	o.unit[c.unit] &^= c.regs
	c.regs = 0
	o.all = 0
	for _, regs := range o.unit {
		o.all |= regs
	}
}

// first returns the lowest register of all.
func (o *owed) first() int { return bits.TrailingZeros64(o.all) }

// mayLeave faults when a program ends and leaves to nobody what it has to wait
// for: a signal, or commands that may still read its transfer registers.
func (c *Core) mayLeave(x *Context) bool {
	switch {
	case c.cfg.Checks&CheckSignals == 0:
	case x.raised != 0:
		c.fail(x, FaultSignal, "the program ends and has not waited for signal %d", bits.TrailingZeros16(x.raised))
		return false
	case x.owed.all != 0 && !c.cfg.WorkerWaits:
		c.fail(x, FaultSignal, "the program ends while a command may still read $xfer_%d", x.owed.first())
		return false
	}
	return true
}

// lingers reports whether a context whose program has ended, at cycle now, has
// writes under way that the worker waits for. It gives up the core until they are
// done. A context that is alone has nobody to leave the core to; its memory has
// done all already.
func (c *Core) lingers(x *Context, now uint64) bool {
	if !c.cfg.WorkerWaits || c.alone || x.leaving || x.loose == 0 && x.freeAt <= now {
		return false
	}
	x.ended, x.leaving = x.counts(now), true
	x.asleep = now
	x.linger()
	c.switchedAt(x, SwitchSleep, now)
	return true
}

// linger works out when the writes of a program that has ended are done.
func (x *Context) linger() {
	x.wake, x.unsettled = max(x.asleep, x.freeAt), x.loose > 0
}
