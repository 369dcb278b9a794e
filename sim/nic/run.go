package nic

import (
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/sim/traffic"
)

// run is traffic on its way through a card. It is the Feed of the card's cores,
// whose calls come in the order of time: each first lets in what has arrived
// until then.
//
// A context takes a frame when memory units have come to all commands of the
// one before, so that a unit that cannot keep up holds back those who use it.
//
// A context that asks while nothing waits gets the frame that comes next. No
// buffer can be missing for that frame, as far as contexts have them: there are as
// many buffers. Frames that wait for their turn to leave keep theirs from others that
// arrive, but not from a context.
type run struct {
	card *Card
	rx   []receiver
	tx   []queue
	host queue
	wait waiting
	work []frame // of each context of each core
	// again are frames that pass the cores once more.
	again []frame
	busy  int  // contexts that have one
	held  bool // the wires stand still

	idle     []int         // contexts of each core that take no frame any more
	swap     *swap         // the replacement that is under way, or nil
	replaced []Replacement // those that are done

	lanes  []lane
	parked int // frames that wait for their turn to leave

	counts
	inBits []uint64          // of each port, with preambles and gaps
	newest []uint64          // place of the newest frame that left, by the port it came in at
	queues map[string]uint64 // frames for each queue of the host
	window window
	now    uint64 // cycle of the last call
	fault  *sim.Fault
	err    error
	// last is the cycle by which the last frame has arrived, when all have.
	last    uint64
	all     bool
	partial bool
}

// counts is what became of frames.
type counts struct {
	in, sent, host                     uint64
	noBuffer, program, aborted, faults uint64
	egressFull, hostFull, reordered    uint64
	copies                             uint64 // made of frames that came in
	unreachable                        uint64
	outBits, hostBits                  uint64 // frames with their check sequence
}

// dropped returns the frames that were dropped.
func (n *counts) dropped() uint64 {
	return n.noBuffer + n.program + n.aborted + n.faults + n.egressFull + n.hostFull + n.unreachable
}

// served returns the frames that were dealt with as the program wanted.
func (n *counts) served() uint64 { return n.sent + n.host + n.program + n.aborted }

func newRun(c *Card, in []Input) *run {
	s := &c.spec
	r := &run{
		card: c, host: newQueue(s.HostRate, s.HostQueue, s.HostDelay),
		wait: waiting{frames: make([]frame, s.Buffers)}, idle: make([]int, s.Cores), work: make([]frame, s.Contexts()), newest: make([]uint64, s.Ports), queues: map[string]uint64{}, inBits: make([]uint64, s.Ports), lanes: newLanes(s),
	}
	for port, i := range in {
		r.rx = append(r.rx, receiver{in: i, rate: s.PortRate, hertz: s.Hertz, next: frame{port: port}})
		r.rx[port].advance()
		r.tx = append(r.tx, newQueue(s.PortRate, s.EgressQueue, 0))
	}
	c.use.reset()
	return r
}

// first returns the port at which a frame arrives next, or -1.
func (r *run) first() int {
	port := -1
	for i := range r.rx {
		if r.rx[i].some && (port < 0 || r.rx[i].next.arrival < r.rx[port].next.arrival) {
			port = i
		}
	}
	return port
}

// time returns when a cycle begins.
func (r *run) time(cycle uint64) uint64 {
	return traffic.MulDiv(cycle, traffic.Second, r.card.spec.Hertz)
}

// take takes the frame that arrives next from a port.
func (r *run) take(port int) frame {
	rx := &r.rx[port]
	f := rx.next
	r.in++
	_, wire := wireBits(f.packet.Length)
	r.inBits[port] += wire
	r.window.arrives(r, f.from)
	rx.advance()
	if r.all = r.first() < 0; r.all {
		r.last = f.from
	}
	return f
}

// receive lets in what arrives up to a cycle. In the warm-up, when no buffer is
// free, the wires stand still until there is one.
func (r *run) receive(at sim.Moment) {
	now := at.Cycle
	for port := r.first(); port >= 0 && r.rx[port].next.from <= now; port = r.first() {
		full := r.busy+r.wait.count+r.parked+len(r.again) >= len(r.wait.frames)
		if full && r.in < r.window.warm {
			r.held = true
			break
		}
		if r.held {
			r.held = false
			late := r.time(now) - r.rx[port].next.arrival
			for i := range r.rx {
				r.rx[i].delay(late)
			}
			continue
		}
		if full {
			r.take(port)
			r.noBuffer++
			continue
		}
		f := r.wait.push()
		*f = r.take(port)
		r.accept(f)
	}
	r.now = now
	r.window.passes(r, at)
}

