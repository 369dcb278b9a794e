package nfp

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// fillBranches fills defer slots of branches that are left with instructions and
// commands from anywhere before them in their stretch. It reports whether it moved
// anything.
func (o *Output) fillBranches(t *target.Target) (changed bool) {
	list := o.stretches()
	live := o.flagsRead(list)
	f := newFiller(o, t)
	for b := range list {
		f.enter(&list[b], live[b])
		for k := f.s.lo; k < f.s.hi; k++ {
			w := &o.Words[k]
			if !isBranch(&w.I) || w.Begin || w.Fixed {
				continue
			}
			limit := deferLimit(&w.I)
			for int(o.Words[k].I.Defer) < limit {
				j := f.before(k)
				if j < 0 {
					break
				}
				f.move(j, k)
				f.quiet(k)
				f.slot[k] = true
				k--
				o.Words[k].I.Defer++
				changed = true
			}
			break // the rest of the stretch are slots
		}
	}
	return changed
}

// before returns the nearest word before the branch at k that may run behind it,
// or -1. Commands keep their order.
func (f *filler) before(k int) int {
	passed := []effect{effectOf(&f.o.Words[k])}
	command := false
	for j := k - 1; j >= max(f.s.lo, k-reach); j-- {
		w := &f.o.Words[j]
		e, ok := f.candidate(j)
		if w.postable() && !f.slot[j] && !command && !f.o.shadowed(j, f.delay) {
			e, ok = effectOf(w), true
		}
		if ok && !f.slot[j+1] && apartFrom(&e, passed) {
			return j
		}
		if f.slot[j] || !passable(&w.I) {
			return -1
		}
		command = command || w.I.Class == nfpisa.ClassCmd
		passed = append(passed, effectOf(w))
	}
	return -1
}

// postable reports whether a word is a command that needs nothing from the
// instruction before it and goes on.
func (w *Word) postable() bool {
	return w.I.Class == nfpisa.ClassCmd && w.I.Cmd.Ctx == nfpisa.CmdNoSwap && !w.I.Cmd.Indirect && !w.Fixed
}
