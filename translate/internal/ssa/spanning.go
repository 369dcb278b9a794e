package ssa

// spanning is a depth-first spanning tree of a function, for the algorithm of
// Lengauer and Tarjan ("A Fast Algorithm for Finding Dominators in a Flowgraph",
// 1979, the version with path compression alone). Vertices are numbered as they
// are found; the entry is 0.
type spanning struct {
	block  []BlockID // by vertex
	vertex []int32   // by block, -1 for those that are not reached
	parent []int32
	// semi is the semidominator; ancestor and label are the forest of what is
	// linked so far, -1 at its roots.
	semi, ancestor, label []int32
	path                  []int32 // of eval
}

// newSpanning walks the blocks of order from the entry.
func newSpanning(f *Func, order []BlockID) *spanning {
	t := &spanning{vertex: make([]int32, len(f.Blocks))}
	for b := range t.vertex {
		t.vertex[b] = -1
	}
	inside := make([]bool, len(f.Blocks))
	for _, b := range order {
		inside[b] = true
	}
	type edge struct {
		to   BlockID
		from int32
	}
	for stack := []edge{{0, 0}}; len(stack) > 0; {
		e := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if t.vertex[e.to] >= 0 || !inside[e.to] {
			continue
		}
		v := int32(len(t.block))
		t.vertex[e.to] = v
		t.block, t.parent = append(t.block, e.to), append(t.parent, e.from)
		t.semi, t.label, t.ancestor = append(t.semi, v), append(t.label, v), append(t.ancestor, -1)
		for _, s := range f.B(e.to).Term.Succs {
			stack = append(stack, edge{s.To, v})
		}
	}
	return t
}

// idoms returns the immediate dominator of each vertex, that of the entry being
// itself.
func (t *spanning) idoms(preds [][]BlockID) []int32 {
	n := len(t.block)
	idom, bucket := make([]int32, n), make([][]int32, n)
	for w := int32(n) - 1; w > 0; w-- {
		for _, p := range preds[t.block[w]] {
			if v := t.vertex[p]; v >= 0 {
				t.semi[w] = min(t.semi[w], t.semi[t.eval(v)])
			}
		}
		bucket[t.semi[w]] = append(bucket[t.semi[w]], w)
		up := t.parent[w]
		t.ancestor[w] = up
		for _, v := range bucket[up] {
			idom[v] = up
			if u := t.eval(v); t.semi[u] < t.semi[v] {
				idom[v] = u
			}
		}
		bucket[up] = nil
	}
	for w := 1; w < n; w++ {
		if idom[w] != t.semi[w] {
			idom[w] = idom[idom[w]]
		}
	}
	return idom
}

// eval returns the vertex with the least semidominator on the way from v to the
// root of its tree, the root left out, and shortens the way.
func (t *spanning) eval(v int32) int32 {
	if t.ancestor[v] < 0 {
		return t.label[v]
	}
	t.path = t.path[:0]
	for u := v; t.ancestor[t.ancestor[u]] >= 0; u = t.ancestor[u] {
		t.path = append(t.path, u)
	}
	for k := len(t.path) - 1; k >= 0; k-- {
		u := t.path[k]
		up := t.ancestor[u]
		if t.semi[t.label[up]] < t.semi[t.label[u]] {
			t.label[u] = t.label[up]
		}
		t.ancestor[u] = t.ancestor[up]
	}
	return t.label[v]
}
