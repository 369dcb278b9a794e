package nfp

import "sync"

// maxJobs is how much work may wait. What comes then is lost, as on a card
// whose queues are full.
const maxJobs = 4096

// worker does one thing after the other.
type worker struct {
	mu      sync.Mutex
	more    sync.Cond
	jobs    []func()
	closed  bool
	stopped chan struct{}
}

func newWorker() *worker {
	w := &worker{stopped: make(chan struct{})}
	w.more.L = &w.mu
	return w
}

// push adds a job and never waits. It reports false when the job is lost.
func (w *worker) push(job func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.jobs) >= maxJobs {
		return false
	}
	return w.add(job)
}

// pushAlways adds a job whatever waits.
func (w *worker) pushAlways(job func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.add(job)
}

func (w *worker) add(job func()) bool {
	if w.closed {
		return false
	}
	w.jobs = append(w.jobs, job)
	w.more.Signal()
	return true
}

// clear forgets what waits.
func (w *worker) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jobs = nil
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
		job := w.jobs[0]
		w.jobs = w.jobs[1:]
		w.mu.Unlock()
		job()
	}
}
