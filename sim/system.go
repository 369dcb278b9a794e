package sim

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/engine"
	"github.com/skipsw/skipsw/sim/mem"
)

// System is several cores that run one image over one memory. They are advanced
// in the order of time: a memory command takes effect when its unit serves it,
// whatever core it comes from.
type System struct {
	card
	cores  []*core.Core
	engine *engine.Engine
	feeds  []batch
	// versions says that there are versions that cores may be loaded with.
	versions bool
}

// NewSystem loads an image for a number of cores.
func NewSystem(img *image.Image, spec Spec, cores int) (*System, error) {
	s := &System{}
	if err := s.build(img, spec, cores); err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	return s, nil
}

func (s *System) build(img *image.Image, spec Spec, cores int) error {
	if cores < 1 {
		return fmt.Errorf("%d cores; there must be one", cores)
	}
	if missing := (CheckSignals | CheckHazards) &^ spec.Checks; missing != 0 {
		return unsupported.New("several cores without CheckSignals and CheckHazards", "what a register holds before its signal would be open")
	}
	if err := s.load(img, spec, cores, true); err != nil {
		return err
	}
	for id := range cores {
		s.cores = append(s.cores, s.newCore(id, true))
	}
	s.engine, s.feeds = engine.New(s.mem, s.cores, s.threads()), make([]batch, cores)
	return nil
}

// threads returns the number of threads that cores may run in, or 0 with hooks: they
// see a core's work in the order of time.
func (s *System) threads() int {
	h := &s.spec.Hooks
	if s.profile != nil || h.Step != nil || h.Switch != nil || h.Call != nil || h.Exit != nil {
		return 0
	}
	return max(s.spec.Threads, 1)
}

// Start gives all cores work. next and done are as in Machine.Batch, with the
// number of the core; they are called in the order of time. It is an error while
// there is work left.
func (s *System) Start(next func(core int, in *Input) bool, done func(core int, res *Result)) error {
	if err := s.idle(); err != nil {
		return err
	}
	for id, c := range s.cores {
		s.feeds[id] = batch{
			m:    &s.card,
			next: func(in *Input) bool { return next(id, in) },
			done: func(res *Result) { done(id, res) },
		}
		c.Install(s.code, s.model)
		c.Start(&s.feeds[id])
	}
	return nil
}

// Reset brings back the initial contents of all maps, the state of the cores and
// cycle 0; counts of a profile stay. It is an error while there is work left.
func (s *System) Reset() error {
	if err := s.idle(); err != nil {
		return err
	}
	for _, c := range s.cores {
		c.Reset()
	}
	s.mem.Reset()
	return s.resetMaps()
}

// idle refuses a system with work left.
func (s *System) idle() error {
	if s.engine.Step(0) {
		return fmt.Errorf("sim: the system has packets under way; Run ends them")
	}
	return nil
}

// Step does what happens before cycle until, and reports whether anything is
// left to do.
func (s *System) Step(until uint64) bool {
	s.engine.Apart(!s.versions, !s.space.Leaving())
	return s.engine.Step(until)
}

// Run works until nothing is left to do.
func (s *System) Run() { s.Step(core.Never) }

// Throughput returns what each core has done so far.
func (s *System) Throughput() []Throughput {
	out := make([]Throughput, len(s.cores))
	for id, c := range s.cores {
		out[id] = s.feeds[id].t
		out[id].Cycles, out[id].Idle = c.Now(), c.Idle()
	}
	return out
}

// Memories returns the memory units by the numbers that hooks see, and the
// number of the one that holds packets.
func (m *card) Memories() (units []mem.Unit, packets mem.UnitID) { return m.mem.Units(), m.packets }

// Parts returns everything in the memory that serves one command after another.
func (s *System) Parts() []mem.Part { return s.mem.Parts() }

// OwnUnit reports whether each island has a memory unit for itself.
func (s *System) OwnUnit(unit mem.UnitID) bool { return s.mem.Own(unit) }

// Islands returns the number of islands, and Island that of a core.
func (s *System) Islands() int { return s.mem.Islands() }

// Island returns the number of a core's island.
func (s *System) Island(core int) int { return s.mem.Island(core) }

// Busy gives the cycles for which contexts had cores up to a moment, over all cores, and
// those for which each of Parts was busy. In a call of a Feed the moment is that of the
// call, and the cycles are there when Step returns; else they are there at once.
func (s *System) Busy(at Moment, cores *uint64, parts *[]uint64) {
	before := mem.Key{Cycle: at.Cycle, Source: at.Core}
	*parts = s.mem.BusyShared(nil)
	s.engine.AtRest(func() {
		s.mem.AddOwnBusy(*parts, before)
		*cores = 0
		for _, c := range s.cores {
			*cores += c.BusyUntil(at.Cycle)
		}
	})
}

// Lines returns how many lines commands have found in a memory's cache, and how many
// came from DRAM.
func (s *System) Lines(unit mem.UnitID) (hits, misses uint64) { return s.mem.Lines(unit) }
