package sim

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// guardSlots has the host's changes of program arrays looked at: programs that
// wait for others keep their registers in local memory, and what a slot leads to
// must leave room for all that may wait.
func (m *card) guardSlots() {
	if len(m.img.Tails) == 0 {
		return
	}
	for k := range m.img.Maps {
		mp, ok := m.Map(m.img.Maps[k].Name)
		if !ok || mp.Programs() == 0 {
			continue
		}
		mp.GuardSlots(func(index, number uint32) error {
			slots := m.slots()
			slots[k][index] = number - 1
			room := uint32(m.img.Target.LocalMemory.Stack)
			if need := m.img.StackNeeded(slots); need > room {
				what := fmt.Sprintf("program %s in slot %d of map %s", m.img.Programs[number-1].Name, index, mp.Info().Name)
				return unsupported.New(what, fmt.Sprintf("functions would wait for %s, which takes up to %d bytes of local memory, and target %s has %d",
					m.img.Deepest(slots), need, m.img.Target.Name, room))
			}
			return nil
		})
	}
}

// guardEnds has the host's choices of programs at far ends looked at.
func (m *card) guardEnds() {
	for k := range m.img.Maps {
		info := &m.img.Maps[k]
		mp, ok := m.Map(info.Name)
		if !ok || info.Holds() == "" {
			continue
		}
		mp.GuardEnds(func(number uint32) error {
			if m.img.Far(info, number) {
				return nil
			}
			var have []string
			for _, n := range slices.Sorted(maps.Keys(m.img.FarEnds(info))) {
				have = append(have, fmt.Sprintf("%d (%s)", n, m.img.FarEnds(info)[n]))
			}
			why := "its program was linked with none for " + info.Holds()
			if have != nil {
				why = "the image has " + strings.Join(have, ", ")
			}
			return unsupported.New(fmt.Sprintf("program number %d in an entry of map %s", number, info.Name), why)
		})
	}
}

// slots returns what the slots of each map hold now, as image.Image.Slots does for
// an image as it is loaded.
func (m *card) slots() []map[uint32]uint32 {
	out := make([]map[uint32]uint32, len(m.img.Maps))
	for k := range m.img.Maps {
		mp, ok := m.Map(m.img.Maps[k].Name)
		if !ok || mp.Programs() == 0 {
			continue
		}
		out[k] = map[uint32]uint32{}
		for _, e := range mp.Entries() {
			out[k][binary.LittleEndian.Uint32(e.Key)] = binary.LittleEndian.Uint32(e.Value) - 1
		}
	}
	return out
}

// SlotValue returns the value of a program array's slot that leads to a program of
// an image, by its name.
func SlotValue(img *image.Image, program string) ([]byte, error) {
	for k := range img.Programs {
		if img.Programs[k].Name == program {
			return binary.LittleEndian.AppendUint32(nil, uint32(k+1)), nil
		}
	}
	return nil, unsupported.New("program "+program+" in a slot", "the image does not hold it: it has what its program reaches by tail calls")
}
