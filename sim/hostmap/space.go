package hostmap

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Room is a piece of memory for maps.
type Room struct {
	Unit mem.UnitID
	target.Region
}

// Space is map memory and the maps in it.
type Space struct {
	memory  *mem.System
	rooms   []room
	grace   grace
	leavers []leaver // the tables that keep what was taken out
	cpus    int      // that work on the maps
}

type room struct {
	Room
	arena *maplayout.Arena
	freed holes // of maps that the firmware had placed
}

// aligned rounds a size up to whole units of placement.
func (r *room) aligned(size uint64) uint64 { return (size + r.Align - 1) &^ (r.Align - 1) }

// NewSpace returns the map memory of a system, without maps.
func NewSpace(memory *mem.System, rooms []Room) *Space {
	s := &Space{memory: memory, cpus: 1}
	for _, r := range rooms {
		s.rooms = append(s.rooms, room{Room: r, arena: maplayout.NewArena(r.Base, r.Size, r.Align)})
	}
	return s
}

// Create makes a map with its initial entries. It returns nil for a map that
// has no card memory, since it belongs to the host.
func (s *Space) Create(info image.Map) (*Map, error) {
	fail := func(err error) (*Map, error) { return nil, fmt.Errorf("map %q: %w", info.Name, err) }
	typ, ok := bpf.MapTypeByName(info.Type)
	if !ok {
		return fail(unsupported.New(fmt.Sprintf("maps of type %q", info.Type), "the kernel has none"))
	}
	if typ == bpf.MapTypePerfEventArray && info.Layout == string(maplayout.KindFirmware) {
		return nil, nil
	}
	m, err := lay(info, typ)
	if err != nil {
		return fail(err)
	}
	in, err := s.place(m)
	if err != nil {
		return fail(err)
	}
	r := m.region
	r.Copies = in.Copies
	if o := s.memory.Map.Add(r); o != nil {
		return nil, fmt.Errorf("maps %q and %q overlap in memory", o.Name, info.Name)
	}
	r.Values.Reversed = maplayout.Reversed(info.ValueSize, info.Swapped, info.WordUse)
	m.space = s
	if err := m.Reset(); err != nil {
		s.Free(m)
		return fail(err)
	}
	in.arena.Reserve(r.End())
	if t, ok := m.table.(leaver); ok {
		s.leavers = append(s.leavers, t)
	}
	return m, nil
}

// SetCPUs says how many CPUs work on the maps, 1 to begin with: of those the host sees the
// values of per-CPU maps.
func (s *Space) SetCPUs(n int) { s.cpus = n }

// createLike makes a map at a free place of the memory that another one is in.
func (s *Space) createLike(like *Map, info image.Map) (*Map, error) {
	size := like.region.Size
	for i := range s.rooms {
		r := &s.rooms[i]
		if !r.arena.Inside(like.region.Base, size) {
			continue
		}
		size = r.aligned(size)
		at, ok := r.freed.take(size)
		if !ok {
			at, ok = r.arena.Place(size)
		}
		// Pointers are low words: the upper part is that of all maps.
		if !ok || at>>32 != like.region.Base>>32 {
			return nil, fmt.Errorf("map %q: %d bytes are more than is left of map memory", info.Name, size)
		}
		info.Base = at
		return s.Create(info)
	}
	panic("BUG: a map outside of map memory")
}

// Free takes a map out of memory. Nobody may use it then.
func (s *Space) Free(m *Map) { s.release(m) }

// release takes a map out of memory.
func (s *Space) release(m *Map) {
	s.leavers = slices.DeleteFunc(s.leavers, func(t leaver) bool { return t.(table) == m.table })
	s.memory.Map.Remove(m.region)
	for i := range s.rooms {
		if r := &s.rooms[i]; (m.info.Layout == string(maplayout.KindFirmware) || m.made) && r.arena.Inside(m.region.Base, m.region.Size) {
			r.freed.give(m.region.Base, r.aligned(m.region.Size))
		}
	}
	m.region.Size, m.region.Data = 0, nil
}

