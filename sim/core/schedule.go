package core

import (
	"math/bits"

	"github.com/skipsw/skipsw/sim/mem"
)

// Work gives packets to the contexts of a core and takes them back.
type Work interface {
	// Next enters a packet in an idle context. It returns what taking it in
	// costs; false means that there is no packet.
	Next(x *Context) (Intake, bool)
	// Ended takes a packet back whose context has stopped.
	Ended(x *Context, s Stop)
}

// Intake is what it costs to take a packet in.
type Intake struct {
	Cost
	// Turns is how often the context has the core for it: between them it gives up
	// the core for its part of the time asleep. 0 is once, as 1.
	Turns uint32
	// Ahead is how many cycles after the first turn the packet is there.
	Ahead uint64
}

// First returns the cycles of the first turn.
func (in *Intake) First() uint32 {
	n := max(in.Turns, 1)
	return in.Busy - (n-1)*(in.Busy/n)
}

// turns is what is left of taking a packet in.
type turns struct {
	left       uint32
	busy, wait uint32 // of each
}

// phase is what a core does.
type phase uint8

const (
	phaseChoose phase = iota // no context has the core
	phaseRun                 // the last one has it, in the middle of its work
	phaseEnd                 // the last one has stopped, and nobody knows yet
)

// schedule is the state of a core that runs all its contexts.
type schedule struct {
	phase   phase
	last    uint8 // context that had the core last
	hungry  uint8 // contexts that want a packet
	stopped Stop
	again   bool                                   // the instruction at the program counter was seen before
	idle    uint64                                 // cycles in which every context waited
	waits   [recentWaits]struct{ from, to uint64 } // the last of them, a ring
	waited  uint8
	// turn is the first cycle in which this core may not do yet what others could
	// notice at once.
	turn uint64
	// away are contexts that others deal with, see HandOver.
	away uint8

	// What the core has left for later, in the order of time.
	dues    [2 * Contexts]due
	waiting uint8
}

// recentWaits is how many waits a core knows of. It is ahead of others by no more
// of them, which is MaxAhead cycles: each ends in another cycle.
const recentWaits = MaxAhead + 32

// MaxAhead is how many cycles a core may be ahead of others, apart from a context that
// does not give it up.
const MaxAhead = 160

// Never is a cycle that does not come.
const Never = ^uint64(0)

// Start gives the core work: every context wants a packet, now. A context takes
// the next packet as soon as it has ended one, and while it waits for memory
// another runs.
//
// The contexts take turns: one that gives up the core is followed by the next
// ready one in the order of their numbers, as the arbiter of the core does.
func (c *Core) Start(w Work) {
	c.work, c.asks = w, Intake{}
	if a, ok := w.(Asking); ok {
		c.asks = a.Asks()
	}
	c.schedule = schedule{last: Contexts - 1, hungry: 1<<Contexts - 1}
	c.rests = [2]uint8{}
}

// RunAll works until there is nothing left to do, on a core that has its memory
// for itself. It returns the cycles in which every context waited.
func (c *Core) RunAll(w Work) (idle uint64) {
	c.Start(w)
	c.Advance(Never, Never)
	return c.idle
}

// Bound returns the earliest cycle in which the core can do anything that
// others notice, or Never when it has nothing to do.
func (c *Core) Bound() uint64 {
	if c.phase != phaseChoose || c.hungry != 0 {
		if x := &c.ctx[c.last]; c.phase == phaseRun && x.held != noCommand {
			return min(c.now, x.deferred.Arrival)
		}
		return c.now
	}
	b := uint64(Never)
	for i := range c.ctx {
		if c.away>>i&1 != 0 {
			continue
		}
		if x := &c.ctx[i]; x.live {
			b = min(b, max(c.now, x.wake))
		}
	}
	return b
}

// Advance works until the core has nothing to do before cycle until, or has to
// know what others do first: what they could notice at once, packets that begin or
// end and routines, it does before cycle turn only. Contexts are not pre-empted, so
// that the clock can end later.
func (c *Core) Advance(until, turn uint64) {
	c.alone = false
	c.turn = turn
	for {
		x := &c.ctx[c.last]
		switch {
		case c.phase == phaseRun:
			switch s := c.run(x); s {
			case stopPause:
				return
			case stopBehind:
				if c.Bound() >= until {
					return
				}
			case stopSwap:
				c.phase = phaseChoose
			default:
				c.phase, c.stopped = phaseEnd, s
			}
		case c.phase == phaseEnd:
			if c.now >= c.turn {
				if !c.defers || c.now >= until {
					return
				}
				c.deferEnd(x)
				continue
			}
			c.phase, x.live, x.told = phaseChoose, false, c.now
			c.work.Ended(x, c.stopped)
			c.hungry |= 1 << x.slot
		case c.hungry != 0:
			if c.now >= c.turn {
				if !c.defers || c.now >= until {
					return
				}
				c.deferFeed(&c.ctx[bits.TrailingZeros8(c.hungry)])
				continue
			}
			c.feed(&c.ctx[bits.TrailingZeros8(c.hungry)])
		default:
			x := c.nextReady()
			if x == nil || max(c.now, x.wake) >= until {
				return
			}
			c.wake(x)
		}
	}
}

