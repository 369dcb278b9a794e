// Package nfpimage is the NFP back end from outside: where maps lie in the
// card's memory, which routines are linked behind a program, and how code,
// maps and lines become an image. Selecting instructions is package nfp's.
//
// It never knows devices or the simulator. Backend is the entry point.
package nfpimage

import (
	"errors"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/backend"
	"github.com/skipsw/skipsw/translate/internal/lower"
	"github.com/skipsw/skipsw/translate/internal/nfp"
	"github.com/skipsw/skipsw/translate/internal/opt"
	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Backend makes images for a target.
type Backend struct {
	T *target.Target
	// ByUse has maps placed by what the programs do with them, in all regions of the
	// target; else they are in the first. Heat, if not nil, is how often each was
	// accessed in a run, by name; else the code says.
	ByUse bool
	Heat  map[string]uint64
}

var _ backend.Backend[*image.Image] = Backend{}

// Target implements backend.Backend.
func (b Backend) Target() string { return b.T.Name }

// Prepare implements backend.Backend.
func (b Backend) Prepare(u *backend.Unit) error {
	if err := lower.CheckTarget(b.T); err != nil {
		return err
	}
	a, err := placeMaps(u, b)
	if err != nil {
		return err
	}
	chain, err := chainOf(u, b.T)
	if err != nil {
		return err
	}
	ends, err := endsOf(u, b.T)
	if err != nil {
		return err
	}
	for _, p := range u.Parts {
		use, err := wordUse(p.Program, b.T)
		if err != nil {
			return err
		}
		env := &ssa.Env{Machine: machine(b.T), Helpers: &lower.Helpers{Target: b.T}, Chain: chain, Ends: ends}
		for k, m := range p.Program.Source().Maps {
			at := a.at[m]
			at.Use = use[k]
			env.Maps = append(env.Maps, *at)
		}
		p.Env = env
	}
	return nil
}

// machine says what construction has to know of a target.
func machine(t *target.Target) ssa.Machine {
	v := &t.PacketVector
	m := ssa.Machine{
		Name: t.Name, Direct: t.Direct(), MapHigh: t.Maps.Region().High(), Stores: t.Maps.Stores, Atomics: t.Maps.Atomics,
		LengthBits: v.Length.Bits, PointerSet: uint32(t.Packet.PointerSet), Scratch: t.SkbScratch,
		Ingress: part(v.Ingress), Egress: part(v.Egress), RxQueue: part(v.RxQueue), CPU: part(v.CPU), Metadata: part(v.Metadata),
	}
	if f := t.Packet.Fragments; f != nil {
		number := ^uint32(t.Packet.PointerSet) &^ (1<<t.Packet.NumberLow - 1)
		m.Fragment, m.Fragments = part(v.Fragment), &ssa.Fragments{High: f.High(), Low: uint32(f.Base), Number: number}
	}
	if s := v.Skb; s != nil {
		m.Carried = []ssa.Carried{
			{Field: bpf.SkBuffMark, Part: *part(&s.Mark)},
			{Field: bpf.SkBuffPriority, Part: *part(&s.Priority)},
			{Field: bpf.SkBuffQueueMapping, Part: *part(&s.QueueMapping)},
		}
	}
	if v.Queue != nil {
		m.Queue = &ssa.Queue{Max: 1<<v.Queue.Bits - 1, OutOfRange: v.Queue.OutOfRange}
	}
	return m
}

func part(f *target.Field) *ssa.Part {
	if f == nil {
		return nil
	}
	return &ssa.Part{Word: uint32(f.Word), Low: f.Low, Bits: f.Bits}
}

// Lowering implements backend.Backend.
func (b Backend) Lowering(p *verify.Program) []opt.Pass {
	typ := object.UnknownType
	if p != nil {
		typ = p.Source().Type
	}
	exits := opt.Pass{
		Info: pass.Info{Name: "exits", Doc: "turn verdicts into the target's result word", Required: true},
		Run: func(f *ssa.Func, _ *pass.Run) bool {
			lower.LowerExits(f, b.T, typ)
			return true
		},
	}
	short := 0
	if nfp.AdditionsWait(b.T) {
		short = nfp.ShortAddition
	}
	memory := opt.Memory(opt.Widths{Read: 4 * b.T.Registers.XferIn, Write: 4 * b.T.Registers.XferOut})
	return []opt.Pass{exits, opt.SplitAdditions(short), memory}
}

// Stages implements backend.Backend.
func (b Backend) Stages() []pass.Info { return append(nfp.Stages(), linking) }

var linking = pass.Info{Name: "link", Doc: "link routines, place maps, encode", Required: true}

// Emit implements backend.Backend.
func (b Backend) Emit(u *backend.Unit) (*image.Image, error) {
	a, err := placeMaps(u, b)
	if err != nil {
		return nil, err
	}
	l := &linker{t: b.T, atlas: a}
	for _, p := range u.Parts {
		for k, m := range p.Program.Source().Maps {
			*l.atlas.at[m] = p.Env.Maps[k]
		}
		one := &member{Part: p}
		u.Run.About(p.Program.Source().Name)
		chain := p.Env.Chain
		wants := nfp.Wants{Check: u.Check, Nested: chain != nil && chain.Nested}
		for k := range p.Env.Maps {
			wants.Regions = append(wants.Regions, p.Env.Maps[k].Region)
		}
		if p.Entry != nil {
			if one.entry, err = nfp.Generate(p.Entry, b.T, u.Run, wants); err != nil {
				return nil, withProgram(p, err)
			}
			one.entry.FallThrough()
		}
		if one.body, err = nfp.Generate(p.Body, b.T, u.Run, wants); err != nil {
			return nil, withProgram(p, err)
		}
		l.parts = append(l.parts, one)
	}
	var img *image.Image
	u.Run.Do(&linking, listing{&img}, func() bool {
		if img, err = l.link(); err == nil {
			l.report(u.Report, img)
			if u.Run.Remarking() {
				u.Report.Code = l.uses()
			}
		}
		return err == nil
	})
	return img, err
}

// withProgram adds what a stage does not know that sees neither eBPF nor lines.
func withProgram(p *backend.Part, err error) error {
	src := p.Program.Source()
	var u *ssa.Unsupported
	if !errors.As(err, &u) {
		u = &ssa.Unsupported{What: "program " + src.Name, Why: err.Error(), Slot: -1}
		if nfp.Crowded(err) {
			return backend.CrowdedPart(p, u)
		}
		return u
	}
	if u.Line == nil && u.Slot >= 0 {
		u.Line = src.PlaceAt(u.Slot)
	}
	return err
}
