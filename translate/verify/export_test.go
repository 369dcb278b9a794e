package verify

import (
	"context"

	"github.com/skipsw/skipsw/translate/object"
)

// WalkLog returns the log of the whole walk of an accepted program, all paths
// in their order, with the whole state after each instruction.
func WalkLog(p *object.Program, o Options) (string, error) {
	c, err := inspect(p)
	if err != nil {
		return "", err
	}
	o.Log = true
	v := newVerifier(context.Background(), p, o)
	v.code = c
	v.log.all = true
	if err := v.prove(); err != nil {
		return "", v.complete(err)
	}
	return v.log.text(), nil
}

// WalkUnproven walks a program as one that cannot be proven, even if it can.
func WalkUnproven(p *object.Program) (*Program, error) {
	prog, err := verify(context.Background(), p, Options{Unproven: true})
	if err != nil {
		return nil, err
	}
	return prog, nil
}
