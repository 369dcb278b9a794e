// Package engine advances cores that share memory, in the order of time.
//
// Of all cores the one that can act first goes on: every command that comes
// before is served by then, and it runs until it has to know what others do. A
// core may run ahead of the others as long as nothing of theirs can reach it,
// so that the order of effects is that of time and depends on nothing else;
// what happens in one cycle happens in the order of the cores' numbers.
//
// It never knows instructions, packets or maps.
//
// Not stable: package sim is the stable way in.
package engine

import (
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/mem"
)

// Engine is a group of cores over one memory. The number of a core is its place
// in the group.
type Engine struct {
	memory *mem.System
	cores  []*core.Core
}

// New groups cores, which share the memory.
func New(memory *mem.System, cores []*core.Core) *Engine {
	e := &Engine{memory: memory, cores: cores}
	for i, c := range cores {
		if c.ID() != i {
			panic("BUG: a core's number is not its place")
		}
	}
	return e
}

// first returns the core that can act first, and when.
func (e *Engine) first() mem.Key {
	k := mem.Key{Cycle: core.Never}
	for i, c := range e.cores {
		if b := c.Bound(); b < k.Cycle {
			k = mem.Key{Cycle: b, Source: i}
		}
	}
	return k
}

// Step does what happens before cycle until. It reports whether anything is
// left to do. Contexts are not pre-empted, so that the clock of a core can end
// later.
func (e *Engine) Step(until uint64) bool {
	for {
		k := e.first()
		if k.Cycle >= until {
			return k.Cycle != core.Never
		}
		e.memory.Serve(k)
		if c := e.cores[k.Source]; c.Bound() <= k.Cycle {
			c.Advance(until, k.Cycle)
		}
	}
}
