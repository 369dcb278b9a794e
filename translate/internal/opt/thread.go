package opt

import "github.com/skipsw/skipsw/translate/internal/ssa"

// threadBranches finds blocks that only compare one of their parameters with a
// constant, where every way into the block decides the comparison, and sends
// each way on to where it leads. The null check after a lookup is such a block:
// the lookup's two ways bring an address and 0. It reports whether it found any.
//
// A block that is passed by takes no way to another from the others, so that what
// dominates what stays true for those that are left.
func threadBranches(f *ssa.Func) (changed bool) {
	order := f.RPO()
	preds := f.Preds()
	dom := f.Dominators(order)
	for _, b := range order {
		if b == 0 || len(f.B(b).Values) != 0 || len(preds[b]) < 2 {
			continue
		}
		t := f.B(b).Term
		if t.Kind != ssa.Branch || t.Wide || t.Succs[0].To == t.Succs[1].To {
			continue
		}
		k := paramIndex(f, b, t.X)
		y, ok := f.IsConst(t.Y)
		if k < 0 || !ok {
			continue
		}
		ways, ok := decideWays(f, b, preds[b], k, t.Cond, y)
		if !ok || !soleWays(f, preds, dom, b) {
			continue
		}
		thread(f, dom, b, ways)
		for s, e := range t.Succs {
			preds[e.To] = nil
			for _, w := range ways {
				if w.to == s {
					preds[e.To] = append(preds[e.To], w.from)
				}
			}
		}
		changed = true
	}
	return changed
}

// way is an edge into the block and the successor that it leads to.
type way struct {
	from ssa.BlockID
	edge int
	to   int
}

func paramIndex(f *ssa.Func, b ssa.BlockID, id ssa.ID) int {
	for k, p := range f.B(b).Params {
		if p == id {
			return k
		}
	}
	return -1
}

// soleWays reports whether the successors of b can be entered from b alone, and
// all uses of b's parameters lie in b or behind one of them.
func soleWays(f *ssa.Func, preds [][]ssa.BlockID, dom *ssa.Dom, b ssa.BlockID) bool {
	succs := f.B(b).Term.Succs
	for _, e := range succs {
		if e.To == b || len(preds[e.To]) != 1 {
			return false
		}
	}
	mine := map[ssa.ID]bool{}
	for _, p := range f.B(b).Params {
		mine[p] = true
	}
	ok := true
	for _, o := range f.RPO() {
		if o == b || dom.Dominates(succs[0].To, o) || dom.Dominates(succs[1].To, o) {
			continue
		}
		f.Uses(o, func(p *ssa.ID) { ok = ok && !mine[*p] })
	}
	return ok
}

// decideWays evaluates the comparison for each edge into b.
func decideWays(f *ssa.Func, b ssa.BlockID, from []ssa.BlockID, k int, cond ssa.Cond, y uint32) ([]way, bool) {
	var ways []way
	seen := map[ssa.BlockID]bool{}
	for _, p := range from {
		if p == b {
			return nil, false
		}
		if seen[p] {
			continue
		}
		seen[p] = true
		for s, e := range f.B(p).Term.Succs {
			if e.To != b {
				continue
			}
			taken := false
			arg := e.Args[k]
			if c, ok := f.IsConst(arg); ok {
				taken = cond.Eval(c, y)
			} else if f.V(arg).NonZero && y == 0 && (cond == ssa.EQ || cond == ssa.NE) {
				taken = cond == ssa.NE
			} else {
				return nil, false
			}
			w := way{p, s, 0}
			if taken {
				w.to = 1
			}
			ways = append(ways, w)
		}
	}
	return ways, true
}

// thread sends the ways past b. Each successor gets b's parameters as
// parameters of its own.
func thread(f *ssa.Func, dom *ssa.Dom, b ssa.BlockID, ways []way) {
	params := f.B(b).Params
	succs := f.B(b).Term.Succs
	for s := range succs {
		to := succs[s].To
		own := map[ssa.ID]ssa.ID{}
		for _, p := range params {
			own[p] = f.AddParam(to)
		}
		for _, o := range f.RPO() {
			if dom.Dominates(to, o) {
				f.Uses(o, func(p *ssa.ID) {
					if n, ok := own[*p]; ok {
						*p = n
					}
				})
			}
		}
	}
	for _, w := range ways {
		in := f.B(w.from).Term.Succs[w.edge].Args
		bring := map[ssa.ID]ssa.ID{}
		for k, p := range params {
			bring[p] = in[k]
		}
		e := ssa.Edge{To: succs[w.to].To}
		for _, a := range succs[w.to].Args {
			if n, ok := bring[a]; ok {
				a = n
			}
			e.Args = append(e.Args, a)
		}
		e.Args = append(e.Args, in...)
		f.B(w.from).Term.Succs[w.edge] = e
	}
	f.Blocks[b] = ssa.Block{Dead: true}
}
