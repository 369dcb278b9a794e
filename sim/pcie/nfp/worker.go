package nfp

import (
	"slices"
	"sync"
)

// maxJobs is how much work may wait. What comes then is lost, as on a card
// whose queues are full. A message of the host waits for all of it, so it is not
// more than some tenths of a second's.
const maxJobs = 512

// job is one thing to do. One that must come is not forgotten with a guest that is
// gone.
type job struct {
	do   func()
	sure bool
}

// worker does one thing after the other.
type worker struct {
	mu      sync.Mutex
	more    sync.Cond
	jobs    []job
	closed  bool
	stopped chan struct{}
}

func newWorker() *worker {
	w := &worker{stopped: make(chan struct{})}
	w.more.L = &w.mu
	return w
}

// push adds a job and never waits. It reports false when the job is lost.
func (w *worker) push(do func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.jobs) >= maxJobs {
		return false
	}
	return w.add(job{do: do})
}

// pushRing adds a job for a ring. There is one at most for each, so it is never
// lost: the host does not tell again.
func (w *worker) pushRing(do func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.add(job{do: do})
}

// pushSure adds a job that must come, whatever waits.
func (w *worker) pushSure(do func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.add(job{do, true})
}

func (w *worker) add(j job) bool {
	if w.closed {
		return false
	}
	w.jobs = append(w.jobs, j)
	w.more.Signal()
	return true
}

// clear forgets what waits, but for what must come.
func (w *worker) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jobs = slices.DeleteFunc(w.jobs, func(j job) bool { return !j.sure })
}

func (w *worker) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.jobs = nil
	w.more.Signal()
}

func (w *worker) run() {
	defer close(w.stopped)
	for {
		w.mu.Lock()
		for len(w.jobs) == 0 && !w.closed {
			w.more.Wait()
		}
		if w.closed {
			w.mu.Unlock()
			return
		}
		j := w.jobs[0]
		w.jobs = w.jobs[1:]
		w.mu.Unlock()
		j.do()
	}
}
