package engine

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// few is the number of cores below which sharing the work takes longer than it.
const few = 8

// portion is how many cores a thread takes at a time.
const portion = 2

// team is threads that share the work of a window, in pieces. The one that has it does not
// wait for others to begin: what none of them has taken, it does itself. On a processor
// that others use, too, a thread can be late by more than a window.
//
// It takes pieces from the first on and others from the last on, so that most find in
// their caches what they left there a window before. What threads tell each other lies in
// cache lines of its own: that one goes from processor to processor takes as long as a
// twentieth of a window.
type team struct {
	work   func(piece int)
	pieces []piece
	others []*other
	whole  *sleeper    // waits until all pieces are done
	over   atomic.Bool // there is no more work
	gone   sync.WaitGroup

	_      line
	number atomic.Uint64 // of the work in bits 63:16, and how many pieces it has
	_      line
}

type line [64]byte

// piece has the number of the work of which it was taken last.
type piece struct {
	taken atomic.Uint64
	_     line
}

// other is another thread.
type other struct {
	sleeper
	_    line
	done atomic.Uint64 // number of its last work in bits 63:16, and how many pieces of it it has done
	_    line
}

func newTeam(others, pieces int) *team {
	t := &team{whole: newSleeper(), pieces: make([]piece, pieces)}
	for range others {
		t.others = append(t.others, &other{sleeper: *newSleeper()})
	}
	return t
}

// gather starts the other threads.
func (t *team) gather() {
	t.over.Store(false)
	for _, o := range t.others {
		last := t.number.Load()
		t.gone.Go(func() {
			for {
				o.until(func() bool { return t.number.Load() != last || t.over.Load() })
				if t.over.Load() {
					return
				}
				last = t.number.Load()
				if n := t.take(last, false); n > 0 {
					o.done.Store(last&^0xffff | n)
					t.whole.rouse()
				}
			}
		})
	}
}

// dismiss ends them.
func (t *team) dismiss() {
	t.over.Store(true)
	for _, o := range t.others {
		o.rouse()
	}
	t.gone.Wait()
}

// share has n pieces of work done, while this thread first does something else, if it
// has to.
func (t *team) share(n int, first func(), work func(piece int)) {
	t.work = work
	number := (t.number.Load()>>16+1)<<16 | uint64(n)
	t.number.Store(number)
	for _, o := range t.others {
		o.rouse()
	}
	if first != nil {
		first()
	}
	mine := t.take(number, true)
	t.whole.until(func() bool {
		done := mine
		for _, o := range t.others {
			if d := o.done.Load(); d>>16 == number>>16 {
				done += d & 0xffff
			}
		}
		return done == uint64(n)
	})
}

// take does pieces of a work until all are taken, from the first on or from the last on,
// and returns how many.
func (t *team) take(number uint64, first bool) (done uint64) {
	n := int(number & 0xffff)
	for i := range n {
		at := i
		if !first {
			at = n - 1 - i
		}
		p := &t.pieces[at].taken
		was := p.Load()
		if was>>16 >= number>>16 {
			if first {
				return done // others have taken the rest
			}
			continue
		}
		if p.CompareAndSwap(was, number) {
			t.work(at)
			done++
		}
	}
	return done
}

// sleeper is a thread that waits for something.
type sleeper struct {
	asleep atomic.Bool
	wake   chan struct{}
	looks  int
}

// looks is how often a thread looks before it sleeps: for some windows, each some
// microseconds of work.
const looks = 30_000

func newSleeper() *sleeper {
	s := &sleeper{wake: make(chan struct{}, 1)}
	if runtime.GOMAXPROCS(0) > 1 {
		s.looks = looks
	}
	return s
}

// until waits until something is so. Who makes it so then calls rouse.
func (s *sleeper) until(is func() bool) {
	for range s.looks {
		if is() {
			return
		}
	}
	for !is() {
		s.asleep.Store(true)
		if is() && s.asleep.CompareAndSwap(true, false) {
			return
		}
		<-s.wake
	}
}

// rouse wakes the thread if it sleeps.
func (s *sleeper) rouse() {
	if s.asleep.Load() && s.asleep.CompareAndSwap(true, false) {
		s.wake <- struct{}{}
	}
}
