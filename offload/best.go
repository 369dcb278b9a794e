package offload

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/translate/object"
)

// Modes returns the modes of a program type, the fastest first: on the device, in
// the driver, in the network core for XDP; on the device and on the host for tc.
func Modes(t object.Type) []Mode {
	if t == object.TC {
		return []Mode{Hardware, Software}
	}
	return []Mode{Hardware, Driver, Generic}
}

// Passed is a mode that was not taken, and why.
type Passed struct {
	Mode Mode
	Why  error
}

// PassedError is the error of a program that no mode takes.
type PassedError []Passed

// Error returns the reasons of all modes in one line.
func (e PassedError) Error() string {
	var parts []string
	for i := 0; i < len(e); {
		modes, why := "mode "+e[i].Mode.String(), e[i].Why.Error()
		for i++; i < len(e) && e[i].Why.Error() == why; i++ {
			modes += " and " + e[i].Mode.String()
		}
		parts = append(parts, modes+": "+why)
	}
	return "no mode takes the program: " + strings.Join(parts, "; ")
}

// Unwrap returns the reasons, so that errors.Is finds their kinds.
func (e PassedError) Unwrap() []error {
	all := make([]error, len(e))
	for i, p := range e {
		all[i] = p.Why
	}
	return all
}

// AttachBest is Attach in the first of Modes that takes the program, whatever
// r.Hook.Mode is. Result.Passed has the modes before it. A mode that cannot be tried,
// because the hook is taken or the caller may not, is an error: it may well be better.
func AttachBest(ctx context.Context, dev Device, r Request) (*Result, error) {
	return best(r, func(r Request) (*Result, error) { return Attach(ctx, dev, r) })
}

// ReplaceBest is Replace in the first of Modes in which a program is attached,
// whatever r.Hook.Mode is: what is attached stays where it runs.
func ReplaceBest(ctx context.Context, dev Device, r Request) (*Result, error) {
	h, err := r.hook()
	if err != nil {
		return nil, err
	}
	var passed []Passed
	for _, m := range Modes(h.Type) {
		h.Mode = m
		old, err := at(ctx, dev, h)
		if err != nil {
			return nil, err
		}
		if old == nil {
			passed = append(passed, Passed{m, errors.New("nothing is attached there")})
			continue
		}
		r.Hook.Mode = old.Mode // a filter is found in whatever mode it is
		res, err := Replace(ctx, dev, r)
		if err == nil {
			res.Passed = passed
		}
		return res, err
	}
	return nil, Advise(fmt.Errorf("nothing is attached to %s as %s, in any mode", dev.Name(), h.Type), AdviseAttach)
}

// TrialBest is Trial in the first of Modes that takes the program. It returns that
// mode, and those before it.
func TrialBest(ctx context.Context, dev Device, p *Program) (Mode, []Passed, error) {
	var passed []Passed
	for _, m := range Modes(p.Type) {
		err := Trial(ctx, dev, p, m)
		if err == nil {
			return m, passed, nil
		}
		if !mayPass(err) {
			return m, passed, err
		}
		passed = append(passed, Passed{m, err})
	}
	return Hardware, passed, noneOf(passed)
}

// best does something in one mode after another until it is done.
func best(r Request, do func(Request) (*Result, error)) (*Result, error) {
	if r.DryRun {
		return nil, errors.New("a dry run tries nothing, so that it cannot find the best mode; name one")
	}
	typ := r.Hook.Type
	if typ == object.UnknownType && r.Program != nil {
		typ = r.Program.Type
	}
	var passed []Passed
	for _, m := range Modes(typ) {
		r.Hook.Mode = m
		res, err := do(r)
		if err == nil {
			res.Passed = passed
			return res, nil
		}
		if !mayPass(err) {
			return nil, err
		}
		passed = append(passed, Passed{m, err})
	}
	return nil, noneOf(passed)
}

// mayPass reports whether an error of one mode leaves the next one to try: not
// where it says nothing about the mode.
func mayPass(err error) bool {
	for _, stop := range []error{ErrBusy, ErrPermission, ErrDeviceGone, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, stop) {
			return false
		}
	}
	return true
}

// noneOf returns the error of a program that no mode takes: the reason alone where
// all are the same.
func noneOf(passed PassedError) error {
	for _, p := range passed[1:] {
		if p.Why.Error() != passed[0].Why.Error() {
			return passed
		}
	}
	return passed[0].Why
}
