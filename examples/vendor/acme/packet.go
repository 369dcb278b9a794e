package acme

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/firmware"
)

// RunPacket implements offload.PacketRunner: the words that the card holds run
// in the simulator, with the X1's firmware around them and the card's maps.
func (c *Card) RunPacket(_ context.Context, p offload.Packet) (out *offload.Outcome, err error) {
	out = &offload.Outcome{Data: bytes.Clone(p.Data)}
	return out, c.change(func(s *state) error {
		if s.Running == nil {
			return nil
		}
		m, err := c.machine(s)
		if err != nil {
			return err
		}
		r := m.Run(sim.Input{Packet: p.Data, IngressIfindex: uint32(p.Port) + 1})
		if r.Fault != nil {
			return fmt.Errorf("program %d on %s is stopped: %w", s.Running.ID, c.Name(), r.Fault)
		}
		for _, use := range s.Running.Maps {
			if there, ok := m.Map(use.Name); ok {
				s.Maps[use.ID].take(there)
			}
		}
		*out = offload.Outcome{Program: s.Running.ID, Verdict: r.Verdict, Data: bytes.Clone(r.Packet), Cycles: r.Cycles}
		return nil
	})
}

// machine makes a simulated core with the running program and its maps.
func (c *Card) machine(s *state) (*sim.Machine, error) {
	code, err := os.ReadFile(filepath.Join(c.dir, "running.nfp"))
	if err != nil {
		return nil, err
	}
	img, err := image.Read(code)
	if err != nil {
		return nil, err
	}
	spec := sim.DefaultSpec()
	spec.Models = firmware.Builtin()
	for name, make := range Models() {
		spec.Models.Register(name, make)
	}
	m, err := sim.New(img, spec)
	if err != nil {
		return nil, err
	}
	for _, use := range s.Running.Maps {
		there, ok := m.Map(use.Name)
		if !ok {
			continue // the program does not touch it
		}
		for k, v := range s.Maps[use.ID].Entries {
			key, kerr := hex.DecodeString(k)
			value, verr := hex.DecodeString(v)
			if kerr != nil || verr != nil {
				return nil, fmt.Errorf("state.json: map %s: an entry is not hexadecimal", use.Name)
			}
			if err := there.Update(key, value, sim.UpdateAny); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// take takes the entries over from the simulator's memory.
func (m *mapRecord) take(from *sim.Map) {
	clear(m.Entries)
	for _, e := range from.Entries() {
		m.Entries[hex.EncodeToString(e.Key)] = hex.EncodeToString(e.Value)
	}
}
