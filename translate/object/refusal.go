package object

import (
	"fmt"
	"strings"
)

// Refusal is one reason why a program cannot be taken.
type Refusal struct {
	Slot int   // the instruction, -1 for the program
	Line *Line // nil where not known
	Err  error
}

// Error returns the place and the reason.
func (r *Refusal) Error() string {
	switch {
	case r.Slot < 0:
		return r.Err.Error()
	case r.Line != nil:
		return fmt.Sprintf("instruction %d (%s:%d): %v", r.Slot, r.Line.File, r.Line.LineNo, r.Err)
	}
	return fmt.Sprintf("instruction %d: %v", r.Slot, r.Err)
}

// Unwrap returns the reason.
func (r *Refusal) Unwrap() error { return r.Err }

// Refusals are all reasons why a program cannot be taken, in the order of its
// instructions, each reason once.
type Refusals []*Refusal

// Error returns the reasons in one line.
func (r Refusals) Error() string {
	words := make([]string, len(r))
	for k, one := range r {
		words[k] = one.Error()
	}
	return strings.Join(words, "; ")
}

// Unwrap returns the reasons.
func (r Refusals) Unwrap() []error {
	all := make([]error, len(r))
	for k, one := range r {
		all[k] = one
	}
	return all
}

// refuse adds a reason, at a slot or, if that is -1, for the whole program.
func (p *Program) refuse(slot int, err error) {
	all, _ := p.Refused.(Refusals)
	for _, old := range all {
		if old.Err.Error() == err.Error() {
			return
		}
	}
	r := &Refusal{Slot: slot, Err: err}
	if slot >= 0 {
		r.Line = p.PlaceAt(slot)
	}
	p.Refused = append(all, r)
}
