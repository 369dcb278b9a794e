package nfpimage

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// Rounds that loops are taken to make, and how deep they count.
const (
	loopRounds = 8
	loopDepth  = 3
)

// shortEnd is how many slots a way has at most that ends the program at once: most
// packets go another way.
const shortEnd = 4

// unlikely is one of how many that go such a way.
const unlikely = 16

// flow spreads 1,024 entries of a function over its instructions: branches go both ways
// alike, but for those that end the program at once, and loops make some rounds.
func flow(p *verify.Program, local []uint64, start, end int) {
	insns := p.Source().Insns
	g := bpf.NewGraph(insns, start, end, bpf.Flow{Reached: p.Reached})
	order := g.RPO()
	at := make([]int, len(g.Blocks)) // place in the order
	for k, b := range order {
		at[b] = k
	}
	depth := depths(g, order, at)
	in := make([]uint64, len(g.Blocks))
	if len(in) > 0 {
		in[0] = perPackets
	}
	for _, b := range order {
		blk := &g.Blocks[b]
		n := in[b]
		for range min(depth[b], loopDepth) {
			n *= loopRounds
		}
		for pc := blk.Start; pc < blk.End; pc++ {
			local[pc] = n
		}
		on := slices.DeleteFunc(slices.Clone(blk.Succs), func(s int) bool { return at[s] <= at[b] })
		if len(on) == 2 {
			first := in[b] / 2
			switch a, z := endsSoon(insns, g, on[0]), endsSoon(insns, g, on[1]); {
			case a && !z:
				first = in[b] / unlikely
			case z && !a:
				first = in[b] - in[b]/unlikely
			}
			in[on[0]] += first
			in[on[1]] += in[b] - first
		} else if len(on) == 1 {
			in[on[0]] += in[b]
		}
	}
}

// endsSoon reports whether a block does nothing but end the program.
func endsSoon(insns []bpf.Insn, g *bpf.Graph, b int) bool {
	slots := 0
	for {
		blk := &g.Blocks[b]
		if slots += blk.End - blk.Start; slots > shortEnd {
			return false
		}
		for pc := blk.Start; pc < blk.End; pc++ {
			if insns[pc].IsCall() {
				return false
			}
		}
		switch {
		case len(blk.Succs) == 0:
			return true
		case len(blk.Succs) > 1:
			return false
		}
		b = blk.Succs[0]
	}
}

// depths returns in how many loops each block is.
func depths(g *bpf.Graph, order, at []int) []int {
	out := make([]int, len(g.Blocks))
	for _, head := range order {
		body := map[int]bool{head: true}
		var open []int
		for _, b := range g.Blocks[head].Preds {
			if slices.Contains(order, b) && at[b] >= at[head] && !body[b] {
				body[b], open = true, append(open, b)
			}
		}
		loops := len(open) > 0 || slices.Contains(g.Blocks[head].Succs, head)
		for len(open) > 0 {
			b := open[len(open)-1]
			open = open[:len(open)-1]
			for _, q := range g.Blocks[b].Preds {
				if !body[q] && at[q] > at[head] {
					body[q], open = true, append(open, q)
				}
			}
		}
		for b := range body {
			if loops {
				out[b]++
			}
		}
	}
	return out
}
