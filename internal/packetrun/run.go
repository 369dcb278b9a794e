// Package packetrun runs packets one by one through an image in the simulator,
// says what became of each, and sums up verdicts, cycles and the words where the
// cycles went. Its memory does not grow with the number of packets.
//
// It never knows the compiler; it takes images.
package packetrun

import (
	"context"
	"fmt"
	"io"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Summary is what a run over many packets gave.
type Summary struct {
	Packets  int            `json:"packets"`
	Verdicts map[string]int `json:"verdicts"`
	// Redirects is how many packets were redirected, by where: "port 1".
	Redirects map[string]int `json:"redirects,omitempty"`
	// Ends is how many packets and copies programs at the far ends of redirects took,
	// by place, program and verdict: "port 1: rewrite XDP_PASS".
	Ends map[string]int `json:"ends,omitempty"`
	// Lost is how many packets a port in tunnel mode could not send, by port and reason:
	// "port 1: no_route".
	Lost         map[string]int  `json:"lost,omitempty"`
	Faults       int             `json:"faults"`
	Cycles       Cycles          `json:"cycles"`
	Instructions Mean            `json:"instructions"`
	Maps         map[string][]KV `json:"maps,omitempty"`
	// ZeroEntries is how many entries of arrays are all zero and not in Maps.
	ZeroEntries map[string]uint64 `json:"zero_entries,omitempty"`
	// Events is what programs sent to ring buffers and perf event arrays, by map.
	Events map[string]*Sent `json:"events,omitempty"`
	// Prints is what the program printed.
	Prints []Print `json:"prints,omitempty"`
	// PrintsLost counts those for which there was no room.
	PrintsLost uint32 `json:"prints_lost,omitempty"`
	// Records are the records themselves, where they were asked for.
	Records []Record `json:"records,omitempty"`
	// Cut counts the packets of which the capture has only a part.
	Cut int `json:"cut,omitempty"`
	// FirstFault is the first packet that did not reach an exit.
	FirstFault *PacketFault `json:"first_fault,omitempty"`
	// CycleCounts is how many packets took how many cycles.
	CycleCounts map[uint64]uint64 `json:"-"`
	// Partial says that the run was ended before the last packet.
	Partial bool `json:"partial,omitempty"`
}

// PacketFault is a fault with the packet, counted from 1, that met it.
type PacketFault struct {
	Packet int        `json:"packet"`
	Reason string     `json:"reason"`
	Fault  *sim.Fault `json:"-"`
}

// Error names packet and fault.
func (f *PacketFault) Error() string { return fmt.Sprintf("packet %d: %s", f.Packet, f.Reason) }

// Unwrap returns the fault.
func (f *PacketFault) Unwrap() error { return f.Fault }

// Sent counts the records of a map.
type Sent struct {
	Records int    `json:"records"`
	Lost    uint32 `json:"lost"` // for which there was no room
}

// Record is a record that a packet, counted from 1, sent to a map. Bytes are in
// lower-case hex; Text is the data by its C type, if that is known.
type Record struct {
	Packet      int    `json:"packet"`
	Map         string `json:"map"`
	Data        string `json:"data"`
	PacketBytes string `json:"packet_bytes,omitempty"`
	Text        string `json:"text,omitempty"`
}

// Sink takes a record that a packet, counted from 1, sent to a map. It is valid
// during the call.
type Sink func(packet int, m *image.Map, e *sim.Event) error

// Cycles is the distribution of core cycles for one packet, from the first
// instruction to the branch to done, memory waits included.
type Cycles struct {
	Min  uint64  `json:"min"`
	Mean float64 `json:"mean"`
	P50  uint64  `json:"p50"`
	P99  uint64  `json:"p99"`
	Max  uint64  `json:"max"`
}

// Mean is an average.
type Mean struct {
	Mean float64 `json:"mean"`
}

// KV is one map entry in lower-case hex.
type KV struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	// Program is the program in a slot of a program array, whose number is the
	// value.
	Program string `json:"-"`
}

// Source gives packets one by one, valid until the next call, and io.EOF behind
// the last.
type Source interface {
	Next() (pcap.Packet, error)
}

// Options say how packets are run.
type Options struct {
	Clock Clock
	// Input is what comes with every packet, but for its bytes.
	Input sim.Input
	// Strict refuses packets that were cut when they were captured. Otherwise
	// they have zeros in the place of what is missing.
	Strict bool
	// Records, if not nil, takes what packets send to maps.
	Records Sink
	// Each, if not nil, takes what became of each packet, in their order.
	Each func(*Outcome) error
	// Tunnels are ports in tunnel mode.
	Tunnels Tunnels
}

