package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/skipsw/skipsw/internal/plain"
	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/sim/mem"
)

// checkpointFormat names the form of a checkpoint.
const checkpointFormat = "skipsw checkpoint 4"

// Save writes the state of everything on the card, between two steps: registers,
// memories, packets and commands on their way. It holds nothing of what feeds the
// card.
func (s *System) Save(w io.Writer) error {
	return s.over(plain.NewWriter(w), nil)
}

// Resume reads, up to the end, what Save wrote of a system of the same image and Spec, with as
// many cores. Work goes on where it was: f is asked for the packets that come then.
// After an error the system is of no use.
func (s *System) Resume(r io.Reader, f Feed) error {
	return s.over(plain.NewReader(r), f)
}

func (s *System) over(c *plain.Codec, f Feed) error {
	s.State(c, f)
	if err := c.End(); err != nil {
		return fmt.Errorf("sim: checkpoint: %w", err)
	}
	return nil
}

// Identity is a number for the image and all of a Spec that has to do with what
// programs do and when: results of two machines with the same one are the same.
func (m *card) Identity() string {
	h := sha256.New()
	for _, w := range m.img.Words {
		_ = binary.Write(h, binary.LittleEndian, uint64(w))
	}
	s := m.spec
	s.Models, s.Network, s.Memory, s.Hooks, s.MemoryHooks, s.Profile, s.Threads = nil, nil, nil, Hooks{}, MemoryHooks{}, false, 0
	fmt.Fprintf(h, "%+v %s %+v", s, m.img.Target.Name, m.img.Target.Memories)
	for i := range m.img.Maps {
		fmt.Fprintf(h, " %+v", m.img.Maps[i])
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// State goes over all that Save writes, for one who has more to write: as Save does
// it, or as Resume does with a feed.
func (s *System) State(c *plain.Codec, f Feed) {
	if !s.state(c, s.cores) {
		return
	}
	if s.reloaded() {
		c.Fail(unsupported.New("a checkpoint of a system with cores that were loaded anew", "it is of one image"))
		return
	}
	for id, x := range s.cores {
		var w core.Work
		if c.Reading() {
			s.feeds[id] = batch{m: &s.card}
			w = &timed{batch: &s.feeds[id], feed: f}
		}
		c.Value(&s.feeds[id].t)
		x.State(c, w)
	}
}

// state goes over what is on a card beside its cores. It reports false, and fails,
// for a firmware model without a state.
func (m *card) state(c *plain.Codec, cores []*core.Core) bool {
	model, ok := m.model.(firmware.Stateful)
	if !ok {
		c.Fail(unsupported.New(fmt.Sprintf("a checkpoint of firmware model %q", m.firmware()), "it does not give its state"))
		return false
	}
	c.Same("the format", checkpointFormat)
	c.Same("image and Spec", m.Identity())
	c.Same("the number of cores", fmt.Sprint(len(cores)))
	var buffers []*mem.Region
	for _, x := range cores {
		buffers = append(buffers, x.Buffers()...)
	}
	m.mem.Regions(c, buffers) // for others that the codec goes over, too
	m.mem.State(c)
	m.space.State(c)
	model.State(c)
	c.Value(&m.program)
	if m.profile != nil {
		c.Value(m.profile)
	}
	return true
}

// Save writes the state of the machine between two packets.
func (m *Machine) Save(w io.Writer) error { return m.over(plain.NewWriter(w)) }

// Resume reads, up to the end, what Save wrote of a machine of the same image and
// Spec. After an error the machine is of no use.
func (m *Machine) Resume(r io.Reader) error { return m.over(plain.NewReader(r)) }

func (m *Machine) over(c *plain.Codec) error {
	if m.state(c, []*core.Core{m.core}) {
		m.core.State(c, nil)
	}
	if err := c.End(); err != nil {
		return fmt.Errorf("sim: checkpoint: %w", err)
	}
	return nil
}

// FaultState goes over a fault of the system's, which may be none.
func (s *System) FaultState(c *plain.Codec, f **Fault) { s.code.FaultState(c, f) }
