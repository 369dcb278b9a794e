package sim

import (
	"fmt"
	"maps"
	"slices"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/mem"
)

// Memory is map memory apart from any machine. A host makes and frees maps in
// it at any time between packets; all machines whose Spec names it share them,
// and they stay when a machine goes. It is for one goroutine at a time, the
// machines included.
type Memory struct {
	units  []mem.Unit
	system *mem.System
	space  *hostmap.Space
	tables map[uint32]*Map
	// machines and systems are how many of them have used it.
	machines, systems int
}

// admits refuses a user of the memory that cannot share it. Machines set its
// clocks back for each packet, so that a system has it for itself.
func (m *Memory) admits(system bool) error {
	if m.systems > 0 || system && m.machines > 0 {
		return unsupported.New("memory shared by a System and others", "its units have one clock")
	}
	if system {
		return m.answersLater()
	}
	return nil
}

// claim notes a user.
func (m *Memory) claim(system bool) {
	if system {
		m.systems++
	} else {
		m.machines++
	}
}

// answersLater refuses units that answer in the cycle of a command: among
// several cores nobody could tell who comes first.
func (m *Memory) answersLater() error {
	for _, u := range m.units {
		if min(u.Read, u.Write, u.Atomic) == 0 {
			return unsupported.New("several cores and memory "+u.Name+" that answers in the cycle of the command", "nobody could tell who comes first")
		}
	}
	return nil
}

// NewMemory returns the memories of a target, without maps.
func NewMemory(t *target.Target, spec Spec) (*Memory, error) {
	m, err := newMemory(t, &spec, 1, nil)
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	return m, nil
}

// newMemory makes the memories for a number of cores: all that the target has, or
// those that the image's programs and frames reach.
func newMemory(t *target.Target, spec *Spec, cores int, img *image.Image) (*Memory, error) {
	m := &Memory{tables: map[uint32]*Map{}}
	for _, name := range slices.Sorted(maps.Keys(t.Memories)) {
		if img != nil && !reaches(img, name) {
			continue
		}
		l, ok := spec.Memories[name]
		if !ok {
			l = t.Memories[name]
		}
		shape := spec.Shapes[name]
		if err := shape.Check(); err != nil {
			return nil, fmt.Errorf("memory %s: %w", name, err)
		}
		m.units = append(m.units, mem.Unit{Name: name, Latency: l, Shape: shape})
	}
	for name := range spec.Memories {
		if _, ok := t.Memories[name]; !ok {
			return nil, fmt.Errorf("Spec.Memories has %q, which target %s has not", name, t.Name)
		}
	}
	var rooms []hostmap.Room
	for _, r := range t.Maps.Regions {
		if img != nil && !reaches(img, r.Memory) {
			continue
		}
		unit, err := m.unit(r.Memory)
		if err != nil {
			return nil, err
		}
		rooms = append(rooms, hostmap.Room{Unit: unit, Region: r})
	}
	m.system = mem.New(mem.Config{Units: m.units, IslandSources: spec.IslandCores, Sources: cores, Hooks: spec.MemoryHooks})
	m.space = hostmap.NewSpace(m.system, rooms)
	return m, nil
}

// reaches reports whether packets or maps of an image are in a memory: the first region
// is where maps of maps find room, and the firmware its own.
func reaches(img *image.Image, memory string) bool {
	t := img.Target
	if memory == t.Packet.Memory || memory == t.Maps.Regions[0].Memory || t.Packet.Fragments != nil && memory == t.Packet.Fragments.Memory {
		return true
	}
	for k := range t.Maps.Regions {
		r := &t.Maps.Regions[k]
		in := func(m image.Map) bool { return m.Base >= r.Base && m.Base-r.Base < r.Size }
		if r.Memory == memory && slices.ContainsFunc(img.Maps, in) {
			return true
		}
	}
	return false
}

// unit returns the number of a memory.
func (m *Memory) unit(name string) (mem.UnitID, error) {
	i := slices.IndexFunc(m.units, func(u mem.Unit) bool { return u.Name == name })
	if i < 0 {
		return 0, fmt.Errorf("there is no memory %q", name)
	}
	return mem.UnitID(i), nil
}

// Create makes a map that firmware keeps, with its initial entries. Programs
// name it by info.ID. It is an error if the number is taken, or if the firmware
// has no memory for such a map.
func (m *Memory) Create(info image.Map) (*Map, error) {
	if info.Layout != "" {
		why := "its place belongs to the program that addresses it"
		return nil, fmt.Errorf("sim: map %q: %w", info.Name, unsupported.New(fmt.Sprintf("layout %q", info.Layout), why))
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

// createAll makes the maps of an image, or none.
func (m *Memory) createAll(infos []image.Map) (out []*Map, err error) {
	for _, info := range infos {
		mp, err := m.space.Create(info)
		if err != nil {
			m.freeAll(out)
			return nil, err
		}
		if mp != nil {
			out = append(out, mp)
		}
	}
	if err := m.space.Link(out); err != nil {
		m.freeAll(out)
		return nil, err
	}
	return out, nil
}

func (m *Memory) freeAll(all []*Map) {
	for _, mp := range all {
		m.space.Free(mp)
	}
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
