package mem

// UnitID names a memory unit.
type UnitID uint8

// The units.
const (
	CTM  UnitID = iota // packet memory
	EMEM               // map memory
	NumUnits
)

// Latency describes the timing of one memory unit, in core cycles.
type Latency struct {
	// Read, Write and Atomic run from the issue of a command to its signal, for
	// the first eight bytes.
	Read, Write, Atomic uint32
	// PerWord is added for each further 8 bytes.
	PerWord uint32
	// Busy is how long the unit is taken for each 8 bytes: the inverse of its
	// throughput.
	Busy uint32
}

// first returns the cycles from the start of service to the signal.
func (l *Latency) first(op Op) uint32 {
	switch op {
	case Read, AtomicRead:
		return l.Read
	case Write:
		return l.Write
	}
	return l.Atomic
}

// least returns the fewest cycles that a command can take.
func (l *Latency) least() uint64 { return uint64(min(l.Read, l.Write, l.Atomic)) }

// Config is what a System is made of.
type Config struct{ Latency [NumUnits]Latency }

// System is the memory: what lies where, and the units that serve commands.
type System struct {
	Map   Map
	Hooks Hooks

	cfg        Config
	requesters []Requester
	state      [NumUnits]unitState
	queues     [NumUnits]queue
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
func New(cfg Config) *System { return &System{cfg: cfg} }

// Restart sets all clocks to cycle 0. No command may wait.
func (s *System) Restart() {
	for u := range s.queues {
		if len(s.queues[u].order) > 0 {
			panic("BUG: memory is restarted while commands wait")
		}
	}
	s.state, s.served = [NumUnits]unitState{}, Key{}
}

// Do serves a command at once, for a requester that is alone and issues in the
// order of time. Words come from out and go to in, one in the low half of each
// element. It returns the cycle of the signal.
func (s *System) Do(c *Command, out, in []uint64) (done uint64) {
	u, lat := &s.state[c.Region.Unit], &s.cfg.Latency[c.Region.Unit]
	beats := uint64(c.Bytes+7) / 8
	start := max(c.Arrival, u.free)
	u.free = start + beats*uint64(lat.Busy)
	done = start + uint64(lat.first(c.Op)) + (beats-1)*uint64(lat.PerWord)
	c.effect(out, in)
	if s.Hooks.Serve != nil {
		s.Hooks.Serve(c, start, done)
	}
	return done
}
