package mem

import "github.com/skipsw/skipsw/nfpisa/target"

// UnitID is the number of a memory unit: its place in Config.Units.
type UnitID uint8

// Latency is the timing of a unit, in core cycles.
type Latency = target.Memory

// Unit is a memory unit.
type Unit struct {
	Name string // as the target has it
	Latency
}

// first returns the cycles from the start of service to the signal.
func (u *Unit) first(op Op) uint32 {
	switch op {
	case Read, AtomicRead:
		return u.Read
	case Write:
		return u.Write
	}
	return u.Atomic
}

// least returns the fewest cycles that a command can take.
func (u *Unit) least() uint64 { return uint64(min(u.Read, u.Write, u.Atomic)) }

// beats returns how many times a command moves data, 8 bytes each.
func (c *Command) beats() uint64 { return uint64(c.Bytes+7) / 8 }

// Occupied returns the cycles for which a command keeps the unit from others.
func (u *Unit) Occupied(c *Command) uint64 { return c.beats() * uint64(u.Busy) }

// Config is what a System is made of.
type Config struct {
	Units []Unit
	Hooks Hooks
}

// System is the memory: what lies where, and the units that serve commands.
type System struct {
	Map Map

	cfg        Config
	requesters []Requester
	state      []unitState
	queues     []queue
	served     Key // what comes before has been served
}

// unitState is what changes of a unit, apart from the memory itself.
type unitState struct {
	free uint64 // cycle from which it can serve
}

// Hooks are called at named points; nil ones cost a test.
type Hooks struct {
	// Serve sees a command when its unit has served it: it began at cycle
	// start, and its signal comes at cycle done. The command is valid during
	// the call.
	Serve func(c *Command, start, done uint64)
}

// New makes a memory without regions.
func New(cfg Config) *System {
	return &System{cfg: cfg, state: make([]unitState, len(cfg.Units)), queues: make([]queue, len(cfg.Units))}
}

// Units returns the units by their numbers.
func (s *System) Units() []Unit { return s.cfg.Units }

// Restart sets all clocks to cycle 0. No command may wait.
func (s *System) Restart() {
	for u := range s.queues {
		if len(s.queues[u].order) > 0 {
			panic("BUG: memory is restarted while commands wait")
		}
	}
	clear(s.state)
	s.served = Key{}
}

// Do serves a command at once, for a requester that is alone and issues in the
// order of time. Words come from out and go to in, one in the low half of each
// element. It returns the cycle of the signal.
func (s *System) Do(c *Command, out, in []uint64) (done uint64) {
	u, unit := &s.state[c.Region.Unit], &s.cfg.Units[c.Region.Unit]
	start := max(c.Arrival, u.free)
	u.free = start + unit.Occupied(c)
	done = start + uint64(unit.first(c.Op)) + (c.beats()-1)*uint64(unit.PerWord)
	c.effect(out, in)
	if s.cfg.Hooks.Serve != nil {
		s.cfg.Hooks.Serve(c, start, done)
	}
	return done
}
