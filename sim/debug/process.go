package debug

import (
	"bytes"
	"iter"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/sim/trace"
)

// event is a place at which a run can stop: before a word, or behind a packet.
type event struct {
	at     Pos
	word   int
	prev   int // the word of a program before it in this packet, -1 for none
	cycle  uint64
	result sim.Result // where at.Done
	// touched are the regions that the word before has reached.
	touched []string
}

// process is a machine under way, as a coroutine of the session.
type process struct {
	m    *sim.Machine
	o    *Options
	next func() (struct{}, bool)
	stop func()

	want  func(*event) bool
	yield func(struct{}) bool
	err   error
	over  bool

	last event
	// trace and commands are of the packet under way.
	trace    []int32
	commands []Command
	touched  []string
	cmd      int // the last word that may have issued a command
	own      int // the last word of a program
	isCmd    []bool
	isOwn    []bool
	// between, if not nil, is called before each packet.
	between func(packet int)
}

// abandoned unwinds a machine that is not wanted any more.
type abandoned struct{}

// newProcess makes a machine that begins with the packet of a checkpoint, or with
// the first one.
func newProcess(o *Options, from *point, between func(int)) (*process, error) {
	p := &process{o: o, isCmd: make([]bool, len(o.Image.Words)), isOwn: make([]bool, len(o.Image.Words))}
	for k, w := range o.Image.Words {
		in, err := nfpisa.Decode(w, o.Image.Machine.Mode)
		p.isCmd[k] = err == nil && in.Class == nfpisa.ClassCmd
		_, routine := Owner(o.Image, k)
		p.isOwn[k] = routine == ""
	}
	spec := o.Spec
	spec.Hooks = spec.Hooks.Join(sim.Hooks{Step: p.step})
	serve := spec.MemoryHooks.Serve
	spec.MemoryHooks.Serve = func(c *mem.Command, start, done uint64) {
		p.serve(c, done)
		if serve != nil {
			serve(c, start, done)
		}
	}
	var err error
	if p.m, err = sim.New(o.Image, spec); err != nil {
		return nil, err
	}
	before := func(int) error { return nil }
	if o.Before != nil {
		if before, err = o.Before(p.m); err != nil {
			return nil, err
		}
	}
	p.between = between
	if from.state != nil {
		if err := p.m.Resume(bytes.NewReader(from.state)); err != nil {
			return nil, err
		}
	}
	p.last.at.Packet = from.packet
	p.next, p.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(abandoned); !ok {
					panic(r)
				}
			}
		}()
		p.yield = yield
		p.packets(from.packet, before)
	})
	return p, nil
}

// run goes on until want takes an event.
func (p *process) run(want func(*event) bool) error {
	p.want = want
	if _, ok := p.next(); ok {
		return nil
	}
	p.over = true
	if p.err != nil {
		return p.err
	}
	return ErrEnd
}

// packets runs the packets from one on.
func (p *process) packets(first int, before func(int) error) {
	for k := first; k < len(p.o.Packets); k++ {
		p.between(k)
		if p.err = before(k); p.err != nil {
			return
		}
		p.trace, p.commands, p.touched, p.cmd = p.trace[:0], p.commands[:0], nil, -1
		p.own = -1
		p.last = event{at: Pos{Packet: k}, prev: -1}
		res := p.m.Run(sim.Input{Packet: p.o.packet(k), IngressIfindex: 1})
		cycle := res.Cycles
		if f := res.Fault; f != nil {
			cycle = f.Cycle
		}
		p.event(event{at: Pos{k, len(p.trace), true}, word: -1, prev: p.own, cycle: cycle, result: res})
	}
}

// step sees a word that is about to execute.
func (p *process) step(s sim.Step) {
	p.event(event{at: Pos{Packet: p.last.at.Packet, Step: len(p.trace)}, word: s.Word, prev: p.own, cycle: s.Cycle})
	if p.isCmd[s.Word] {
		p.cmd = s.Word
	}
	if p.isOwn[s.Word] {
		p.own = s.Word
	}
	p.trace = append(p.trace, int32(s.Word))
}

// event stops here if that is wanted.
func (p *process) event(e event) {
	e.touched = p.touched
	p.touched = nil
	p.last = e
	if p.want(&p.last) && !p.yield(struct{}{}) {
		panic(abandoned{})
	}
}

// keptCommands bounds the commands that are kept of a packet; those that are done
// go first.
const keptCommands = 64

// serve sees a memory command.
func (p *process) serve(c *mem.Command, done uint64) {
	p.touched = append(p.touched, c.Region.Name)
	if len(p.commands) >= keptCommands {
		kept := p.commands[:0]
		for _, k := range p.commands {
			if k.Done > c.Arrival {
				kept = append(kept, k)
			}
		}
		p.commands = kept
	}
	p.commands = append(p.commands, Command{
		Word: p.cmd, Op: trace.CommandName(c), Region: c.Region.Name, Address: c.Address, Bytes: c.Bytes, Arrival: c.Arrival, Done: done,
	})
}
