package nfp

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// Words of the stack that are addressed at run time lie behind the arguments of
// routines: a few of them in near words, so that constant addresses are operands,
// others behind all that have a fixed place. An index register of their own is
// written before an access, once for neighbouring accesses to the same place, and
// as far ahead as instructions are found that the write can wait for.

// nearLocal is how many words may be near ones, of which spill slots need some.
const nearLocal = 8

// pointing is an index register that accesses at hand and after it, in the
// block's order, need to be set.
type pointing struct {
	on     bool
	addr   ssa.ID // number of a byte, or 0 for a window
	window int    // first word of a window at the stack base
	base   ssa.ID // the stack base
	at     int    // length of out below the first access
}

// placeLocal gives the function's words of local memory their place.
func (s *selector) placeLocal() {
	n := s.f.LocalWords
	if n == 0 {
		return
	}
	c := s.code
	s.localIndex = localIndex(s.t)
	if s.localIndex < 0 {
		s.slot = -1
		s.fail("a stack that is addressed at run time for target "+s.t.Name, "entry.stack_index and entry.vector_index leave no index register")
		return
	}
	// Double words are aligned; unaligned reads touch one word more.
	if start := (c.argWords + 1) &^ 1; start+n+1 <= min(nearLocal+c.argWords, c.slotEnd-4) {
		s.local, c.argWords, s.localNear = start, start+n+1, true
		return
	}
	s.local = (max(fullReach, s.argEnd) + window - 1) / window * window
	s.argEnd = s.local + n + 1
	c.farWords = max(c.farWords, s.argEnd)
}

// localIndex returns the index register for the stack, -1 for none: one that
// calls set before they use it, or a free one.
func localIndex(t *target.Target) int {
	fixed := func(i target.LMIndex) bool { return i == t.Entry.StackIndex || i == t.Entry.VectorIndex }
	for _, i := range []target.LMIndex{t.Calls.Value.Index, t.Calls.Key.Index} {
		if !fixed(i) {
			return int(i)
		}
	}
	for i := range target.LastLMIndex + 1 {
		if !fixed(i) {
			return int(i)
		}
	}
	return -1
}

// localWord returns the operand for a word of local memory: an LMLoad's or
// LMStore's.
func (s *selector) localWord(v *ssa.Value) ref {
	want := pointing{on: true, base: v.Args[1], at: len(s.out)}
	off := int(v.Imm / 4)
	if c, ok := s.f.IsConst(v.Args[0]); ok {
		// One word more is there for unaligned reads, and for code that no run gets to:
		// it goes on behind bytes of which a helper takes none.
		if int(c/4)+off > s.f.LocalWords {
			panic(fmt.Sprintf("BUG: word %d of %d of local memory", int(c/4)+off, s.f.LocalWords))
		}
		word := s.local + int(c/4) + off
		if s.localNear {
			return ref{op: -1, fixed: nfpisa.LMem(int(s.t.Entry.StackIndex), word)}
		}
		want.window = word / window * window
		off = word % window
	} else {
		want.addr = v.Args[0]
	}
	if p := &s.pointing; !p.on || p.addr != want.addr || p.window != want.window {
		s.settle()
		want.at = len(s.out)
		s.pointing = want
		s.reg(want.base)
		if want.addr != 0 {
			s.reg(want.addr)
		}
	}
	return ref{op: -1, fixed: nfpisa.LMem(s.localIndex, off)}
}

// settle sets the index register that accesses below need.
func (s *selector) settle() {
	p := s.pointing
	if !p.on {
		return
	}
	s.pointing = pointing{}
	to := s.newReg()
	if p.addr == 0 {
		s.alu(to, p.base, nfpisa.ALUAdd, s.f.Const(4*uint32(p.window)))
	} else {
		from := p.base
		t := s.newReg()
		s.alu(t, p.addr, nfpisa.ALUAdd, from)
		to = t
		if s.local > 0 {
			to = s.newReg()
			n := newNode(formALU)
			n.alu = nfpisa.ALUAdd
			n.l = n.read(t, regalloc.AnySource, s.spillSlots(fullReach))
			n.r = s.full(&n, s.f.Const(4*uint32(s.local)))
			n.pair()
			n.d = s.fullDef(&n, to)
			s.add(n)
		}
	}
	w := newNode(formCSRWr)
	w.csr = nfpisa.CSRActLMAddr(s.localIndex)
	w.r = w.read(to, regalloc.GPRSet, 0)
	s.add(w)
	s.flush()
}

// settleBefore sets the index register below the value at hand if that defines
// what the register points to, or uses the register otherwise, or if it has been
// hoisted far enough.
func (s *selector) settleBefore(id ssa.ID, v *ssa.Value) {
	p := &s.pointing
	if p.on && (p.addr != 0 && (p.addr == id || p.addr == s.prev) || p.base == id || p.base == s.prev || v.Op == ssa.Call || len(s.out)-p.at >= s.t.LocalMemory.PointerDelay) {
		s.settle()
	}
}

// localAccess selects an LMLoad or LMStore.
func (s *selector) localAccess(id ssa.ID, v *ssa.Value) {
	word := s.localWord(v)
	n := newNode(formALU)
	n.alu, n.noCC = nfpisa.ALUB, true
	if v.Op == ssa.LMLoad {
		n.r = word
		n.d = n.def(s.regs[id], regalloc.GPRSet|regalloc.BothSet|regalloc.OutSet, 0)
	} else {
		n.r = s.full(&n, v.Args[2])
		n.d = word
		if n.r.op < 0 && n.r.fixed.Kind == nfpisa.LM {
			n.r = n.read(s.copyOf(v.Args[2]), regalloc.GPRSet, 0)
		}
		if n.r.op >= 0 {
			n.ops[n.r.op].Files &^= regalloc.SlotSet
		}
	}
	s.add(n)
}
