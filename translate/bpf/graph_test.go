package bpf_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
)

const loop = `
		r1 = 0x100000000 ll
	head:	if r1 > 9 goto out
		call map_lookup_elem
		if r0 == 0 goto next
		r2 = 1
	next:	r1 += 1
		goto head
	out:	exit`

func TestGraph(t *testing.T) {
	insns := parse(t, loop)
	g := bpf.NewGraph(insns, 0, len(insns), bpf.Flow{})
	require.Equal(t, []bpf.Block{
		{Start: 0, End: 2, Last: 0, Succs: []int{1}},
		{Start: 2, End: 3, Last: 2, Succs: []int{2, 5}, Preds: []int{0, 4}},
		{Start: 3, End: 5, Last: 4, Succs: []int{3, 4}, Preds: []int{1}},
		{Start: 5, End: 6, Last: 5, Succs: []int{4}, Preds: []int{2}},
		{Start: 6, End: 8, Last: 7, Succs: []int{1}, Preds: []int{2, 3}},
		{Start: 8, End: 9, Last: 8, Preds: []int{1}},
	}, g.Blocks)
	require.Empty(t, g.Leaves)
	require.Equal(t, []int{0, 1, 2, 3, 4, 5}, g.RPO())
	require.Equal(t, 0, g.BlockAt(1))
	require.Equal(t, 4, g.BlockAt(7))
	require.Equal(t, -1, g.BlockAt(9))
}

// What is not walked is in no block and divides none.
func TestGraphOfAPart(t *testing.T) {
	insns := parse(t, loop)
	g := bpf.NewGraph(insns, 0, len(insns), bpf.Flow{
		Reached: func(pc int) bool { return pc != 5 },
		Ways:    func(pc int) (fall, taken bool) { return pc == 2, true },
	})
	require.Equal(t, []bpf.Block{
		{Start: 0, End: 2, Last: 0, Succs: []int{1}},
		{Start: 2, End: 3, Last: 2, Succs: []int{2, 4}, Preds: []int{0, 3}},
		{Start: 3, End: 5, Last: 4, Succs: []int{3}, Preds: []int{1}},
		{Start: 6, End: 8, Last: 7, Succs: []int{1}, Preds: []int{2}},
		{Start: 8, End: 9, Last: 8, Preds: []int{1}},
	}, g.Blocks)
	require.Equal(t, -1, g.BlockAt(5))
	// A range that control leaves by a jump and by its end.
	g = bpf.NewGraph(insns, 2, 7, bpf.Flow{})
	require.Equal(t, []int{2, 6}, g.Leaves)
	require.Equal(t, []int{0, 1, 2, 3}, g.RPO())
	require.Empty(t, bpf.NewGraph(nil, 0, 0, bpf.Flow{}).RPO())
}

// Blocks of random code: each slot in one, entered at the start and left at the
// end only, and the order puts a block behind those it is reached from, but for
// ways back.
func TestGraphProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		n := 1 + r.IntN(40)
		insns := make([]bpf.Insn, n)
		for i := range insns {
			switch r.IntN(5) {
			case 0:
				insns[i] = bpf.Goto(int16(r.IntN(n) - i - 1))
			case 1:
				insns[i] = bpf.JNe.Reg(1, 2, int16(r.IntN(n+4)-i-3))
			case 2:
				insns[i] = bpf.Return()
			default:
				insns[i] = bpf.Mov.Imm(1, 1)
			}
		}
		g := bpf.NewGraph(insns, 0, n, bpf.Flow{})
		at := 0
		for k, b := range g.Blocks {
			require.Equal(t, at, b.Start)
			at = b.End
			for pc := b.Start; pc < b.End; pc++ {
				require.Equal(t, k, g.BlockAt(pc))
				if pc < b.End-1 {
					require.False(t, insns[pc].IsJump() || insns[pc].IsExit())
				}
				if to := insns[pc].JumpTarget(pc); insns[pc].IsJump() && to >= 0 && to < n {
					require.Equal(t, to, g.Blocks[g.BlockAt(to)].Start)
				}
			}
			for _, s := range b.Succs {
				require.Contains(t, g.Blocks[s].Preds, k)
			}
		}
		require.Equal(t, n, at)
		reach, _ := bpf.Reach(insns)
		order := g.RPO()
		place := map[int]int{}
		for i, k := range order {
			require.True(t, reach[g.Blocks[k].Start])
			place[k] = i
		}
		for pc, ok := range reach {
			if ok {
				require.Contains(t, order, g.BlockAt(pc))
			}
		}
		for _, k := range order[1:] {
			first := n
			for _, p := range g.Blocks[k].Preds {
				if i, ok := place[p]; ok {
					first = min(first, i)
				}
			}
			require.Less(t, first, place[k])
		}
	}
}
