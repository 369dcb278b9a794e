package mem

import "github.com/skipsw/skipsw/nfpisa/target"

// UnitID is the number of a memory unit: its place in Config.Units.
type UnitID uint8

// Latency is the timing of a unit, in core cycles.
type Latency = target.Memory

// Unit is a memory unit, or one of each island.
type Unit struct {
	Name string // as the target has it
	Latency
	Shape Shape
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

// Occupied returns the cycles for which a command keeps others from the part of
// the unit that serves it.
func (u *Unit) Occupied(c *Command) uint64 {
	if u.engine(c.Op) {
		return c.beats() * uint64(u.Shape.AtomicBusy)
	}
	return c.beats() * uint64(u.Busy)
}

// engine reports whether an atomic engine of its own serves an operation.
func (u *Unit) engine(op Op) bool { return op > Write && u.Shape.AtomicBusy != 0 }

// Config is what a System is made of.
type Config struct {
	Units []Unit
	// IslandSources is the number of sources of an island; 0 is one island for
	// all. Sources is how many there can be; units of islands want to know.
	IslandSources, Sources int
	Hooks                  Hooks
}

// islands returns the number of islands.
func (c *Config) islands() int {
	if c.IslandSources == 0 {
		return 1
	}
	return max(1, (c.Sources+c.IslandSources-1)/c.IslandSources)
}

// island returns the island of a source.
func (c *Config) island(source uint16) int {
	if c.IslandSources == 0 {
		return 0
	}
	return int(source) / c.IslandSources
}

// System is the memory: what lies where, and the units that serve commands.
type System struct {
	Map Map

	cfg        Config
	requesters []Requester
	state      []unitState
	buses      []server // of each island
	boxes      []outbox // of each source
	calendar   calendar
	served     Key // what comes before has been served

	apart   bool
	own     []bool // of each unit, see Own
	islands []island
	answers [2][][]answer // of each source
	number  uint64        // of the window whose shared commands are served
}

// unitState is what changes of a unit, apart from the memory itself.
type unitState struct {
	// Servers are, of each island that has a unit, the banks and then, if there are
	// some, their atomic engines.
	Servers []server
	Cache   cacheState

	parts int // place of the first server among all parts
}

// server is something that serves one command after another.
type server struct {
	Free uint64 // cycle from which it can
	Busy uint64 // cycles for which it did

	_ [48]byte // a cache line of its own: islands serve side by side
}

// take takes the server for n cycles and returns the first of them, at or after
// cycle from.
func (s *server) take(from, n uint64) (start uint64) {
	start = max(from, s.Free)
	s.Free = start + n
	s.Busy += n
	return start
}

// Hooks are called at named points; nil ones cost a test.
type Hooks struct {
	// Serve sees a command when its unit has served it: it began at cycle
	// start, and its signal comes at cycle done. The command is valid during
	// the call.
	Serve func(c *Command, start, done uint64)
	// Count sees the same, but those of units that each island has for itself only in the
	// order of time of its island: several islands may call it at once, and one for
	// units that they share.
	Count func(c *Command, start, done uint64)
	// Delay says how many cycles later than else a command that is queued comes to its
	// unit: it makes a System's contexts meet in other orders. Commands of a context
	// keep theirs. Sources that post at once call it at once.
	Delay func(c *Command) uint64
}

// New makes a memory without regions.
func New(cfg Config) *System {
	s := &System{cfg: cfg, state: make([]unitState, len(cfg.Units)), own: make([]bool, len(cfg.Units)), buses: make([]server, cfg.islands())}
	parts := 0
	for u := range cfg.Units {
		shape := &cfg.Units[u].Shape
		n := shape.banks()
		if shape.AtomicBusy != 0 {
			n *= 2
		}
		if shape.PerIsland {
			n *= cfg.islands()
		}
		s.state[u] = unitState{Servers: make([]server, n), Cache: newCacheState(&shape.Cache), parts: parts}
		parts += n
	}
	return s
}

// Units returns the units by their numbers.
func (s *System) Units() []Unit { return s.cfg.Units }

// Restart sets all clocks to cycle 0. Caches keep what they have. No command may
// wait.
func (s *System) Restart() {
	if s.Next() != ^uint64(0) {
		panic("BUG: memory is restarted while commands wait")
	}
	for u := range s.state {
		clear(s.state[u].Servers)
		s.state[u].Cache.restart()
	}
	clear(s.buses)
	for i := range s.islands {
		s.islands[i].forget()
	}
	for i := range s.boxes {
		clear(s.boxes[i].latest)
	}
	s.served = Key{}
}

// Reset is Restart with empty caches.
func (s *System) Reset() {
	s.Restart()
	for u := range s.state {
		s.state[u].Cache.empty()
	}
}

// Do serves a command at once, for a requester that is alone and issues in the
// order of time. Words come from out and go to in, one in the low half of each
// element. It returns the cycle of the signal.
func (s *System) Do(c *Command, out, in []uint64) (done uint64) {
	u, unit := &s.state[c.Region.Unit], &s.cfg.Units[c.Region.Unit]
	shape := &unit.Shape
	beats := c.beats()
	start := c.Arrival
	if shape.Bus != 0 {
		start = s.buses[s.cfg.island(c.Ticket.Source)].take(start, beats*uint64(shape.Bus))
	}
	at := s.cfg.server(unit, c)
	c.Part = u.parts + at
	start = u.Servers[at].take(start, unit.Occupied(c))
	done = start + uint64(unit.first(c.Op)) + (beats-1)*uint64(unit.PerWord)
	if shape.Cache.Lines != 0 {
		done += u.Cache.reach(&shape.Cache, c, start)
	}
	c.effect(out, in)
	if s.cfg.Hooks.Count != nil {
		s.cfg.Hooks.Count(c, start, done)
	}
	if s.cfg.Hooks.Serve != nil {
		s.cfg.Hooks.Serve(c, start, done)
	}
	return done
}

// server returns the place of the server of a command among those of its unit.
func (c *Config) server(u *Unit, q *Command) int {
	shape := &u.Shape
	at, n := shape.bank(q.Address), shape.banks()
	if shape.AtomicBusy != 0 {
		if u.engine(q.Op) {
			at += n
		}
		n *= 2
	}
	if shape.PerIsland {
		at += n * c.island(q.Ticket.Source)
	}
	return at
}