// place finds the room of a map, and an address if it has none.
func (s *Space) place(m *Map) (*room, error) {
	r := m.region
	for i := range s.rooms {
		in := &s.rooms[i]
		switch {
		case r.Base == 0:
			size := in.aligned(r.Size)
			at, ok := in.freed.take(size)
			if !ok {
				at, ok = in.arena.Place(size)
			}
			if !ok {
				continue
			}
			r.Base = at
		case !in.arena.Inside(r.Base, r.Size):
			continue
		}
		if err := maplayout.CheckPlace(r.Base, r.Size); err != nil {
			return nil, err
		}
		r.Unit = in.Unit
		return in, nil
	}
	if r.Base == 0 {
		return nil, fmt.Errorf("%d bytes are more than is left of map memory", r.Size)
	}
	return nil, fmt.Errorf("%d bytes at base address %#x are not in map memory", r.Size, r.Base)
}

// isArray tells the maps that are addressed by index.
func isArray(t bpf.MapType) bool { return t == bpf.MapTypeArray || t == bpf.MapTypePerCPUArray }

// lay describes a map in its layout, without memory.
func lay(info image.Map, typ bpf.MapType) (*Map, error) {
	if info.Layout == string(maplayout.KindFirmware) {
		return layFirmware(info, typ)
	}
	if info.Base == 0 {
		return nil, fmt.Errorf("base address 0 is not in map memory")
	}
	l, err := maplayout.Parse(maplayout.Kind(info.Layout), shape(&info), info.Stride, info.Params)
	if err != nil {
		return nil, err
	}
	make, ok := tables[l.Kind()]
	if !ok {
		return nil, unsupported.New(fmt.Sprintf("layout %q", info.Layout), "the host has no code for it")
	}
	return newMap(info, typ, l, make(&info, l)), nil
}

// tables make the host's side of maps by layout.
var tables = map[maplayout.Kind]func(info *image.Map, l maplayout.Layout) table{}

// register adds the host's side of a layout. It returns the layout's kind so
// that files can register what they hold where they declare it.
func register(k maplayout.Kind, make func(info *image.Map, l maplayout.Layout) table) maplayout.Kind {
	if tables[k] != nil {
		panic("BUG: layout " + string(k) + " has two host sides")
	}
	tables[k] = make
	return k
}

// low is the low word of a map's address, by which pointers in it count.
func low(info *image.Map) uint64 { return uint64(uint32(info.Base)) }

// layFirmware describes a map that the firmware keeps.
func layFirmware(info image.Map, typ bpf.MapType) (*Map, error) {
	l := maplayout.NewFirmware(shape(&info))
	switch {
	case info.ValueSize == 0 || info.KeySize == 0:
		return nil, fmt.Errorf("key of %d bytes and value of %d; neither can be 0", info.KeySize, info.ValueSize)
	case isArray(typ) && info.KeySize != maplayout.ArrayKey:
		return nil, fmt.Errorf("key of %d bytes, an array has %d", info.KeySize, maplayout.ArrayKey)
	case isArray(typ):
		return newMap(info, typ, l, &arrayTable{l.Array}), nil
	case typ == bpf.MapTypeHash:
		return newMap(info, typ, l, &firmwareTable{Firmware: l}), nil
	}
	return nil, unsupported.New(fmt.Sprintf("maps of type %q", info.Type), "the firmware keeps none")
}

func shape(info *image.Map) maplayout.Shape {
	return maplayout.Shape{KeySize: info.KeySize, ValueSize: info.ValueSize, MaxEntries: info.MaxEntries}
}

func newMap(info image.Map, typ bpf.MapType, l maplayout.Layout, t table) *Map {
	at := l.Values()
	size := at.Size
	if size == 0 {
		size = info.ValueSize
	}
	return &Map{info: info, typ: typ, table: t, spin: at.Spin, copies: at.Copies, region: &mem.Region{
		Name: info.Name, Base: info.Base, Size: l.Size(),
		Values: mem.Values{First: at.First, Stride: at.Stride, Offset: at.Offset, Size: size, Copies: uint64(at.Copies.Bytes()), Copy: uint64(at.Copies.Step), Key: at.Key, Keyed: at.Keyed, Lock: at.CompareLock, Locked: at.Compared},
	}}
}
