package packetrun

import (
	"encoding/hex"
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
)

// End is what a program at the far end of a redirect made of a packet, or of its copy,
// as JSON.
type End struct {
	// To is the place: "port 1", "cpu 0".
	To      string `json:"to"`
	Program string `json:"program"`
	Verdict string `json:"verdict,omitempty"`
	// Fate is what becomes of the packet: "sent", "dropped", "aborted", "redirected",
	// "fault", "lost" (redirected once more than a card takes).
	Fate     string `json:"fate"`
	Redirect string `json:"redirect,omitempty"`
	Cycles   uint64 `json:"cycles,omitempty"`
	OutBytes int    `json:"out_bytes"`
	// Output and Metadata are the packet as it leaves there, in lower-case hex.
	Output   string `json:"output,omitempty"`
	Metadata string `json:"metadata,omitempty"`
	Fault    string `json:"fault,omitempty"`
}

// fates are their names.
var fates = map[sim.Fate]string{
	sim.EndSends: "sent", sim.EndDrops: "dropped", sim.EndAborts: "aborted", sim.EndGoesOn: "redirected", sim.EndFaulted: "fault", sim.EndLost: "lost",
}

// endOf returns the JSON form of what became of a packet at a far end.
func endOf(img *image.Image, e *sim.End) End {
	out := End{To: e.To.String(), Program: img.Programs[e.Program].Name, Fate: fates[e.Fate()]}
	r := &e.Result
	if r.Fault != nil {
		out.Fault = r.Fault.Error()
		return out
	}
	out.Verdict, out.Cycles, out.OutBytes = VerdictName("xdp", r.Verdict), r.Cycles, len(r.Packet)
	switch e.Fate() {
	case sim.EndGoesOn:
		out.Redirect = r.Redirect.String()
		fallthrough
	case sim.EndSends:
		out.Output, out.Metadata = hex.EncodeToString(r.Packet), hex.EncodeToString(r.Metadata)
	}
	return out
}

// Ends returns what became of the packet at far ends that have programs.
func (o *Outcome) Ends() (all []End) {
	for i := range o.Result.Ends {
		all = append(all, endOf(o.image, &o.Result.Ends[i]))
	}
	return all
}

// text is an end in a line: "port 1: rewrite XDP_PASS 60B sent".
func (e *End) text() string {
	if e.Fault != "" {
		return fmt.Sprintf("%s: %s %s", e.To, e.Program, e.Fault)
	}
	s := fmt.Sprintf("%s: %s %s %dB %s", e.To, e.Program, e.Verdict, e.OutBytes, e.Fate)
	if e.Redirect != "" {
		s += " to " + e.Redirect
	}
	return s
}

// ends counts what became of a packet at far ends, and passes on what the programs
// there sent to maps.
func (s *Summary) ends(m *sim.Machine, img *image.Image, r *sim.Result, sink Sink) error {
	for i := range r.Ends {
		e := &r.Ends[i]
		if e.Result.Fault != nil {
			s.fault(e.Result.Fault)
		} else {
			if s.Ends == nil {
				s.Ends = map[string]int{}
			}
			s.Ends[fmt.Sprintf("%s: %s %s", e.To.String(), img.Programs[e.Program].Name, VerdictName("xdp", e.Result.Verdict))]++
		}
		for k := range e.Result.Events {
			if err := s.send(m, img, &e.Result.Events[k], sink); err != nil {
				return err
			}
		}
	}
	return nil
}

// Leaving is a packet as it leaves the card: by a place, "" for where the verdict of
// its program says.
type Leaving struct {
	To   string
	Data []byte
}

// Departures returns the packets that leave the card: the one of the result, or the
// copies of it that no program at a far end has taken.
func (o *Outcome) Departures() (out []Leaving) {
	r := o.Result
	switch {
	case !o.Leaves:
		return nil
	case len(r.Ends) == 0:
		return []Leaving{{Data: r.Packet}}
	}
	for k := range sim.FarEnds(r) {
		if to := sim.EndOf(&r.Redirect, k); to.Program == 0 {
			out = append(out, Leaving{to.String(), r.Packet})
		}
	}
	for i := range r.Ends {
		e := &r.Ends[i]
		switch again := &e.Result.Redirect; {
		case e.Fate() == sim.EndSends:
			out = append(out, Leaving{e.To.String(), e.Result.Packet})
		case e.Fate() == sim.EndGoesOn:
			for k := range sim.FarEnds(&e.Result) {
				if to := sim.EndOf(again, k); to.Program == 0 {
					out = append(out, Leaving{to.String(), e.Result.Packet})
				}
			}
		}
	}
	return out
}
