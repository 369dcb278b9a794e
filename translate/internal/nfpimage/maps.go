package nfpimage

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/backend"
	"github.com/skipsw/skipsw/translate/internal/microcode"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// atlas is the maps of all programs of an image, each once: in the order of the
// first program's, then what the next ones add.
type atlas struct {
	maps  []*object.Map
	at    map[*object.Map]*ssa.MapPlace
	user  map[*object.Map]*object.Program // the first that uses it
	count uint32                          // programs
	why   map[*object.Map]string          // why a map is where it is
}

func newAtlas(u *backend.Unit) *atlas {
	a := &atlas{at: map[*object.Map]*ssa.MapPlace{}, user: map[*object.Map]*object.Program{}, why: map[*object.Map]string{}, count: uint32(len(u.Parts))}
	for _, p := range u.Parts {
		src := p.Program.Source()
		for _, m := range src.Maps {
			if a.at[m] == nil {
				a.maps, a.at[m], a.user[m] = append(a.maps, m), &ssa.MapPlace{}, src
			}
		}
	}
	for _, m := range slices.Clone(a.maps) {
		for _, in := range innerMaps(m) {
			if a.at[in] == nil {
				a.maps, a.at[in], a.user[in] = append(a.maps, in), &ssa.MapPlace{}, a.user[m]
			}
		}
	}
	return a
}

// innerMaps returns the maps that a map of maps holds from the start, by index; one
// that is like those that it will hold, if it holds none.
func innerMaps(m *object.Map) (out []*object.Map) {
	for _, index := range slices.Sorted(maps.Keys(m.Inners)) {
		out = append(out, m.Inners[index])
	}
	if out == nil && m.Inner != nil {
		out = append(out, m.Inner)
	}
	return out
}

// like returns the map of the image that the inner maps of a map of maps are like.
func (a *atlas) like(m *object.Map) *object.Map { return innerMaps(m)[0] }

