package nic

import (
	"slices"

	"github.com/skipsw/skipsw/sim"
)

// window is the part of a run over which rates are taken: from the arrival of a
// tenth of all frames, when queues are as full as they get, to the arrival of
// the last. A run of few frames is taken whole, as is one that is ended before.
type window struct {
	warm  uint64 // frames before it; 0 for a run that is taken whole
	from  uint64 // cycle in which it begins, once it is known
	state windowState
	begin snapshot
	end   snapshot

	worked  uint64 // cycles in which contexts had a frame
	latence histogram
}

type windowState uint8

const (
	warming windowState = iota
	arming              // the frame is taken, and its arrival is ahead
	open
	closed
)

// steady is the least number of frames of a run that is not taken whole.
const steady = 1000

// snapshot is what a run has done up to a cycle.
type snapshot struct {
	cycle    uint64
	counts   counts
	busy     uint64 // cycles of all cores
	worked   uint64
	memory   []uint64 // cycles for which each part of the memory was busy
	inBits   []uint64 // of each port, with preambles and gaps
	outBusy  []uint64 // picoseconds of each port
	hostBusy uint64
}

// begins is called before anything happens.
func (w *window) begins(r *run) {
	total := uint64(0)
	for i := range r.rx {
		total += r.rx[i].in.Source.Packets()
	}
	r.snapshot(&w.begin, sim.Moment{})
	if total < steady {
		w.state = open
		return
	}
	w.warm = total / 10
}

// arrives notes that a frame comes, in cycle at.
func (w *window) arrives(r *run, at uint64) {
	if w.state == warming && r.in >= w.warm {
		w.state, w.from = arming, at
	}
}

// passes notes that time passes.
func (w *window) passes(r *run, now sim.Moment) {
	switch {
	case w.state == arming && now.Cycle >= w.from:
		w.state = open
		r.snapshot(&w.begin, now)
		w.latence = histogram{}
	case w.state == open && w.warm > 0 && r.all && now.Cycle > r.last:
		w.state = closed
		r.snapshot(&w.end, now)
	}
}

// ends notes that the program of a frame has ended.
func (w *window) ends(f *frame, now uint64) { w.worked += now - f.from }

// latency notes that a frame has left the card.
func (w *window) latency(f *frame, end uint64) {
	if w.state != closed {
		w.latence.add(end - f.arrival)
	}
}

// close ends the window with the run, if it has not ended yet.
func (w *window) close(r *run) {
	if w.state != closed {
		r.snapshot(&w.end, sim.Moment{Cycle: r.now})
	}
}

// snapshot takes what the run has done up to a moment: what cores and memory were busy
// is there when they are at rest.
func (r *run) snapshot(s *snapshot, at sim.Moment) {
	*s = snapshot{
		cycle: at.Cycle, counts: r.counts, worked: r.window.worked,
		inBits: slices.Clone(r.inBits), hostBusy: r.host.busyUntil(r.time(at.Cycle)),
	}
	for i := range r.tx {
		s.outBusy = append(s.outBusy, r.tx[i].busyUntil(r.time(at.Cycle)))
	}
	r.card.sys.Busy(at, &s.busy, &s.memory)
}
