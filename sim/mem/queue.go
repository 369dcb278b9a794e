package mem

import "fmt"

// Key is a moment in the order of time: a cycle, and within it a source. Of two
// commands that arrive in one cycle, the one of the lower source comes first.
type Key struct {
	Cycle  uint64
	Source int
}

// Before reports whether k comes before o.
func (k Key) Before(o Key) bool {
	return k.Cycle < o.Cycle || k.Cycle == o.Cycle && k.Source < o.Source
}

// key returns when a command comes to its unit.
func (c *Command) key() Key { return Key{c.Arrival, int(c.Ticket.Source)} }

// Requester takes the replies of a source's commands.
type Requester interface {
	// Reply is called when a unit has served a command: with the words that it
	// returns, and the cycle of its signal. Both are valid during the call.
	Reply(c *Command, words []uint64, done uint64)
}

// queued is a command that waits for its unit, and its words.
type queued struct {
	cmd   Command
	words [MaxWords]uint64
}

// outbox is the commands of one source that wait for their units. Sources post
// into boxes of their own, so that several may do so at once.
type outbox struct {
	pool   []queued
	free   []int32
	posted []int32  // indexes of pool: those not in the calendar yet, in order of arrival
	latest []uint64 // by context: arrival of its last command, if commands are delayed
}

// delay has a command come later, and behind those of its context.
func (b *outbox) delay(c *Command, cycles uint64) {
	for len(b.latest) <= int(c.Ticket.Context) {
		b.latest = append(b.latest, 0)
	}
	c.Arrival = max(c.Arrival+cycles, b.latest[c.Ticket.Context])
	b.latest[c.Ticket.Context] = c.Arrival
}

// put keeps a command behind those that come before it.
func (b *outbox) put(c *Command, words []uint64) {
	var e int32
	if n := len(b.free); n > 0 {
		e = b.free[n-1]
		b.free = b.free[:n-1]
	} else {
		e = int32(len(b.pool))
		b.pool = append(b.pool, queued{})
	}
	p := &b.pool[e]
	p.cmd = *c
	copy(p.words[:], words)
	b.posted = append(b.posted, e)
	for i := len(b.posted) - 1; i > 0 && c.Arrival < b.pool[b.posted[i-1]].cmd.Arrival; i-- {
		b.posted[i], b.posted[i-1] = b.posted[i-1], b.posted[i]
	}
}

// calendar is the commands of all sources, by the cycle of their arrival.
type calendar struct {
	days  [][]entry
	count int
}

// days is the number of cycles ahead that the calendar has, a power of two.
const days = 1024

// newCalendar makes a calendar with a little room on each day.
func newCalendar() (k calendar) {
	const room = 4
	all := make([]entry, days*room)
	k.days = make([][]entry, days)
	for i := range k.days {
		k.days[i] = all[room*i : room*i : room*(i+1)]
	}
	return k
}

// entry is a place in an outbox.
type entry struct {
	source uint16
	place  int32
}

// add puts an entry behind those of lower sources and its own.
func (k *calendar) add(cycle uint64, e entry) {
	day := append(k.days[cycle%days], e)
	for i := len(day) - 1; i > 0 && e.source < day[i-1].source; i-- {
		day[i], day[i-1] = day[i-1], day[i]
	}
	k.days[cycle%days] = day
	k.count++
}

// Connect names the requester of a source. A System with requesters queues
// commands.
func (s *System) Connect(source int, r Requester) {
	if s.requesters == nil {
		s.calendar = newCalendar()
	}
	for len(s.requesters) <= source {
		s.requesters = append(s.requesters, nil)
		s.boxes = append(s.boxes, outbox{})
	}
	s.requesters[source] = r
}

