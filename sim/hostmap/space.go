package hostmap

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/translate/bpf"
)

// maxMemory is the most bytes of a map: what its 32-bit pointers reach.
const maxMemory = 1 << 32

// Room is a piece of memory for maps.
type Room struct {
	Unit mem.UnitID
	target.Region
}

// Space is map memory and the maps in it.
type Space struct {
	memory *mem.System
	rooms  []room
}

// room is a Room, and where in it the next map goes that has no place of its
// own.
type room struct {
	Room
	next uint64
}

// NewSpace returns the map memory of a system, without maps.
func NewSpace(memory *mem.System, rooms []Room) *Space {
	s := &Space{memory: memory}
	for _, r := range rooms {
		s.rooms = append(s.rooms, room{r, r.Base + r.Align})
	}
	return s
}

// Create makes a map with its initial entries. It returns nil for a map that
// has no card memory, since it belongs to the host.
func (s *Space) Create(info image.Map) (*Map, error) {
	fail := func(err error) (*Map, error) { return nil, fmt.Errorf("map %q: %w", info.Name, err) }
	m, err := lay(info)
	if err != nil {
		return fail(err)
	}
	if m == nil {
		return nil, nil
	}
	in, err := s.place(m)
	if err != nil {
		return fail(err)
	}
	r := m.region
	if o := s.memory.Map.Add(r); o != nil {
		return nil, fmt.Errorf("maps %q and %q overlap in memory", o.Name, info.Name)
	}
	r.Data, r.Values.Reversed = make([]byte, m.size), reversed(&m.info)
	if err := m.Reset(); err != nil {
		s.Free(m)
		return fail(err)
	}
	in.next = max(in.next, (r.End()+in.Align-1)&^(in.Align-1))
	return m, nil
}

// place finds the room of a map, and its address if it has none.
func (s *Space) place(m *Map) (*room, error) {
	r := m.region
	for i := range s.rooms {
		in := &s.rooms[i]
		at := r.Base
		if at == 0 {
			at = in.next
		}
		if at <= in.Base || at-in.Base > in.Size || m.size > in.Size-(at-in.Base) {
			continue
		}
		if last := at + max(m.size, 1) - 1; last>>32 != at>>32 {
			return nil, fmt.Errorf("not supported: memory %#x to %#x, because a map's pointers have 32 bits and it crosses 4 GiB", at, last)
		}
		r.Base, r.Unit = at, in.Unit
		m.table.settle(at)
		return in, nil
	}
	if r.Base != 0 {
		return nil, fmt.Errorf("%d bytes at address %#x are not in map memory", m.size, r.Base)
	}
	return nil, fmt.Errorf("map memory has no room for %d bytes", m.size)
}

// Free takes a map out of memory. Nobody may use it then.
func (s *Space) Free(m *Map) {
	s.memory.Map.Remove(m.region)
	m.region.Data = nil
}

// isArray tells the maps that are addressed by index.
func isArray(t bpf.MapType) bool { return t == bpf.MapTypeArray || t == bpf.MapTypePerCPUArray }

// lay describes a map in its layout, without memory.
func lay(info image.Map) (*Map, error) {
	typ, _ := bpf.MapTypeByName(info.Type)
	layout, _ := bpf.MapTypeByName(info.Layout) // layouts are named by the type that they are made for
	if (isArray(typ) || isArray(layout)) && info.KeySize != arrayKey {
		return nil, fmt.Errorf("key of %d bytes, an array has %d", info.KeySize, arrayKey)
	}
	if (info.ValueSize == 0 || info.KeySize == 0) && typ != bpf.MapTypePerfEventArray {
		return nil, fmt.Errorf("key of %d bytes and value of %d; neither can be 0", info.KeySize, info.ValueSize)
	}
	if uint64(info.ValueSize)*uint64(info.MaxEntries) > maxMemory || uint64(info.Stride)*uint64(info.MaxEntries) > maxMemory {
		return nil, fmt.Errorf("%d values of %d bytes are more than %d bytes", info.MaxEntries, info.ValueSize, uint64(maxMemory))
	}
	stride := (uint64(info.ValueSize) + 7) &^ 7
	if info.Layout != "" && (info.Base == 0 || info.Base&7 != 0) {
		return nil, fmt.Errorf("base address %#x is not in map memory", info.Base)
	}
	m := &Map{info: info, typ: typ, region: &mem.Region{Name: info.Name}}
	v := &m.region.Values
	v.Size = info.ValueSize
	var err error
	switch {
	case info.Layout == "" && typ == bpf.MapTypePerfEventArray:
		return nil, nil
	case info.Layout == "" && isArray(typ):
		m.arrange(&arrayTable{stride: stride, entries: info.MaxEntries}, stride*uint64(info.MaxEntries), stride)
	case info.Layout == "" && typ == bpf.MapTypeHash:
		m.arrange(&firmwareTable{stride: stride, entries: info.MaxEntries}, stride*uint64(info.MaxEntries), stride)
	case isArray(layout):
		if uint64(info.Stride) < stride || info.Stride&7 != 0 {
			return nil, fmt.Errorf("stride %d does not hold a value of %d bytes", info.Stride, info.ValueSize)
		}
		stride = uint64(info.Stride)
		m.arrange(&arrayTable{stride: stride, entries: info.MaxEntries}, stride*uint64(info.MaxEntries), stride)
	case layout == bpf.MapTypeHash:
		var t *chainTable
		if t, err = newChainTable(&info); err == nil {
			m.arrange(t, t.size(), t.stride)
			v.First, v.Offset = t.first, t.value
		}
	case layout == bpf.MapTypeLPMTrie:
		var t *trieTable
		if t, err = newTrieTable(&info); err == nil {
			m.arrange(t, t.size(), t.stride)
			v.First, v.Offset = t.first, t.value
		}
	default:
		err = unsupported.New(fmt.Sprintf("type %q in layout %q", info.Type, info.Layout), "the host side has no such table")
	}
	if info.Layout != "" {
		m.region.Base = info.Base
	}
	return m, err
}

// arrange gives a map its table, its size in memory and the distance of values.
func (m *Map) arrange(t table, size, stride uint64) {
	m.table, m.size, m.region.Values.Stride = t, size, stride
}
