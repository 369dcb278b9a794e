package cli

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/trace"
	"github.com/skipsw/skipsw/sim/traffic"
)

// alone is what the first frames cost one after the other on one core that has
// nothing else to do.
type alone struct {
	Packets      int        `json:"packets"`
	Cycles       float64    `json:"cycles"`       // a packet
	Instructions float64    `json:"instructions"` // a packet
	Lines        []lineCost `json:"lines"`        // most cycles first
}

// lineCost is what a C line cost, in cycles a packet. A stretch without one has the
// name of its routine.
type lineCost struct {
	File   string  `json:"file,omitempty"`
	Line   uint32  `json:"line,omitempty"`
	Text   string  `json:"text"`
	Cycles float64 `json:"cycles"`
}

// aloneFrames is how many frames are run.
const aloneFrames = 1000

// runAlone runs the first frames of a source.
func runAlone(img *image.Image, spec sim.Spec, src traffic.Source) (alone, error) {
	profile := trace.NewProfile(len(img.Words))
	one := sim.DefaultSpec()
	one.Models, one.Network, one.Hooks = spec.Models, spec.Network, profile.Hooks()
	m, err := sim.New(img, one)
	if err != nil {
		return alone{}, err
	}
	var out alone
	var p traffic.Packet
	var cycles, instructions uint64
	for out.Packets < aloneFrames && src.Next(&p) {
		r := m.Run(sim.Input{Packet: src.Frame(&p), IngressIfindex: 1})
		if r.Fault != nil {
			continue // the card's run tells of it
		}
		out.Packets++
		cycles += r.Cycles
		instructions += r.Instructions
		for _, e := range r.Ends {
			cycles += e.Result.Cycles
			instructions += e.Result.Instructions
		}
	}
	n := float64(max(out.Packets, 1))
	out.Cycles, out.Instructions = float64(cycles)/n, float64(instructions)/n
	for _, l := range profile.Lines(img) {
		c := lineCost{Line: l.LineNo, Text: strings.TrimSpace(l.Text), Cycles: float64(l.Cycles) / n}
		if l.LineNo == 0 {
			c.Text = l.Symbol
		} else {
			c.File = filepath.Base(l.File)
		}
		out.Lines = append(out.Lines, c)
	}
	slices.SortStableFunc(out.Lines, func(a, b lineCost) int { return cmp.Compare(b.Cycles, a.Cycles) })
	return out, nil
}
