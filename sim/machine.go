package sim

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/core"
)

// Machine is one core with an image loaded, its maps, and the firmware that
// the image was made for.
type Machine struct {
	card
	core *core.Core
}

// New loads an image. Words that are no instructions are faults when they
// execute, not errors here.
func New(img *image.Image, spec Spec) (*Machine, error) {
	m := &Machine{}
	if err := m.load(img, spec, 1, false); err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	m.core = m.newCore(0, false)
	return m, nil
}

// Reset brings back the initial contents of all maps and the state of the
// core; counts of a profile stay.
func (m *Machine) Reset() error {
	if err := m.resetMaps(); err != nil {
		return err
	}
	m.core.Reset()
	m.mem.Reset()
	return nil
}

// SetTime sets the core's timestamp for the packets to come to a time in
// nanoseconds, or the last count before it; frozen says that it stays there.
// Otherwise it counts on with the cycles of packets, as it does from 0 when the
// machine is new. It is an error on targets without a clock.
func (m *Machine) SetTime(ns uint64, frozen bool) error {
	clock := m.img.Target.Clock
	if clock == nil {
		return unsupported.New("a time for the packets", "target "+m.img.Target.Name+" has no clock")
	}
	m.core.Restart()
	m.core.SetTimestamp(clock.Cycles(ns), frozen)
	return nil
}

// HasClock reports whether the image's target has a clock.
func (m *Machine) HasClock() bool { return m.img.Target.Clock != nil }

// Time returns what the core's clock shows after the last packet, in
// nanoseconds; 0 on targets without a clock.
func (m *Machine) Time() uint64 {
	clock := m.img.Target.Clock
	if clock == nil {
		return 0
	}
	return m.core.Timestamp() * uint64(clock.Tick())
}

// Run sends a packet through a program, alone on the core, and then through those
// at the far ends of its redirect.
func (m *Machine) Run(in Input) Result {
	res := m.once(in)
	m.runEnds(&in, &res)
	return res
}

// once sends a packet through a program.
func (m *Machine) once(in Input) Result {
	var res Result
	if f := m.refuse(&in); f != nil {
		res.Fault = f
		return res
	}
	c, x := m.core, m.core.Context(0)
	c.Restart()
	m.mem.Restart()
	m.in = in
	m.enter(x, &m.in)
	c.Begin(x)
	m.finish(x, c.RunAlone(x), &res)
	return res
}

// Context returns the context that packets run in, for hooks that look at it.
func (m *Machine) Context() *core.Context { return m.core.Context(0) }
