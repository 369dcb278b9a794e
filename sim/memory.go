package sim

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/mem"
)

// Memory is map memory apart from any machine. A host makes and frees maps in
// it at any time between packets; all machines whose Spec names it share them,
// and they stay when a machine goes. It is for one goroutine at a time, the
// machines included.
type Memory struct {
	system *mem.System
	space  *hostmap.Space
	tables map[uint32]*Map
}

// NewMemory returns memory without maps, with the latencies of a Spec.
func NewMemory(spec Spec) *Memory {
	system := mem.New(mem.Config{Latency: [mem.NumUnits]Latency{mem.CTM: spec.CTM, mem.EMEM: spec.EMEM}})
	return &Memory{system: system, space: hostmap.NewSpace(system), tables: map[uint32]*Map{}}
}

// Create makes a map that firmware keeps, with its initial entries. Programs
// name it by info.ID. It is an error if the number is taken, or if the firmware
// has no memory for such a map.
func (m *Memory) Create(info image.Map) (*Map, error) {
	if info.Layout != "" {
		return nil, fmt.Errorf("sim: map %q: not supported: layout %q, because its place belongs to the program that addresses it", info.Name, info.Layout)
	}
	if m.tables[info.ID] != nil {
		return nil, fmt.Errorf("sim: map %q: table number %d is taken", info.Name, info.ID)
	}
	mp, err := m.space.Create(info)
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	if mp == nil {
		return nil, fmt.Errorf("sim: map %q: type %s has no card memory", info.Name, info.Type)
	}
	m.tables[info.ID] = mp
	return mp, nil
}

// Table returns the map of a number.
func (m *Memory) Table(id uint32) (*Map, bool) {
	mp, ok := m.tables[id]
	return mp, ok
}

// Free takes a map away. A program that still uses it faults.
func (m *Memory) Free(id uint32) error {
	mp := m.tables[id]
	if mp == nil {
		return fmt.Errorf("sim: no map has table number %d", id)
	}
	delete(m.tables, id)
	m.space.Free(mp)
	return nil
}
