package core

import "github.com/skipsw/skipsw/translate/bpf"

// Hooks are called at named points of a core's work; nil ones cost a test.
type Hooks struct {
	// Step is called before each instruction.
	Step func(Step)
	// Switch is called when a context begins or ends a packet, gives up the
	// core or gets it back.
	Switch func(Switch)
	// Call is called when a context enters a routine outside the code.
	Call func(Call)
	// Exit is called when a context reaches the exit, before its packet ends.
	Exit func(Step)
}

// Step is an instruction that is about to execute.
type Step struct {
	Core    int
	Context int
	Word    int // offset in the image, in words
	Cycle   uint64
}

// Call is a routine that is about to execute.
type Call struct {
	Core    int
	Context int
	Helper  bpf.HelperID
	Cycle   uint64
}

// SwitchKind is what happens to a context.
type SwitchKind uint8

// The kinds, in the order in which they happen to a packet.
const (
	SwitchBegin SwitchKind = iota // a packet begins
	SwitchSleep                   // the context gives up the core
	SwitchWake                    // it has the core again
	SwitchEnd                     // the packet ends
)

// Switch is one change of what a context does.
type Switch struct {
	Kind    SwitchKind
	Core    int
	Context int
	Word    int // where the context is, in words from the image's start
	Cycle   uint64
}

// Join returns hooks that call those of h and then those of o.
func (h Hooks) Join(o Hooks) Hooks {
	return Hooks{Step: both(h.Step, o.Step), Switch: both(h.Switch, o.Switch), Call: both(h.Call, o.Call), Exit: both(h.Exit, o.Exit)}
}

func both[T any](f, g func(T)) func(T) {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return func(v T) {
		f(v)
		g(v)
	}
}

// observe reports what is about to execute.
func (c *Core) observe(x *Context, pc uint32, now uint64) {
	h := &c.cfg.Hooks
	switch op := c.code.ops[pc].op; {
	case int(pc) < c.code.words:
		if h.Step != nil {
			h.Step(Step{Core: c.id, Context: int(x.slot), Word: int(pc), Cycle: now})
		}
	case op == opHelper:
		if h.Call != nil {
			h.Call(Call{Core: c.id, Context: int(x.slot), Helper: bpf.HelperID(c.code.ops[pc].imm), Cycle: now})
		}
	case h.Exit != nil:
		h.Exit(Step{Core: c.id, Context: int(x.slot), Word: -1, Cycle: now})
	}
}

// switched reports a change of what a context does, at c.now.
func (c *Core) switched(x *Context, kind SwitchKind) { c.switchedAt(x, kind, c.now) }

func (c *Core) switchedAt(x *Context, kind SwitchKind, now uint64) {
	if c.cfg.Hooks.Switch != nil {
		c.cfg.Hooks.Switch(Switch{Kind: kind, Core: c.id, Context: int(x.slot), Word: int(x.pc), Cycle: now})
	}
}
