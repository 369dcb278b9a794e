package nfp

import (
	"slices"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// endWords is the number of words of an end: a branch, and in its slot the verdict.
const endWords = 2

// leaveAtOnce has a branch to where the program ends with a verdict end the program
// itself, with the verdict in a slot, where nothing else leads to that end: its words
// go. The other way out of the branch loads the verdict for nothing, so that it must
// not need the register. It reports whether there are such.
func (o *Output) leaveAtOnce(t *target.Target) (changed bool) {
	for again := true; again; changed = changed || again {
		again = false
		list := o.stretches()
		needed := o.needs(list, t.Exit.Register.Operand())
		for b := range list {
			k := o.decides(&list[b])
			if k < 0 || int(o.Words[k].I.Defer) >= deferLimit(&o.Words[k].I) || needed[b+1] {
				continue
			}
			if at := o.Starts[o.Words[k].Block]; at >= list[b].hi && o.endsAt(list, at) && o.mayLoad(&list[b]) {
				o.takeEnd(k, at)
				again = true
				break
			}
		}
	}
	return changed
}

// endsAt reports whether a verdict that takes one instruction ends the program at a
// word, and one way leads there, by a branch.
func (o *Output) endsAt(list []stretch, at int) bool {
	ways := 0
	for b := range list {
		for _, s := range list[b].succs {
			if list[s].lo == at {
				ways++
			}
		}
		if list[b].hi == at && list[b].falls {
			return false
		}
	}
	w := &o.Words[at]
	return ways == 1 && w.Done && w.I.Class == nfpisa.ClassBranch && w.I.Cond == nfpisa.CondAlways && w.I.Defer == 1 &&
		o.Words[at+1].I.Class == nfpisa.ClassImmed
}

// mayLoad reports whether an instruction may come to stand behind a stretch: the
// word there takes nothing hidden from the one before it.
func (o *Output) mayLoad(s *stretch) bool {
	for k := s.lo; k < s.hi; k++ {
		if o.Words[k].Fixed || o.Words[k].I.Class == nfpisa.ClassLocalCSR && k == s.hi-1 {
			return false
		}
	}
	return !takesHidden(&o.Words[s.hi].I)
}

// needs reports, before each stretch, whether anybody behind it may read a
// general-purpose register.
func (o *Output) needs(list []stretch, reg nfpisa.Operand) []bool {
	var want places
	want.add(reg, false)
	in := make([]bool, len(list)+1)
	for changed := true; changed; {
		changed = false
		for b := len(list) - 1; b >= 0; b-- {
			s := &list[b]
			at := s.leaves || s.calls
			for _, n := range s.succs {
				at = at || in[n]
			}
			for k := s.hi - 1; k >= s.lo; k-- {
				e := effectOf(&o.Words[k])
				at = at && !e.writes.meets(want) || e.reads.meets(want)
			}
			if at != in[b] {
				in[b], changed = at, true
			}
		}
	}
	return in
}

// takeEnd has the branch at k end the program as the words at at do, which go.
func (o *Output) takeEnd(k, at int) {
	w := &o.Words[k]
	verdict := o.Words[at+1]
	to := k + 1 + int(w.I.Defer)
	w.Block, w.Done = -1, true
	w.I.Defer++
	o.Words = slices.Delete(o.Words, at, at+endWords)
	o.Words = slices.Insert(o.Words, to, verdict)
	for j, s := range o.Starts {
		if s >= to {
			o.Starts[j]++
		}
		if s > at {
			o.Starts[j] -= endWords
		}
	}
}
