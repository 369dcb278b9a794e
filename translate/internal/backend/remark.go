package backend

import (
	"slices"

	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/object"
)

// forgetStages drops the remarks of passes that run again.
func forgetStages(r *pass.Run, stages []pass.Info) {
	r.Forget(func(m *pass.Remark) bool {
		return slices.ContainsFunc(stages, func(p pass.Info) bool { return p.Name == m.Pass })
	})
}

// forgetPart drops the remarks about a part that is compiled again.
func forgetPart(r *pass.Run, name string) {
	r.Forget(func(m *pass.Remark) bool { return m.Program == name })
}

// remarks returns the remarks of a compilation with their C lines, in the order
// of programs and instructions.
func (u *Unit) remarks() (out []Remark) {
	for _, p := range u.Parts {
		src := p.Program.Source()
		at := len(out)
		for _, m := range u.Run.Remarks() {
			if m.Program == src.Name {
				out = append(out, Remark{
					Program: m.Program, Pass: m.Pass, Insn: int(m.Slot), Place: place(src, m.Slot), Other: int(m.Other), OtherPlace: place(src, m.Other),
					Done: m.Done, Count: m.Count, What: m.What, Why: m.Why,
				})
			}
		}
		slices.SortStableFunc(out[at:], func(x, y Remark) int { return x.Insn - y.Insn })
	}
	return out
}

func place(p *object.Program, slot int32) *Place {
	if slot < 0 {
		return nil
	}
	if l := p.PlaceAt(int(slot)); l != nil {
		return &Place{File: l.File, Line: l.LineNo}
	}
	return nil
}