// placeMaps decides where maps are, and refuses those that the target cannot
// hold.
func placeMaps(u *backend.Unit, b Backend) (*atlas, error) {
	t, a := b.T, newAtlas(u)
	refuse := func(m *object.Map, why string) error {
		src := a.user[m]
		return &ssa.Unsupported{What: fmt.Sprintf("map %s (%v)", m.Name, m.Type), Why: why, Slot: mapUse(src, m), Line: mapLine(src, m)}
	}
	swapped := swappedMaps(u, a.maps)
	for m, spans := range comparedBytes(u) {
		a.at[m].Compared = spans
	}
	rooms := newRooms(t)
	if b.ByUse && t.Direct() {
		rooms.uses = usesOf(u, a, b.Heat)
	}
	entries, held := uint64(0), 0
	for k, m := range a.maps {
		kind := microcode.Of(m.Type)
		p := a.at[m]
		hosts := kind != nil && kind.Bytes && !t.Direct()
		if kind != nil && kind.Layout != nil && !hosts {
			held++
			if !kind.Bytes {
				entries += uint64(m.MaxEntries)
			}
		}
		element := maplayout.Element(m.KeySize, m.ValueSize)
		switch {
		case !t.HasMap(m.Type.String()):
			return nil, refuse(m, "target "+t.Name+" does not have this type")
		case t.Direct() && kind.Layout == nil:
			return nil, refuse(m, "the compiler has no layout for it")
		case !t.Direct() && hasLock(m):
			return nil, refuse(m, "its values have a lock, and target "+t.Name+" does not let programs address them")
		case kind.Layout == nil, hosts:
			// It has no entries.
			p.ID = uint32(k + 1)
			continue
		case kind.Nested && m.Inner == nil:
			return nil, refuse(m, "its inner maps are not described")
		case kind.Nested && microcode.Of(m.Inner.Type) == nil, kind.Nested && !microcode.Of(m.Inner.Type).Held:
			return nil, refuse(m, fmt.Sprintf("its inner maps are of type %v, and the code for such maps knows the place of its map", m.Inner.Type))
		case swapped[m] && !kind.Counters && !kind.Nested:
			return nil, refuse(m, "the program counts in its values, or in those of a map that it reaches by the same pointer, and maps of this type have no atomic counters")
		case int(m.KeySize) > t.Maps.MaxKey:
			return nil, refuse(m, fmt.Sprintf("its key has %d bytes and target %s takes %d", m.KeySize, t.Name, t.Maps.MaxKey))
		case int(m.ValueSize) > t.Maps.MaxValue:
			return nil, refuse(m, fmt.Sprintf("its value has %d bytes and target %s takes %d", m.ValueSize, t.Name, t.Maps.MaxValue))
		case element > uint64(t.Maps.MaxElement):
			return nil, refuse(m, fmt.Sprintf("key and value have %d bytes together and target %s takes %d", element, t.Name, t.Maps.MaxElement))
		case !kind.Bytes && uint64(m.MaxEntries) > t.Maps.MaxEntries:
			return nil, refuse(m, fmt.Sprintf("it has %d entries and target %s takes %d", m.MaxEntries, t.Name, t.Maps.MaxEntries))
		case held > t.Maps.MaxMaps:
			return nil, refuse(m, fmt.Sprintf("target %s has %d maps", t.Name, t.Maps.MaxMaps))
		case entries > t.Maps.TotalEntries:
			return nil, refuse(m, fmt.Sprintf("target %s has %d entries for all maps together", t.Name, t.Maps.TotalEntries))
		}
		p.ID = uint32(k + 1)
		if !t.Direct() {
			continue
		}
		p.Swapped, p.Hashed, p.Near = swapped[m], !kind.Indexed, near(kind, a.located(m, t))
		l := kind.Layout(a.located(m, t))
		if q, ok := l.(maplayout.Records); ok {
			if err := maplayout.CheckRecords(q, maplayout.Align); err != nil {
				return nil, refuse(m, "the card has no such queue: "+err.Error())
			}
		}
		p.Stride, p.Size, p.Copies = l.Step(), l.Size(), l.Values().Copies
		if len(p.Compared) > 0 {
			p.CompareLock = l.Params()[maplayout.ParamCompare] // from its base on, which is not known yet
		}
		if kind.Nested {
			if why := a.nest(m, t); why != "" {
				return nil, refuse(m, why)
			}
		}
	}
	if t.Direct() {
		if m := rooms.place(a); m != nil {
			return nil, refuse(m, fmt.Sprintf("it takes %d bytes, and target %s has %d bytes for all maps together", a.at[m].Size, t.Name, t.Maps.Region().Size))
		}
		if m, limit := a.beyond(t.Maps.Region()); m != nil {
			return nil, refuse(m, fmt.Sprintf("it takes %d bytes from %#x on, and code reaches maps below %#x, for their addresses differ in 32 bits", a.at[m].Size, a.at[m].Base, limit))
		}
	}
	for _, m := range a.maps {
		if p := a.at[m]; len(p.Compared) > 0 {
			p.CompareLock += p.Base
		}
	}
	return a, nil
}

// beyond returns a map of a region that does not lie in the 2^32 bytes that the region
// begins in, nil for none, and their end.
func (a *atlas) beyond(r *target.Region) (m *object.Map, limit uint64) {
	limit = r.Base&^(1<<32-1) + 1<<32
	for _, m := range a.maps {
		if p := a.at[m]; p.Base >= r.Base && p.Base-r.Base < r.Size && p.Base+p.Size > limit {
			return m, limit
		}
	}
	return nil, limit
}

// hasLock reports whether the values of a map have a lock.
func hasLock(m *object.Map) bool {
	_, ok, _ := m.SpinLock()
	return ok
}

