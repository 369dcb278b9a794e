package ssa

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// graph makes a function of blocks with these edges.
func graph(edges [][]BlockID) *Func {
	f := &Func{Blocks: make([]Block, len(edges))}
	for b, to := range edges {
		for _, e := range to {
			f.Blocks[b].Term.Succs = append(f.Blocks[b].Term.Succs, Edge{To: e})
		}
	}
	return f
}

// reachable walks without one block.
func reachable(edges [][]BlockID, without BlockID) []bool {
	seen := make([]bool, len(edges))
	for stack := []BlockID{0}; len(stack) > 0; {
		b := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if b == without || seen[b] {
			continue
		}
		seen[b] = true
		stack = append(stack, edges[b]...)
	}
	return seen
}

// TestDominators compares with the definition on random graphs: a dominates b
// if b cannot be reached without a.
func TestDominators(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		edges := make([][]BlockID, 1+r.IntN(14))
		for b := range edges {
			for range r.IntN(3) {
				edges[b] = append(edges[b], BlockID(r.IntN(len(edges))))
			}
		}
		f := graph(edges)
		d := f.Dominators(f.RPO())
		all := reachable(edges, NoBlock)
		for a := range edges {
			without := reachable(edges, BlockID(a))
			for b := range edges {
				want := all[a] && all[b] && !without[b]
				require.Equal(t, want, d.Dominates(BlockID(a), BlockID(b)), "seed %d: %v: %d over %d", seed, edges, a, b)
			}
		}
	}
}

// TestDominatorsOfExits: many ways that share an exit take time near their
// number.
func TestDominatorsOfExits(t *testing.T) {
	ladder := func(n int) time.Duration {
		edges := make([][]BlockID, n+1)
		for b := range n {
			edges[b] = []BlockID{BlockID(min(b+1, n)), BlockID(n)}
		}
		f := graph(edges)
		order := f.RPO()
		start := time.Now()
		d := f.Dominators(order)
		took := time.Since(start)
		require.True(t, d.Dominates(0, BlockID(n)), fmt.Sprint(n))
		return took
	}
	require.Less(t, ladder(200_000), time.Minute) // many when quadratic
}
