package opt

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// comparing makes a function of blocks that compare one of two words with a number
// or each other and go on to later blocks; the last ones end with their number.
func comparing(r *rand.Rand) (f *ssa.Func, words []ssa.ID) {
	f = ssa.NewFunc("t")
	m := &ssa.Maker{F: f, Block: 0}
	words = []ssa.ID{m.Add(ssa.Value{Op: ssa.VecWord, Imm: 8}), m.Add(ssa.Value{Op: ssa.VecWord, Imm: 9})}
	const inner, ends = 10, 3
	for range inner + ends - 1 {
		f.NewBlock()
	}
	for b := range inner {
		y := f.Const([]uint32{0, 1, 2, 3, 4, 5, ^uint32(0), 1 << 31}[r.IntN(8)])
		if r.IntN(6) == 0 {
			y = words[1]
		}
		to := func() ssa.Edge { return ssa.Edge{To: ssa.BlockID(b + 1 + r.IntN(min(3, inner+ends-1-b)))} }
		f.B(ssa.BlockID(b)).Term = ssa.Term{Kind: ssa.Branch, Cond: ssa.Cond(r.IntN(int(ssa.NTS) + 1)), X: words[r.IntN(8)/7], Y: y, Succs: []ssa.Edge{to(), to()}}
	}
	for e := range ends {
		f.B(ssa.BlockID(inner + e)).Term = ssa.Term{Kind: ssa.Exit, X: f.Const(uint32(e))}
	}
	return f, words
}

// outcomeOf follows a function from its begin to the verdict.
func outcomeOf(f *ssa.Func, in map[ssa.ID]uint32) uint32 {
	for b := ssa.BlockID(0); ; {
		t := &f.B(b).Term
		switch {
		case t.Kind == ssa.Exit:
			return eval(f, t.X, in)
		case t.Kind == ssa.Branch && t.Cond.Eval(eval(f, t.X, in), eval(f, t.Y, in)):
			b = t.Succs[1].To
		default:
			b = t.Succs[0].To
		}
	}
}

// TestKnownWays decides comparisons behind others, and follows both forms with
// words that come near the numbers.
func TestKnownWays(t *testing.T) {
	decided := 0
	for seed := range uint64(1000) {
		plain, words := comparing(rand.New(rand.NewPCG(seed, 3)))
		f, _ := comparing(rand.New(rand.NewPCG(seed, 3)))
		alone, _ := comparing(rand.New(rand.NewPCG(seed, 3)))
		fold(f, true, true)
		fold(alone, true, false)
		jumps := func(f *ssa.Func) (n int) {
			for b := range f.Blocks {
				if f.Blocks[b].Term.Kind == ssa.Jump {
					n++
				}
			}
			return n
		}
		decided += jumps(f) - jumps(alone)
		for _, x := range []uint32{0, 1, 2, 3, 4, 5, 6, ^uint32(0), ^uint32(0) - 1, 1 << 31, 1<<31 - 1, 1<<31 + 1} {
			for _, y := range []uint32{0, 3, x} {
				in := map[ssa.ID]uint32{words[0]: x, words[1]: y}
				require.Equal(t, outcomeOf(plain, in), outcomeOf(f, in), "seed %d, %d and %d\n%s", seed, x, y, f)
			}
		}
	}
	require.Greater(t, decided, 100)
}
