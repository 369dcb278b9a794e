package object

import (
	"maps"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Edit returns a copy of the program with an editor's changes made to its
// instructions; functions and C lines move along. A function of which nothing
// stays is no longer there. Maps are shared with p.
func (p *Program) Edit(e *bpf.Editor) (*Program, error) {
	insns, moves, err := e.Apply()
	if err != nil {
		return nil, err
	}
	q := *p
	q.Insns, q.Maps = insns, slices.Clone(p.Maps)
	q.Funcs, q.Lines = nil, nil
	for k, f := range p.Funcs {
		end := len(insns)
		if k+1 < len(p.Funcs) {
			end = moves[p.Funcs[k+1].Start]
		}
		if f.Start = moves[f.Start]; k == 0 || f.Start < end {
			q.Funcs = append(q.Funcs, f)
		}
	}
	for k, l := range p.Lines {
		end := len(insns)
		if k+1 < len(p.Lines) {
			end = moves[p.Lines[k+1].Slot]
		}
		if l.Slot = moves[l.Slot]; l.Slot < end {
			q.Lines = append(q.Lines, l)
		}
	}
	return &q, nil
}

// ReplaceMaps returns a copy of the program, and of those that it reaches by tail
// calls, with others in the place of maps, those that maps of maps hold included.
func (p *Program) ReplaceMaps(others map[*Map]*Map) *Program {
	made := maps.Clone(others)
	for _, m := range p.AllMaps() {
		if m.Inner == nil || !m.holdsAny(others) {
			continue
		}
		outer := *m
		if own := others[m]; own != nil {
			outer = *own
		}
		outer.Inners = maps.Clone(outer.Inners)
		for index, in := range outer.Inners {
			if own := others[in]; own != nil {
				outer.Inners[index] = own
			}
		}
		if own := others[outer.Inner]; own != nil {
			outer.Inner = own
		}
		made[m] = &outer
	}
	replace := func(p *Program) *Program {
		q := *p
		q.Maps = slices.Clone(p.Maps)
		for k, m := range q.Maps {
			if own := made[m]; own != nil {
				q.Maps[k] = own
			}
		}
		return &q
	}
	out := replace(p)
	out.Called = slices.Clone(p.Called)
	for k, q := range out.Called {
		out.Called[k] = replace(q)
	}
	return out
}

// holdsAny reports whether a map of maps holds one of the maps.
func (m *Map) holdsAny(some map[*Map]*Map) bool {
	for _, in := range m.Inners {
		if some[in] != nil {
			return true
		}
	}
	return some[m.Inner] != nil
}
