package ssa

import "github.com/skipsw/skipsw/translate/bpf"

// targets returns where the jump at pc leads, given what the proof walked: the
// following instruction first. ends is false for instructions that do not end a
// block.
func (b *Builder) targets(in bpf.Insn, pc int) (succ []int, ends bool) {
	switch {
	case in.IsExit():
		return nil, true
	case in.IsGoto():
		return []int{in.JumpTarget(pc)}, true
	case !in.IsConditional():
		return nil, false
	}
	fall, taken := b.Prog.Branches(pc)
	if fall {
		succ = append(succ, pc+1)
	}
	if taken {
		succ = append(succ, in.JumpTarget(pc))
	}
	return succ, true
}

// cfg is the control flow of one function as the proof walked it.
type cfg struct {
	*bpf.Graph
	order []int // blocks in reverse postorder, the function's entry first
}

// scan finds the blocks of the function in slots start..end-1.
func (b *Builder) scan(start, end int) cfg {
	g := bpf.NewGraph(b.Prog.Source().Insns, start, end, bpf.Flow{Reached: b.Prog.Reached, Ways: b.Prog.Branches})
	return cfg{g, g.RPO()}
}

// edges returns the number of edges into each block, the way into the function
// among them.
func (c cfg) edges() []int {
	n := make([]int, len(c.Blocks))
	n[0] = 1
	for _, k := range c.order {
		for _, s := range c.Blocks[k].Succs {
			n[s]++
		}
	}
	return n
}