// Post queues a command for its unit; its words, if it takes some, are taken
// now. It returns the earliest cycle in which the signal can come. Several
// sources may post at once.
func (s *System) Post(c *Command, out []uint64) (least uint64) {
	if k := c.key(); k.Before(s.served) {
		panic(fmt.Sprintf("BUG: a command of source %d arrives in cycle %d, and all before cycle %d are served", k.Source, k.Cycle, s.served.Cycle))
	}
	var words []uint64
	if c.Takes() {
		words = out[:(c.Bytes+3)/4]
	}
	b := &s.boxes[c.Ticket.Source]
	if s.cfg.Hooks.Delay != nil {
		seen := *c // so that commands need not be on the heap
		b.delay(c, s.cfg.Hooks.Delay(&seen))
	}
	b.put(c, words)
	return c.Arrival + s.cfg.Units[c.Region.Unit].least()
}

// Least returns the fewest cycles that a command to any unit can take.
func (s *System) Least() uint64 {
	least := ^uint64(0)
	for i := range s.cfg.Units {
		least = min(least, s.cfg.Units[i].least())
	}
	return least
}

// Next returns the cycle in which the next command arrives, or the largest
// number when none waits.
func (s *System) Next() uint64 {
	next := ^uint64(0)
	if s.calendar.count > 0 {
		for next = s.served.Cycle; len(s.calendar.days[next%days]) == 0; next++ {
		}
	}
	for i := range s.boxes {
		if b := &s.boxes[i]; len(b.posted) > 0 {
			next = min(next, b.pool[b.posted[0]].cmd.Arrival)
		}
	}
	return next
}

// MaxWindow is the most cycles that Collect and ServeCollected can be apart.
const MaxWindow = days / 2

// Collect takes up the commands that sources have posted. All that come before
// a cycle are served, and it is no later than Next.
func (s *System) Collect(begin uint64) {
	s.served = Key{Cycle: begin}
	for i := range s.boxes {
		s.CollectFrom(i)
	}
}

// CollectFrom takes up what a source has posted since.
func (s *System) CollectFrom(source int) {
	b := &s.boxes[source]
	n, end := 0, s.served.Cycle+days
	for ; n < len(b.posted); n++ {
		at := b.pool[b.posted[n]].cmd.Arrival
		if at >= end {
			break
		}
		s.calendar.add(at, entry{uint16(source), b.posted[n]})
	}
	if n > 0 {
		b.posted = b.posted[:copy(b.posted, b.posted[n:])]
	}
}

// ServeCollected lets units serve the collected commands that come before a
// moment, in the order of time. Nothing may be posted then that comes before it.
func (s *System) ServeCollected(before Key) {
	if s.calendar.count > 0 {
		for at := s.served.Cycle; at < before.Cycle; at++ {
			if n := len(s.calendar.days[at%days]); n > 0 {
				s.serveDay(at, n)
			}
		}
		day := s.calendar.days[before.Cycle%days]
		n := 0
		for n < len(day) && int(day[n].source) < before.Source {
			n++
		}
		if n > 0 {
			s.serveDay(before.Cycle, n)
		}
	}
	s.served = before
}

// Serve lets units serve all commands that come before a moment, in the order of
// time. Nothing may be posted then that comes before it.
func (s *System) Serve(before Key) {
	for {
		s.Collect(min(s.Next(), before.Cycle))
		next := min(before.Cycle, s.served.Cycle+MaxWindow)
		if next == before.Cycle {
			s.ServeCollected(before)
			return
		}
		s.ServeCollected(Key{Cycle: next})
	}
}

// serveDay serves the first n commands that arrive in a cycle.
func (s *System) serveDay(cycle uint64, n int) {
	day := s.calendar.days[cycle%days]
	for _, e := range day[:n] {
		b := &s.boxes[e.source]
		p := &b.pool[e.place]
		done := s.Do(&p.cmd, p.words[:], p.words[:])
		s.requesters[e.source].Reply(&p.cmd, p.words[:], done)
		b.free = append(b.free, e.place)
	}
	s.calendar.days[cycle%days] = day[:copy(day, day[n:])]
	s.calendar.count -= n
}

// waiting reports whether commands wait.
func (s *System) waiting() bool {
	for i := range s.boxes {
		if len(s.boxes[i].posted) > 0 {
			return true
		}
	}
	return s.calendar.count > 0
}
