package translate

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bug"
	"github.com/skipsw/skipsw/translate/internal/backend"
	"github.com/skipsw/skipsw/translate/internal/nfpimage"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

// Options say what to compile for and how.
type Options struct {
	// Target is the machine and firmware interface; nil means the built-in
	// skipsw.
	Target *target.Target
	// OptLevel says how much is improved.
	OptLevel Level
	// Passes switches passes on or off by name, see Passes; those that are not
	// named follow the level. Unknown names and required passes that are
	// switched off are errors.
	Passes map[string]bool
	// CheckAllocation proves each register allocation right with a checker that
	// does not trust the allocator.
	CheckAllocation bool
	// Unproven allows programs that are not proven to be safe, see
	// verify.Options.Unproven. It is only for a simulator that checks every
	// access (sim.CheckExact), never for a device.
	Unproven bool
	// Dump, if set, gets the form of the program after each time that a required
	// pass ran or another changed it, by the pass's name. The form is only good
	// during the call.
	Dump func(pass string, f fmt.Stringer)
	// PlaceByUse has maps placed in all regions of the target's map memory, by their
	// size, how often the code accesses them and whether it changes them; else they are
	// in the first. Heat, if not nil, has the accesses that a run has counted, by the
	// maps' names, for those that the code tells of. The report says where maps are and
	// why.
	PlaceByUse bool
	Heat       map[string]uint64
	// Remarks has the report say what passes did with the code of single
	// instructions and what they could not do.
	Remarks bool
	// Report, if set, is filled with what was compiled and how.
	Report *Report
	// Called are the programs that tail calls may lead to, object.Program.Called
	// of the one that is compiled: the image holds them all. They share maps with
	// it by the identity of *object.Map. Where they are left out they are proven
	// as for a device.
	Called []*verify.Program
}

// Level says how much is improved.
type Level uint8

// The levels. LevelNone leaves out every pass that can be left out; it exists so
// that a wrong result can be blamed on a pass or not.
const (
	LevelDefault Level = iota
	LevelNone
)

// Report says what was compiled and how: words, where maps are and why,
// routines, register allocation, passes with their time.
type Report = backend.Report

// The parts of a report that callers name.
type (
	Remark = backend.Remark
	Place  = backend.Place
)

// Unsupported says what a program uses that the compiler or the target does not
// have, where, and why. errors.Is finds ErrNotSupported in it.
type Unsupported = ssa.Unsupported

// ErrNotSupported is what errors.Is finds in errors about programs that are
// safe but use something that the compiler or the target does not have.
var ErrNotSupported = ssa.ErrNotSupported

// Compile makes an image with the program, and with those that it reaches by tail
// calls. Errors name what is not
// supported, why, and the C line; a fault of the compiler itself is a
// *bug.Error.
func Compile(p *verify.Program, o Options) (*image.Image, error) {
	if o.Target == nil {
		t, err := target.Builtin("skipsw")
		if err != nil {
			return nil, err
		}
		o.Target = t
	}
	if o.Called == nil {
		var err error
		if o.Called, err = VerifyCalled(p.Source(), prover()); err != nil {
			return nil, err
		}
	}
	all := withNetwork(withPrints(append([]*verify.Program{p}, o.Called...), o.Target), o.Target)
	o.Called = all[1:]
	img, err := CompileFor[*image.Image](all[0], nfpimage.Backend{T: o.Target, ByUse: o.PlaceByUse, Heat: o.Heat}, o)
	if o.Report != nil && p.Proven() {
		o.Report.Unseen = unseen(all, o.Target)
	}
	if err == nil && o.Report != nil && p.Proven() {
		for _, q := range all {
			for _, f := range AlwaysFailing(q, o.Target) {
				o.Report.Failing = append(o.Report.Failing, f.String())
			}
		}
	}
	return img, err
}

// Backend makes code of one kind, C. Compile uses the one that makes images for
// targets; CompileFor takes any.
type Backend[C any] interface{ backend.Backend[C] }

// CompileFor compiles a program with a back end of its own. Options.Target is
// not looked at.
func CompileFor[C any](p *verify.Program, b Backend[C], o Options) (code C, err error) {
	defer bug.Catch(p.Source().Name, &err)
	var none C
	if !p.Proven() && !o.Unproven {
		return none, fmt.Errorf("program %s is not proven to be safe; it may only run in a simulator that checks every access, if Options.Unproven asks for that", p.Source().Name)
	}
	list := backend.Passes[C](b)
	if err := checkPasses(list, o.Passes); err != nil {
		return none, err
	}
	u := &backend.Unit{Report: o.Report, Check: o.CheckAllocation, Run: newRun(list, &o)}
	if o.Called == nil {
		if o.Called, err = VerifyCalled(p.Source(), prover()); err != nil {
			return none, err
		}
	}
	for _, q := range append([]*verify.Program{p}, o.Called...) {
		if a, b := q.Source(), p.Source(); a.Fragments != b.Fragments {
			what := fmt.Sprintf("tail calls between programs %s and %s", b.Name, a.Name)
			return none, &Unsupported{What: what, Why: "one of them takes frames in several pieces (xdp.frags) and the other does not; the kernel does not join such programs", Slot: -1}
		}
		if !q.Proven() && !o.Unproven {
			return none, fmt.Errorf("program %s is not proven to be safe", q.Source().Name)
		}
		u.Parts = append(u.Parts, &backend.Part{Program: q})
	}
	if err := complete(p, o.Called); err != nil {
		return none, err
	}
	if u.Report == nil {
		u.Report = &Report{}
	}
	u.Report.Unprinted = p.Source().Unprinted
	code, err = backend.Compile[C](b, u)
	if p.Proven() {
		u.Report.Settings = deciding(p)
	}
	return code, err
}
