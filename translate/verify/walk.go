package verify

import (
	"context"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// prove walks the whole program.
func (v *verifier) prove() *Error {
	v.start()
	if err := v.walk(); err != nil {
		return err
	}
	return v.stackDepths()
}

// verifier walks a program path by path.
type verifier struct {
	*code
	ctx context.Context
	p   *object.Program
	o   Options

	cur     *state
	pending []*state // paths still to be walked, the newest last
	mem     *arena
	kept    []*checkpoint // by slot, the newest of each
	heads   []bool        // by slot, where loops begin; for unproven programs
	objects []uint8       // by slot, what was accessed there
	locks   []lockPlace   // of the program's maps
	origins origins
	ids     uint32
	trail   []wayEntry
	walked  int
	slot    int // the instruction being executed
	// counts since a checkpoint was last made
	jumpsSince, insnsSince int
	idmap                  idMap
	log                    logger
	ended                  bool // the walk came to its end, with or without a proof
	// apart makes each global function verified on its own: those that were
	// called, and those that may move the packet
	apart         bool
	called, moves []bool
	see           func(*Visit) // nil where nobody watches
	facts
	stackUses
}

// newVerifier returns a verifier that has not seen the code yet.
func newVerifier(ctx context.Context, p *object.Program, o Options) *verifier {
	if o.Budget <= 0 {
		o.Budget = DefaultBudget
	}
	if o.Memory <= 0 {
		o.Memory = DefaultMemory
	}
	return &verifier{ctx: ctx, p: p, o: o}
}

// wayEntry is a branch on the way to a state.
type wayEntry struct {
	before int32 // entry of the branch before, 0 for none
	slot   int32
	taken  bool
}

func (v *verifier) start() {
	v.kept = make([]*checkpoint, len(v.insns))
	v.objects = make([]uint8, len(v.insns))
	v.locks = locksOf(v.p.Maps)
	v.mem = arenas.Get().(*arena)
	v.origins.nodes = v.mem.nodes
	v.origins.reset()
	v.trail = append(v.trail, wayEntry{})
	v.facts.init(v)
	v.stackUses.begin()
	v.log.on = v.o.Log
	f := v.mem.frames.get()
	*f = frame{stack: f.stack}
	f.regs[1] = pointer(PtrCtx)
	f.regs[10] = pointer(PtrStack)
	v.cur = &state{frames: []*frame{f}}
	v.insnsSince = 1 // the instruction to come counts, too
}

// walk follows every path to its end.
func (v *verifier) walk() *Error {
	for {
		i := v.cur.insn
		if v.cur.begun {
			v.cur.begun = false
		} else if v.flags[i]&prunePoint != 0 {
			known, err := v.visit(i)
			if err != nil {
				return err.orAt(i)
			}
			if known {
				v.log.pruned(v, i)
				if !v.nextPath() {
					return nil
				}
				continue
			}
		}
		v.walked++
		v.insnsSince++
		if err := v.beyond(); err != nil {
			return err.at(i)
		}
		v.slot = i
		v.record(i)
		if v.see != nil {
			v.see(&Visit{i, v})
		}
		v.log.before(v, i)
		done, err := v.step(i)
		if err == nil {
			err = v.manyPending()
		}
		if err != nil {
			return err.orAt(i)
		}
		v.log.after(v, i)
		if done && !v.nextPath() {
			return nil
		}
	}
}

func (e *Error) orAt(i int) *Error {
	if e.Slot < 0 {
		e.Slot = i
	}
	return e
}

// nextPath ends the current path and goes on with the newest pending one.
func (v *verifier) nextPath() bool {
	for c := v.cur.parent; c != nil; {
		c.branches--
		if c.branches > 0 {
			break
		}
		next := c.parent
		v.finished(c)
		c = next
	}
	v.mem.states = append(v.mem.states, v.cur)
	n := len(v.pending)
	if n == 0 {
		v.cur = nil
		return false
	}
	v.cur = v.pending[n-1]
	v.pending = v.pending[:n-1]
	v.log.rewind(v.cur)
	return true
}

// fork keeps a copy of the current state for later, to go on at slot i.
func (v *verifier) fork(i int) *state {
	s := v.mem.state()
	v.mem.frames.copyState(s, v.cur)
	s.insn, s.begun = i, false
	s.logMark = v.log.mark()
	if s.parent != nil {
		s.parent.branches++
	}
	v.pending = append(v.pending, s)
	return s
}

func (v *verifier) newID() uint32 { v.ids++; return v.ids }

func (v *verifier) way(s *state, slot int, taken bool) {
	v.trail = append(v.trail, wayEntry{s.path, int32(slot), taken})
	s.path = int32(len(v.trail) - 1)
}

// complete adds to an error what is known of the place.
func (v *verifier) complete(e *Error) *Error {
	e.Prog = v.p.Name
	if e.Slot < 0 {
		return e
	}
	e.Line = v.p.PlaceAt(e.Slot)
	in := v.p.Insns[e.Slot]
	var next bpf.Insn
	if e.Slot+1 < len(v.p.Insns) {
		next = v.p.Insns[e.Slot+1]
	}
	e.Insn = bpf.Text(in, next)
	if v.cur == nil {
		return e
	}
	e.Regs = v.registers(v.cur)
	for k := v.cur.path; k != 0; k = v.trail[k].before {
		w := v.trail[k]
		e.Path = append(e.Path, Step{Slot: int(w.slot), Line: v.p.PlaceAt(int(w.slot)), Taken: w.taken})
	}
	for a, b := 0, len(e.Path)-1; a < b; a, b = a+1, b-1 {
		e.Path[a], e.Path[b] = e.Path[b], e.Path[a]
	}
	e.Log = v.log.text()
	return e
}
