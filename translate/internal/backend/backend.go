// Package backend holds the seam between the part of the compiler that every
// machine shares and the part that makes code for one kind of machine.
//
// It never knows a machine. Backend is what one implements.
package backend

import (
	"errors"

	"github.com/skipsw/skipsw/translate/internal/opt"
	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Backend makes code of one kind, C, from programs in word-level SSA: an image
// of a card's memory, instructions for another compiler, text.
type Backend[C any] interface {
	// Target names what code is made for, as errors and reports say it.
	Target() string
	// Prepare decides what construction has to know: what programs may use, where
	// maps are, how helpers are called. It fills in the Env of each part, and
	// refuses what there is no place for.
	Prepare(u *Unit) error
	// Lowering returns the passes that bring a function from what every machine
	// shares to what Emit takes. They run once, between two runs of the improving
	// passes. p may be nil: the names are those for any program.
	Lowering(p *verify.Program) []opt.Pass
	// Stages returns the passes inside Emit.
	Stages() []pass.Info
	// Emit makes the code of all parts.
	Emit(u *Unit) (C, error)
}

// Unit is one compilation.
type Unit struct {
	// Parts are the programs, first the one that was asked for. The others are
	// those that tail calls may lead to.
	Parts  []*Part
	Run    *pass.Run // the passes
	Report *Report   // to be filled; never nil
	// Check has every stage proven that a checker exists for.
	Check bool
}

// Part is one of the programs that are compiled together.
type Part struct {
	Program *verify.Program
	Env     *ssa.Env
	// Entry is what runs before the program when a packet comes in, and not when a
	// tail call leads to it; nil for a program without tail calls.
	Entry, Body *ssa.Func
	modest      bool // compiled without opt.Share, opt.NearValues and opt.LongCommands
}

// Source returns the program that was asked for.
func (u *Unit) Source() *object.Program { return u.Parts[0].Program.Source() }

// Build is the pass that makes the SSA form.
var Build = pass.Info{Name: "build", Doc: "make the SSA form of the proven program", Required: true}

// Passes returns all passes of a compilation in the order in which they begin.
func Passes[C any](b Backend[C]) []pass.Info {
	return append(append([]pass.Info{Build}, opt.Passes(b.Lowering(nil))...), b.Stages()...)
}

// Crowded is an error of Emit if the machine has not enough places for the values
// that the code of a part has at a time.
type Crowded struct {
	error
	Part *Part
}

// Unwrap returns the error for a program that cannot be compiled at all.
func (c *Crowded) Unwrap() error { return c.error }

// CrowdedPart is an error about a part.
func CrowdedPart(p *Part, err error) error { return &Crowded{err, p} }

// Compile takes programs through all passes. One that turns out crowded goes
// through them again, computes values anew instead of keeping them, and moves
// fewer words at a time.
func Compile[C any](b Backend[C], u *Unit) (C, error) {
	var none C
	if err := b.Prepare(u); err != nil {
		return none, err
	}
	for _, p := range u.Parts {
		if err := compile(b, u, p); err != nil {
			return none, err
		}
	}
	code, err := b.Emit(u)
	var crowded *Crowded
	for errors.As(err, &crowded) && !crowded.Part.modest {
		crowded.Part.modest = true
		forgetPart(u.Run, crowded.Part.Program.Source().Name)
		forgetStages(u.Run, b.Stages())
		u.Run.About(crowded.Part.Program.Source().Name)
		u.Run.Remark(pass.Remark{Pass: opt.Share.Name, Slot: -1, Other: -1, What: "values are computed anew instead of kept", Why: "there would be more at a time than places for them"})
		if err = compile(b, u, crowded.Part); err == nil {
			code, err = b.Emit(u)
		}
	}
	if err != nil {
		return none, err
	}
	src := u.Source()
	u.Report.Program, u.Report.Type, u.Report.Target = src.Name, src.Type.String(), b.Target()
	u.Report.Insns, u.Report.Passes = len(src.Insns), u.Run.Stats()
	u.Report.Remarks = u.remarks()
	return code, nil
}

// compile takes one part to what Emit takes.
func compile[C any](b Backend[C], u *Unit, p *Part) error {
	if p.modest {
		for _, s := range []string{opt.Share.Name, opt.NearValues.Name, opt.LongCommands.Name} {
			defer u.Run.Switch(s, u.Run.On(s))
			u.Run.Switch(s, false)
		}
	}
	u.Run.About(p.Program.Source().Name)
	var err error
	build := func(make func() (*ssa.Func, error)) *ssa.Func {
		f := &ssa.Func{}
		u.Run.Do(&Build, f, func() bool {
			var made *ssa.Func
			if made, err = make(); err == nil {
				*f = *made
			}
			return err == nil
		})
		if err == nil {
			opt.Run(f, u.Run, b.Lowering(p.Program))
		}
		return f
	}
	p.Body = build(func() (*ssa.Func, error) { return ssa.Build(p.Program, p.Env) })
	if err == nil && p.Env.Chain != nil {
		p.Entry = build(func() (*ssa.Func, error) { return ssa.BuildEntry(p.Program, p.Env), nil })
	}
	return err
}
