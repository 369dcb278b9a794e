package nfp

import (
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/pass"
)

// Use is what a word is for.
type Use uint8

// The uses.
const (
	UseOwn   Use = iota // does what the eBPF instruction says
	UseMove             // between registers
	UseSpill            // to local memory, for want of a register
	UseFetch            // back from there
	UseRemat            // a constant made again
	UseDelay            // waits until an index register can be used
)

// useOf returns what an inserted move is for.
func useOf(m regalloc.Move) Use {
	switch {
	case m.Dst.File == regalloc.Slot:
		return UseSpill
	case m.Src.File == regalloc.Slot:
		return UseFetch
	case m.Src.File == regalloc.Remat:
		return UseRemat
	}
	return UseMove
}

// halves notes which of the words from one on make halves of eBPF registers, of the
// node that they come from.
func (e *emitter) halves(n *node, locs []regalloc.Loc, from int) {
	for j := range n.ops {
		o := &n.ops[j]
		if o.Flags&regalloc.Def == 0 || o.V == regalloc.NoVReg || e.c.vregs[o.V].half == 0 {
			continue
		}
		half := e.c.vregs[o.V].half
		at := e.place(locs[j])
		for k := len(e.out) - 1; k >= from; k-- {
			if written(&e.out[k].I) == at {
				e.out[k].Half = half
				break
			}
		}
	}
}

// remark says which writes need no wait, or why one needs it.
func (p *poster) remark(w *Word, why string) {
	what := "the write is waited for"
	if why == "" {
		what = "the write is not waited for"
	}
	p.run.Remark(pass.Remark{Pass: posting.Name, Slot: w.Slot, Other: -1, Done: why == "", What: what, Why: why})
}

// why says what stops a write from being posted.
func (a *owing) why() string {
	switch {
	case a.leave:
		return "on some way the program ends or a routine is called before a later command to its memory is waited for"
	case a.n >= maxPosted:
		return "too many commands to its memory would be under way without a signal"
	}
	return "its transfer registers are filled again before a later command to its memory is waited for"
}

// remark says which words run in defer slots, and which slots stay empty.
func (o *Output) remark(run *pass.Run) {
	first, in := make([]int, len(o.Words)), o.slots()
	for _, s := range o.stretches() {
		for k := s.lo; k < s.hi; k++ {
			first[k] = s.lo
		}
	}
	for k := range o.Words {
		w := &o.Words[k]
		if w.Slot >= 0 && (w.Use == UseSpill || w.Use == UseFetch) {
			run.Remark(pass.Remark{
				Pass: allocating.Name, Slot: w.Slot, Other: -1, What: map[Use]string{UseSpill: "a value goes to local memory", UseFetch: "a value comes back from local memory"}[w.Use],
				Why: "there are more values at a time than registers that may hold them",
			})
		}
		filled, limit, by, of := int(w.I.Defer), 0, branching.Name, "a branch"
		switch {
		case w.waits():
			filled, limit, by, of = int(w.I.Cmd.Ctx), swapSlots, filling.Name, "a command"
		case isBranch(&w.I) && !w.Begin:
			limit = deferLimit(&w.I)
			if w.Site != nil || w.Done {
				limit = filled // the emitter's own
			}
		}
		for j := range min(filled, limit) {
			if moved := &o.Words[k+1+j]; moved.Slot >= 0 && !moved.I.IsNop() {
				run.Remark(pass.Remark{Pass: by, Slot: moved.Slot, Other: w.Slot, Done: true, What: "runs in a defer slot of " + of})
			}
		}
		if empty := limit - filled; empty > 0 && w.Slot >= 0 {
			run.Remark(pass.Remark{
				Pass: by, Slot: w.Slot, Other: -1, Count: empty, What: "defer slots of " + of + " stay empty",
				Why: o.keepsEmpty(k, first[k], in),
			})
		}
	}
}

// keepsEmpty says why a slot of the word at k stays empty, whose stretch begins at
// first; in marks the words that are in slots.
func (o *Output) keepsEmpty(k, first int, in []bool) string {
	j := k - 1
	if j < first || in[j] {
		return "nothing stands before it in its block that could be moved"
	}
	w, own := effectOf(&o.Words[j]), effectOf(&o.Words[k])
	switch {
	case o.Words[j].I.Class == nfpisa.ClassCmd:
		return "a memory command stands before it"
	case own.readsFlags && w.setsFlags:
		return "what stands before it makes the flags that it decides by"
	case w.writes.meets(own.reads):
		return "what stands before it makes what it reads"
	case w.setsFlags || w.readsFlags:
		return "what stands near it makes or wants flags"
	}
	return "what stands near it must keep its place"
}

// Pressure returns, by word, how many general-purpose registers hold at the word
// what the code reads at it or behind it. What a routine or the end of the program
// reads is not counted.
func (o *Output) Pressure() []int {
	type live struct{ a, b uint32 }
	out := make([]int, len(o.Words))
	before := func(w *Word, at live) live {
		e := effectOf(w)
		if w.I.Class != nfpisa.ClassLdField || w.I.Clear {
			at.a, at.b = at.a&^e.writes.a, at.b&^e.writes.b
		}
		return live{at.a | e.reads.a, at.b | e.reads.b}
	}
	list := o.stretches()
	behind := solveBehind(o.Words, list, func(x, y live) live { return live{x.a | y.a, x.b | y.b} }, before)
	for b := range list {
		at := behind[b]
		for k := list[b].hi - 1; k >= list[b].lo; k-- {
			at = before(&o.Words[k], at)
			out[k] = bits.OnesCount32(at.a) + bits.OnesCount32(at.b)
		}
	}
	return out
}
