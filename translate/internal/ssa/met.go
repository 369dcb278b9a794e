package ssa

import (
	"slices"

	"github.com/skipsw/skipsw/translate/verify"
)

// MapsIn returns the maps that register r, a map, can be here, by their index in
// Source().Maps: the one that the proof knows, those whose numbers meet in it, or
// else all that the proof allows.
func (b *Builder) MapsIn(r int) []int {
	fact := b.Fact(r)
	if fact.Map >= 0 {
		return []int{fact.Map}
	}
	lo, _ := b.Reg(r)
	met, known := b.met(lo)
	var out []int
	for k := range b.Env.Maps {
		if fact.Kind == verify.PtrMap && fact.MayBe(k) && (!known || slices.Contains(met, b.Const(b.Env.Maps[k].ID))) {
			out = append(out, k)
		}
	}
	return out
}

// WhereMap gives the other argument registers the constants that they have on the
// ways on which register r is map k: the call that follows is for these ways.
func (b *Builder) WhereMap(r, k int) {
	number, _ := b.Reg(r)
	is := b.Const(b.Env.Maps[k].ID)
	for other := 1; other <= 5; other++ {
		if other == r || b.Fact(other).Kind == verify.Uninit {
			continue
		}
		lo, hi := b.Reg(other)
		b.SetReg(other, b.where(number, is, lo), b.where(number, is, hi))
	}
}

// where returns the constant that y is on all ways on which x is the given one,
// or y.
func (b *Builder) where(x, is, y ID) ID {
	got := map[ID]bool{}
	seen := map[ID]bool{}
	var walk func(x, y ID)
	walk = func(x, y ID) {
		x, y = b.resolve(x), b.resolve(y)
		px, py := b.phiOf(x), b.phiOf(y)
		switch {
		case b.F.V(x).Op == Const:
			if x == is {
				got[y] = true
			}
		case px == nil || seen[x]:
			got[y] = true
		default:
			seen[x] = true
			for j, a := range px.args {
				if py != nil && py.block == px.block {
					walk(a, py.args[j])
				} else {
					walk(a, y)
				}
			}
		}
	}
	walk(x, y)
	for id := range got {
		if op := b.F.V(id).Op; len(got) == 1 && (op == Const || op == StackAddr) {
			return id
		}
	}
	return y
}

// phiOf returns the parameter with its arguments, if they are all known.
func (b *Builder) phiOf(id ID) *phi {
	if b.F.V(id).Op != Param {
		return nil
	}
	for k := len(b.phis) - 1; k >= 0; k-- {
		if b.phis[k].param == id {
			return &b.phis[k]
		}
	}
	return nil
}

// met returns the constants that meet in a value, if it can be nothing else.
func (b *Builder) met(id ID) (constants []ID, ok bool) {
	args := map[ID][]ID{}
	for _, p := range b.phis {
		args[p.param] = p.args
	}
	seen := map[ID]bool{}
	for work := []ID{id}; len(work) > 0; {
		id := b.resolve(work[len(work)-1])
		work = work[:len(work)-1]
		if seen[id] {
			continue
		}
		seen[id] = true
		switch v := b.F.V(id); {
		case v.Op == StackAddr || v.Op == Const:
			constants = append(constants, id)
		case v.Op == Param && args[id] != nil:
			work = append(work, args[id]...)
		default:
			return nil, false
		}
	}
	return constants, true
}
