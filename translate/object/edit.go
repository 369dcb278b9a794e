package object

import (
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
