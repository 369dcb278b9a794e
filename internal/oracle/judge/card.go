package judge

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
)

// Card is the verifier, the compiler for one target at one level, and the
// simulated card, as a judge.
type Card struct {
	Target *target.Target
	Level  translate.Level
	// Passes switches passes of the compiler on or off, see translate.Options.
	Passes map[string]bool
	// Label is the judge's name.
	Label    string
	Verifier *Verifier
	// Network is what the card's maps of the host's network hold.
	Network *network.Tables
}

// NewCards returns a Card for each target name and level, which share the
// proofs of v. A name is of a built-in target or a target file.
func NewCards(v *Verifier, targets []string, levels []translate.Level) ([]oracle.Judge, error) {
	var out []oracle.Judge
	for _, name := range targets {
		t, err := target.Load(name)
		if err != nil {
			return nil, err
		}
		for _, l := range levels {
			label := t.Name
			if l != translate.LevelDefault {
				label = fmt.Sprintf("%s/%s", t.Name, LevelName(l))
			}
			out = append(out, &Card{Target: t, Level: l, Label: label, Verifier: v})
		}
	}
	return out, nil
}

// LevelName returns the name of an optimisation level.
func LevelName(l translate.Level) string {
	switch l {
	case translate.LevelDefault:
		return "default"
	case translate.LevelNone:
		return "plain"
	}
	return fmt.Sprintf("level %d", l)
}

// Name returns the label.
func (c *Card) Name() string { return c.Label }

// Confined returns the interpreter with frames in a buffer like the target's; nil
// where it moves their ends as far as the kernel does.
func (c *Card) Confined() oracle.Judge {
	head, tail := c.Target.AdjustHead, c.Target.AdjustTail
	if head == nil && tail == nil {
		return nil
	}
	start := sim.DefaultSpec().PacketOffset
	var b ebpf.Buffer
	if tail != nil && tail.EndMax > 0 {
		b.End = tail.EndMax - start
	}
	if head != nil {
		b.Back, b.Ahead = start-head.OffMin, head.OffMax-start
	}
	return Interpreter{Buffer: &b, Network: c.Network}
}

// budget bounds a run in cycles: 33 programs that each walk a map of 512 buckets
// three times take ten million.
const budget = 50_000_000

// Load verifies and compiles the program and puts it into a simulated core.
func (c *Card) Load(p *object.Program) (oracle.Loaded, error) {
	v, err := c.Verifier.Verify(p)
	if err != nil {
		return nil, refusal(err)
	}
	called, err := translate.VerifyCalled(p, c.Verifier.Verify)
	if err != nil {
		return nil, refusal(err)
	}
	img, err := translate.Compile(v, translate.Options{Called: called, Target: c.Target, OptLevel: c.Level, Passes: c.Passes, CheckAllocation: true})
	switch {
	case errors.Is(err, translate.ErrNotSupported):
		return nil, &oracle.Refusal{Kind: oracle.NotSupported, Err: err}
	case err != nil:
		return nil, fmt.Errorf("compile: %w", err)
	}
	spec := sim.DefaultSpec()
	spec.Budget, spec.Network = budget, c.Network
	m, err := sim.New(img, spec)
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	l := &cardLoaded{m: m, p: p, maps: p.AllMaps(), redirects: c.Target.PacketVector.Redirect != nil}
	if exit := &c.Target.Exit; exit.Kind == target.ExitCode {
		l.class = func(verdict uint32) uint32 { return exit.Class(p.Type == object.TC, verdict) }
	}
	return l, nil
}

// cardFault is a fault that tells whether the program left its memory.
type cardFault struct{ *core.Fault }

func (f cardFault) Is(target error) bool {
	switch f.Kind {
	case core.FaultBadPC, core.FaultLocalMemory, core.FaultPacket, core.FaultMemory:
		return target == oracle.ErrOutside
	}
	return false
}

type cardLoaded struct {
	m     *sim.Machine
	p     *object.Program
	maps  []*object.Map
	class func(uint32) uint32
	// redirects says that the target has redirects to places.
	redirects bool
}

func (l *cardLoaded) Close() {}

// Run gives the packet to the simulated core. The interface is number 1, the
// queue 0: those of the kernel's test runs.
func (l *cardLoaded) Run(packet []byte) (oracle.Run, error) {
	r := l.m.Run(sim.Input{Packet: packet, IngressIfindex: 1})
	if r.Fault != nil {
		return oracle.Run{}, cardFault{r.Fault}
	}
	out := oracle.Run{
		Verdict: r.Verdict, Class: l.class, Packet: bytes.Clone(r.Packet), Meta: bytes.Clone(r.Metadata), OnWire: true, Maps: make([][]object.Entry, len(l.maps)),
	}
	if r.HasSkb {
		out.Skb = &oracle.Skb{Mark: r.Skb.Mark, Priority: r.Skb.Priority, QueueMapping: r.Skb.QueueMapping}
	}
	l.events(&out, r.Events)
	if oracle.Redirects(l.p, r.Verdict) && l.redirects {
		out.Redirect, out.Ends = RedirectText(&r.Redirect), []string{}
	}
	for i := range r.Ends {
		e := &r.Ends[i]
		if e.Result.Fault != nil {
			return oracle.Run{}, cardFault{e.Result.Fault}
		}
		what, on := oracle.ToInterface, ""
		if e.To.Kind == target.RedirectCPU {
			what = oracle.ToCPU
		}
		if oracle.Redirects(l.p, e.Result.Verdict) {
			on = RedirectText(&e.Result.Redirect)
		}
		out.Ends = append(out.Ends, oracle.EndText(what, e.To.To, e.Result.Verdict, e.Result.Packet, e.Result.Metadata, on))
		l.events(&out, e.Result.Events)
	}
	for i, spec := range l.maps {
		if !oracle.PlainMap(spec.Type) {
			continue
		}
		m, ok := l.m.Map(spec.Name)
		if !ok {
			return oracle.Run{}, fmt.Errorf("the image has no map %q", spec.Name)
		}
		for _, e := range m.Entries() {
			out.Maps[i] = append(out.Maps[i], object.Entry(e))
		}
	}
	return out, nil
}

// events adds what a program sent to maps.
func (l *cardLoaded) events(out *oracle.Run, all []sim.Event) {
	for _, e := range all {
		if out.Events == nil {
			out.Events = make([][][]byte, len(l.maps))
		}
		i := e.Map - 1 // as images number the maps of their programs
		if int(i) >= len(l.maps) {
			continue // prints, which no judge is asked about
		}
		out.Events[i] = append(out.Events[i], append(bytes.Clone(e.Data), e.Packet...))
	}
}

// RedirectText names where a frame goes, as oracle.RedirectText does.
func RedirectText(r *sim.Redirect) string {
	switch r.Kind {
	case target.RedirectPort:
		return oracle.RedirectText(oracle.ToInterface, r.To)
	case target.RedirectCPU:
		return oracle.RedirectText(oracle.ToCPU, r.To)
	case target.RedirectSocket:
		return oracle.RedirectText(oracle.ToSocket, r.To)
	case target.RedirectAll, target.RedirectOthers:
		return oracle.RedirectText(oracle.ToCopies, r.Interfaces...)
	}
	return oracle.RedirectText("")
}
