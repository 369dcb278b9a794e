package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/bug"
	"github.com/skipsw/skipsw/translate/internal/platform"
	"github.com/skipsw/skipsw/translate/object"
)

// DefaultBudget is the number of instructions that Verify walks before it
// gives up, the kernel's limit.
const DefaultBudget = platform.MaxInsns

// Options adjusts what a program may do. The zero value is what the kernel
// allows a privileged user on the host.
type Options struct {
	// Budget is the number of instructions to walk before the program counts
	// as too complex; 0 is DefaultBudget.
	Budget int
	// Offload allows what the kernel allows a program that is bound to a
	// device: XDP may write rx_queue_index.
	Offload bool
	// Unproven also takes a program of which it cannot be proven that its
	// accesses stay in the packet or in a map value, or that its loops end.
	// What Program says of such a one is true of every run that makes no wrong
	// access: whoever runs it has to check them all.
	Unproven bool
	// CPUs bounds what bpf_get_smp_processor_id returns, as a kernel does that
	// knows its machine; 0 leaves it unknown.
	CPUs int
	// Log asks for the log of the walk in the kernel's notation, returned by
	// Program.Log.
	Log bool
}

// Verify proves that p is safe and returns it with what was learnt on the way.
// A refusal is an *Error; a fault of the verifier itself is a *bug.Error.
func Verify(p *object.Program, o Options) (prog *Program, err error) {
	defer bug.Catch(p.Name, &err)
	prog, refusal := verifyAny(p, o)
	if refusal != nil {
		return nil, refusal
	}
	return prog, nil
}

// verifyAny proves p, or walks it unproven where that is asked for.
func verifyAny(p *object.Program, o Options) (*Program, *Error) {
	unproven := o.Unproven
	o.Unproven = false
	prog, err := verify(p, o)
	if err != nil && unproven && (err.Class == Unsafe || err.Class == TooComplex) {
		o.Unproven = true
		prog, err = verify(p, o)
	}
	if err == nil {
		return prog, nil
	}
	if !o.Log && err.Slot >= 0 && err.Class != TooComplex {
		// The same walk again, this time keeping the log.
		o.Log = true
		if _, again := verify(p, o); again != nil {
			err.Log = again.Log
		}
	}
	return nil, err
}

func verify(p *object.Program, o Options) (*Program, *Error) {
	if o.Budget <= 0 {
		o.Budget = DefaultBudget
	}
	v := &verifier{p: p, o: o}
	if programType(p.Type) == nil {
		return nil, v.complete(refuse(Unsupported, "program type %q, because only xdp and tc programs are compiled", p.Type))
	}
	c, err := inspect(p)
	if err != nil {
		return nil, v.complete(err)
	}
	v.code = c
	if c.hasGlobals() && !o.Unproven {
		apart := &verifier{code: c, p: p, o: o}
		defer apart.release()
		err := apart.proveApart()
		apart.ended = true
		if err != nil {
			return nil, apart.complete(err)
		}
	}
	defer v.release()
	err = v.prove()
	v.ended = true
	if err != nil {
		if c.hasGlobals() && !o.Unproven {
			err = err.inContext()
		}
		return nil, v.complete(err)
	}
	return v.finish(), nil
}

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
	p *object.Program
	o Options

	cur     *state
	pending []*state // paths still to be walked, the newest last
	mem     *arena
	kept    []*checkpoint // by slot, the newest of each
	heads   []bool        // by slot, where loops begin; for unproven programs
	objects []uint8       // by slot, what was accessed there
	origins origins
	ids     uint32
	ways    []wayEntry
	walked  int
	slot    int // the instruction being executed
	// counts since a checkpoint was last made
	jumpsSince, insnsSince int
	idmap                  []idPair
	log                    logger
	ended                  bool // the walk came to its end, with or without a proof
	// apart makes each global function verified on its own: those that were
	// called, and those that may move the packet
	apart         bool
	called, moves []bool
	facts
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
	v.mem = arenas.Get().(*arena)
	v.origins.nodes = v.mem.nodes
	v.origins.reset()
	v.ways = append(v.ways, wayEntry{})
	v.facts.init(v)
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
		if v.walked > v.o.Budget {
			return refuse(TooComplex, "%d instructions were walked without reaching the end of all paths", v.o.Budget).at(i).
				hint("bound loops by small constants, or move loop bodies into simpler form")
		}
		v.slot = i
		v.record(i)
		v.log.before(v, i)
		done, err := v.step(i)
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
	for c := v.cur.parent; c != nil; c = c.parent {
		c.branches--
		if c.branches > 0 {
			break
		}
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
	s.copyFrom(v.cur, &v.mem.frames)
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
	v.ways = append(v.ways, wayEntry{s.path, int32(slot), taken})
	s.path = int32(len(v.ways) - 1)
}

// complete adds to an error what is known of the place.
func (v *verifier) complete(e *Error) *Error {
	e.Prog = v.p.Name
	if e.Slot < 0 {
		return e
	}
	e.Line = v.p.LineAt(e.Slot)
	in := v.p.Insns[e.Slot]
	var next bpf.Insn
	if e.Slot+1 < len(v.p.Insns) {
		next = v.p.Insns[e.Slot+1]
	}
	e.Insn = bpf.Text(in, next, HelperName)
	if v.cur == nil {
		return e
	}
	e.Regs = v.registers(v.cur)
	for k := v.cur.path; k != 0; k = v.ways[k].before {
		w := v.ways[k]
		e.Path = append(e.Path, Step{Slot: int(w.slot), Line: v.p.LineAt(int(w.slot)), Taken: w.taken})
	}
	for a, b := 0, len(e.Path)-1; a < b; a, b = a+1, b-1 {
		e.Path[a], e.Path[b] = e.Path[b], e.Path[a]
	}
	e.Log = v.log.text()
	return e
}
