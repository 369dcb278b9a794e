package engine

import (
	"sync"
	"sync/atomic"
)

// few is the number of cores below which sharing the work takes longer than it.
const few = 8

// portion is how many cores a thread takes at a time.
const portion = 2

// team is threads that share the cores of a window.
type team struct {
	work   func(from, to int, end uint64)
	others int

	n    int
	end  uint64
	next atomic.Int64 // first core that nobody has taken
	left atomic.Int64 // threads that are still at it
	call []chan struct{}
	done chan struct{}
	gone sync.WaitGroup
}

// gather starts the other threads.
func (t *team) gather() {
	t.call, t.done = nil, make(chan struct{}, 1)
	for range t.others {
		call := make(chan struct{}, 1)
		t.call = append(t.call, call)
		t.gone.Go(func() {
			for range call {
				t.take()
				if t.left.Add(-1) == 0 {
					t.done <- struct{}{}
				}
			}
		})
	}
}

// dismiss ends them.
func (t *team) dismiss() {
	for _, c := range t.call {
		close(c)
	}
	t.gone.Wait()
}

// share has the work of n cores done, up to a cycle.
func (t *team) share(n int, end uint64) {
	t.n, t.end = n, end
	t.next.Store(0)
	t.left.Store(int64(t.others))
	for _, c := range t.call {
		c <- struct{}{}
	}
	t.take()
	<-t.done
}

// take does work until there is none.
func (t *team) take() {
	for {
		from := int(t.next.Add(portion)) - portion
		if from >= t.n {
			return
		}
		t.work(from, min(from+portion, t.n), t.end)
	}
}
