package nfp

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// argument is words that a routine takes at a place in local memory.
type argument struct {
	at    target.LMPlace
	words []ssa.ID
}

// near reports whether the place is the stack base, so that it needs no index
// register of its own.
func (s *selector) near(at target.LMPlace) bool { return at.Index == s.t.Entry.StackIndex }

// reserve keeps the words of local memory that a call puts arguments in from
// holding spilled values.
func (s *selector) reserve(site *ssa.CallSite, slot int32) {
	c := s.code
	c.argWords = max(c.argWords, site.Data)
	for _, a := range []struct {
		at    target.LMPlace
		words int
	}{{s.t.Calls.Key, site.Key}, {s.t.Calls.Value, site.Value}} {
		switch {
		case a.words == 0:
		case s.near(a.at):
			c.argWords = max(c.argWords, a.words)
		default:
			c.slotEnd = min(c.slotEnd, int(a.at.Word))
			s.argEnd = max(s.argEnd, int(a.at.Word)+a.words)
		}
	}
	if c.slotEnd < c.argWords {
		s.slot = slot
		s.fail(fmt.Sprintf("a call of %v with %d words at the stack base for target %s", site.Helper, c.argWords, s.t.Name),
			fmt.Sprintf("calls has key or value at word %d of them", c.slotEnd))
	}
}

// clobbers are the registers that a routine may change: all but those that the
// convention keeps.
func clobbers(t *target.Target) *regalloc.RegSet {
	var kept uint64
	for _, r := range t.Calls.Kept {
		kept |= 1 << r
	}
	return &regalloc.RegSet{regalloc.A: ^kept, regalloc.B: ^kept, regalloc.In: ^uint64(0), regalloc.Out: ^uint64(0)}
}

// fixedPair adds a 64-bit argument as fixed operands of a call: low is the
// register of its low word.
func (s *selector) fixedPair(n *node, low uint8, lo, hi ssa.ID) {
	for half, id := range [2]ssa.ID{lo, hi} {
		n.ops = append(n.ops, regalloc.Operand{
			V: s.copyOf(id), Flags: regalloc.Fixed, Loc: regalloc.Loc{File: regalloc.Both, Num: low + uint8(half)},
		})
	}
}

// copyOf returns a register with a value that nothing else uses.
func (s *selector) copyOf(id ssa.ID) regalloc.VReg {
	r := s.newReg()
	s.move(r, id)
	return r
}

// place returns the allocator's place for a register of the target's.
func place(r target.Reg) regalloc.Loc {
	if r.Bank == nfpisa.BankB {
		return regalloc.Loc{File: regalloc.B, Num: uint8(r.Num)}
	}
	return regalloc.Loc{File: regalloc.A, Num: uint8(r.Num)}
}

// call selects a call of a routine: arguments go to the places and registers
// that the target's convention names.
func (s *selector) call(id ssa.ID, v *ssa.Value) {
	site := s.f.Site(v)
	n := newNode(formCall)
	n.site = site
	if s.clobbers == nil {
		s.clobbers = clobbers(s.t)
	}
	n.clob = s.clobbers
	s.granted(site)
	s.arguments(v.Args, []argument{{s.t.Calls.Key, site.KeyWords(v.Args)}, {s.t.Calls.Value, site.ValueWords(v.Args)}, {target.LMPlace{Index: s.t.Entry.StackIndex}, site.DataWords(v.Args)}})
	for k, low := range site.Pairs {
		lo, hi := site.Pair(v.Args, k)
		s.fixedPair(&n, low, lo, hi)
	}
	if site.Number {
		if c, ok := s.f.IsConst(v.Args[0]); ok && nfpisa.CanImmed(c) {
			n.val, n.number = c, true
		} else {
			n.ops = append(n.ops, regalloc.Operand{V: s.copyOf(v.Args[0]), Flags: regalloc.Fixed, Loc: place(*s.t.Calls.Map)})
		}
	}
	site.Taken = 0
	for _, w := range s.words[id] {
		r := s.regs[w]
		if r == regalloc.NoVReg {
			continue
		}
		k := int(s.f.V(w).Imm)
		site.Taken = max(site.Taken, k+1-ssa.ResultValue)
		n.ops = append(n.ops, regalloc.Operand{V: r, Flags: regalloc.Def | regalloc.Fixed, Loc: s.resultPlace(site, k)})
	}
	s.add(n)
}

