package opt

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// maxRounds bounds how often the passes are repeated.
const maxRounds = 12

// Level says how much is improved.
type Level uint8

// The levels. None makes only what code selection needs; it exists so that a
// wrong result can be blamed on a pass or not.
const (
	Default Level = iota
	None
)

// Simplify folds, shares and removes until nothing changes.
func Simplify(f *ssa.Func) {
	for range maxRounds {
		changed := fold(f)
		changed = removeDead(f) || changed
		changed = simplifyFlow(f) || changed
		if !changed {
			break
		}
	}
	removeDead(f)
}

// Run takes a function from construction to the form that instructions are
// selected from. lower turns ends of the program into the target's; it runs
// after the verdicts are known.
func Run(f *ssa.Func, level Level, lower func(*ssa.Func)) {
	if level == Default {
		Simplify(f)
	} else {
		removeDead(f)
	}
	lower(f)
	lowerMemory(f, level == Default)
	if level == Default {
		Simplify(f)
		if rejoin(f) {
			Simplify(f)
		}
	} else {
		removeDead(f)
	}
	order := f.RPO()
	f.Loops(order, f.Dominators(order))
	if err := f.Check(); err != nil {
		panic(fmt.Sprintf("BUG: after optimisation: %v", err))
	}
}
