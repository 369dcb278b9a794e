package nfp

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/pass"
)

// maxPosted is the number of commands to one memory that are under way at a
// time without a signal.
const maxPosted = 8

// owing is what may come, on any way from a place, before a command to a memory
// that is waited for. A write there can do without a wait of its own if none of
// it is in its way: memories take commands in order, so that the signal of the
// later command tells that the write is done.
type owing struct {
	regs  uint64 // transfer-out registers that are written
	leave bool   // the program ends, or a routine is called
	n     uint8  // commands that are not waited for
}

func (a *owing) join(b *owing) {
	a.regs |= b.regs
	a.leave = a.leave || b.leave
	a.n = max(a.n, b.n)
}

// stops reports whether a command that takes registers must be waited for.
func (a *owing) stops(regs uint64) bool { return a.leave || a.regs&regs != 0 || a.n >= maxPosted }

// poster finds the writes that need no wait.
type poster struct {
	o      *Output
	list   []stretch
	posted []bool // by word
	in     [][memories]owing
	worker bool // waits for writes when the program ends
	run    *pass.Run
}

// post takes the waits from writes for which a later command of the same memory
// answers on every way, or, where the worker waits, the end of the program. It
// reports whether there are any.
func (o *Output) post(t *target.Target, worker bool, run *pass.Run) bool {
	p := &poster{o: o, posted: make([]bool, len(o.Words)), worker: worker, run: run}
	some := false
	for k := range o.Words {
		w := &o.Words[k]
		if !w.waits() || !w.Data.takes || w.Data.fills {
			continue
		}
		if !inOrder(t, w.Data.memory) {
			p.remark(w, "its memory does not take commands in order, or it is one of several")
			continue
		}
		p.posted[k], some = true, true
	}
	if !some {
		return false
	}
	p.list = o.stretches()
	for p.settle(); p.unpost(); {
		p.settle()
	}
	some = false
	for k, posted := range p.posted {
		if posted {
			some = true
			p.remark(&o.Words[k], "")
			o.Words[k].I.Cmd.Ctx, o.Words[k].I.Cmd.Signal = nfpisa.CmdNoSwap, 0
		}
	}
	return some
}

// waits reports whether the word is a command that gives up the core.
func (w *Word) waits() bool { return w.I.Class == nfpisa.ClassCmd && w.I.Cmd.Ctx != nfpisa.CmdNoSwap }

// inOrder reports whether a memory takes commands in order. One that is not known is
// one of several, of which none answers for another.
func inOrder(t *target.Target, m memory) bool {
	switch {
	case m == packetMemory:
		return t.Memories[t.Packet.Memory].InOrder
	case int(m-firstRegion) >= len(t.Maps.Regions):
		return false // one of several, or a target without maps
	}
	return t.Memories[t.Maps.Regions[m-firstRegion].Memory].InOrder
}

// settle works out what comes behind each stretch, with the writes that are
// posted now.
func (p *poster) settle() {
	p.in = make([][memories]owing, len(p.list))
	for changed := true; changed; {
		changed = false
		for b := len(p.list) - 1; b >= 0; b-- {
			at := p.behind(b)
			for k := p.list[b].hi - 1; k >= p.list[b].lo; k-- {
				p.back(k, &at)
			}
			if at != p.in[b] {
				p.in[b], changed = at, true
			}
		}
	}
}

// behind returns what comes behind a stretch.
func (p *poster) behind(b int) (at [memories]owing) {
	s := &p.list[b]
	for _, to := range s.succs {
		for m := range at {
			at[m].join(&p.in[to][m])
		}
	}
	if s.leaves && !p.worker || s.calls {
		for m := range at {
			at[m].leave = true
		}
	}
	return at
}

// back goes back over a word.
func (p *poster) back(k int, at *[memories]owing) {
	w := &p.o.Words[k]
	if w.I.Class != nfpisa.ClassCmd {
		if d := written(&w.I); d.Kind == nfpisa.Xfer {
			for m := range at {
				at[m].regs |= 1 << d.Num
			}
		}
		return
	}
	switch m := w.Data.memory; {
	case p.posted[k]:
		at[m].n = min(at[m].n+1, maxPosted)
	case w.waits():
		at[m] = owing{}
	}
}

// unpost has those writes waited for that are in somebody's way. It reports
// whether there are any.
func (p *poster) unpost() (changed bool) {
	for b := len(p.list) - 1; b >= 0; b-- {
		at := p.behind(b)
		for k := p.list[b].hi - 1; k >= p.list[b].lo; k-- {
			w := &p.o.Words[k]
			if at := &at[w.Data.memory]; p.posted[k] && at.stops(w.Data.outs()) {
				p.posted[k], changed = false, true
				p.remark(w, at.why())
			}
			p.back(k, &at)
		}
		p.in[b] = at
	}
	return changed
}
