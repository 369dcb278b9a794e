package nic

import (
	"github.com/skipsw/skipsw/sim/traffic"
)

// Input is what comes in at a port.
type Input struct {
	Source traffic.Source
	Pace   *traffic.Pace
}

// frame is a frame on the card.
type frame struct {
	packet  traffic.Packet
	port    int
	place   uint64 // among those of its port
	arrival uint64 // of the last bit, in picoseconds
	lane    int    // whose frames leave in order, and
	turn    uint64 // the place among them
	from    uint64 // cycle in which it has arrived, then that from which a context works on it
	far     []pass // what it has before it at far ends
	outs    []outlet
}

// receiver is the receiving side of a port.
type receiver struct {
	in    Input
	rate  uint64
	hertz uint64 // of the cores
	free  uint64 // time from which the wire is free
	next  frame  // the one that arrives next
	some  bool   // there is one
	taken uint64 // how often the source was asked
	late  uint64 // picoseconds for which the wire has stood still
}

// wireBits returns the bits of a frame of so many bytes in memory, with
// preamble and check sequence, and with the gap behind it.
func wireBits(length int) (frame, withGap uint64) {
	n := uint64(traffic.Preamble + traffic.Wire(length))
	return 8 * n, 8 * (n + traffic.Gap)
}

// advance takes the next frame from the source.
func (r *receiver) advance() {
	r.taken++
	if r.some = r.in.Source.Next(&r.next.packet); !r.some {
		return
	}
	frame, all := wireBits(r.next.packet.Length)
	start := max(r.free, r.in.Pace.Next(int(all/8))+r.late)
	r.next.arrival = start + traffic.MulDiv(frame, traffic.Second, r.rate)
	r.free = start + traffic.MulDiv(all, traffic.Second, r.rate)
	r.next.from = cycleOf(r.next.arrival, r.hertz)
	r.next.place++
}

// delay lets everything that is still to come arrive later.
func (r *receiver) delay(late uint64) {
	r.late += late
	r.free += late
	r.next.arrival += late
	r.next.from = cycleOf(r.next.arrival, r.hertz)
}

// cycleOf returns the first cycle that does not begin before a time.
func cycleOf(time, hertz uint64) uint64 {
	c := traffic.MulDiv(time, hertz, traffic.Second)
	if traffic.MulDiv(c, traffic.Second, hertz) < time {
		c++
	}
	return c
}

// queue is the frames that leave one after another at a rate.
type queue struct {
	rate  uint64
	depth int
	delay uint64 // from the last bit to the far end, in picoseconds

	ends  []uint64 // when those that wait or are under way end; a ring
	first int
	count int
	free  uint64
	busy  uint64 // picoseconds of all frames so far

	refused uint64 // frames that found it full
}

func newQueue(rate uint64, depth int, delay uint64) queue {
	return queue{rate: rate, depth: depth, delay: delay, ends: make([]uint64, depth)}
}

// put queues a frame that takes so many bits, the last of them at the far end
// when `last` bits are over. It returns when that is; false means that the queue
// is full. Times do not go backwards.
func (q *queue) put(now, last, all uint64) (end uint64, ok bool) {
	for q.count > 0 && q.ends[q.first] <= now {
		q.first++
		if q.first == q.depth {
			q.first = 0
		}
		q.count--
	}
	if q.count == q.depth {
		q.refused++
		return 0, false
	}
	start := max(q.free, now)
	took := traffic.MulDiv(all, traffic.Second, q.rate)
	q.free = start + took
	q.busy += took
	at := q.first + q.count
	if at >= q.depth {
		at -= q.depth
	}
	q.ends[at] = q.free
	q.count++
	return start + traffic.MulDiv(last, traffic.Second, q.rate) + q.delay, true
}

// busyUntil returns for how many picoseconds up to a time frames have left. What
// is queued leaves without a break.
func (q *queue) busyUntil(time uint64) uint64 { return q.busy - max(q.free, time) + time }

// waiting is the frames that have a buffer and no context yet; a ring.
type waiting struct {
	frames []frame
	first  int
	count  int
}

// push returns the place of one more.
func (w *waiting) push() *frame {
	at := w.first + w.count
	if at >= len(w.frames) {
		at -= len(w.frames)
	}
	w.count++
	return &w.frames[at]
}

func (w *waiting) pop() frame {
	f := w.frames[w.first]
	w.first++
	if w.first == len(w.frames) {
		w.first = 0
	}
	w.count--
	return f
}
