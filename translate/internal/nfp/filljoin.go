package nfp

import (
	"sort"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// fillFromJoin fills slots that are left of a branch over a few words with the
// first words of where both ways meet again. It reports whether it moved any.
func (o *Output) fillFromJoin(t *target.Target) (changed bool) {
	list := o.stretches()
	live := o.flagsRead(list)
	f := newFiller(o, t)
	for b := range list {
		f.enter(&list[b], live[b])
	}
	into := make([]int, len(list)) // by stretch: ways that lead there
	for b := range list {
		for _, s := range list[b].succs {
			into[s]++
		}
	}
	for b := 0; b+2 < len(list); b++ {
		s, over, join := &list[b], &list[b+1], &list[b+2]
		k := o.decides(s)
		if k < 0 || !over.falls || len(over.succs) != 1 || into[b+1] != 1 || into[b+2] != 2 || s.succs[0] != b+2 {
			continue
		}
		for int(o.Words[k].I.Defer) < deferElse && join.hi-join.lo > 1 && f.mayPass(s, over, join.lo) {
			f.takeUp(s, over, join)
			o.Words[k].I.Defer++
			changed = true
		}
	}
	return changed
}

// decides returns the word that is a stretch's conditional branch to a block, or
// -1 if it does not end in one and its slots alone.
func (o *Output) decides(s *stretch) int {
	at := -1
	for k := s.lo; k < s.hi; k++ {
		w := &o.Words[k]
		if !isBranch(&w.I) {
			continue
		}
		if at >= 0 || w.Block < 0 || !s.falls || len(s.succs) != 2 {
			return -1
		}
		at = k
	}
	return at
}

// mayPass reports whether the word at k, where two ways meet, can run at the end
// of stretch s instead, before the words of over.
func (f *filler) mayPass(s, over *stretch, k int) bool {
	w := &f.o.Words[k]
	if w.Back > 0 || w.Fixed || f.slot[k] || !f.passes(k) {
		return false
	}
	for j := k - 1; j >= max(0, k-f.delay-1-(over.hi-over.lo)); j-- {
		if f.o.Words[j].I.Class == nfpisa.ClassLocalCSR {
			return false
		}
	}
	if d := written(&w.I); d == f.packet[0] || d == f.packet[1] || takesHidden(&f.o.Words[over.lo].I) {
		return false
	}
	e := effectOf(w)
	if e.setsFlags && f.dead[k] {
		e.setsFlags = false
	}
	flags := e.setsFlags || e.readsFlags
	for j := over.lo; j < over.hi; j++ {
		v := &f.o.Words[j]
		x := effectOf(v)
		if flags && v.waits() || isBranch(&v.I) || v.I.Class == nfpisa.ClassLocalCSR || f.slot[j] && flags {
			return false
		}
		if x.setsFlags && f.dead[j] && plain(&v.I) {
			x.setsFlags = false
		}
		if !e.apart(&x) {
			return false
		}
	}
	return true
}

// passes reports whether a word does nothing but make one result or flags, and
// neither takes nor gives anything hidden.
func (f *filler) passes(k int) bool {
	i := &f.o.Words[k].I
	if takesHidden(i) || k+1 < len(f.o.Words) && takesHidden(&f.o.Words[k+1].I) {
		return false
	}
	if plain(i) {
		return true
	}
	test := *i
	if test.Dst.Kind == nfpisa.None && (test.Class == nfpisa.ClassALU || test.Class == nfpisa.ClassALUShf) {
		test.Dst = nfpisa.A(0)
	}
	if test.Class == nfpisa.ClassALU && usesCarry(&test) {
		test.ALU = nfpisa.ALUAdd
	}
	return plain(&test)
}

// takeUp moves the first word of join to the end of s. The words of over set no
// flags from then on, if nobody reads them.
func (f *filler) takeUp(s, over, join *stretch) {
	for j := over.lo; j < over.hi; j++ {
		if f.dead[j] && plain(&f.o.Words[j].I) {
			f.quiet(j)
		}
	}
	if f.dead[join.lo] {
		f.quiet(join.lo)
	}
	f.move(join.lo, over.lo)
	copy(f.slot[over.lo+1:join.lo+1], f.slot[over.lo:join.lo])
	f.slot[over.lo] = true
	starts := f.o.Starts // in order
	for k := sort.SearchInts(starts, over.lo); k < len(starts) && starts[k] <= join.lo; k++ {
		starts[k]++
	}
	s.hi++
	over.lo++
	over.hi++
	join.lo++
}