// granted refuses a call whose convention takes registers that the target does
// not grant to programs.
func (s *selector) granted(site *ssa.CallSite) {
	need := func(field string, r target.Reg) {
		if s.t.Grants(r) {
			return
		}
		why := fmt.Sprintf("registers.gprs is %d", s.t.Registers.GPRs)
		if int(r.Num) < s.t.Registers.GPRs {
			why = fmt.Sprintf("registers.keep_%c has it", 'a'+rune(r.Bank))
		}
		s.fail(fmt.Sprintf("a call of %v for target %s", site.Helper, s.t.Name), fmt.Sprintf("%s takes %v and %s", field, r, why))
	}
	both := func(field string, low target.GPR) {
		for n := low; n <= low+1; n++ {
			need(field, target.Reg{Num: n})
			need(field, target.Reg{Bank: nfpisa.BankB, Num: n})
		}
	}
	k := &s.t.Calls
	need("calls.return", k.Return)
	both("calls.result", k.Result)
	if site.Number {
		need("calls.map", *k.Map)
	}
	field := "calls.flags"
	if site.Kind != 0 {
		field = "event"
		need("event.kind", s.t.Event.Kind)
	}
	for _, low := range site.Pairs {
		both(field, target.GPR(low))
	}
}

// resultPlace returns where a routine leaves word k of what it returns: R0 in
// registers of both banks, words of a value in transfer registers.
func (s *selector) resultPlace(site *ssa.CallSite, k int) regalloc.Loc {
	if k < ssa.ResultValue {
		return regalloc.Loc{File: regalloc.Both, Num: uint8(s.t.Calls.Result) + uint8(k)}
	}
	return regalloc.Loc{File: regalloc.In, Num: site.Near.At + uint8(k-ssa.ResultValue)}
}

// maxPassed is how many words a routine takes: a key of 512 bytes and a value of 256.
const maxPassed = 192

// arguments writes arguments to their places in local memory.
func (s *selector) arguments(args []ssa.ID, list []argument) {
	for k := range list {
		a := &list[k]
		most := fullReach
		if !s.near(a.at) {
			most = maxPassed
		}
		if len(a.words) > most {
			s.fail(fmt.Sprintf("%d bytes passed to a routine", 4*len(a.words)), fmt.Sprintf("the compiler passes at most %d", 4*most))
			return
		}
		// The windows from the last to the second; the first leaves the index register
		// where routines expect it.
		for w := (len(a.words) - 1) / window; w > 0; w-- {
			part := argument{target.LMPlace{Index: a.at.Index, Word: a.at.Word + target.LMWord(w*window)}, a.words[w*window:]}
			s.pointAt(part, args[len(args)-1])
			for range s.t.LocalMemory.PointerDelay {
				s.add(newNode(formNop))
			}
			for k, word := range part.words {
				s.storeLM(part.at.Index, k, word)
			}
			a.words = a.words[:w*window]
		}
	}
	// since counts instructions since the last write of an index register.
	since := s.t.LocalMemory.PointerDelay
	for _, a := range list {
		if len(a.words) > 0 && !s.near(a.at) {
			s.pointAt(a, args[len(args)-1])
			since = 0
		}
	}
	for _, a := range list {
		if len(a.words) > 0 && !s.near(a.at) {
			for ; since < s.t.LocalMemory.PointerDelay; since++ {
				s.add(newNode(formNop))
			}
		}
		for k, w := range a.words {
			s.storeLM(a.at.Index, k, w)
		}
		since += len(a.words)
	}
}

// pointAt makes the argument's index register point at its place.
func (s *selector) pointAt(a argument, stack ssa.ID) {
	s.code.farWords = max(s.code.farWords, int(a.at.Word)+len(a.words))
	base := s.newReg()
	s.alu(base, stack, nfpisa.ALUAdd, s.f.Const(4*uint32(a.at.Word)))
	w := newNode(formCSRWr)
	w.csr = nfpisa.CSRActLMAddr(int(a.at.Index))
	w.r = w.read(base, regalloc.GPRSet, 0)
	s.add(w)
}
