package sim

import "github.com/skipsw/skipsw/sim/core"

// Throughput is what a core did with a stream of packets.
type Throughput struct {
	Packets      uint64
	Faults       uint64
	Cycles       uint64 // from the first word to the last
	Instructions uint64
	// Idle is the number of cycles in which every context waited for memory.
	Idle uint64
}

// Rate returns packets a second for a core clock in hertz.
func (t Throughput) Rate(hertz float64) float64 {
	if t.Cycles == 0 {
		return 0
	}
	return float64(t.Packets) * hertz / float64(t.Cycles)
}

// Batch sends a stream of packets through the core with all its contexts: a
// context takes the next packet as soon as it has ended one, and while it
// waits for memory another runs. next fills in a packet and reports whether
// there was one; done sees each result when its packet ends, which need not be
// the order of entry. The result's Packet and Events are valid during the
// call, as is the Result itself. A fault ends its packet only. Programs at the far
// ends of redirects are the caller's to enter: EndInput says with what.
//
// Between two packets a context pays for the worker's loop, Spec.Worker, which
// is not part of a result's cycles.
func (m *Machine) Batch(next func(*Input) bool, done func(*Result)) Throughput {
	b := batch{m: &m.card, next: next, done: done}
	m.space.SetCPUs(core.Contexts)
	m.core.Restart()
	m.mem.Restart()
	b.t.Idle = m.core.RunAll(&b)
	b.t.Cycles = m.core.Now()
	return b.t
}

// batch feeds one core.
type batch struct {
	m    *card
	next func(*Input) bool
	done func(*Result)
	t    Throughput
	in   Input
	res  Result
}

// Next gives a context its next packet; packets that cannot be taken are
// reported at once.
func (b *batch) Next(x *core.Context) (core.Intake, bool) {
	in := &b.in
	for {
		*in = Input{}
		if !b.next(in) {
			return core.Intake{}, false
		}
		f := b.m.refuse(in)
		if f == nil {
			break
		}
		b.t.Packets++
		b.t.Faults++
		b.done(&Result{Fault: f})
	}
	b.m.enter(x, in)
	return core.Intake{Cost: b.m.spec.Worker, Turns: b.m.spec.WorkerTurns}, true
}

// Ended reports a packet's result.
func (b *batch) Ended(x *core.Context, s core.Stop) {
	b.account(x, s)
	b.done(&b.res)
}

// account makes a packet's result and counts it.
func (b *batch) account(x *core.Context, s core.Stop) {
	b.res = Result{}
	b.m.finish(x, s, &b.res)
	b.t.Packets++
	b.t.Instructions += b.res.Instructions
	if b.res.Fault != nil {
		b.t.Faults++
	}
}
