package trace

import (
	"bufio"
	"fmt"
	"io"

	"github.com/skipsw/skipsw/sim/core"
)

// Perfetto writes what the contexts of cores do as a trace that Perfetto and
// Chrome's trace viewer show: a process for each core, a row for each context, with packets, and
// within them the stretches in which the context has the core or waits. Give
// its Switch method to Hooks.Switch, and Close it at the end.
type Perfetto struct {
	w     *bufio.Writer
	mhz   float64
	first bool
	err   error
	rows  []perfettoRow
}

type perfettoRow struct {
	packets uint64
	open    string // slice that is open within the packet
	since   uint64
	begun   uint64
	named   bool
}

// NewPerfetto begins a trace. Cycles become microseconds by the core clock in
// hertz.
func NewPerfetto(w io.Writer, hertz float64) *Perfetto {
	p := &Perfetto{w: bufio.NewWriter(w), mhz: hertz / 1e6, first: true}
	p.print(`{"displayTimeUnit":"ns","traceEvents":[`)
	return p
}

func (p *Perfetto) print(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *Perfetto) event(format string, args ...any) {
	if !p.first {
		p.print(",")
	}
	p.first = false
	p.print("\n"+format, args...)
}

func (p *Perfetto) slice(name string, s *core.Switch, from, to uint64, args string) {
	p.event(`{"ph":"X","name":"%s","pid":%d,"tid":%d,"ts":%.5f,"dur":%.5f,"args":{%s}}`,
		name, s.Core+1, s.Context+1, float64(from)/p.mhz, float64(to-from)/p.mhz, args)
}

// Switch records one change.
func (p *Perfetto) Switch(s core.Switch) {
	at := s.Core*core.Contexts + s.Context
	for len(p.rows) <= at {
		p.rows = append(p.rows, perfettoRow{})
	}
	r := &p.rows[at]
	if !r.named {
		r.named = true
		p.event(`{"ph":"M","name":"process_name","pid":%d,"args":{"name":"core %d"}}`, s.Core+1, s.Core)
		p.event(`{"ph":"M","name":"thread_name","pid":%d,"tid":%d,"args":{"name":"context %d"}}`, s.Core+1, s.Context+1, s.Context)
	}
	if r.open != "" {
		p.slice(r.open, &s, r.since, s.Cycle, fmt.Sprintf(`"word":%d`, s.Word))
	}
	r.since = s.Cycle
	switch s.Kind {
	case core.SwitchBegin:
		r.begun = s.Cycle
		r.open = "run"
	case core.SwitchSleep:
		r.open = "wait"
	case core.SwitchWake:
		r.open = "run"
	case core.SwitchEnd:
		r.open = ""
		p.slice("packet", &s, r.begun, s.Cycle, fmt.Sprintf(`"packet":%d,"cycles":%d`, r.packets, s.Cycle-r.begun))
		r.packets++
	}
}

// Close ends the trace and returns the first error of its writes.
func (p *Perfetto) Close() error {
	p.print("\n]}\n")
	if p.err == nil {
		p.err = p.w.Flush()
	}
	return p.err
}
