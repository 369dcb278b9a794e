package hostmap

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/image"
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
	next   uint64 // offset from Base of the next map that has no place of its own
}

// NewSpace returns the map memory of a system, without maps.
func NewSpace(memory *mem.System) *Space { return &Space{memory: memory, next: mapAlign} }

// Create makes a map with its initial entries. It returns nil for a map that
// has no card memory, since it belongs to the host.
func (s *Space) Create(info image.Map) (*Map, error) {
	m, err := s.place(info)
	if err != nil {
		return nil, fmt.Errorf("map %q: %w", info.Name, err)
	}
	if m == nil {
		return nil, nil
	}
	r := m.region
	if end := r.Base - Base + m.size; end > maxRegion {
		return nil, fmt.Errorf("map %q: map memory of %d bytes is more than %d", info.Name, end, maxRegion)
	}
	r.Data = make([]byte, m.size)
	if o := s.memory.Map.Add(r); o != nil {
		return nil, fmt.Errorf("maps %q and %q overlap in memory", o.Name, info.Name)
	}
	if err := m.Reset(); err != nil {
		s.Free(m)
		return nil, fmt.Errorf("map %q: %w", info.Name, err)
	}
	s.next = max(s.next, (r.End()-Base+mapAlign-1)&^(mapAlign-1))
	return m, nil
}

// Free takes a map out of memory. Nobody may use it then.
func (s *Space) Free(m *Map) {
	s.memory.Map.Remove(m.region)
	m.region.Data = nil
}

// isArray tells the maps that are addressed by index.
func isArray(typ string) bool { return typ == "array" || typ == "percpu_array" }

// place lays a map out, but does not put it into memory.
func (s *Space) place(info image.Map) (*Map, error) {
	if (isArray(info.Type) || isArray(info.Layout)) && info.KeySize != 4 {
		return nil, fmt.Errorf("key of %d bytes, an array has 4", info.KeySize)
	}
	if (info.ValueSize == 0 || info.KeySize == 0) && info.Type != "perf_event_array" {
		return nil, fmt.Errorf("key of %d bytes and value of %d; neither can be 0", info.KeySize, info.ValueSize)
	}
	if uint64(info.ValueSize)*uint64(info.MaxEntries) > maxRegion {
		return nil, fmt.Errorf("%d values of %d bytes are more than %d bytes", info.MaxEntries, info.ValueSize, maxRegion)
	}
	stride := uint64(info.ValueSize+7) &^ 7
	if info.Layout != "" && (info.Base < Base+8 || info.Base-Base >= maxRegion || info.Base&7 != 0) {
		return nil, fmt.Errorf("base address %#x is not in map memory, which begins at %#x", info.Base, uint64(Base))
	}
	switch info.Layout {
	case "":
		at := Base + s.next
		switch {
		case isArray(info.Type):
			return arrayMap(info, at, stride), nil
		case info.Type == "hash":
			t := &firmwareTable{stride: stride, entries: info.MaxEntries}
			return newMap(info, at, stride*uint64(info.MaxEntries), mem.Values{Stride: stride}, t), nil
		case info.Type == "perf_event_array":
			return nil, nil
		}
	case "array", "percpu_array":
		if uint64(info.Stride) < stride || info.Stride&7 != 0 {
			return nil, fmt.Errorf("stride %d does not hold a value of %d bytes", info.Stride, info.ValueSize)
		}
		return arrayMap(info, info.Base, uint64(info.Stride)), nil
	case "hash":
		t, err := newChainTable(&info)
		if err != nil {
			return nil, err
		}
		return newMap(info, info.Base, t.size(), mem.Values{First: t.first, Stride: t.stride, Offset: t.value}, t), nil
	case "lpm_trie":
		t, err := newTrieTable(&info)
		if err != nil {
			return nil, err
		}
		return newMap(info, info.Base, t.size(), mem.Values{First: t.first, Stride: t.stride, Offset: t.value}, t), nil
	}
	return nil, fmt.Errorf("not supported: type %q in layout %q", info.Type, info.Layout)
}

func arrayMap(info image.Map, base, stride uint64) *Map {
	t := &arrayTable{stride: stride, entries: info.MaxEntries, keySize: info.KeySize}
	return newMap(info, base, stride*uint64(info.MaxEntries), mem.Values{Stride: stride}, t)
}

// newMap describes a map of size bytes, without the memory.
func newMap(info image.Map, base, size uint64, v mem.Values, t table) *Map {
	v.Size, v.Reversed = info.ValueSize, reversed(&info)
	return &Map{info: info, size: size, region: &mem.Region{Name: info.Name, Unit: mem.EMEM, Base: base, Values: v}, table: t}
}