// feed gives a context its next packet.
func (c *Core) feed(x *Context) {
	c.hungry &^= 1 << x.slot
	x.told = c.now
	in, ok := c.work.Next(x)
	if x.live = ok; !ok {
		c.now += uint64(c.asks.First())
		c.stand()
		return
	}
	c.now = c.intake(x, &in, c.now)
	x.wake += in.Ahead
}

// intake puts a context to sleep that begins to take a packet in, at cycle now. It
// returns the cycle in which the core is free again.
func (c *Core) intake(x *Context, in *Intake, now uint64) uint64 {
	n := max(in.Turns, 1)
	x.turns = turns{n - 1, in.Busy / n, in.Wait / n}
	now += uint64(in.First())
	x.running, x.wake = false, now+uint64(in.Wait-(n-1)*x.turns.wait)
	return now
}

// wake gives the core to a context.
func (c *Core) wake(x *Context) {
	if x.wake > c.now {
		c.waitUntil(x.wake)
	}
	c.phase, c.last = phaseRun, x.slot
	if x.running {
		c.now, _ = c.resume(x, c.now)
		return
	}
	c.now = max(c.now, x.wake)
	if x.turns.left > 0 {
		x.turns.left--
		c.now += uint64(x.turns.busy)
		x.wake = c.now + uint64(x.turns.wait)
		c.phase = phaseChoose
		return
	}
	x.running = true
	c.Begin(x)
}

// waitUntil notes that every context waits until a cycle.
func (c *Core) waitUntil(cycle uint64) {
	c.idle += cycle - c.now
	w := &c.waits[c.waited]
	w.from, w.to = c.now, cycle
	if c.waited++; c.waited == recentWaits {
		c.waited = 0
	}
}

// nextReady returns the context that gets the core after the last one: the
// first ready one in turn, or the one that wakes first. It returns nil when
// there is none, or when it depends on a command that no unit has served yet.
func (c *Core) nextReady() *Context {
	var best *Context
	for i := range c.ctx {
		at := (int(c.last) + 1 + i) % len(c.ctx)
		x := &c.ctx[at]
		if c.away>>at&1 != 0 || !x.live {
			continue
		}
		if x.wake <= c.now {
			if x.unsettled {
				return nil
			}
			return x
		}
		if best == nil || x.wake < best.wake || x.wake == best.wake && x.unsettled {
			best = x
		}
	}
	if best != nil && best.unsettled {
		return nil
	}
	return best
}

// Reply takes the reply of a command that was queued.
func (c *Core) Reply(q *mem.Command, words []uint64, done uint64) {
	x := &c.ctx[q.Ticket.Context]
	if q.Returns() {
		in := x.into(q)
		copy(in, words[:(q.Bytes+3)/4])
		if q.Op == mem.Read && c.undefined {
			marks(q, in)
		}
	}
	if !q.Op.Reads() {
		x.settled = max(x.settled, done)
	}
	s := q.Ticket.Signal
	x.unanswered &^= 1 << s
	if x.asked {
		return // its program has ended
	}
	if s == 0 {
		if q.Takes() {
			x.freeAt = max(x.freeAt, done)
			x.loose--
		}
		if x.leaving {
			x.linger()
		}
		return
	}
	x.arrival[s] = done
	if x.unsettled {
		x.settle()
	}
}

// settle works out when a sleeping context wakes; as long as a command that it
// waits for is not answered, that is the earliest possible time.
func (x *Context) settle() {
	first, last := uint64(Never), uint64(0)
	for s := range x.arrival {
		if x.wait&x.raised>>s&1 != 0 {
			first, last = min(first, x.arrival[s]), max(last, x.arrival[s])
		}
	}
	if x.waitAny {
		last = first
	}
	x.wake = max(x.asleep, last)
	x.unsettled = x.wait&x.unanswered != 0
}

// Idle returns the cycles since Start in which every context waited.
func (c *Core) Idle() uint64 { return c.idle }

// BusyUntil returns for how many cycles up to a cycle a context had the core. All
// that happens before has happened, and the core is ahead of it by no more than it
// can be ahead of others.
func (c *Core) BusyUntil(cycle uint64) uint64 {
	busy := min(c.now, cycle) - c.idle
	for i := range c.waits {
		if w := &c.waits[i]; w.to > cycle {
			busy += w.to - max(w.from, cycle)
		}
	}
	return busy
}
