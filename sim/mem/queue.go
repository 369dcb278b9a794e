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
	// Rests reports whether a context had given back its packet by the end of a window:
	// it is then told of replies at once. See Part.
	Rests(context uint8, number uint64) bool
}

// queued is a command that waits for its unit, and its words.
type queued struct {
	cmd   Command
	words [MaxWords]uint64

	_ [48]byte // a whole number of cache lines: it goes from thread to thread
}

// outbox is the commands of one source that wait for their units. Sources post
// into boxes of their own, so that several may do so at once.
type outbox struct {
	free   []*queued
	posted []*queued // those not in the calendar yet, in order of arrival
	own    []*queued // those that the island serves apart, in order of arrival
	latest []uint64  // by context: arrival of its last command, if commands are delayed
}

// delay has a command come later, and behind those of its context.
func (b *outbox) delay(c *Command, cycles uint64) {
	for len(b.latest) <= int(c.Ticket.Context) {
		b.latest = append(b.latest, 0)
	}
	c.Arrival = max(c.Arrival+cycles, b.latest[c.Ticket.Context])
	b.latest[c.Ticket.Context] = c.Arrival
}

// atOnce is how many places for commands are made at once.
const atOnce = 8

// keep takes a place for a command and its words.
func (b *outbox) keep(c *Command, words []uint64) *queued {
	if len(b.free) == 0 {
		more := make([]queued, atOnce)
		for i := range more {
			b.free = append(b.free, &more[i])
		}
	}
	n := len(b.free) - 1
	q := b.free[n]
	b.free = b.free[:n]
	q.cmd = *c
	copy(q.words[:], words)
	return q
}

// insert puts a command behind those of a list that come before it.
func insert(list []*queued, q *queued) []*queued {
	list = append(list, q)
	k := q.cmd.key()
	i := len(list) - 1
	for ; i > 0 && k.Before(list[i-1].cmd.key()); i-- {
		list[i] = list[i-1]
	}
	list[i] = q
	return list
}

// calendar is the commands of all sources, by the cycle of their arrival.
type calendar struct {
	days  [][]entry
	count int
}

// days is the number of cycles ahead that the calendar has, a power of two.
const days = 256

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

// entry is a command in the calendar.
type entry struct {
	source uint16
	*queued
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
	var words []uint64
	if c.Takes() {
		words = out[:(c.Bytes+3)/4]
	}
	b, unit := &s.boxes[c.Ticket.Source], &s.cfg.Units[c.Region.Unit]
	if s.apart {
		s.postApart(b, b.keep(c, words))
		return c.Arrival + unit.least()
	}
	if k := c.key(); k.Before(s.served) {
		panic(fmt.Sprintf("BUG: a command of source %d arrives in cycle %d, and all before cycle %d are served", k.Source, k.Cycle, s.served.Cycle))
	}
	if s.cfg.Hooks.Delay != nil {
		seen := *c // so that commands need not be on the heap
		b.delay(c, s.cfg.Hooks.Delay(&seen))
	}
	b.posted = insert(b.posted, b.keep(c, words))
	return c.Arrival + unit.least()
}

// Least returns the fewest cycles that a command to any unit can take.
func (s *System) Least() uint64 {
	shared, own := s.leasts()
	return min(shared, own)
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
		b := &s.boxes[i]
		if len(b.posted) > 0 {
			next = min(next, b.posted[0].cmd.Arrival)
		}
		if len(b.own) > 0 {
			next = min(next, b.own[0].cmd.Arrival)
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
	for ; n < len(b.posted) && b.posted[n].cmd.Arrival < end; n++ {
		s.calendar.add(b.posted[n].cmd.Arrival, entry{uint16(source), b.posted[n]})
	}
	b.posted = without(b.posted, n)
}

// without takes the first n commands out of a list.
func without(list []*queued, n int) []*queued {
	if n == 0 {
		return list
	}
	return list[:copy(list, list[n:])]
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
		if s.apart {
			s.answer(e.queued, s.serve(e.queued))
			continue
		}
		s.reply(e.queued, s.serve(e.queued))
	}
	s.calendar.days[cycle%days] = day[:copy(day, day[n:])]
	s.calendar.count -= n
}

// serve lets a unit serve a command, and returns the cycle of its signal.
func (s *System) serve(q *queued) uint64 { return s.Do(&q.cmd, q.words[:], q.words[:]) }

// reply tells a command's source, and frees its place.
func (s *System) reply(q *queued, done uint64) {
	source := q.cmd.Ticket.Source
	s.requesters[source].Reply(&q.cmd, q.words[:], done)
	s.boxes[source].free = append(s.boxes[source].free, q)
}

// waiting returns the commands of a source that wait.
func (s *System) waiting(source int) (out []*queued) {
	out = append(append(out, s.boxes[source].posted...), s.boxes[source].own...)
	for _, day := range s.calendar.days {
		for _, e := range day {
			if int(e.source) == source {
				out = append(out, e.queued)
			}
		}
	}
	return out
}
