package opt

import (
	"slices"

	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// splitExits sends edges into a block that only ends the program to ends of
// their own, so that a constant verdict is known there.
func splitExits(f *ssa.Func) bool {
	changed := false
	for _, b := range f.RPO() {
		t := &f.B(b).Term
		for s := range t.Succs {
			e := t.Succs[s]
			to := f.B(e.To)
			if len(to.Values) != 0 || to.Term.Kind != ssa.Exit || len(to.Params) == 0 {
				continue
			}
			verdict := to.Term.X
			for k, p := range to.Params {
				if p == verdict {
					verdict = e.Args[k]
				}
			}
			slot := to.Term.Slot
			n := f.NewBlock()
			f.B(n).Term = ssa.Term{Kind: ssa.Exit, Slot: slot, X: verdict}
			t = &f.B(b).Term
			t.Succs[s] = ssa.Edge{To: n}
			changed = true
		}
	}
	return changed
}

// shareExits lets all ends with the same verdict be one block. Only constants
// are shared: another value need not dominate the shared block.
func shareExits(f *ssa.Func) bool {
	first := map[ssa.ID]ssa.BlockID{}
	changed := false
	for _, b := range f.RPO() {
		t := &f.B(b).Term
		for s := range t.Succs {
			to := f.B(t.Succs[s].To)
			if len(to.Values) != 0 || to.Term.Kind != ssa.Exit || len(to.Params) != 0 {
				continue
			}
			if _, ok := f.IsConst(to.Term.X); !ok {
				continue
			}
			have, ok := first[to.Term.X]
			if !ok {
				first[to.Term.X] = t.Succs[s].To
				continue
			}
			if have != t.Succs[s].To {
				t.Succs[s].To = have
				changed = true
			}
		}
	}
	return changed
}

// skipEmpty redirects edges into a block that does nothing but jump on.
func skipEmpty(f *ssa.Func) bool {
	changed := false
	uses := countOutside(f)
	for _, b := range f.RPO() {
		t := &f.B(b).Term
		for s := range t.Succs {
			for range 16 {
				e := &t.Succs[s]
				to := f.B(e.To)
				if len(to.Values) != 0 || to.Term.Kind != ssa.Jump || to.Term.Succs[0].To == e.To || uses.any(to) {
					break
				}
				next := to.Term.Succs[0]
				args := make([]ssa.ID, len(next.Args))
				for k, a := range next.Args {
					args[k] = a
					for j, p := range to.Params {
						if p == a {
							args[k] = e.Args[j]
						}
					}
				}
				for _, v := range e.Args {
					uses.add(b, v, -1)
				}
				for _, v := range args {
					uses.add(b, v, 1)
				}
				*e = ssa.Edge{To: next.To, Args: args}
				changed = true
			}
		}
	}
	return changed
}

// outsideUses counts the uses of parameters of blocks in other blocks than their
// own.
type outsideUses struct {
	owner []ssa.BlockID // by value, NoBlock for what is no parameter
	count []int32
}

func countOutside(f *ssa.Func) *outsideUses {
	u := &outsideUses{owner: make([]ssa.BlockID, len(f.Values)), count: make([]int32, len(f.Values))}
	for v := range u.owner {
		u.owner[v] = ssa.NoBlock
	}
	for b := range f.Blocks {
		for _, p := range f.Blocks[b].Params {
			u.owner[p] = ssa.BlockID(b)
		}
	}
	for b := range f.Blocks {
		if !f.Blocks[b].Dead {
			f.Uses(ssa.BlockID(b), func(p *ssa.ID) { u.add(ssa.BlockID(b), *p, 1) })
		}
	}
	return u
}

// add counts n uses of a value in a block.
func (u *outsideUses) add(in ssa.BlockID, v ssa.ID, n int32) {
	if o := u.owner[v]; o != ssa.NoBlock && o != in {
		u.count[v] += n
	}
}

// any reports whether a parameter of the block is read anywhere but in the block.
func (u *outsideUses) any(b *ssa.Block) bool {
	return slices.ContainsFunc(b.Params, func(p ssa.ID) bool { return u.count[p] > 0 })
}

// joinBlocks appends a block to its only predecessor if that only leads there.
func joinBlocks(f *ssa.Func) bool {
	changed := false
	preds := f.Preds()
	repl := map[ssa.ID]ssa.ID{}
	for _, b := range f.RPO() {
		if f.B(b).Dead {
			continue
		}
		for {
			t := &f.B(b).Term
			if t.Kind != ssa.Jump {
				break
			}
			e := t.Succs[0]
			if e.To == b || e.To == 0 || len(preds[e.To]) != 1 {
				break
			}
			to := f.B(e.To)
			for k, p := range to.Params {
				repl[p] = e.Args[k]
			}
			for _, id := range to.Values {
				f.V(id).Block = b
			}
			f.B(b).Values = append(f.B(b).Values, to.Values...)
			f.B(b).Term = to.Term
			for _, s := range to.Term.Succs {
				for k, p := range preds[s.To] {
					if p == e.To {
						preds[s.To][k] = b
					}
				}
			}
			*to = ssa.Block{Dead: true}
			changed = true
		}
	}
	if len(repl) > 0 {
		for b := range f.Blocks {
			f.Uses(ssa.BlockID(b), func(p *ssa.ID) {
				for {
					n, ok := repl[*p]
					if !ok {
						return
					}
					*p = n
				}
			})
		}
	}
	return changed
}