// Next implements sim.Feed.
func (r *run) Next(at sim.Moment, in *sim.Input) (uint64, bool) {
	r.receive(at)
	if r.drains(at) {
		return 0, false
	}
	f := &r.work[at.Place()]
	switch port := r.first(); {
	case r.err != nil:
		r.idle[at.Core]++
		return 0, false
	case len(r.again) > 0:
		*f = r.again[0]
		r.again = r.again[1:]
		f.from = max(at.Cycle, r.card.use.servedUntil(at.Place()))
		r.busy++
		*in = f.far[0].input
		return f.from, true
	case r.wait.count > 0:
		*f = r.wait.pop()
	case port >= 0:
		*f = r.take(port)
		r.accept(f)
	default:
		r.idle[at.Core]++
		return 0, false
	}
	from := max(f.from, r.card.use.servedUntil(at.Place()))
	f.from = max(f.from, at.Cycle)
	r.busy++
	in.Packet = r.rx[f.port].in.Source.Frame(&f.packet)
	in.IngressIfindex = firmware.IfindexOf(f.port)
	return from, true
}

// Done implements sim.Feed.
func (r *run) Done(at sim.Moment, res *sim.Result) {
	r.receive(at)
	f := &r.work[at.Place()]
	r.busy--
	r.window.ends(f, at.Cycle)
	if r.follow(f, res) && len(f.far) > 0 {
		r.again = append(r.again, *f)
		return
	}
	d := departure{frame: *f}
	if len(f.outs) > 0 {
		d.fate = fanned
		r.depart(&d, r.time(at.Cycle))
		return
	}
	if d.fate = failed; res.Fault == nil {
		d.fate, d.length, d.redirect = r.card.fateOf(res.Verdict), len(res.Packet), res.Redirect
	} else if r.fault == nil {
		r.fault = res.Fault
	}
	if r.card.spec.Leave != nil {
		d.data = res.Packet
	}
	r.depart(&d, r.time(at.Cycle))
}

// release lets a frame leave the card.
func (r *run) release(d *departure, now uint64) {
	f, end := &d.frame, now
	switch d.fate {
	case failed:
		r.faults++
	case toHost:
		end, _ = r.toHost(d, now)
	case toPort:
		end, _ = r.toPort(d, r.card.spec.egress(f.port), now)
	case redirected:
		end = r.redirect(d, now)
	case fanned:
		end = r.fan(d, now)
	case dropped:
		r.program++
	case aborted:
		r.aborted++
	}
	if end > 0 {
		r.window.latency(f, end)
	}
}

// toHost gives a frame to the host. It returns when it is there; false, and
// time 0, means that the queue was full.
func (r *run) toHost(d *departure, now uint64) (end uint64, ok bool) {
	length := d.length
	bits := 8 * uint64(length+r.card.spec.HostOverhead)
	if end, ok = r.host.put(now, bits, bits); !ok {
		r.hostFull++
		return 0, false
	}
	r.counts.host++
	r.hostBits += 8 * uint64(traffic.Wire(length))
	r.leaves(d, -1, end)
	return end, true
}

// toPort sends a frame by a port. It returns when its last bit is out; false,
// and time 0, means that the queue was full.
func (r *run) toPort(d *departure, port int, now uint64) (end uint64, ok bool) {
	length := d.length
	last, all := wireBits(length)
	if end, ok = r.tx[port].put(now, last, all); !ok {
		r.egressFull++
		return 0, false
	}
	r.sent++
	r.outBits += 8 * uint64(traffic.Wire(length))
	r.leaves(d, port, end)
	return end, true
}

// leaves notes a frame that leaves the card by a port, or to the host, and whether
// one that came behind it has left already.
func (r *run) leaves(d *departure, port int, end uint64) {
	if r.card.spec.Leave != nil {
		r.card.spec.Leave(Departure{In: d.port, Place: d.place, Out: port, Frame: d.data, Time: end, Came: d.arrival})
	}
	if d.place < r.newest[d.port] {
		r.reordered++
		return
	}
	r.newest[d.port] = d.place
}
