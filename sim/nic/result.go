package nic

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/traffic"
)

// Result is what a run did. Counts are of all frames; rates, latencies and
// utilisation are of the time from the arrival of the first tenth of the frames
// to that of the last.
type Result struct {
	Packets Packets `json:"packets"`
	// Drops has a count for each reason.
	Drops map[string]uint64 `json:"drops"`

	// Replaced has the replacements of the program, see Traffic.Replace.
	Replaced []Replacement `json:"replaced,omitempty"`

	// HostQueues has the frames that programs redirected to queues of the host,
	// by name: "cpu 1", "socket 0". Packets.Host counts them, too.
	HostQueues map[string]uint64 `json:"host_queues,omitempty"`

	OfferedMpps float64 `json:"offered_mpps"`
	// Mpps is the rate of packets that were dealt with: sent, given to the host
	// or dropped by the program's verdict.
	Mpps float64 `json:"mpps"`
	// Gbps is the rate of bits of the frames that left the card, to ports and
	// host, without preamble and gap.
	Gbps float64 `json:"gbps"`

	// Latency is from the last bit in to the last bit out, to the host's memory
	// or, for a frame that a program drops, to the end of the program.
	Latency Latency `json:"latency_ns"`

	Cores    int    `json:"cores"`
	Contexts int    `json:"contexts"`
	Hertz    uint64 `json:"hertz"`
	// Seconds is the time that was simulated.
	Seconds float64 `json:"seconds"`
	// Utilisation is the share of time for which each part was busy.
	Utilisation map[string]float64 `json:"utilisation"`
	// Units has the parts of the memory that had something to do, the busiest first.
	Units []UnitUse `json:"units"`
	// Bottleneck says in words what kept the card from doing more.
	Bottleneck string `json:"bottleneck"`
	// Partial says that the run was ended before all was done.
	Partial bool `json:"partial,omitempty"`

	FirstFault *sim.Fault `json:"-"`
	// Latencies is the whole distribution, by ranges of nanoseconds.
	Latencies []LatencyRange `json:"-"`
}

// LatencyRange is how many frames took at least From nanoseconds and less than the
// next range.
type LatencyRange struct {
	From    float64
	Packets uint64
}

// UnitUse is what a part of the memory did: a bank, its atomic engine, a DRAM
// channel, or the bus out of an island.
type UnitUse struct {
	// Name is in words: "external memory atomics, bank 3". Memory is the target's
	// name; a bus has none.
	Name   string `json:"name"`
	Memory string `json:"memory,omitempty"`
	// Busy is the share of time for which it was busy.
	Busy float64 `json:"busy"`
	// Map is the one that kept it busy the most, for MapShare of what all maps did,
	// in the whole run.
	Map      string  `json:"map,omitempty"`
	MapShare float64 `json:"map_share,omitempty"`
}

// String returns what a bottleneck is called: part, share, map.
func (u *UnitUse) String() string {
	out := fmt.Sprintf("%s, %s busy", u.Name, percent(u.Busy))
	if u.Map != "" {
		out += fmt.Sprintf(", %s of it with map %q", percent(u.MapShare), u.Map)
	}
	return out
}

// sortUses sorts by what was busy.
func sortUses(all []UnitUse) {
	slices.SortStableFunc(all, func(a, b UnitUse) int { return cmp.Compare(b.Busy, a.Busy) })
}

// Packets says where frames are: In and Copies are together the sum of Sent,
// Host, InFlight and all drops.
type Packets struct {
	In uint64 `json:"in"`
	// Copies is how many the card made of frames for more than one port.
	Copies uint64 `json:"copies"`
	Sent   uint64 `json:"sent"`
	Host   uint64 `json:"host"`
	// Cut is how many of In were cut in their capture: the program saw zeros where
	// bytes are missing.
	Cut uint64 `json:"cut,omitempty"`
	// InFlight is how many were on the card when a partial run ended, or had a
	// context that waited for them.
	InFlight uint64 `json:"in_flight"`
	// Reordered is how many left behind one that came in later at their port; with
	// OrderFlow they are of different flows.
	Reordered uint64 `json:"reordered"`
}

// Latency has quantiles in nanoseconds, rounded down.
type Latency struct {
	P50  uint64 `json:"p50"`
	P99  uint64 `json:"p99"`
	P999 uint64 `json:"p999"`
}

// The reasons of drops.
const (
	DropBuffer  = "no_buffer"    // no receive buffer was free
	DropProgram = "program"      // the program's verdict
	DropAborted = "aborted"      // XDP_ABORTED, or an unknown verdict of XDP
	DropFault   = "fault"        // the program did not reach its exit
	DropEgress  = "egress_queue" // the egress queue was full
	DropHost    = "host_queue"   // the host's queue was full
	// DropRedirect is of a redirect to no port or queue that the card has.
	DropRedirect = "redirect"
)

// Names of parts in Result.Utilisation. Memories are "memory NAME", each as busy as
// its busiest part, ports
// "port N in" and "port N out".
const (
	partCores    = "cores"
	partContexts = "contexts"
	partHost     = "host"
)

