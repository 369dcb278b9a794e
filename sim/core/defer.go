package core

// Asking is Work that costs the same whatever packet comes, and as much of the
// first turn when none comes.
type Asking interface {
	Work
	// Asks returns what it costs.
	Asks() Intake
}

// due is something that the core has left for later: a packet that has ended, or
// a context that asks for one.
type due struct {
	at   uint64 // when it was
	slot uint8
	end  bool
}

// Defer says that packets that end, and contexts that ask for one, may wait while
// the core goes on, up to the end of a window: SettleDue deals with them in the order
// of time. It reports whether the core can: what comes of it must be further ahead
// than a window.
func (c *Core) Defer(window uint64) bool {
	n := max(c.asks.Turns, 1)
	least := uint64(c.asks.First()) + uint64(c.asks.Wait-(n-1)*(c.asks.Wait/n))
	c.defers = least >= window && c.asks.Cost != Cost{}
	return c.defers
}

// NeverDefer takes Defer back.
func (c *Core) NeverDefer() { c.defers = false }

func (c *Core) deferEnd(x *Context) {
	if !x.leaving {
		x.ended = x.counts(c.now)
	}
	x.over, x.stop, x.live = true, c.stopped, false
	c.phase = phaseChoose
	c.hungry |= 1 << x.slot
	c.later(due{c.now, x.slot, true})
}

func (c *Core) deferFeed(x *Context) {
	c.hungry &^= 1 << x.slot
	c.later(due{c.now, x.slot, false})
	c.now = c.intake(x, &c.asks, c.now)
	x.live, x.asked, x.unsettled = true, true, true
}

func (c *Core) later(d due) {
	c.dues[c.waiting] = d
	c.waiting++
}

// Due returns when the first thing was that the core has left for later, or Never.
func (c *Core) Due() uint64 {
	if c.waiting == 0 {
		return Never
	}
	return c.dues[0].at
}

// SettleDue deals with the first thing that the core has left for later. All that
// comes before is done.
func (c *Core) SettleDue() {
	d := c.dues[0]
	c.waiting--
	copy(c.dues[:], c.dues[1:])
	x := &c.ctx[d.slot]
	ahead := c.now
	c.now = d.at // for those who are told
	if d.end {
		c.work.Ended(x, x.stop)
		x.over = false
		c.now = ahead
		return
	}
	wake := x.wake
	in, ok := c.work.Next(x)
	c.now = ahead
	x.live, x.asked, x.unsettled = ok, false, false
	x.running, x.wake = false, wake+in.Ahead
	c.stand()
}
