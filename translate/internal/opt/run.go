package opt

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// Pass is a row of the pass table. Run reports whether it changed anything.
type Pass struct {
	pass.Info
	Run func(f *ssa.Func, r *pass.Run) bool
}

// maxRounds bounds how often the passes that improve are repeated.
const maxRounds = 12

// improving are the passes that run in turn until none changes anything.
var improving = []Pass{
	{pass.Info{Name: "fold", Doc: "simplify and share values, decide branches"}, func(f *ssa.Func, r *pass.Run) bool { return fold(f, r.On(Share.Name), r.On(known.Name)) }},
	dead,
	{pass.Info{Name: "split-exits", Doc: "end each way with a verdict of its own"}, alone(splitExits)},
	{pass.Info{Name: "share-exits", Doc: "let ends with the same verdict be one"}, alone(shareExits)},
	{pass.Info{Name: "skip-empty", Doc: "skip blocks that only jump on"}, alone(skipEmpty)},
	{pass.Info{Name: "thread", Doc: "pass by comparisons that the way there decides"}, alone(threadBranches)},
	{pass.Info{Name: "join-blocks", Doc: "append a block to its only predecessor"}, alone(joinBlocks)},
}

var dead = Pass{pass.Info{Name: "dead", Doc: "remove values, parameters and blocks that nothing needs", Required: true}, alone(removeDead)}

var joining = Pass{pass.Info{Name: "rejoin", Doc: "take words that were put together byte by byte from where the bytes are"}, alone(rejoin)}

// Share is the switch inside fold that a program does without for which there
// would be more values at a time than places.
var Share = pass.Info{Name: "share", Doc: "let equal values be one", Inside: "fold"}

// known is the other switch inside fold.
var known = pass.Info{Name: "known-ways", Doc: "decide comparisons by how earlier ones on the way came out", Inside: "fold"}

// The switches inside Memory.
var (
	mergeLoads  = pass.Info{Name: "merge-loads", Doc: "let loads of neighbouring bytes share a command", Inside: "memory"}
	mergeStores = pass.Info{Name: "merge-stores", Doc: "hold stores back and write neighbouring bytes at once", Inside: "memory"}
)

// NearValues is the switch inside Memory that a program does without for which there
// would be too few transfer registers.
var NearValues = pass.Info{Name: "near-values", Doc: "take words of a map value from the lookup that found it", Inside: "memory"}

// LongCommands is the switch inside Memory that a program does without for which
// there would be too few transfer registers in a row.
var LongCommands = pass.Info{Name: "long-commands", Doc: "move more than 64 bytes by one command", Inside: "memory"}

var memory = pass.Info{Name: "memory", Doc: "turn loads and stores into memory commands", Required: true}

// Widths are the bytes that one command moves at most, 128 if more.
type Widths struct{ Read, Write int }

// Memory returns the pass that turns loads and stores into commands that move
// words between memory and registers. Back ends for machines with such commands
// have it among their lowering passes.
func Memory(w Widths) Pass {
	return Pass{memory, func(f *ssa.Func, r *pass.Run) bool {
		c := commands{run: r, read: shortCommand, write: shortCommand}
		if r.On(LongCommands.Name) {
			c.read, c.write = int32(min(w.Read, longCommand)), int32(min(w.Write, longCommand))
		}
		lowerMemory(f, c)
		return true
	}}
}

func alone(run func(*ssa.Func) bool) func(*ssa.Func, *pass.Run) bool {
	return func(f *ssa.Func, _ *pass.Run) bool { return run(f) }
}

// Passes returns the passes in the order of their first runs, with those of the
// back end and the switches inside them at their place.
func Passes(lowering []Pass) []pass.Info {
	var list []pass.Info
	for _, p := range improving {
		list = append(list, p.Info)
		if p.Name == Share.Inside {
			list = append(list, Share, known)
		}
	}
	for _, p := range lowering {
		list = append(list, p.Info)
		for _, s := range []pass.Info{mergeLoads, mergeStores, NearValues, LongCommands} {
			if s.Inside == p.Name {
				list = append(list, s)
			}
		}
	}
	return append(list, joining.Info, loops.Info)
}

// do runs one pass.
func (p *Pass) do(f *ssa.Func, r *pass.Run) bool {
	if r.Remarking() && p.Name != memory.Name {
		defer remarkGone(f, r, p.Name, census(f))
	}
	return r.Do(&p.Info, f, func() bool { return p.Run(f, r) })
}

// improve runs the improving passes until nothing changes.
func improve(f *ssa.Func, r *pass.Run) {
	for range maxRounds {
		changed := false
		for k := range improving {
			changed = improving[k].do(f, r) || changed
		}
		if !changed {
			break
		}
	}
	dead.do(f, r)
}

// Run takes a function from construction to the form that instructions are
// selected from. The back end's lowering passes run once, when the verdicts are
// known.
func Run(f *ssa.Func, r *pass.Run, lowering []Pass) {
	improve(f, r)
	for k := range lowering {
		lowering[k].do(f, r)
	}
	improve(f, r)
	if joining.do(f, r) {
		improve(f, r)
	}
	loops.do(f, r)
	if err := f.Check(); err != nil {
		panic(fmt.Sprintf("BUG: after optimisation: %v", err))
	}
}
