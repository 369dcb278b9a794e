package ssa

// Dom is the dominator tree of a function.
type Dom struct {
	idom []BlockID
	// number and last give each block's range in a walk of the tree.
	number, last []int32
}

// Dominators computes the dominator tree; order is the function's RPO. It takes
// time near the number of edges, whatever their shape.
func (f *Func) Dominators(order []BlockID) *Dom {
	n := len(f.Blocks)
	d := &Dom{idom: make([]BlockID, n), number: make([]int32, n), last: make([]int32, n)}
	for b := range d.idom {
		d.idom[b] = NoBlock
	}
	t := newSpanning(f, order)
	idom := t.idoms(f.Preds())
	d.idom[0] = 0
	for v, b := range t.block {
		d.idom[b] = t.block[idom[v]]
	}
	kids := make([][]BlockID, n)
	for _, b := range order[1:] {
		kids[d.idom[b]] = append(kids[d.idom[b]], b)
	}
	next := int32(0)
	type frame struct {
		b BlockID
		k int
	}
	stack := []frame{{0, 0}}
	next++
	d.number[0] = next
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.k < len(kids[top.b]) {
			c := kids[top.b][top.k]
			top.k++
			next++
			d.number[c] = next
			stack = append(stack, frame{c, 0})
			continue
		}
		d.last[top.b] = next
		stack = stack[:len(stack)-1]
	}
	return d
}

// Dominates reports whether every path to b goes through a. Blocks that cannot
// be reached neither dominate nor are dominated.
func (d *Dom) Dominates(a, b BlockID) bool {
	return d.number[a] != 0 && d.number[a] <= d.number[b] && d.number[b] <= d.last[a]
}

// Loops sets the Loop depth of all blocks; order is the function's RPO.
func (f *Func) Loops(order []BlockID, d *Dom) {
	preds := f.Preds()
	for b := range f.Blocks {
		f.Blocks[b].Loop = 0
	}
	for _, head := range order {
		var body []BlockID
		seen := map[BlockID]bool{head: true}
		for _, p := range preds[head] {
			if d.Dominates(head, p) && !seen[p] {
				seen[p] = true
				body = append(body, p)
			}
		}
		self := false
		for _, p := range preds[head] {
			self = self || d.Dominates(head, p)
		}
		if !self {
			continue
		}
		for k := 0; k < len(body); k++ {
			for _, p := range preds[body[k]] {
				if d.Dominates(head, p) && !seen[p] {
					seen[p] = true
					body = append(body, p)
				}
			}
		}
		f.Blocks[head].Loop++
		for _, b := range body {
			f.Blocks[b].Loop++
		}
	}
}
