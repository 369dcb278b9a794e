package bpf

import "slices"

// Block is a basic block: the slots Start to End-1, entered at the first and
// left at the last instruction only.
type Block struct {
	Start, End int
	// Last is the slot of the last instruction.
	Last int
	// Succs and Preds are blocks by index. Of two successors, the one that
	// control falls into comes first.
	Succs, Preds []int
}

// Graph is the control flow of a range of slots, such as a function.
type Graph struct {
	Blocks []Block // by Start
	// Leaves are the slots from which control leaves the range by a jump or by
	// running off its end. Such ways are in no block's Succs.
	Leaves []int
}

// Flow says what of a program is walked. The zero value walks all.
type Flow struct {
	// Reached tells the slots that count, nil for all. The others are in no
	// block.
	Reached func(pc int) bool
	// Ways tells which ways of a conditional jump are walked, nil for both.
	Ways func(pc int) (fall, taken bool)
}

func (f *Flow) reached(pc int) bool { return f.Reached == nil || f.Reached(pc) }

// succs appends the slots that control may go to from slot pc, the following
// one first.
func (f *Flow) succs(dst []int, in Insn, pc int) []int {
	fall, taken := in.FallsThrough(), in.IsJump()
	if f.Ways != nil && fall && taken {
		fall, taken = f.Ways(pc)
	}
	if fall {
		dst = append(dst, pc+in.Slots())
	}
	if taken {
		dst = append(dst, in.JumpTarget(pc))
	}
	return dst
}

// NewGraph finds the blocks in the slots start to end-1. Calls end no block.
func NewGraph(insns []Insn, start, end int, f Flow) *Graph {
	leader := make([]bool, end-start+1)
	leader[0] = true
	var to []int
	for pc := start; pc < end; pc += insns[pc].Slots() {
		in := insns[pc]
		if !f.reached(pc) || in.FallsThrough() && !in.IsJump() {
			continue
		}
		to = f.succs(to[:0], in, pc)
		for _, t := range to {
			if t >= start && t < end {
				leader[t-start] = true
			}
		}
		leader[pc+1-start] = true
	}
	g := &Graph{}
	at := make([]int, end-start) // block that a slot starts, plus 1
	for pc := start; pc < end; pc += insns[pc].Slots() {
		if !f.reached(pc) {
			continue
		}
		k := len(g.Blocks) - 1
		if k < 0 || leader[pc-start] || g.Blocks[k].End != pc {
			g.Blocks = append(g.Blocks, Block{Start: pc})
			k++
			at[pc-start] = k + 1
		}
		g.Blocks[k].End, g.Blocks[k].Last = min(pc+insns[pc].Slots(), end), pc
	}
	for k := range g.Blocks {
		pc := g.Blocks[k].Last
		to = f.succs(to[:0], insns[pc], pc)
		for _, t := range to {
			switch {
			case t < start || t >= end:
				g.Leaves = append(g.Leaves, pc)
			case at[t-start] > 0:
				s := at[t-start] - 1
				g.Blocks[k].Succs = append(g.Blocks[k].Succs, s)
				g.Blocks[s].Preds = append(g.Blocks[s].Preds, k)
			}
		}
	}
	return g
}

// BlockAt returns the index of the block that slot pc lies in, -1 for none.
func (g *Graph) BlockAt(pc int) int {
	k, ok := slices.BinarySearchFunc(g.Blocks, pc, func(b Block, pc int) int { return b.Start - pc })
	if !ok {
		k--
	}
	if k < 0 || pc >= g.Blocks[k].End {
		return -1
	}
	return k
}

// RPO returns the blocks that the first one reaches, in reverse postorder: a
// block after all from which control comes to it, but for loops. Of two
// successors, the one that control falls into comes first.
func (g *Graph) RPO() []int {
	type frame struct{ block, next int }
	seen := make([]bool, len(g.Blocks))
	var post []int
	if len(g.Blocks) == 0 {
		return nil
	}
	stack := []frame{{0, len(g.Blocks[0].Succs)}}
	seen[0] = true
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.next > 0 {
			top.next--
			if s := g.Blocks[top.block].Succs[top.next]; !seen[s] {
				seen[s] = true
				stack = append(stack, frame{s, len(g.Blocks[s].Succs)})
			}
			continue
		}
		post = append(post, top.block)
		stack = stack[:len(stack)-1]
	}
	slices.Reverse(post)
	return post
}
