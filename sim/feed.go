package sim

import (
	"math"

	"github.com/skipsw/skipsw/sim/core"
)

// Feed gives the contexts of a System packets that come in the course of time.
// Its methods are called in the order of time.
type Feed interface {
	// Next fills in the packet for a context that wants one now, and returns the
	// cycle from which the packet is there, which may lie up to MaxAhead cycles
	// ahead: the context waits for it. False means that none will come.
	Next(at Moment, in *Input) (from uint64, ok bool)
	// Done sees the result of the context's packet, which ends now. What it
	// points at is valid during the call. Programs at far ends of its redirect are
	// the Feed's to enter.
	Done(at Moment, res *Result)
}

// MaxAhead is how many cycles ahead a packet of a Feed can be.
const MaxAhead = math.MaxUint32 / 2

// Moment is a context of a core and a cycle.
type Moment struct {
	Core, Context int
	Cycle         uint64
}

// Place is the number of the context among those of all cores.
func (m Moment) Place() int { return m.Core*core.Contexts + m.Context }

// StartFeed gives all cores work that comes in the course of time. It is an
// error while there is work left.
//
// A context pays for the worker's loop, Spec.Worker: it is busy when it asks
// for a packet, and waits once the packet is there.
func (s *System) StartFeed(f Feed) error {
	if err := s.idle(); err != nil {
		return err
	}
	for id, c := range s.cores {
		s.feeds[id] = batch{m: &s.card}
		c.Install(s.code, s.model)
		c.Start(&timed{batch: &s.feeds[id], feed: f})
	}
	return nil
}

// timed feeds one core.
type timed struct {
	*batch
	feed Feed
}

// Asks implements core.Asking.
func (t *timed) Asks() core.Intake {
	return core.Intake{Cost: t.m.spec.Worker, Turns: t.m.spec.WorkerTurns}
}

func momentOf(x *core.Context) Moment {
	return Moment{Core: x.Core().ID(), Context: x.Slot(), Cycle: x.Now()}
}

// Next gives a context its next packet; packets that cannot be taken are
// reported at once.
func (t *timed) Next(x *core.Context) (core.Intake, bool) {
	at, cost := momentOf(x), t.Asks()
	for {
		t.in = Input{}
		from, ok := t.feed.Next(at, &t.in)
		if !ok {
			return core.Intake{}, false
		}
		if f := t.m.refuse(&t.in); f != nil {
			t.t.Packets++
			t.t.Faults++
			t.feed.Done(at, &Result{Fault: f})
			continue
		}
		if asked := at.Cycle + uint64(cost.First()); from > asked {
			if cost.Ahead = from - asked; cost.Ahead > MaxAhead {
				panic("BUG: a feed's packet comes more than MaxAhead cycles ahead")
			}
		}
		t.m.enter(x, &t.in)
		return cost, true
	}
}

// Ended reports a packet's result.
func (t *timed) Ended(x *core.Context, s core.Stop) {
	t.account(x, s)
	t.feed.Done(momentOf(x), &t.res)
}
