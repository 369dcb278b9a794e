package oracle

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// cut returns the program without n slots from at on and without what can no
// longer be reached. It returns nil if nothing is left.
func cut(p *object.Program, at, n int) *object.Program {
	e := bpf.NewEditor(p.Insns)
	e.Remove(at, n)
	return prune(edited(p, e))
}

// prune removes the slots that no path reaches, which the kernel refuses.
func prune(p *object.Program) *object.Program {
	if p == nil {
		return nil
	}
	e := bpf.NewEditor(p.Insns)
	reached, _ := bpf.Reach(p.Insns)
	e.RemoveIf(func(pc int, _ bpf.Insn) bool { return !reached[pc] })
	return edited(p, e)
}

// edited makes the changes, which only remove; nil if nothing is left.
func edited(p *object.Program, e *bpf.Editor) *object.Program {
	q, err := p.Edit(e)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	if len(q.Insns) == 0 {
		return nil
	}
	return q
}