// nest notes how the maps lie that a map of maps holds. It returns a reason why they
// cannot be had.
func (a *atlas) nest(m *object.Map, t *target.Target) string {
	like := a.like(m)
	for _, in := range innerMaps(m) {
		if len(a.at[in].Compared) > 0 {
			return fmt.Sprintf("values of map %s that it holds are compared and exchanged, under a lock that programs which reach it through the map of maps do not know", in.Name)
		}
		if in.MaxEntries != like.MaxEntries {
			return fmt.Sprintf("it holds maps of %d and of %d entries, and its inner maps lie alike", like.MaxEntries, in.MaxEntries)
		}
	}
	kind := microcode.Of(like.Type)
	l := kind.Layout(a.located(like, t))
	a.at[m].Inner = &ssa.MapPlace{Stride: l.Step(), Size: l.Size(), Copies: l.Values().Copies, Swapped: a.at[m].Swapped, Hashed: !kind.Indexed, Near: near(kind, a.located(like, t))}
	return ""
}

// near returns what lookups in a map can return of a value.
func near(kind *microcode.Kind, m microcode.Map) (n ssa.Near) {
	if kind.Near != nil {
		at, words := kind.Near(m)
		n = ssa.Near{At: uint8(at), Words: words}
	}
	return n
}

// swappedMaps returns the maps whose values stand in the order of the atomic
// engine: those that a program counts in, and those that some program reaches by
// the same pointer as one of them. Inner maps share an order, for which their map
// of maps stands, too.
func swappedMaps(u *backend.Unit, all []*object.Map) map[*object.Map]bool {
	out := map[*object.Map]bool{}
	for again := true; again; {
		again = false
		for _, p := range u.Parts {
			own := p.Program.Source().Maps
			set := atomicMaps(p.Program)
			for k, m := range own {
				set[k] = set[k] || out[m]
			}
			for k, swapped := range alike(p.Program, set) {
				if swapped && !out[own[k]] {
					out[own[k]], again = true, true
				}
			}
		}
		for _, m := range all {
			group := append(innerMaps(m), m)
			if len(group) == 1 || !slices.ContainsFunc(group, func(g *object.Map) bool { return out[g] }) {
				continue
			}
			for _, g := range group {
				again = again || !out[g]
				out[g] = true
			}
		}
	}
	return out
}

// mapUse returns the first slot that names the map, or -1.
func mapUse(src *object.Program, m *object.Map) int {
	for pc, in := range src.Insns {
		if k, ok := in.MapIndex(); ok && src.Maps[k] == m {
			return pc
		}
	}
	return -1
}

func mapLine(src *object.Program, m *object.Map) *object.Line {
	if pc := mapUse(src, m); pc >= 0 {
		return src.PlaceAt(pc)
	}
	return nil
}

// atomicMaps tells which maps the program changes with atomic operations.
func atomicMaps(p *verify.Program) []bool {
	src := p.Source()
	out := make([]bool, len(src.Maps))
	for pc, in := range src.Insns {
		op := in.AtomicOp()
		if !p.Reached(pc) || !in.IsAtomic() || op == bpf.AtomicLoadAcq || op == bpf.AtomicStoreRel {
			continue
		}
		if r := p.Reg(pc, int(in.Dst)); r.Kind == verify.PtrMapValue {
			for k := range out {
				out[k] = out[k] || r.MayBe(k)
			}
		}
	}
	return out
}

// comparedBytes returns the bytes of values that programs compare and exchange, by map.
func comparedBytes(u *backend.Unit) map[*object.Map][]ssa.Span {
	out := map[*object.Map][]ssa.Span{}
	for _, part := range u.Parts {
		p := part.Program
		src := p.Source()
		for pc, in := range src.Insns {
			if !p.Reached(pc) || !in.IsAtomic() || in.AtomicOp() != bpf.AtomicCmpXchg {
				continue
			}
			r := p.Reg(pc, int(in.Dst))
			if r.Kind != verify.PtrMapValue || r.Inner {
				continue // the stack, or refused where it stands
			}
			for k, m := range src.Maps {
				if !r.MayBe(k) || m.Inner != nil {
					continue
				}
				s := ssa.Span{Hi: int64(m.ValueSize)}
				if r.OffKnown {
					s.Lo = int64(r.Off) + int64(in.Off)
					s.Hi = s.Lo + int64(in.Bytes())
				}
				out[m] = append(out[m], s)
			}
		}
	}
	return out
}