// Run feeds every packet to the machine, one after the other. It is an error if
// the machine has no clock to go by, and if a packet cannot be read. When ctx ends
// before the packets do, the summary is of those until then and says so.
func Run(ctx context.Context, m *sim.Machine, img *image.Image, src Source, o Options) (*Summary, error) {
	if len(img.Programs) > 0 && img.Programs[0].Attach != "" {
		return nil, unsupported.New("packets for program "+img.Programs[0].Name, fmt.Sprintf("it runs in entries of maps (%s) and no packet comes in there: run the program that redirects by the map", img.Programs[0].Attach))
	}
	setTime, err := o.Clock.Start(m)
	if err != nil {
		return nil, err
	}
	s := &Summary{Verdicts: map[string]int{}, Events: queues(img)}
	var cycles tally
	var instructions uint64
	progType := ""
	if len(img.Programs) > 0 {
		progType = img.Programs[0].Type
	}
	names := newVerdicts(progType)
	input := o.Input
	var whole filler
	var r sim.Result
	out := Outcome{Result: &r, image: img}
	clocked := m.HasClock()
	for {
		if s.Packets%lookEvery == 0 && ctx.Err() != nil {
			s.Partial = true
			break
		}
		p, err := src.Next()
		if err == io.EOF {
			break
		}
		if err != nil && ctx.Err() != nil { // a source may end with the context
			s.Partial = true
			break
		}
		if err != nil {
			return nil, &InputError{err}
		}
		s.Packets++
		if p.Length > len(p.Data) {
			if s.Cut++; o.Strict {
				return nil, &InputError{cutError(s.Packets, &p)}
			}
			if err := whole.fill(&p); err != nil {
				return nil, &InputError{fmt.Errorf("packet %d: %w", s.Packets, err)}
			}
		}
		if err := setTime(p.Time); err != nil {
			return nil, err
		}
		input.Packet = p.Data
		if clocked {
			out.Began = m.Time()
		}
		if why := o.Tunnels.arrives(&input); why != "" {
			out.Number, out.In = s.Packets, p
			s.aside(why, &out, &r, p.Data)
			if o.Each != nil {
				if err := o.Each(&out); err != nil {
					return nil, err
				}
			}
			continue
		}
		r = m.Run(input)
		for k := range r.Events {
			if err := s.send(m, img, &r.Events[k], o.Records); err != nil {
				return nil, err
			}
		}
		if err := s.ends(m, img, &r, o.Records); err != nil {
			return nil, err
		}
		out.Number, out.In, out.Verdict, out.Redirected, out.Leaves = s.Packets, p, "", false, false
		if r.Fault != nil {
			s.fault(r.Fault)
		} else {
			v := names.of(r.Verdict)
			v.count++
			out.Verdict, out.Leaves, out.Redirected = v.name, v.leaves, v.redirects
			if v.redirects {
				s.redirect(&r.Redirect)
				out.Leaves = s.leaves(o.Tunnels, m, &r) && out.Leaves
			}
			cycles.add(r.Cycles)
			instructions += r.Instructions
		}
		if o.Each != nil {
			if err := o.Each(&out); err != nil {
				return nil, err
			}
		}
	}
	names.into(s.Verdicts)
	s.lost(m)
	s.Cycles, s.CycleCounts = cycles.distribution(), cycles.counts()
	if n := s.Packets - s.Faults; n > 0 {
		s.Instructions.Mean = float64(instructions) / float64(n)
	}
	return s, nil
}

// InputError is about the packets of a run, not about its program.
type InputError struct{ Err error }

// Error implements error.
func (e *InputError) Error() string { return e.Err.Error() }

// Unwrap returns the error within.
func (e *InputError) Unwrap() error { return e.Err }

// lookEvery is how many packets pass between two looks at the context of a run.
const lookEvery = 256

func (s *Summary) fault(f *sim.Fault) {
	if s.Faults++; s.FirstFault == nil {
		s.FirstFault = &PacketFault{Packet: s.Packets, Reason: f.Error(), Fault: f}
	}
}

func (s *Summary) redirect(r *sim.Redirect) {
	if s.Redirects == nil {
		s.Redirects = map[string]int{}
	}
	s.Redirects[r.String()]++
}

// lost notes for which records and prints there was no room.
func (s *Summary) lost(m *sim.Machine) {
	if mp, ok := m.Map(maplayout.PrintsMap); ok {
		if q, ok := mp.Queue(); ok {
			s.PrintsLost = q.Lost()
		}
	}
	for name, sent := range s.Events {
		if mp, ok := m.Map(name); ok {
			if q, ok := mp.Queue(); ok {
				sent.Lost = q.Lost()
			}
		}
	}
}

// queues begins to count the records of each map that takes some.
func queues(img *image.Image) map[string]*Sent {
	all := map[string]*Sent{}
	for i := range img.Maps {
		if t, ok := bpf.MapTypeByName(img.Maps[i].Type); ok && t.Queues() && img.Maps[i].Name != maplayout.PrintsMap {
			all[img.Maps[i].Name] = &Sent{}
		}
	}
	return all
}

// send counts a record of the last packet and passes it on.
func (s *Summary) send(machine *sim.Machine, img *image.Image, e *sim.Event, sink Sink) error {
	for i := range img.Maps {
		if m := &img.Maps[i]; m.ID == e.Map && m.Name == maplayout.PrintsMap {
			text, err := PrintText(machine.Maps(), e.Data)
			s.Prints = append(s.Prints, Print{s.Packets, text})
			return err
		}
		if m := &img.Maps[i]; m.ID == e.Map && s.Events[m.Name] != nil {
			s.Events[m.Name].Records++
			if sink != nil {
				return sink(s.Packets, m, e)
			}
		}
	}
	return nil
}

// Dump adds the entries of every map of the image that a program declares; of those
// of arrays that are all zero it counts how many there are.
func (s *Summary) Dump(m *sim.Machine, img *image.Image) {
	s.Maps, s.ZeroEntries = map[string][]KV{}, map[string]uint64{}
	for i := range img.Maps {
		name := img.Maps[i].Name
		mp, ok := m.Map(name)
		if !ok || maplayout.OfHost(name) {
			continue
		}
		kvs := []KV{}
		entries, zero := mp.Filled()
		if zero > 0 {
			s.ZeroEntries[name] = zero
		}
		for _, e := range entries {
			kv := KV{Key: fmt.Sprintf("%x", e.Key), Value: fmt.Sprintf("%x", e.Value)}
			if img.Maps[i].IsProgramArray() {
				kv.Program = img.ProgramIn(e.Value)
			}
			kvs = append(kvs, kv)
		}
		s.Maps[name] = kvs
	}
}
