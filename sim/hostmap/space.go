package hostmap

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/sim/mem"
)

// Base is the 40-bit address at which map memory begins.
const Base = 0x20_0000_0000

// Limits of map memory.
const (
	mapAlign  = 256
	maxRegion = 1 << 30
)

// Space is map memory and the maps in it.
type Space struct {
	memory *mem.System
	arena  *maplayout.Arena
	freed  holes // of maps that the firmware had placed
}

// NewSpace returns the map memory of a system, without maps.
func NewSpace(memory *mem.System) *Space {
	return &Space{memory: memory, arena: maplayout.NewArena(Base, maxRegion, mapAlign)}
}

// Create makes a map with its initial entries. It returns nil for a map that
// has no card memory, since it belongs to the host.
func (s *Space) Create(info image.Map) (*Map, error) {
	if info.Type == "perf_event_array" {
		return nil, nil
	}
	m, err := s.place(info)
	if err != nil {
		return nil, fmt.Errorf("map %q: %w", info.Name, err)
	}
	r := m.region
	r.Data = make([]byte, m.size)
	if o := s.memory.Map.Add(r); o != nil {
		return nil, fmt.Errorf("maps %q and %q overlap in memory", o.Name, info.Name)
	}
	if err := m.Reset(); err != nil {
		s.Free(m)
		return nil, fmt.Errorf("map %q: %w", info.Name, err)
	}
	s.arena.Reserve(r.End())
	return m, nil
}

// Free takes a map out of memory. Nobody may use it then.
func (s *Space) Free(m *Map) {
	s.memory.Map.Remove(m.region)
	m.region.Data = nil
	if m.info.Layout == string(maplayout.KindFirmware) {
		s.freed.give(m.region.Base, aligned(m.size))
	}
}

// aligned rounds a size up to whole units of placement.
func aligned(size uint64) uint64 { return (size + mapAlign - 1) &^ (mapAlign - 1) }

// isArray tells the maps that are addressed by index.
func isArray(typ string) bool { return typ == "array" || typ == "percpu_array" }

// place lays a map out, but does not put it into memory.
func (s *Space) place(info image.Map) (*Map, error) {
	if uint64(info.ValueSize)*uint64(info.MaxEntries) > maxRegion {
		return nil, fmt.Errorf("%d values of %d bytes are more than %d bytes", info.MaxEntries, info.ValueSize, maxRegion)
	}
	if info.Layout == string(maplayout.KindFirmware) {
		return s.firmwareMap(info)
	}
	l, err := maplayout.Parse(maplayout.Kind(info.Layout), shape(&info), info.Stride, info.Params)
	if err != nil {
		return nil, err
	}
	if err := maplayout.CheckPlace(info.Base, l.Size()); err != nil || !s.arena.Inside(info.Base, l.Size()) {
		return nil, fmt.Errorf("%d bytes at base address %#x are not in map memory, %d bytes at %#x", l.Size(), info.Base, maxRegion, uint64(Base))
	}
	low := uint64(uint32(info.Base))
	switch l := l.(type) {
	case maplayout.Array:
		return newMap(info, info.Base, l, &arrayTable{l}), nil
	case maplayout.Hash:
		return newMap(info, info.Base, l, &chainTable{Hash: l, lo: low, keySize: info.KeySize}), nil
	case maplayout.LPM:
		return newMap(info, info.Base, l, &trieTable{LPM: l, lo: low, entries: info.MaxEntries}), nil
	}
	return nil, fmt.Errorf("not supported: layout %q, because the host has no code for it", info.Layout)
}

// firmwareMap lays out a map that the firmware places.
func (s *Space) firmwareMap(info image.Map) (*Map, error) {
	l := maplayout.NewFirmware(shape(&info))
	var t table
	switch {
	case info.ValueSize == 0 || info.KeySize == 0:
		return nil, fmt.Errorf("key of %d bytes and value of %d; neither can be 0", info.KeySize, info.ValueSize)
	case isArray(info.Type) && info.KeySize != maplayout.ArrayKey:
		return nil, fmt.Errorf("key of %d bytes, an array has %d", info.KeySize, maplayout.ArrayKey)
	case isArray(info.Type):
		t = &arrayTable{l.Array}
	case info.Type == "hash":
		t = &firmwareTable{Firmware: l}
	default:
		return nil, fmt.Errorf("not supported: maps of type %q, because the firmware keeps none", info.Type)
	}
	size := aligned(l.Size())
	base, ok := s.freed.take(size)
	if !ok {
		base, ok = s.arena.Place(size)
	}
	if !ok {
		return nil, fmt.Errorf("%d bytes are more than is left of map memory of %d", l.Size(), maxRegion)
	}
	return newMap(info, base, l, t), nil
}

func shape(info *image.Map) maplayout.Shape {
	return maplayout.Shape{KeySize: info.KeySize, ValueSize: info.ValueSize, MaxEntries: info.MaxEntries}
}

// newMap describes a map, without the memory.
func newMap(info image.Map, base uint64, l maplayout.Layout, t table) *Map {
	at := l.Values()
	v := mem.Values{
		First: at.First, Stride: at.Stride, Offset: at.Offset,
		Size: info.ValueSize, Reversed: maplayout.Reversed(info.ValueSize, info.Swapped, info.WordUse),
	}
	return &Map{info: info, size: l.Size(), region: &mem.Region{Name: info.Name, Unit: mem.EMEM, Base: base, Values: v}, table: t}
}
