package sim

// Throughput is what a core did with a stream of packets.
type Throughput struct {
	Packets      uint64
	Faults       uint64
	Cycles       uint64 // from the first word to the last
	Instructions uint64
	// Idle is the number of cycles in which every context waited for memory.
	Idle uint64
}

// Rate returns packets a second for a core clock in hertz.
func (t Throughput) Rate(hertz float64) float64 {
	if t.Cycles == 0 {
		return 0
	}
	return float64(t.Packets) * hertz / float64(t.Cycles)
}

// Batch sends a stream of packets through the core with all its contexts: a
// context takes the next packet as soon as it has ended one, and while it
// waits for memory another runs. next fills in a packet and reports whether
// there was one; done sees each result when its packet ends, which need not be
// the order of entry. The result's Packet and Events are valid during the
// call, as is the Result itself. A fault ends its packet only.
//
// Between two packets a context pays for the worker's loop, Spec.Worker, which
// is not part of a result's cycles.
//
// The contexts take turns: one that gives up the core is followed by the next
// ready one in the order of their numbers, as the arbiter of the core does.
func (m *Machine) Batch(next func(*Input) bool, done func(*Result)) Throughput {
	var t Throughput
	c := &m.core
	c.alone = false
	defer func() { c.alone = true }()
	c.now, m.mem.free = 0, [numUnits]uint64{}
	b := batch{m: m, next: next, done: done, t: &t}
	live := 0
	for i := range c.ctx {
		if b.begin(&c.ctx[i]) {
			live++
		}
	}
	for last := len(c.ctx) - 1; live > 0; {
		x := c.nextReady(last)
		if x.wake > c.now {
			t.Idle += x.wake - c.now
		}
		last = int(x.slot)
		if x.running {
			c.now, _ = c.resume(x, c.now)
		} else {
			x.running = true
			c.now = max(c.now, x.wake)
			c.begin(x)
		}
		if s := c.run(x); s != stopSwap {
			b.end(x, s)
			if !b.begin(x) {
				live--
			}
		}
	}
	t.Cycles = c.now
	return t
}

// nextReady returns the context that gets the core after context last: the
// first ready one in turn, or the one that wakes first.
func (c *core) nextReady(last int) *context {
	var best *context
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

// batch is the state of one Batch.
type batch struct {
	m    *Machine
	next func(*Input) bool
	done func(*Result)
	t    *Throughput
	in   Input
	res  Result
}

// begin gives a context its next packet; packets that cannot be taken are
// reported at once.
func (b *batch) begin(x *context) bool {
	in := &b.in
	for {
		*in = Input{}
		if x.live = b.next(in); !x.live {
			return false
		}
		f := b.m.refuse(in)
		if f == nil {
			break
		}
		b.t.Packets++
		b.t.Faults++
		b.done(&Result{Fault: f})
	}
	c := &b.m.core
	c.enter(x, b.m.img.Programs[in.Program].Entry, in, b.m.img.Machine.StackSize)
	c.now += uint64(c.spec.Worker.Busy)
	x.running, x.wake = false, c.now+uint64(c.spec.Worker.Wait)
	return true
}

func (b *batch) end(x *context, s stop) {
	b.res = Result{}
	b.m.finish(x, s, &b.res)
	b.t.Packets++
	b.t.Instructions += b.res.Instructions
	if b.res.Fault != nil {
		b.t.Faults++
	}
	b.done(&b.res)
}
