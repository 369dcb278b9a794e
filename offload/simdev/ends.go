package simdev

import (
	"encoding/binary"
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Entries of device and CPU maps hold numbers of the image's programs, as slots of
// program arrays do. In another image the program of the same name has another number.

// holdsEnds reports whether entries of the map may hold programs.
func (m *cardMap) holdsEnds() bool {
	return (&object.Map{Type: m.info.Type, ValueSize: m.info.ValueSize}).Holds() != bpf.AtHook
}

// endNumber returns the number in an image of the program in an entry that the map
// has now, 0 for none.
func (m *cardMap) endNumber(value []byte, img *image.Image, name string) (uint32, error) {
	n := binary.LittleEndian.Uint32(value[4:])
	if n == 0 || m.image == nil {
		return n, nil
	}
	program := m.image.Programs[n-1].Name
	if im := img.MapNamed(name); im != nil {
		for number, have := range img.FarEnds(im) {
			if have == program {
				return number, nil
			}
		}
	}
	return 0, offload.Advise(fmt.Errorf("map %s: an entry holds program %s, which the new program is not linked with", name, program), offload.AdviseEnd)
}

// endsFit refuses a program that is to take over the map's contents and lacks a
// program that they name.
func (m *cardMap) endsFit(p *program, name string) error {
	there, ok := p.machine.Map(name)
	if !ok || there == m.home || m.home == nil || !m.holdsEnds() {
		return nil
	}
	for _, e := range m.home.Entries() {
		if _, err := m.endNumber(e.Value, p.src.Image, name); err != nil {
			return err
		}
	}
	return nil
}

// moveEnds gives entries that have been copied to another image's map its numbers.
func (m *cardMap) moveEnds(there *sim.Map, img *image.Image, name string) error {
	for _, e := range m.home.Entries() {
		n, err := m.endNumber(e.Value, img, name)
		if err == nil && n != binary.LittleEndian.Uint32(e.Value[4:]) {
			err = there.Update(e.Key, binary.LittleEndian.AppendUint32(e.Value[:4:4], n), sim.UpdateAny)
		}
		if err != nil {
			return fmt.Errorf("move map %s: %w", name, err)
		}
	}
	return nil
}
