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
	"github.com/skipsw/skipsw/translate/verify"
)

// Backend makes code of one kind, C, from programs in word-level SSA: an image
// of a card's memory, instructions for another compiler, text.
type Backend[C any] interface {
	// Target names what code is made for, as errors and reports say it.
	Target() string
	// Prepare decides what construction has to know: what programs may use, where
	// maps are, how helpers are called. It refuses what there is no place for.
	Prepare(u *Unit) (*ssa.Env, error)
	// Lowering returns the passes that bring a function from what every machine
	// shares to what Emit takes. They run once, between two runs of the improving
	// passes. p may be nil: the names are those for any program.
	Lowering(p *verify.Program) []opt.Pass
	// Stages returns the passes inside Emit.
	Stages() []pass.Info
	// Emit makes the code.
	Emit(u *Unit, f *ssa.Func) (C, error)
}

// Unit is one compilation.
type Unit struct {
	Program *verify.Program
	Env     *ssa.Env  // what Prepare returned
	Run     *pass.Run // the passes
	Report  *Report   // to be filled; never nil
	// Check has every stage proven that a checker exists for.
	Check bool
}

// Build is the pass that makes the SSA form.
var Build = pass.Info{Name: "build", Doc: "make the SSA form of the proven program", Required: true}

// Passes returns all passes of a compilation in the order in which they begin.
func Passes[C any](b Backend[C]) []pass.Info {
	return append(append([]pass.Info{Build}, opt.Passes(b.Lowering(nil))...), b.Stages()...)
}

// ErrCrowded is what errors.Is finds in an error of Emit if the machine has not
// enough places for the values that the code has at a time.
var ErrCrowded = errors.New("more values at a time than places")

// Compile takes a program through all passes. One that turns out crowded goes
// through them again and computes values anew instead of keeping them.
func Compile[C any](b Backend[C], u *Unit) (C, error) {
	env, err := b.Prepare(u)
	if err != nil {
		var none C
		return none, err
	}
	u.Env = env
	code, err := compile(b, u)
	if errors.Is(err, ErrCrowded) && u.Run.On(opt.Share.Name) {
		u.Run.Without(opt.Share.Name)
		code, err = compile(b, u)
	}
	if err != nil {
		return code, err
	}
	src := u.Program.Source()
	u.Report.Program, u.Report.Type, u.Report.Target = src.Name, src.Type.String(), b.Target()
	u.Report.Insns, u.Report.Passes = len(src.Insns), u.Run.Stats()
	return code, nil
}

func compile[C any](b Backend[C], u *Unit) (C, error) {
	var none C
	var err error
	f := &ssa.Func{}
	u.Run.Do(&Build, f, func() bool {
		var made *ssa.Func
		if made, err = ssa.Build(u.Program, u.Env); err == nil {
			*f = *made
		}
		return err == nil
	})
	if err != nil {
		return none, err
	}
	opt.Run(f, u.Run, b.Lowering(u.Program))
	return b.Emit(u, f)
}
