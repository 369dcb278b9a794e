package debug

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/core"
)

// Options say what is debugged.
type Options struct {
	Image *image.Image
	// Packets run one after the other.
	Packets [][]byte
	// Spec is the machine's; its hooks are called, too.
	Spec sim.Spec
	// Before, if set, prepares a new machine, and what it returns is called before
	// each packet, by its number from 0.
	Before func(m *sim.Machine) (func(packet int) error, error)
	// Holds says, by word, which half of which eBPF register the word computes; words
	// behind its end compute none that is known.
	Holds []Half
}

// Half is a half of an eBPF register.
type Half struct {
	Known bool
	Reg   uint8 // r0 to r10
	High  bool
}

// Pos is a place in a run: a packet, from 0, and the number of words that have been
// executed of it. Done says that the packet has ended.
type Pos struct {
	Packet, Step int
	Done         bool
}

// Before reports whether p comes before q.
func (p Pos) Before(q Pos) bool {
	switch {
	case p.Packet != q.Packet:
		return p.Packet < q.Packet
	case p.Step != q.Step:
		return p.Step < q.Step
	}
	return !p.Done && q.Done
}

// ErrEnd is what errors.Is finds if there is nothing to run behind the place, or
// nothing before it.
var ErrEnd = errors.New("nothing to run there")

// Session is a run that is looked at. It is for one goroutine at a time.
type Session struct {
	o      Options
	breaks []*Break
	nextID int

	p      *process // stands at the place
	points points
	// Reason says why the run stands where it does: "entry", "step", "goto",
	// "breakpoint", "fault", "end".
	Reason string
	// Hit are the breakpoints that it stopped at.
	Hit []*Break
}

// New begins a session at the first word of the first packet.
func New(o Options) (*Session, error) {
	if len(o.Packets) == 0 {
		return nil, errors.New("there is no packet to debug")
	}
	s := &Session{o: o, nextID: 1}
	if err := s.restart(0); err != nil {
		return nil, err
	}
	s.Reason = "entry"
	if err := s.advance(func(*event) bool { return true }); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the run.
func (s *Session) Close() {
	if s.p != nil {
		s.p.stop()
		s.p = nil
	}
}

// restart makes a new machine that stands at a checkpoint before a packet.
func (s *Session) restart(packet int) error {
	s.Close()
	p, err := newProcess(&s.o, s.points.before(packet), func(k int) { s.points.keep(k, s.p.m) })
	if err != nil {
		return err
	}
	s.p = p
	return nil
}

// advance runs until want takes an event. The error is ErrEnd where there is none;
// the run stands at its end then.
func (s *Session) advance(want func(*event) bool) error {
	if s.p.over {
		return ErrEnd
	}
	return s.p.run(want)
}

// Goto runs forwards, or again from the beginning, to a place.
func (s *Session) Goto(at Pos) error {
	switch {
	case at.Packet < 0 || at.Packet >= len(s.o.Packets):
		return fmt.Errorf("there is no packet %d; the capture has %d", at.Packet+1, len(s.o.Packets))
	case at == s.At():
		s.Reason, s.Hit = "goto", nil
		return nil
	case at.Before(s.At()):
		if err := s.restart(at.Packet); err != nil {
			return err
		}
	}
	s.Reason, s.Hit = "goto", nil
	return s.advance(func(e *event) bool { return !e.at.Before(at) })
}

// At returns the place.
func (s *Session) At() Pos { return s.p.last.at }

// Packets returns how many packets there are.
func (s *Session) Packets() int { return len(s.o.Packets) }

// Image returns the image that runs.
func (s *Session) Image() *image.Image { return s.o.Image }

// Machine returns the machine that stands at the place.
func (s *Session) Machine() *sim.Machine { return s.p.m }

// Word returns the word that executes next, -1 where the packet has ended. For one
// that ended with a fault it is the word that faulted.
func (s *Session) Word() int {
	if e := &s.p.last; !e.at.Done {
		return e.word
	}
	if f := s.p.last.result.Fault; f != nil {
		return f.Word
	}
	return -1
}

// Cycle returns the cycle, from the packet's first word on.
func (s *Session) Cycle() uint64 { return s.p.last.cycle }

// Result returns what became of the packet, or nil while it runs.
func (s *Session) Result() *sim.Result {
	if !s.p.last.at.Done {
		return nil
	}
	return &s.p.last.result
}

// Trace returns the words that the packet has executed so far.
func (s *Session) Trace() []int32 { return s.p.trace }

// Frame returns the bytes of the packet as they are now.
func (s *Session) Frame() []byte {
	if r := s.Result(); r != nil && r.Fault == nil {
		return r.Packet
	}
	return s.p.m.Context().Frame()
}

// Command is a memory command.
type Command struct {
	Word          int // that issued it
	Op            string
	Region        string
	Address       uint64
	Bytes         uint32
	Arrival, Done uint64 // cycles of the packet
}

// UnderWay returns the memory commands whose signals have not come yet.
func (s *Session) UnderWay() []Command {
	var out []Command
	for _, c := range s.p.commands {
		if c.Done > s.p.last.cycle {
			out = append(out, c)
		}
	}
	return out
}

// Context returns the context that the packet runs in.
func (s *Session) Context() *core.Context { return s.p.m.Context() }

// packet returns a copy of a packet's bytes, which the machine may change.
func (o *Options) packet(k int) []byte { return bytes.Clone(o.Packets[k]) }

// halves of eBPF registers that a register of the machine holds.
func (s *Session) holds(word int) Half {
	if word < 0 || word >= len(s.o.Holds) {
		return Half{}
	}
	return s.o.Holds[word]
}

// mapNames returns the names of the image's maps.
func mapNames(img *image.Image) []string {
	out := make([]string, len(img.Maps))
	for k := range img.Maps {
		out[k] = img.Maps[k].Name
	}
	slices.Sort(out)
	return out
}
