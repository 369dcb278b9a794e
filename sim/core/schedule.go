package core

// Work gives packets to the contexts of a core and takes them back.
type Work interface {
	// Next enters a packet in an idle context. It returns what taking it in
	// costs; false means that there is no packet.
	Next(x *Context) (Cost, bool)
	// Ended takes a packet back whose context has stopped.
	Ended(x *Context, s Stop)
}

// RunAll feeds all contexts until there is no more work: a context takes the
// next packet as soon as it has ended one, and while it waits for memory
// another runs. It returns the cycles in which every context waited.
//
// The contexts take turns: one that gives up the core is followed by the next
// ready one in the order of their numbers, as the arbiter of the core does.
func (c *Core) RunAll(w Work) (idle uint64) {
	c.alone = false
	defer func() { c.alone = true }()
	live := 0
	for i := range c.ctx {
		if c.take(w, &c.ctx[i]) {
			live++
		}
	}
	for last := len(c.ctx) - 1; live > 0; {
		x := c.nextReady(last)
		if x.wake > c.now {
			idle += x.wake - c.now
		}
		last = int(x.slot)
		if x.running {
			c.now, _ = c.resume(x, c.now)
		} else {
			x.running = true
			c.now = max(c.now, x.wake)
			c.Begin(x)
		}
		if s := c.run(x); s != stopSwap {
			w.Ended(x, s)
			if !c.take(w, x) {
				live--
			}
		}
	}
	return idle
}

// take gives a context its next packet.
func (c *Core) take(w Work, x *Context) bool {
	cost, ok := w.Next(x)
	if x.live = ok; !ok {
		return false
	}
	c.now += uint64(cost.Busy)
	x.running, x.wake = false, c.now+uint64(cost.Wait)
	return true
}

// nextReady returns the context that gets the core after context last: the
// first ready one in turn, or the one that wakes first.
func (c *Core) nextReady(last int) *Context {
	var best *Context
	for i := range c.ctx {
		x := &c.ctx[(last+1+i)%len(c.ctx)]
		if !x.live {
			continue
		}
		if x.wake <= c.now {
			return x
		}
		if best == nil || x.wake < best.wake {
			best = x
		}
	}
	return best
}
