package sim

import (
	"slices"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
)

// End is what a program at the far end of a redirect made of a frame, or of a copy.
type End struct {
	// Program is the index into the image's programs.
	Program int
	// To is the place that the program is at: a port with one interface, or a queue of
	// the host.
	To     Redirect
	Result Result // its slices stay valid
	// Lost says that the frame was to go on after MaxEnds programs.
	Lost bool
}

// MaxEnds is how many programs at far ends a frame can pass, one after the other: a
// program of a CPU map may redirect it again, also to where it runs itself.
const MaxEnds = 8

// Fate is what becomes of a frame that has passed a program at a far end.
type Fate uint8

// The fates.
const (
	EndSends   Fate = iota // it leaves by the port, or reaches the queue
	EndDrops               // by verdict
	EndAborts              // by a verdict that is an error there
	EndGoesOn              // redirected again
	EndFaulted             // the program did not reach its exit
	EndLost                // dropped after MaxEnds programs
)

// Fate returns what becomes of the frame, as the kernel has it for entries of device
// maps (dev_map_bpf_prog_run) and of CPU maps (cpu_map_bpf_prog_run_xdp).
func (e *End) Fate() Fate {
	switch v := bpf.XDPAction(e.Result.Verdict); {
	case e.Result.Fault != nil:
		return EndFaulted
	case e.Lost:
		return EndLost
	case v == bpf.XDPPass:
		return EndSends
	case v == bpf.XDPDrop:
		return EndDrops
	case v == bpf.XDPRedirect && e.To.Kind == target.RedirectCPU:
		return EndGoesOn
	}
	return EndAborts
}

// EndInput returns what the program at the far end number k of a result's redirect
// gets; false for a far end without a program. What it points at is the result's.
func EndInput(in *Input, res *Result, k int) (Input, bool) {
	to := &res.Redirect
	program, out := to.Program, uint32(0)
	switch {
	case to.Kind == target.RedirectPort:
		out = to.To
	case to.Kind != target.RedirectCPU:
		if k >= len(to.Programs) {
			return Input{}, false
		}
		program, out = to.Programs[k], to.Interfaces[k]
	}
	if program == 0 {
		return Input{}, false
	}
	return Input{
		Packet: res.Packet, Before: res.Before, Metadata: len(res.Metadata), Linear: res.Linear, Program: int(program - 1),
		IngressIfindex: in.IngressIfindex, EgressIfindex: out,
	}, true
}

// FarEnds returns how many far ends a result has: 0 for one that redirects nothing.
func FarEnds(res *Result) int {
	switch res.Redirect.Kind {
	case "":
		return 0
	case target.RedirectAll, target.RedirectOthers:
		return len(res.Redirect.Interfaces)
	}
	return 1
}

// EndOf returns the place of far end number k of a redirect.
func EndOf(r *Redirect, k int) Redirect {
	if r.Kind == target.RedirectAll || r.Kind == target.RedirectOthers {
		to := Redirect{Kind: target.RedirectPort, To: r.Interfaces[k]}
		if k < len(r.Programs) {
			to.Program = r.Programs[k]
		}
		return to
	}
	return *r
}

// runEnds runs the programs at the far ends of a result's redirect.
func (m *Machine) runEnds(in *Input, res *Result) {
	if res.Fault != nil || !res.Redirect.Ends() {
		return
	}
	keep(res)
	m.ends(in, res, MaxEnds, &res.Ends)
}

// ends adds what programs make of the frame of a result, of which most may follow
// each other.
func (m *Machine) ends(in *Input, res *Result, most int, out *[]End) {
	for k := range FarEnds(res) {
		next, ok := EndInput(in, res, k)
		if !ok {
			continue
		}
		e := End{Program: next.Program, To: EndOf(&res.Redirect, k), Result: m.once(next)}
		keep(&e.Result)
		again := e.Fate() == EndGoesOn && e.Result.Redirect.Ends()
		e.Lost = again && most == 1
		*out = append(*out, e)
		if again && !e.Lost {
			m.ends(&next, &e.Result, most-1, out)
		}
	}
}

// keep makes what a result points at outlast the next run.
func keep(r *Result) {
	r.Before, r.Packet = slices.Clone(r.Before), slices.Clone(r.Packet)
	r.Metadata = r.Before[len(r.Before)-len(r.Metadata):]
	r.Redirect.Interfaces, r.Redirect.Programs = slices.Clone(r.Redirect.Interfaces), slices.Clone(r.Redirect.Programs)
	events := slices.Clone(r.Events)
	for i := range events {
		events[i].Data, events[i].Packet = slices.Clone(events[i].Data), slices.Clone(events[i].Packet)
	}
	r.Events = events
}
