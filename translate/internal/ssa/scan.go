package ssa

import "github.com/skipsw/skipsw/translate/bpf"

// cfg is the control flow of one function, by slot relative to its start.
type cfg struct {
	leader  []bool
	preds   []int // edges into the block that starts at the slot, by slot relative to start
	order   []int // absolute slots of block starts in reverse postorder
	bad     string
	badSlot int
}

// targets returns where the jump at pc leads, given what the proof walked. kind
// is 0 for instructions that do not end a block.
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

// scan finds the blocks of the function in slots start..end-1.
func (b *Builder) scan(start, end int) *cfg {
	insns := b.Prog.Source().Insns
	n := end - start
	c := &cfg{leader: make([]bool, n+1), preds: make([]int, n)}
	c.leader[0] = true
	for pc := start; pc < end; pc++ {
		if !b.Prog.Reached(pc) {
			continue
		}
		succ, ends := b.targets(insns[pc], pc)
		for _, s := range succ {
			if s < start || s >= end {
				c.bad, c.badSlot = "a jump to another function", pc
				return c
			}
			c.leader[s-start] = true
		}
		if ends && pc+1 < end {
			c.leader[pc+1-start] = true
		}
	}
	state := make([]uint8, n)
	succs := make(map[int][]int)
	blockSuccs := func(s int) []int {
		if out, ok := succs[s]; ok {
			return out
		}
		var out []int
		for pc := s; ; {
			in := insns[pc]
			if succ, ends := b.targets(in, pc); ends {
				out = succ
				break
			}
			pc++
			if in.Wide() {
				pc++
			}
			if pc >= end {
				break
			}
			if c.leader[pc-start] {
				out = []int{pc}
				break
			}
		}
		succs[s] = out
		return out
	}
	type frame struct{ slot, next int }
	stack := []frame{{start, 0}}
	state[0] = 1
	c.preds[0] = 1
	var post []int
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		out := blockSuccs(top.slot)
		if top.next < len(out) {
			to := out[len(out)-1-top.next]
			top.next++
			c.preds[to-start]++
			if state[to-start] == 0 {
				state[to-start] = 1
				stack = append(stack, frame{to, 0})
			}
			continue
		}
		post = append(post, top.slot)
		stack = stack[:len(stack)-1]
	}
	for i := len(post) - 1; i >= 0; i-- {
		c.order = append(c.order, post[i])
	}
	return c
}
