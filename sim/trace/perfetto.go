package trace

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/mem"
)

// Perfetto writes what the contexts of cores do as a trace that Perfetto and
// Chrome's trace viewer show: a process for each core, a row for each context, with packets, and
// within them the stretches in which the context has the core or waits. Give
// its Switch method to Hooks.Switch, and Close it at the end. Memory adds a row
// for each memory, Packet one of packets with what became of them.
type Perfetto struct {
	w     *bufio.Writer
	mhz   float64
	first bool
	err   error
	rows  []perfettoRow

	base     uint64 // what cycle 0 of the clock is in the trace
	memories map[string]int
	commands uint64
	packets  bool // their row has a name
	cores    map[int]bool
	frames   map[int]bool // ports whose row has a name
}

// Numbers of the processes beside those of cores.
const (
	pidMemory  = 1 << 20
	pidPackets = pidMemory + 1
	pidPorts   = pidMemory + 2
)

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
		name, s.Core+1, s.Context+1, p.at(from), float64(to-from)/p.mhz, args)
}

// at returns the time of a cycle in microseconds.
func (p *Perfetto) at(cycle uint64) float64 { return float64(p.base+cycle) / p.mhz }

// quoted returns a name from outside as JSON.
func quoted(name string) string {
	b, err := json.Marshal(name)
	if err != nil {
		panic("BUG: a string is no JSON: " + err.Error())
	}
	return string(b)
}

func (p *Perfetto) process(pid int, name string) {
	p.event(`{"ph":"M","name":"process_name","pid":%d,"tid":0,"args":{"name":%s}}`, pid, quoted(name))
}

func (p *Perfetto) thread(pid, tid int, name string) {
	p.event(`{"ph":"M","name":"thread_name","pid":%d,"tid":%d,"args":{"name":%s}}`, pid, tid, quoted(name))
}

// Memory records a command that was served, see mem.Hooks; memory is the name of
// its unit. Commands overlap.
func (p *Perfetto) Memory(memory string, c *mem.Command, start, done uint64) {
	tid, ok := p.memories[memory]
	if !ok {
		if p.memories == nil {
			p.memories = map[string]int{}
			p.process(pidMemory, "memory")
		}
		tid = len(p.memories) + 1
		p.memories[memory] = tid
		p.thread(pidMemory, tid, memory)
	}
	p.commands++
	name := quoted(CommandName(c))
	p.event(`{"ph":"b","cat":"memory","id":%d,"name":%s,"pid":%d,"tid":%d,"ts":%.5f,"args":{"bytes":%d,"core":%d,"context":%d}}`,
		p.commands, name, pidMemory, tid, p.at(start), c.Bytes, c.Ticket.Source, c.Ticket.Context)
	p.event(`{"ph":"e","cat":"memory","id":%d,"name":%s,"pid":%d,"tid":%d,"ts":%.5f}`, p.commands, name, pidMemory, tid, p.at(done))
}

// Packet records a packet of a machine whose clock begins anew with each: it took
// so many cycles, and what follows begins behind it.
func (p *Perfetto) Packet(name string, cycles uint64) {
	if !p.packets {
		p.packets = true
		p.process(pidPackets, "packets")
	}
	p.event(`{"ph":"X","name":%s,"pid":%d,"tid":1,"ts":%.5f,"dur":%.5f}`, quoted(name), pidPackets, p.at(0), float64(cycles)/p.mhz)
	p.base += cycles
}

// Frame records a frame of a card with ports: it came in at one, and was out, by name
// where to, at times in picoseconds. Frames of a port overlap.
func (p *Perfetto) Frame(port int, name string, came, out uint64) {
	if !p.frames[port] {
		if p.frames == nil {
			p.frames = map[int]bool{}
			p.process(pidPorts, "frames by port")
		}
		p.frames[port] = true
		p.thread(pidPorts, port+1, fmt.Sprintf("port %d", port))
	}
	p.commands++
	const micro = 1e6
	text := quoted(name)
	p.event(`{"ph":"b","cat":"frame","id":%d,"name":%s,"pid":%d,"tid":%d,"ts":%.5f}`, p.commands, text, pidPorts, port+1, float64(came)/micro)
	p.event(`{"ph":"e","cat":"frame","id":%d,"name":%s,"pid":%d,"tid":%d,"ts":%.5f}`, p.commands, text, pidPorts, port+1, float64(out)/micro)
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
		if !p.cores[s.Core] {
			if p.cores == nil {
				p.cores = map[int]bool{}
			}
			p.cores[s.Core] = true
			p.process(s.Core+1, fmt.Sprintf("core %d", s.Core))
		}
		p.thread(s.Core+1, s.Context+1, fmt.Sprintf("context %d", s.Context))
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
