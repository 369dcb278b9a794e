package verify

import "github.com/skipsw/skipsw/translate/object"

// WalkUnproven walks a program as one that cannot be proven, even if it can.
func WalkUnproven(p *object.Program) (*Program, error) {
	prog, err := verify(p, Options{Unproven: true})
	if err != nil {
		return nil, err
	}
	return prog, nil
}
