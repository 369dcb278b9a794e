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

// queue is the commands that wait for one unit, in the order in which they
// will be served.
type queue struct {
	order []int32 // indexes of pool
	pool  []queued
	free  []int32
}

// put queues a command behind those that come before it.
func (q *queue) put(c *Command, words []uint64) {
	var e int32
	if n := len(q.free); n > 0 {
		e = q.free[n-1]
		q.free = q.free[:n-1]
	} else {
		e = int32(len(q.pool))
		q.pool = append(q.pool, queued{})
	}
	p := &q.pool[e]
	p.cmd = *c
	copy(p.words[:], words)
	q.order = append(q.order, e)
	k := c.key()
	for i := len(q.order) - 1; i > 0 && k.Before(q.pool[q.order[i-1]].cmd.key()); i-- {
		q.order[i], q.order[i-1] = q.order[i-1], q.order[i]
	}
}

// Connect names the requester of a source. A System with requesters queues
// commands.
func (s *System) Connect(source int, r Requester) {
	for len(s.requesters) <= source {
		s.requesters = append(s.requesters, nil)
	}
	s.requesters[source] = r
}

// Post queues a command for its unit; its words, if it takes some, are taken
// now. It returns the earliest cycle in which the signal can come.
func (s *System) Post(c *Command, out []uint64) (least uint64) {
	if k := c.key(); k.Before(s.served) {
		panic(fmt.Sprintf("BUG: a command of source %d arrives in cycle %d, and all before cycle %d are served", k.Source, k.Cycle, s.served.Cycle))
	}
	var words []uint64
	if c.Takes() {
		words = out[:(c.Bytes+3)/4]
	}
	u := c.Region.Unit
	s.queues[u].put(c, words)
	return c.Arrival + s.cfg.Units[u].least()
}

// Serve lets every unit serve the commands that come before a moment. Nothing
// may be posted then that comes before it.
func (s *System) Serve(before Key) {
	s.served = before
	for u := range s.queues {
		q := &s.queues[u]
		n := 0
		for ; n < len(q.order); n++ {
			p := &q.pool[q.order[n]]
			if !p.cmd.key().Before(before) {
				break
			}
			done := s.Do(&p.cmd, p.words[:], p.words[:])
			s.requesters[p.cmd.Ticket.Source].Reply(&p.cmd, p.words[:], done)
			q.free = append(q.free, q.order[n])
		}
		q.order = q.order[:copy(q.order, q.order[n:])]
	}
}
