package cli

import (
	"fmt"
	"io"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/sim/nic"
	"github.com/skipsw/skipsw/sim/trace"
)

// traced calls measure with what writes a trace of the card, whose clock is in hertz,
// if there is to be one.
func (f *benchFlags) traced(hertz uint64, measure func() error) error {
	if f.trace == "" {
		return measure()
	}
	if len(f.sweep) > 0 {
		return usagef("--trace is of one measurement: leave out --sweep")
	}
	s := &f.build.app.streams
	t := &cardTrace{}
	err := s.write(f.trace, "a trace", func(w io.Writer) error {
		t.perf = trace.NewPerfetto(w, float64(hertz))
		t.watch(&f.spec)
		f.loaded = func(c *nic.Card) { t.units, _ = c.System().Memories() }
		if err := measure(); err != nil {
			return err
		}
		return t.perf.Close()
	})
	if err == nil && t.ended > mostTraced {
		fmt.Fprintf(f.build.cmd.ErrOrStderr(), "note: the trace has the first %d of %d packets\n", mostTraced, t.ended)
	}
	return err
}

// cardTrace traces the first packets of a card.
type cardTrace struct {
	perf  *trace.Perfetto
	units []mem.Unit
	ended int // packets
}

func (t *cardTrace) on() bool { return t.ended < mostTraced }

// watch adds what has to be seen to a card's Spec.
func (t *cardTrace) watch(s *nic.Spec) {
	m := &s.Machine
	m.Hooks = m.Hooks.Join(sim.Hooks{Switch: func(e sim.Switch) {
		if t.on() {
			t.perf.Switch(e)
		}
		if e.Kind == core.SwitchEnd {
			t.ended++
		}
	}})
	next := m.MemoryHooks.Serve
	m.MemoryHooks.Serve = func(c *mem.Command, start, done uint64) {
		if t.on() {
			t.perf.Memory(t.units[c.Region.Unit].Name, c, start, done)
		}
		if next != nil {
			next(c, start, done)
		}
	}
	leave := s.Leave
	s.Leave = func(d nic.Departure) {
		if t.on() {
			to := "the host"
			if d.Out >= 0 {
				to = fmt.Sprintf("port %d", d.Out)
			}
			t.perf.Frame(d.In, fmt.Sprintf("frame %d to %s", d.Place, to), d.Came, d.Time)
		}
		if leave != nil {
			leave(d)
		}
	}
}
