package core

import (
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Contexts is the number of contexts of a core.
const Contexts = 4

// Core is one flow processor: contexts, local memory and what they share.
type Core struct {
	cfg      Config
	id       int
	code     *Code
	mem      *mem.System
	routines Routines
	ctx      [Contexts]Context

	shared
	schedule

	undefined bool   // unwritten values are tracked
	blank     uint64 // the value of an unwritten word
	blanks    [numMutable]uint64
	observed  bool // a hook wants to see instructions
	// alone: a context swap waits for the signal at once, since no other
	// context could run.
	alone  bool
	queued bool // commands are queued, since others share the memory
	work   Work
	asks   Intake // what its packets cost, if that is known
	defers bool   // see Defer
	still  uint64 // cycles of a Reload that are to pass
	// rests are the contexts that HandOver gave away in windows of even and odd number.
	rests  [2]uint8
	logic  uint8       // what logic operations leave in the carry and overflow flags
	recent *mem.Region // map memory of the last access
}

// shared is what the contexts of a core share and the clock.
type shared struct {
	lm     [lmWords]uint64
	cam    cam
	csrs   [numCSRs]uint32
	crc    uint32 // CRC remainder
	random uint64
	now    uint64
	// The timestamp is epoch cycles ahead of the clock, or frozen there.
	epoch  uint64
	frozen bool
}

// Wiring is what a core is connected to.
type Wiring struct {
	ID       int  // number among the cores of the memory
	Shared   bool // others use the memory, too
	Code     *Code
	Memory   *mem.System
	Routines Routines
	// Buffers are the contexts' packet buffers, if they have some. One gets its
	// memory with its first packet.
	Buffers [Contexts]*mem.Region
	// Fragments is where packets go on that a buffer has no room for; nil where there
	// is no such place.
	Fragments [Contexts]*mem.Region
}

// New makes a core.
func New(cfg Config, w Wiring) *Core {
	c := &Core{cfg: cfg, id: w.ID, code: w.Code, mem: w.Memory, routines: w.Routines, alone: true, queued: w.Shared}
	if c.queued {
		w.Memory.Connect(c.id, c)
	}
	c.undefined = cfg.Checks&CheckUndefined != 0
	c.blank = uint64(cfg.Unwritten)
	if c.undefined {
		c.blank |= undefAll
		c.logic = flagUndef
	}
	for i := range c.blanks {
		c.blanks[i] = c.blank
	}
	h := &cfg.Hooks
	c.observed = h.Step != nil || h.Call != nil || h.Exit != nil
	for i := range c.ctx {
		x := &c.ctx[i]
		x.core, x.slot, x.buf, x.rest = c, uint8(i), w.Buffers[i], w.Fragments[i]
		if x.buf == nil {
			x.buf = &mem.Region{Name: "no packet buffer"}
		}
		x.constants()
		x.reset()
	}
	c.Reset()
	return c
}

// Reset brings back the state of a core before its first packet.
func (c *Core) Reset() {
	c.now, c.epoch, c.frozen = 0, 0, false
	c.random = c.cfg.Seed + uint64(c.id)<<32
	c.cam, c.crc = cam{}, 0
	clear(c.csrs[:])
}

// ID returns the core's number among the cores of its memory.
func (c *Core) ID() int { return c.id }

// Context returns context i.
func (c *Core) Context(i int) *Context { return &c.ctx[i] }

// Now returns the core's clock, in cycles.
func (c *Core) Now() uint64 { return c.now }

// Restart sets the clock to cycle 0. The timestamp goes on from where it is.
func (c *Core) Restart() {
	if !c.frozen {
		c.epoch += c.now
	}
	c.now = 0
}

// Stop says why a context no longer runs.
type Stop uint8

// The reasons.
const (
	StopDone   Stop = iota // the program reached its exit
	StopFault              // Context.Fault says why
	stopSwap               // the context waits for signals, until its wake
	stopPause              // the core has to know first what others do
	stopBehind             // a command that no signal tells the end of is on its way
)

// Begin starts a context's clock at its first word, now.
func (c *Core) Begin(x *Context) {
	x.start, x.limit = c.now, c.now+c.cfg.Budget
	c.switched(x, SwitchBegin)
}

// RunAlone executes a context that has begun until it stops, with no other
// context on the core.
func (c *Core) RunAlone(x *Context) Stop {
	c.alone = true
	s := c.run(x)
	x.told = c.now
	return s
}

// call executes a routine outside the code for a context, which then sleeps. It
// returns the time after its work on the core.
func (c *Core) call(x *Context, helper bpf.HelperID, now uint64) (uint64, bool) {
	if x.owed.all != 0 && c.cfg.Checks&CheckSignals != 0 {
		c.fail(x, FaultSignal, "%v is called while a command may still read $xfer_%d", helper, x.owed.first())
		return now, false
	}
	back, cost, ok := c.routines.Call(x, helper)
	if !ok {
		return now, false
	}
	t, ok := c.code.index(back)
	if !ok || int(t) >= c.code.words {
		c.fail(x, FaultBadPC, "%v returns to control-store address %d, where there is no code", helper, back)
		return now, false
	}
	x.pc = t
	x.lost += uint64(cost.Busy)
	return c.fall(x, now+uint64(cost.Busy), uint64(cost.Wait)), true
}