// alike adds to a set of maps those that the program reaches by a pointer which
// may belong to a map of the set as well, for one instruction takes words of both
// in the same order.
func alike(p *verify.Program, set []bool) []bool {
	var met []*verify.Reg
	seen := map[verify.MapSet]bool{}
	for pc := range p.Source().Insns {
		for r := range 10 {
			x := p.Reg(pc, r)
			if x.Map < 0 && (x.Kind == verify.PtrMapValue || x.Kind == verify.PtrMapValueOrNull || x.Kind == verify.Mixed) && !seen[x.Among] {
				seen[x.Among] = true
				met = append(met, x)
			}
		}
	}
	for again := true; again; {
		again = false
		for _, x := range met {
			any, all := false, true
			for k := range set {
				any, all = any || set[k] && x.MayBe(k), all && (set[k] || !x.MayBe(k))
			}
			if !any || all {
				continue
			}
			again = true
			for k := range set {
				set[k] = set[k] || x.MayBe(k)
			}
		}
	}
	return set
}

// describe describes the maps for loaders. number gives the programs' numbers by
// name.
func (a *atlas) describe(t *target.Target, number map[string]uint32) []image.Map {
	var out []image.Map
	for _, m := range a.maps {
		p := a.at[m]
		im := image.Map{
			Name: m.Name, Type: m.Type.String(), KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries, Flags: m.Flags,
			ID: p.ID,
		}
		for _, e := range m.Initial {
			value := e.Value
			if program := m.Ends[string(e.Key)]; program != "" {
				value = binary.LittleEndian.AppendUint32(slices.Clone(value[:4]), number[program])
			}
			im.Initial = append(im.Initial, image.Entry{Key: e.Key, Value: value})
		}
		for _, index := range slices.Sorted(maps.Keys(m.Programs)) {
			im.Initial = append(im.Initial, image.Entry{
				Key: binary.LittleEndian.AppendUint32(nil, index), Value: binary.LittleEndian.AppendUint32(nil, number[m.Programs[index]]),
			})
		}
		for _, index := range slices.Sorted(maps.Keys(m.Inners)) {
			im.Initial = append(im.Initial, image.Entry{
				Key: binary.LittleEndian.AppendUint32(nil, index), Value: binary.LittleEndian.AppendUint32(nil, a.at[m.Inners[index]].ID),
			})
		}
		if t.Direct() {
			l := microcode.Of(m.Type).Layout(a.located(m, t))
			im.Layout, im.Params = string(l.Kind()), l.Params()
			im.Base, im.Stride, im.Swapped = p.Base, l.Step(), p.Swapped && p.Inner == nil
			if p.Inner != nil {
				im.Params[maplayout.ParamInner] = uint64(a.at[a.like(m)].ID)
			}
		} else {
			for _, use := range p.Use {
				im.WordUse = append(im.WordUse, uint8(use))
			}
		}
		out = append(out, im)
	}
	return out
}

// located describes a map at its place.
func (a *atlas) located(m *object.Map, t *target.Target) microcode.Map {
	shape := maplayout.Shape{KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries}
	if t.Card.CPUs == target.CPUsContext && m.Type.PerCPU() {
		shape.CPUs = uint32(t.Card.PerCPU())
	}
	if off, ok, err := m.SpinLock(); err == nil && ok {
		shape.Spin = maplayout.Spin{Has: true, At: off}
	}
	p := a.at[m]
	shape.Compared = len(p.Compared) > 0
	return microcode.Map{Type: m.Type, Shape: shape, Target: t, Base: p.Base, Swapped: p.Swapped, Extra: m.Extra, Programs: a.count}
}
