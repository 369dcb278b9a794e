package nfp

import "github.com/skipsw/skipsw/nfpisa"

// stretch is a run of words that control enters at its first one only and
// leaves behind its last one, the defer slots of a branch included.
type stretch struct {
	lo, hi int
	succs  []int // stretches, by number
	// leaves says that the program may end behind it, calls that a routine or
	// anything else that is not known runs there.
	leaves, calls bool
	falls         bool // into the stretch that follows
}

// stretches divides the words, in their order.
func (o *Output) stretches() []stretch {
	n := len(o.Words)
	cut := make([]bool, n+1)
	cut[n] = true
	for _, s := range o.Starts {
		cut[s] = true
	}
	for k := range o.Words {
		if i := &o.Words[k].I; isBranch(i) {
			cut[min(n, k+1+int(i.Defer))] = true
		}
	}
	number := make([]int, n+1)
	var list []stretch
	for lo, k := 0, 1; k <= n; k++ {
		if cut[k] {
			for j := lo; j < k; j++ {
				number[j] = len(list)
			}
			list = append(list, stretch{lo: lo, hi: k})
			lo = k
		}
	}
	number[n] = len(list)
	for b := range list {
		list[b].ends(o, number)
	}
	return list
}

// ends finds out where control goes behind the stretch.
func (s *stretch) ends(o *Output, number []int) {
	on := true // to the next word
	for k := s.lo; k < s.hi; k++ {
		w := &o.Words[k]
		switch {
		case !isBranch(&w.I):
			continue
		case w.Done:
			s.leaves, s.calls = true, s.calls || o.Returns
		case w.Block >= 0:
			s.succs = append(s.succs, number[o.Starts[w.Block]])
		case w.Site != nil:
			s.calls = true
			continue // and back
		default:
			s.calls = true
		}
		on = w.I.Class != nfpisa.ClassJump && w.I.Class != nfpisa.ClassCtxArb && (w.I.Class != nfpisa.ClassBranch || w.I.Cond != nfpisa.CondAlways)
	}
	if s.falls = on && s.hi < len(o.Words); s.falls {
		s.succs = append(s.succs, number[s.hi])
	}
}

// solveBehind solves what holds behind each stretch on any way from there: before
// returns what holds before a word from what holds behind it, and join what two
// ways have. Nothing of T is its zero value.
func solveBehind[T comparable](words []Word, list []stretch, join func(a, b T) T, before func(w *Word, behind T) T) []T {
	in, out := make([]T, len(list)), make([]T, len(list))
	for changed := true; changed; {
		changed = false
		for b := len(list) - 1; b >= 0; b-- {
			var at T
			for _, s := range list[b].succs {
				at = join(at, in[s])
			}
			out[b] = at
			for k := list[b].hi - 1; k >= list[b].lo; k-- {
				at = before(&words[k], at)
			}
			if at != in[b] {
				in[b], changed = at, true
			}
		}
	}
	return out
}
