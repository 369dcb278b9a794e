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
	c.defers = c.sleeps() >= window && c.asks.Cost != Cost{}
	return c.defers
}

// sleeps returns for how many cycles at least a context sleeps that asks for a packet.
func (c *Core) sleeps() uint64 {
	n := max(c.asks.Turns, 1)
	return uint64(c.asks.First()) + uint64(c.asks.Wait-(n-1)*(c.asks.Wait/n))
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
	c.settle(d)
	c.stand()
}

// settle deals with something that was left for later. It touches the context and
// nothing else of the core.
func (c *Core) settle(d due) {
	x := &c.ctx[d.slot]
	x.told = d.at
	if d.end {
		c.work.Ended(x, x.stop)
		x.over = false
		return
	}
	wake := x.wake
	in, ok := c.work.Next(x)
	x.live, x.asked, x.unsettled = ok, false, false
	x.running, x.wake = false, wake+in.Ahead
}

// Left is something that a core has left for later, apart from the core.
type Left struct {
	At   uint64 // when it was
	Core int
	due  due
}

// HandOver adds what the core has left for later to a list, at the end of a window with
// a number. The contexts that it is about are not the core's until the end of the next
// window: it goes on without them.
func (c *Core) HandOver(to []Left, number uint64) []Left {
	c.away = 0
	for _, d := range c.dues[:c.waiting] {
		to = append(to, Left{d.at, c.id, d})
		c.away |= 1 << d.slot
	}
	c.waiting = 0
	c.rests[number%2] = c.away
	return to
}

// Back gives the core all its contexts.
func (c *Core) Back() { c.away = 0 }

// Rests implements mem.Requester.
func (c *Core) Rests(context uint8, number uint64) bool { return c.rests[number%2]>>context&1 != 0 }

// Settle deals with something that the core has left for later. All that comes before
// is done. The core may be at work meanwhile, on its other contexts.
func (c *Core) Settle(l *Left) { c.settle(l.due) }

// Asleep returns for how many cycles at least a context sleeps that asks for a packet; 0
// if that is not known, or if the code calls routines outside of it.
func (c *Core) Asleep() uint64 {
	if c.code.calls() {
		return 0
	}
	return c.sleeps()
}
