package nic

import (
	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/sim"
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
// buffer can be missing for that frame: those taken are the frames of other
// contexts, and there are as many buffers as contexts.
type run struct {
	card *Card
	rx   []receiver
	tx   []queue
	host queue
	wait waiting
	work []frame // of each context of each core
	busy int     // contexts that have one
	held bool    // the wires stand still

	counts
	inBits []uint64 // of each port, with preambles and gaps
	newest []uint64 // place of the newest frame that left, by the port it came in at
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
	outBits, hostBits                  uint64 // frames with their check sequence
}

// dropped returns the frames that were dropped.
func (n *counts) dropped() uint64 {
	return n.noBuffer + n.program + n.aborted + n.faults + n.egressFull + n.hostFull
}

// served returns the frames that were dealt with as the program wanted.
func (n *counts) served() uint64 { return n.sent + n.host + n.program + n.aborted }

func newRun(c *Card, in []Input) *run {
	s := &c.spec
	r := &run{
		card: c, host: newQueue(s.HostRate, s.HostQueue, s.HostDelay),
		wait: waiting{frames: make([]frame, s.Buffers)}, work: make([]frame, s.Contexts()), newest: make([]uint64, s.Ports), inBits: make([]uint64, s.Ports),
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
func (r *run) receive(now uint64) {
	for port := r.first(); port >= 0 && r.rx[port].next.from <= now; port = r.first() {
		full := r.busy+r.wait.count == len(r.wait.frames)
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
		f := r.take(port)
		if full {
			r.noBuffer++
			continue
		}
		r.wait.push(&f)
	}
	r.now = now
	r.window.passes(r, now)
}

// Next implements sim.Feed.
func (r *run) Next(at sim.Moment, in *sim.Input) (uint64, bool) {
	r.receive(at.Cycle)
	f := &r.work[at.Place()]
	switch port := r.first(); {
	case r.err != nil:
		return 0, false
	case r.wait.count > 0:
		*f = r.wait.pop()
	case port >= 0:
		*f = r.take(port)
	default:
		return 0, false
	}
	from := max(f.from, r.card.use.served[at.Place()])
	f.from = max(f.from, at.Cycle)
	r.busy++
	in.Packet = r.rx[f.port].in.Source.Frame(&f.packet)
	in.IngressIfindex = uint32(f.port + 1)
	return from, true
}

// Done implements sim.Feed.
func (r *run) Done(at sim.Moment, res *sim.Result) {
	r.receive(at.Cycle)
	f := &r.work[at.Place()]
	r.busy--
	r.window.ends(f, at.Cycle)
	now := r.time(at.Cycle)
	if res.Fault != nil {
		r.faults++
		if r.fault == nil {
			r.fault = res.Fault
		}
		r.window.latency(f, now)
		return
	}
	end, ok := now, true
	switch what, name := r.card.fateOf(res.Verdict); what {
	case toHost:
		bits := 8 * uint64(len(res.Packet)+r.card.spec.HostOverhead)
		if end, ok = r.host.put(now, bits, bits); !ok {
			r.hostFull++
			return
		}
		r.counts.host++
		r.hostBits += 8 * uint64(traffic.Wire(len(res.Packet)))
		r.leaves(f)
	case toPort:
		last, all := wireBits(len(res.Packet))
		if end, ok = r.tx[r.card.spec.egress(f.port)].put(now, last, all); !ok {
			r.egressFull++
			return
		}
		r.sent++
		r.outBits += 8 * uint64(traffic.Wire(len(res.Packet)))
		r.leaves(f)
	case dropped:
		r.program++
	case aborted:
		r.aborted++
	case unknown:
		r.err = unsupported.New("verdict "+name, "the card does not know by which port the frame leaves")
	}
	r.window.latency(f, end)
}

// leaves notes a frame that leaves the card, and whether one that came behind it
// has left already.
func (r *run) leaves(f *frame) {
	if f.place < r.newest[f.port] {
		r.reordered++
		return
	}
	r.newest[f.port] = f.place
}
