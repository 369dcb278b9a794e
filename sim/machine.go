package sim

import (
	"fmt"

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
	m.mem.Restart()
	return nil
}

// Run sends a packet through a program, alone on the core.
func (m *Machine) Run(in Input) Result {
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
