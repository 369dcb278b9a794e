package mem

import "fmt"

// Units that each island has for itself have nothing to do with other islands, so that
// islands can serve theirs apart, each in the order of its own time. Time goes by in
// windows with numbers. In a window an island runs its sources, which post, and serves
// what they post for its own units; what they post for shared units it sends. What was
// sent in a window is served beside the next one, in the order of time, and the answers
// are delivered before the one behind that. So there are two of everything that both
// sides touch, for windows of even and of odd number.

// island is what an island has of the memory while islands are apart.
type island struct {
	next   []*queued    // commands that it is about to serve, in order
	served uint64       // cycle before which it has served its own
	out    [2][]*queued // commands for shared units
	// What its own units were taken for, in the newest window and the one before.
	log, old []taken

	_ [64]byte // islands are not in one cache line
}

// taken is for how long a command has taken a part.
type taken struct {
	at   Key
	part int
	n    uint64
}

// answer is a command that has been served, and the cycle of its signal. told says that
// its source knows.
type answer struct {
	*queued
	done uint64
	told bool
}

func (i *island) forget() { i.served, i.log, i.old = 0, i.log[:0], i.old[:0] }

// Own reports whether each island has a unit for itself. A unit is not an island's where
// programs may change something in it that others reach, too.
func (s *System) Own(unit UnitID) bool { return s.own[unit] }

// findOwn works out which units islands have for themselves.
func (s *System) findOwn() {
	for u := range s.own {
		shape := &s.cfg.Units[u].Shape
		s.own[u] = shape.PerIsland && shape.Bus == 0 && shape.Cache.Lines == 0
	}
	for _, r := range s.Map.regions {
		s.own[r.Unit] = s.own[r.Unit] && r.Copies
	}
}

// Islands returns the number of islands, and Island that of a source.
func (s *System) Islands() int { return s.cfg.islands() }

// Island returns the island of a source.
func (s *System) Island(source int) int { return s.cfg.island(uint16(source)) }

// leasts returns the fewest cycles that a command to a shared unit can take, and to one
// that an island has for itself.
func (s *System) leasts() (shared, own uint64) {
	shared, own = ^uint64(0), ^uint64(0)
	for i := range s.cfg.Units {
		if n := s.cfg.Units[i].least(); s.own[i] {
			own = min(own, n)
		} else {
			shared = min(shared, n)
		}
	}
	return shared, own
}

// CanPart returns whether islands can serve commands apart: nobody wants to see or to
// change the order of all commands. If so, it returns the fewest cycles that commands to
// shared units can take, and those to units of islands.
func (s *System) CanPart() (shared, own uint64, ok bool) {
	s.findOwn()
	shared, own = s.leasts()
	return shared, own, s.requesters != nil && s.cfg.Hooks.Serve == nil && s.cfg.Hooks.Delay == nil
}

// Part has islands serve commands apart, or no longer. No command is being served.
func (s *System) Part(apart bool) {
	if s.apart == apart {
		return
	}
	s.apart = apart
	if s.islands == nil {
		s.islands = make([]island, s.cfg.islands())
		for p := range s.answers {
			s.answers[p] = make([][]answer, len(s.boxes))
		}
	}
	for i := range s.boxes {
		all, b := s.waiting(i), &s.boxes[i]
		b.posted, b.own = nil, nil
		for _, q := range all {
			if apart && s.Own(q.cmd.Region.Unit) {
				b.own = insert(b.own, q)
			} else {
				b.posted = insert(b.posted, q)
			}
		}
	}
	s.calendar = newCalendar()
}

// postApart queues a command of a source whose island is apart.
func (s *System) postApart(b *outbox, q *queued) {
	i := &s.islands[s.cfg.island(q.cmd.Ticket.Source)]
	if q.cmd.Arrival < i.served {
		panic(fmt.Sprintf("BUG: a command of source %d arrives in cycle %d, and its island has served all before cycle %d", q.cmd.Ticket.Source, q.cmd.Arrival, i.served))
	}
	if s.own[q.cmd.Region.Unit] {
		b.own = insert(b.own, q)
	} else {
		b.posted = insert(b.posted, q)
	}
}

// ServeOwn lets the units of an island, whose sources are given, serve what was posted
// for them and comes before a cycle.
func (s *System) ServeOwn(of, first, last int, before uint64) {
	i := &s.islands[of]
	for source := first; source < last; source++ {
		b := &s.boxes[source]
		n := 0
		for ; n < len(b.own) && b.own[n].cmd.Arrival < before; n++ {
			i.next = insert(i.next, b.own[n])
		}
		b.own = without(b.own, n)
	}
	for _, q := range i.next {
		done := s.serve(q)
		i.log = append(i.log, taken{q.cmd.key(), q.cmd.Part, s.cfg.Units[q.cmd.Region.Unit].Occupied(&q.cmd)})
		s.reply(q, done)
	}
	i.next, i.served = i.next[:0], before
}

// Begin begins a window of an island.
func (s *System) Begin(of int) {
	i := &s.islands[of]
	i.log, i.old = i.old[:0], i.log
}

// Send sends what the sources of an island have posted for shared units and comes before
// the end of a window. It reports whether there was something.
func (s *System) Send(of, first, last int, number, end uint64) bool {
	out := s.islands[of].out[number%2]
	for source := first; source < last; source++ {
		b := &s.boxes[source]
		n := 0
		for n < len(b.posted) && b.posted[n].cmd.Arrival < end {
			n++
		}
		out = append(out, b.posted[:n]...)
		b.posted = without(b.posted, n)
	}
	s.islands[of].out[number%2] = out
	return len(out) > 0
}

// Receive takes up what islands have sent in a window, for ServeCollected. Its answers
// are delivered later.
func (s *System) Receive(number, begin uint64) {
	s.number, s.served = number, Key{Cycle: begin}
	for k := range s.islands {
		i := &s.islands[k]
		for _, q := range i.out[number%2] {
			s.calendar.add(q.cmd.Arrival, entry{q.cmd.Ticket.Source, q})
		}
		i.out[number%2] = i.out[number%2][:0]
	}
}

// answer keeps the answer of a command, and tells a context that has no packet at once:
// nobody else has to do with it then.
func (s *System) answer(q *queued, done uint64) {
	source := q.cmd.Ticket.Source
	told := s.requesters[source].Rests(q.cmd.Ticket.Context, s.number)
	if told {
		s.requesters[source].Reply(&q.cmd, q.words[:], done)
	}
	to := &s.answers[s.number%2][source]
	*to = append(*to, answer{q, done, told})
}

// Deliver tells a source the answers to what it sent in a window of even or odd number.
func (s *System) Deliver(source int, number uint64) {
	all := s.answers[number%2][source]
	for k := range all {
		a := &all[k]
		if !a.told {
			s.requesters[source].Reply(&a.cmd, a.words[:], a.done)
		}
		s.boxes[source].free = append(s.boxes[source].free, a.queued)
	}
	s.answers[number%2][source] = all[:0]
}
