// Package nfpimage is the NFP back end from outside: where maps lie in the
// card's memory, which routines are linked behind a program, and how code,
// maps and lines become an image. Selecting instructions is package nfp's.
//
// It never knows devices or the simulator. Backend is the entry point.
package nfpimage

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
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
type Backend struct{ T *target.Target }

var _ backend.Backend[*image.Image] = Backend{}

// Target implements backend.Backend.
func (b Backend) Target() string { return b.T.Name }

// Prepare implements backend.Backend.
func (b Backend) Prepare(u *backend.Unit) (*ssa.Env, error) {
	if err := lower.CheckTarget(b.T); err != nil {
		return nil, err
	}
	maps, err := placeMaps(u.Program, b.T)
	if err != nil {
		return nil, err
	}
	use, err := wordUse(u.Program, b.T)
	if err != nil {
		return nil, err
	}
	for k := range maps {
		maps[k].Use = use[k]
	}
	return &ssa.Env{Machine: machine(b.T), Maps: maps, Helpers: &lower.Helpers{Target: b.T}}, nil
}

// machine says what construction has to know of a target.
func machine(t *target.Target) ssa.Machine {
	v := &t.PacketVector
	m := ssa.Machine{
		Name: t.Name, Direct: t.Direct(), MapHigh: t.Maps.Region().High(), Stores: t.Maps.Stores, Atomics: t.Maps.Atomics,
		LengthBits: v.Length.Bits, PointerSet: uint32(t.Packet.PointerSet), Scratch: t.SkbScratch,
		Ingress: part(v.Ingress), RxQueue: part(v.RxQueue),
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
	return []opt.Pass{exits, opt.Memory}
}

// Stages implements backend.Backend.
func (b Backend) Stages() []pass.Info { return append(nfp.Stages(), linking) }

var linking = pass.Info{Name: "link", Doc: "link routines, place maps, encode", Required: true}

// Emit implements backend.Backend.
func (b Backend) Emit(u *backend.Unit, f *ssa.Func) (*image.Image, error) {
	out, err := nfp.Generate(f, b.T, u.Run, u.Check)
	if err != nil {
		return nil, withProgram(u.Program, err)
	}
	var img *image.Image
	u.Run.Do(&linking, listing{&img}, func() bool {
		img, err = link(u, b.T, out)
		return err == nil
	})
	return img, err
}

// crowded is an error that is a backend.ErrCrowded.
type crowded struct{ *ssa.Unsupported }

// Is reports whether the error is meant.
func (crowded) Is(target error) bool { return target == backend.ErrCrowded }

// withProgram adds what a stage does not know that sees neither eBPF nor lines.
func withProgram(p *verify.Program, err error) error {
	var u *ssa.Unsupported
	if errors.Is(err, nfp.ErrCrowded) {
		return crowded{&ssa.Unsupported{What: "program " + p.Source().Name, Why: err.Error(), Slot: -1}}
	}
	if !errors.As(err, &u) {
		return &ssa.Unsupported{What: "program " + p.Source().Name, Why: err.Error(), Slot: -1}
	}
	if u.Line == nil && u.Slot >= 0 {
		u.Line = p.Source().PlaceAt(u.Slot)
	}
	return err
}

// link makes the image.
func link(u *backend.Unit, t *target.Target, out *nfp.Output) (*image.Image, error) {
	p, maps := u.Program, u.Env.Maps
	src := p.Source()
	core := &t.Core
	lib, err := linkRoutines(u, t, out)
	if err != nil {
		return nil, err
	}
	if room := t.LocalMemory.Stack; out.StackBytes > room {
		return nil, &ssa.Unsupported{
			What: fmt.Sprintf("program %s with %d bytes of local memory from the stack base on", src.Name, out.StackBytes), Slot: -1,
			Why: fmt.Sprintf("local_memory.stack is %d in target %s", room, t.Name),
		}
	}
	if n := len(out.Words) + len(lib.words) + core.Padding; n > core.CodeWords {
		return nil, &ssa.Unsupported{
			What: fmt.Sprintf("program %s of %d words", src.Name, n), Slot: -1,
			Why: fmt.Sprintf("target %s has room for %d", t.Name, core.CodeWords),
		}
	}
	img := &image.Image{Target: t.Clone(), Machine: image.Machine{
		Mode: nfpisa.Ctx4, CodeStart: uint16(core.CodeStart), Done: uint16(core.Done),
		Helpers: map[uint32]uint16{}, StackSize: uint32(out.StackBytes),
	}}
	for k := range out.Words {
		w := &out.Words[k]
		word, err := nfpisa.Encode(w.I, nfpisa.Ctx4)
		if err != nil {
			panic(fmt.Sprintf("BUG: word %d of %s: %v", k, src.Name, err))
		}
		img.Words = append(img.Words, word)
		at := uint32(k)
		switch {
		case w.Done:
			img.Relocs = append(img.Relocs, image.Reloc{Word: at, Kind: image.RelocDone})
		case w.Site != nil && w.Site.Map >= 0:
			img.Relocs = append(img.Relocs, image.Reloc{Word: at, Kind: image.RelocBranch})
		case w.Site != nil:
			helper := uint32(w.Site.Helper)
			img.Relocs = append(img.Relocs, image.Reloc{Word: at, Kind: image.RelocHelper, Arg: helper})
			img.Machine.Helpers[helper] = w.I.Target
		case w.Return:
			img.Relocs = append(img.Relocs, image.Reloc{Word: at, Kind: image.RelocImmed})
		case w.Block >= 0:
			img.Relocs = append(img.Relocs, image.Reloc{Word: at, Kind: image.RelocBranch})
		}
	}
	lib.appendTo(img)
	nop, err := nfpisa.Encode(nfpisa.Nop(), nfpisa.Ctx4)
	if err != nil {
		panic("BUG: nop: " + err.Error())
	}
	for range core.Padding {
		img.Words = append(img.Words, nop)
	}
	img.Programs = []image.Program{{
		Name: src.Name, Section: src.Section, Type: src.Type.String(), License: src.License, Insns: uint32(len(src.Insns)),
	}}
	img.Symbols = []image.Symbol{{Name: src.Name, Size: uint32(len(out.Words)), Kind: image.SymProgram}}
	img.Symbols = append(img.Symbols, lib.symbols...)
	img.Maps = imageMaps(p, t, maps)
	img.Lines = lines(p, out, len(lib.words)+core.Padding)
	report(u.Report, img, t, maps, out)
	return img, nil
}