func (r *run) result() *Result {
	w := &r.window
	w.close(r)
	spec := &r.card.spec
	n := &r.counts
	flight := uint64(r.busy + r.wait.count + r.parked + len(r.again))
	if n.in+n.copies != n.sent+n.host+n.dropped()+flight || !r.partial && flight > 0 {
		panic(fmt.Sprintf("BUG: frames are lost: %+v, %d under way", *n, flight))
	}
	res := &Result{
		Packets: Packets{In: n.in, Copies: n.copies, Sent: n.sent, Host: n.host, InFlight: flight, Reordered: n.reordered},
		Drops: map[string]uint64{
			DropBuffer: n.noBuffer, DropProgram: n.program, DropAborted: n.aborted,
			DropFault: n.faults, DropEgress: n.egressFull, DropHost: n.hostFull,
			DropRedirect: n.unreachable,
		},
		HostQueues: r.queues, Replaced: r.replaced,
		Latency: Latency{w.latence.quantile(500) / 1000, w.latence.quantile(990) / 1000, w.latence.quantile(999) / 1000},
		Cores:   spec.Cores, Contexts: spec.Contexts(), Hertz: spec.Hertz,
		Seconds: float64(r.now) / float64(spec.Hertz), Utilisation: map[string]float64{},
		Partial: r.partial, FirstFault: r.fault,
	}
	for i := range r.rx {
		if cut, ok := r.rx[i].in.Source.(traffic.Cut); ok {
			res.Packets.Cut += cut.CutFrames()
		}
	}
	for b, n := range w.latence.counts {
		if n > 0 {
			res.Latencies = append(res.Latencies, LatencyRange{float64(least(b)) / 1000, n})
		}
	}
	r.rates(res)
	res.Bottleneck = r.bottleneck(res)
	return res
}

// rates fills in rates and utilisation.
func (r *run) rates(res *Result) {
	a, b, spec := &r.window.begin, &r.window.end, &r.card.spec
	if b.cycle <= a.cycle {
		return
	}
	cycles := float64(b.cycle - a.cycle)
	seconds := cycles / float64(spec.Hertz)
	of := func(n uint64) float64 { return float64(n) / seconds }
	// Events come after the last arrival.
	arriving := seconds
	if r.all && r.last > a.cycle && r.last < b.cycle {
		arriving = float64(r.last-a.cycle) / float64(spec.Hertz)
	}
	res.OfferedMpps = float64(b.counts.in-a.counts.in) / arriving / 1e6
	res.Mpps = of(b.counts.served()-a.counts.served()) / 1e6
	res.Gbps = of(b.counts.outBits-a.counts.outBits+b.counts.hostBits-a.counts.hostBits) / 1e9

	res.Utilisation, res.Units = r.shares(a, b, arriving)
}

// shares returns how busy each part was between two moments, and the parts of the
// memory; arriving is the part of the time in seconds in which frames came.
func (r *run) shares(a, b *snapshot, arriving float64) (map[string]float64, []UnitUse) {
	spec := &r.card.spec
	cycles := float64(b.cycle - a.cycle)
	picoseconds := cycles / float64(spec.Hertz) * traffic.Second
	out := map[string]float64{}
	// What was begun may last beyond the window.
	use := func(part string, share float64) { out[part] = min(share, 1) }
	use(partCores, float64(b.busy-a.busy)/(cycles*float64(spec.Cores)))
	use(partContexts, float64(b.worked-a.worked)/(cycles*float64(spec.Contexts())))
	busy := make([]uint64, len(b.memory))
	for i := range busy {
		busy[i] = b.memory[i] - a.memory[i]
	}
	units := r.card.use.unitUses(busy, cycles)
	for _, u := range r.card.use.units {
		use(partMemory(u.Name), 0)
	}
	for _, u := range units {
		if u.Memory != "" {
			use(partMemory(u.Memory), max(u.Busy, out[partMemory(u.Memory)]))
		}
	}
	for i := range r.tx {
		use(partIn(i), float64(b.inBits[i]-a.inBits[i])/arriving/float64(spec.PortRate))
		use(partOut(i), float64(b.outBusy[i]-a.outBusy[i])/picoseconds)
	}
	use(partHost, float64(b.hostBusy-a.hostBusy)/picoseconds)
	return out, units
}

// Sample is what a card did between two moments of a run.
type Sample struct {
	// Seconds is the time of the later one.
	Seconds float64
	Mpps    float64 // as in Result
	// Utilisation is the share of time for which each part was busy.
	Utilisation map[string]float64
}

// Sample lets a function see what the card does, each time that so many cycles have
// passed.
func (t *Traffic) Sample(every uint64, see func(Sample)) { t.every, t.see = every, see }

func (r *run) sample(a, b *snapshot) Sample {
	seconds := float64(b.cycle-a.cycle) / float64(r.card.spec.Hertz)
	s := Sample{Seconds: float64(b.cycle) / float64(r.card.spec.Hertz), Mpps: float64(b.counts.served()-a.counts.served()) / seconds / 1e6}
	s.Utilisation, _ = r.shares(a, b, seconds)
	return s
}

func partMemory(name string) string { return "memory " + name }
func partOut(port int) string       { return fmt.Sprintf("port %d out", port) }
func partIn(port int) string        { return fmt.Sprintf("port %d in", port) }
