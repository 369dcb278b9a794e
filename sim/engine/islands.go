package engine

import (
	"slices"

	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/mem"
)

// Islands are apart where all that cores do to each other comes late: commands to
// memory that islands share, and contexts that ask for a packet, have nothing to go on
// with for two windows. Then an island goes through a window by itself, in steps no
// longer than its own memory takes for a command, and serves that memory. Beside the
// islands in a window, what they share in the window before is done, in the order of
// time: packets that end and begin, and the commands to shared memory. Contexts that
// this is about are not their core's meanwhile; answers for others reach their core at
// the beginning of the window behind. So islands, and what they share, are pieces of
// work that several threads do side by side, and each touches what no other does.

// apart is what an engine knows of islands that are apart.
type apart struct {
	islands []island
	wide    uint64 // cycles of a window
	own     uint64 // fewest cycles that a command to the memory of an island takes
	number  uint64 // of the newest window
	now     span   // the window that islands go through
	before  span   // the one of which something shared is left, if there is one
	may     bool   // islands can be apart
	beside  bool   // what is shared may be done beside the islands
	running bool   // a window is under way
	rest    []func()
	dues    []core.Left // in the order of time
}

// island is cores from first to last-1, and what they have left for later in windows of
// even and of odd number.
type island struct {
	first, last int
	left        [2][]core.Left
	some        [2]bool // it has something to share
	ran         int     // cores that had something to do in the newest window

	_ [64]byte // islands are not in one cache line
}

// span is a window: cycles, and its number.
type span struct{ from, to, number uint64 }

// Apart says whether islands may be apart: not where a core may be loaded anew. beside
// says whether what they share may be done while cores are at work: not while it may take
// memory away.
func (e *Engine) Apart(apart, beside bool) { e.may, e.beside = apart, beside }

// AtRest has something done when no core is at work: now, or at the end of this window,
// when what is shared of the window before has just been done.
func (e *Engine) AtRest(do func()) {
	if e.running {
		e.rest = append(e.rest, do)
		return
	}
	do()
}

// canPart reports whether islands can be apart, and sets their windows.
func (e *Engine) canPart() bool {
	shared, own, ok := e.memory.CanPart()
	if e.watched || !e.may || !ok {
		return false
	}
	late := min(shared, core.MaxAhead, mem.MaxWindow)
	for _, c := range e.cores {
		late = min(late, c.Asleep())
	}
	e.wide, e.own = late/2, own
	if own < e.wide {
		e.wide -= e.wide % own
	}
	if 2*e.wide <= e.window {
		return false // cores come further together
	}
	for _, c := range e.cores {
		c.Defer(2 * e.wide)
	}
	return true
}

// stepApart is Step for islands that are apart.
func (e *Engine) stepApart(until uint64) bool {
	e.memory.Part(true)
	var before span // the window of which something shared is left, if there is one
	for {
		w := span{from: before.to, number: e.number + 1}
		if before.to == 0 {
			if w.from = e.begin(); w.from >= until {
				return w.from != core.Never
			}
		}
		w.to = w.from + min(e.wide, until-w.from)
		e.number = w.number
		e.advance(w, before)
		if before = w; !e.shares(w) {
			e.settled()
			before = span{}
		}
	}
}

// begin returns the first cycle in which anything can happen, with nothing under way.
func (e *Engine) begin() uint64 {
	begin := e.memory.Next()
	for _, c := range e.cores {
		begin = min(begin, c.Bound())
	}
	return begin
}

// shares reports whether islands have something to share of a window.
func (e *Engine) shares(w span) bool {
	return slices.ContainsFunc(e.islands, func(i island) bool { return i.some[w.number%2] })
}

// advance has islands go through a window, and what they share of the one before done.
func (e *Engine) advance(w, before span) {
	ran := 0
	for i := range e.islands {
		is := &e.islands[i]
		ran += is.ran
		for k := range is.left[before.number%2] {
			// Contexts that were given away know all that they have to before.
			if before.to != 0 {
				e.memory.Deliver(is.left[before.number%2][k].Core, w.number)
			}
		}
	}
	e.running = true
	e.now, e.before = w, before
	if e.team != nil && ran >= few && len(e.islands) > 1 && e.beside {
		e.team.share(len(e.islands), e.together, e.through)
	} else {
		e.together()
		for i := range e.islands {
			e.through(i)
		}
	}
	e.running = false
	for _, do := range e.rest {
		do()
	}
	e.rest = e.rest[:0]
}

// through goes through the window on an island.
func (e *Engine) through(i int) {
	is, w := &e.islands[i], &e.now
	is.ran = 0
	for id := is.first; id < is.last; id++ {
		e.memory.Deliver(id, w.number)
	}
	e.memory.Begin(i)
	for at := w.from; at < w.to; {
		at += min(e.own, w.to-at)
		for _, c := range e.cores[is.first:is.last] {
			if c.Bound() < at {
				c.Advance(at, 0)
				is.ran++
			}
		}
		e.memory.ServeOwn(i, is.first, is.last, at)
	}
	p := w.number % 2
	for _, c := range e.cores[is.first:is.last] {
		is.left[p] = c.HandOver(is.left[p], w.number)
	}
	sent := e.memory.Send(i, is.first, is.last, w.number, w.to)
	is.some[p] = sent || len(is.left[p]) > 0
}

// together does what islands share of the window before.
func (e *Engine) together() {
	w := &e.before
	if w.to == 0 {
		return
	}
	e.dues = e.dues[:0]
	for i := range e.islands {
		is := &e.islands[i]
		for _, l := range is.left[w.number%2] {
			e.dues = append(e.dues, l)
			for k := len(e.dues) - 1; k > 0 && earlier(&l, &e.dues[k-1]); k-- {
				e.dues[k], e.dues[k-1] = e.dues[k-1], l
			}
		}
		is.left[w.number%2] = is.left[w.number%2][:0]
	}
	e.memory.Receive(w.number, w.from)
	for k := range e.dues {
		l := &e.dues[k]
		e.memory.ServeCollected(mem.Key{Cycle: l.At, Source: l.Core})
		e.cores[l.Core].Settle(l)
	}
	e.memory.ServeCollected(mem.Key{Cycle: w.to})
}

// earlier reports whether something that was left comes before another thing, that of a
// core in its order.
func earlier(l, o *core.Left) bool {
	return l.At < o.At || l.At == o.At && l.Core < o.Core
}

// settled ends the work of windows of which nothing is left to share.
func (e *Engine) settled() {
	for id, c := range e.cores {
		c.Back()
		e.memory.Deliver(id, 0)
		e.memory.Deliver(id, 1)
	}
}
