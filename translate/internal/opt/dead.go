package opt

import "github.com/skipsw/skipsw/translate/internal/ssa"

// removeDead removes values and parameters that nothing needs, and parameters
// that always have the same value. It reports whether parameters were removed.
func removeDead(f *ssa.Func) bool {
	changed := sameArguments(f)
	order := f.RPO()
	reached := make([]bool, len(f.Blocks))
	for _, b := range order {
		reached[b] = true
	}
	for b := range f.Blocks {
		if !reached[b] && !f.Blocks[b].Dead {
			f.Blocks[b] = ssa.Block{Dead: true}
		}
	}
	live := make([]bool, len(f.Values))
	var work []ssa.ID
	mark := func(id ssa.ID) {
		if id != 0 && !live[id] {
			live[id] = true
			work = append(work, id)
		}
	}
	type incoming struct {
		from ssa.BlockID
		succ int
	}
	in := make([][]incoming, len(f.Blocks))
	for _, b := range order {
		blk := f.B(b)
		for _, id := range blk.Values {
			if v := f.V(id); v.Op.Effect() || v.Exact {
				mark(id)
			}
		}
		t := &blk.Term
		mark(t.X)
		mark(t.Y)
		mark(t.XH)
		mark(t.YH)
		for s := range t.Succs {
			in[t.Succs[s].To] = append(in[t.Succs[s].To], incoming{b, s})
		}
	}
	for len(work) > 0 {
		id := work[len(work)-1]
		work = work[:len(work)-1]
		v := f.V(id)
		for _, a := range v.Args {
			mark(a)
		}
		if v.Op != ssa.Param {
			continue
		}
		for k, p := range f.B(v.Block).Params {
			if p == id {
				for _, e := range in[v.Block] {
					mark(f.B(e.from).Term.Succs[e.succ].Args[k])
				}
			}
		}
	}
	for _, b := range order {
		blk := f.B(b)
		blk.Values = keep(blk.Values, func(k int) bool { return live[blk.Values[k]] })
		params := blk.Params
		alive := func(k int) bool { return live[params[k]] }
		for _, e := range in[b] {
			edge := &f.B(e.from).Term.Succs[e.succ]
			edge.Args = keep(edge.Args, alive)
		}
		blk.Params = keep(params, alive)
		changed = changed || len(blk.Params) != len(params)
	}
	return changed
}

// keep returns the elements of a list whose index passes.
func keep(list []ssa.ID, pass func(k int) bool) []ssa.ID {
	out := make([]ssa.ID, 0, len(list))
	for k, id := range list {
		if pass(k) {
			out = append(out, id)
		}
	}
	return out
}

// sameArguments replaces parameters that get one value from all edges.
func sameArguments(f *ssa.Func) bool {
	repl := map[ssa.ID]ssa.ID{}
	resolve := func(id ssa.ID) ssa.ID {
		for {
			n, ok := repl[id]
			if !ok {
				return id
			}
			id = n
		}
	}
	any := false
	for changed := true; changed; {
		changed = false
		order := f.RPO()
		args := make([][][]ssa.ID, len(f.Blocks))
		for _, b := range order {
			for _, e := range f.B(b).Term.Succs {
				args[e.To] = append(args[e.To], e.Args)
			}
		}
		for _, b := range order {
			for k, p := range f.B(b).Params {
				if _, gone := repl[p]; gone || len(args[b]) == 0 {
					continue
				}
				same, ok := ssa.ID(0), true
				for _, a := range args[b] {
					id := resolve(a[k])
					if id == p || id == same {
						continue
					}
					if same != 0 {
						ok = false
						break
					}
					same = id
				}
				if ok && same != 0 {
					repl[p] = same
					changed, any = true, true
				}
			}
		}
	}
	if any {
		for b := range f.Blocks {
			f.Uses(ssa.BlockID(b), func(p *ssa.ID) { *p = resolve(*p) })
		}
	}
	return any
}
