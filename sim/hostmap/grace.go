package hostmap

import (
	"github.com/skipsw/skipsw/internal/plain"
	"github.com/skipsw/skipsw/internal/unsupported"
)

// What is taken out of a trie, and a map that is freed, may still be in the hands of
// programs: a pointer lives until its packet ends. So it is used again only when every
// context that had a packet then has ended it: after a grace period. Contexts say when
// they begin and end packets. One period runs at a time; what is taken out while it runs
// waits for the next one.

// grace is the periods of a space.
type grace struct {
	under []bool // by context: it has a packet
	waits []bool // by context: the period waits for the end of its packet
	left  int    // how many do
	runs  bool   // there is a period
	// leavers and leaving are maps that are freed when this period has ended, and when
	// the next one has.
	leavers, leaving []*Map
}

// leaver is a table that keeps what was taken out of it.
type leaver interface {
	// left reports whether something was taken out that is not free yet.
	left() bool
	// mark remembers what has been taken out so far.
	mark()
	// settle makes free what mark has remembered. It reports false if a program is
	// changing the table, which then has to be asked again.
	settle() bool
	// marked goes over what mark has remembered.
	marked(c *plain.Codec)
}

// Leaving reports whether maps are freed as soon as contexts have ended their packets.
func (s *Space) Leaving() bool { return len(s.grace.leavers)+len(s.grace.leaving) > 0 }

// Join gives n contexts numbers, from the one it returns on.
func (s *Space) Join(n int) (first int) {
	first = len(s.grace.under)
	s.grace.under = append(s.grace.under, make([]bool, n)...)
	s.grace.waits = append(s.grace.waits, make([]bool, n)...)
	return first
}

// Begin says that a context has a packet.
func (s *Space) Begin(context int) { s.grace.under[context] = true }

// End says that a context's packet has ended.
func (s *Space) End(context int) {
	g := &s.grace
	g.under[context] = false
	if g.waits[context] {
		g.waits[context] = false
		g.left--
	}
	s.pass()
}

// pass ends the period if nobody is waited for, and begins one if there is a reason.
func (s *Space) pass() {
	g := &s.grace
	for g.left == 0 {
		if g.runs {
			for _, t := range s.leavers {
				if !t.settle() {
					return
				}
			}
			for _, m := range g.leavers {
				s.release(m)
			}
			g.leavers, g.runs = nil, false
		}
		some := len(g.leaving) > 0
		for _, t := range s.leavers {
			if t.left() {
				t.mark()
				some = true
			}
		}
		if !some {
			return
		}
		g.leavers, g.leaving, g.runs = g.leaving, nil, true
		for k, u := range g.under {
			if g.waits[k] = u; u {
				g.left++
			}
		}
	}
}

// State goes over the period that runs.
func (s *Space) State(c *plain.Codec) {
	g := &s.grace
	if len(g.leavers)+len(g.leaving) > 0 {
		c.Fail(unsupported.New("a checkpoint while programs may use maps that were freed", "their memory is no map's any more"))
	}
	c.Value(&g.under)
	c.Value(&g.waits)
	c.Value(&g.left)
	c.Value(&g.runs)
	for _, t := range s.leavers {
		t.marked(c)
	}
}
