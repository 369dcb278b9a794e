package translate

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/bug"
	"github.com/skipsw/skipsw/translate/isel"
	"github.com/skipsw/skipsw/translate/opt"
	"github.com/skipsw/skipsw/translate/runtime"
	"github.com/skipsw/skipsw/translate/ssa"
	"github.com/skipsw/skipsw/translate/target"
	"github.com/skipsw/skipsw/translate/verify"
)

// Options say what to compile for.
type Options struct {
	// Target is the machine and firmware interface; nil means the built-in
	// skipsw.
	Target *target.Target
	// OptLevel says how much is improved.
	OptLevel opt.Level
	// CheckAllocation proves each register allocation right with a checker that
	// does not trust the allocator.
	CheckAllocation bool
	// Unproven allows programs that are not proven to be safe, see
	// verify.Options.Unproven. It is only for a simulator that checks every
	// access (sim.CheckExact), never for a device.
	Unproven bool
	// Dump, if set, gets the SSA form after the named stages "build" and "opt".
	Dump func(stage string, f *ssa.Func)
}

// ErrNotSupported is what errors.Is finds in errors about programs that are
// safe but use something that the compiler or the target does not have.
var ErrNotSupported = ssa.ErrNotSupported

// Compile makes an image with the one program. Errors name what is not
// supported, why, and the C line; a fault of the compiler itself is a
// *bug.Error.
func Compile(p *verify.Program, o Options) (img *image.Image, err error) {
	defer bug.Catch(p.Source().Name, &err)
	return compile(p, o)
}

func compile(p *verify.Program, o Options) (*image.Image, error) {
	if !p.Proven() && !o.Unproven {
		return nil, fmt.Errorf("program %s is not proven to be safe; it may only run in a simulator that checks every access, if Options.Unproven asks for that", p.Source().Name)
	}
	if o.Target == nil {
		t, err := target.Builtin("skipsw")
		if err != nil {
			return nil, err
		}
		o.Target = t
	}
	maps, err := placeMaps(p, o.Target)
	if err != nil {
		return nil, err
	}
	use, err := wordUse(p, o.Target)
	if err != nil {
		return nil, err
	}
	for k := range maps {
		maps[k].WordUse = use[k]
	}
	env := &ssa.Env{Target: o.Target, Maps: maps, Helpers: &runtime.Helpers{Target: o.Target}}
	f, err := ssa.Build(p, env)
	if err != nil {
		return nil, err
	}
	dump := func(stage string) {
		if o.Dump != nil {
			o.Dump(stage, f)
		}
	}
	dump("build")
	typ := p.Source().Type
	opt.Run(f, o.OptLevel, func(f *ssa.Func) { runtime.LowerExits(f, o.Target, typ) })
	dump("opt")
	code, err := isel.Select(f, o.Target)
	if err != nil {
		return nil, withLine(p, err)
	}
	var alloc regalloc.Allocator
	out, err := code.Assemble(o.Target, &alloc, o.CheckAllocation)
	if err != nil {
		return nil, &ssa.Unsupported{What: "program " + p.Source().Name, Why: err.Error(), Slot: -1}
	}
	return link(p, o.Target, maps, out)
}

// withLine adds the C line to an error of a stage that does not know lines.
func withLine(p *verify.Program, err error) error {
	var u *ssa.Unsupported
	if errors.As(err, &u) && u.Line == nil && u.Slot >= 0 {
		u.Line = p.Source().LineAt(u.Slot)
	}
	return err
}

// link makes the image.
func link(p *verify.Program, t *target.Target, maps []ssa.MapPlace, out *isel.Output) (*image.Image, error) {
	src := p.Source()
	core := &t.Core
	lib, err := linkRoutines(p, t, maps, out)
	if err != nil {
		return nil, err
	}
	if n := len(out.Words) + len(lib.words) + core.Padding; n > core.CodeWords {
		return nil, &ssa.Unsupported{
			What: fmt.Sprintf("program %s of %d words", src.Name, n), Slot: -1,
			Why: fmt.Sprintf("target %s has room for %d", t.Name, core.CodeWords),
		}
	}
	img := &image.Image{Machine: image.Machine{
		Target: t.Name, ABI: t.ABI, Mode: nfpisa.Ctx4, CodeStart: core.CodeStart, Done: core.Done,
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
		case w.Helper != 0 && w.Table >= 0:
			img.Relocs = append(img.Relocs, image.Reloc{Word: at, Kind: image.RelocBranch})
		case w.Helper != 0:
			img.Relocs = append(img.Relocs, image.Reloc{Word: at, Kind: image.RelocHelper, Arg: w.Helper})
			img.Machine.Helpers[w.Helper] = t.Helpers[isel.HelperName(w.Helper)]
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
	return img, nil
}
