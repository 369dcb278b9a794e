package opt

import (
	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// loops is the last pass: back ends weigh blocks by their depth.
var loops = Pass{
	pass.Info{Name: "loops", Doc: "find how deep in loops blocks are, by which they are weighed", Required: true},
	alone(func(f *ssa.Func) bool {
		order := f.RPO()
		f.Loops(order, f.Dominators(order))
		return true
	}),
}
