package offload

import (
	"slices"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/translate/object"
)

// reuse says which map of the old program each map of a new one uses on, by
// index: nil for a map that is made new. An old map is used at most once.
//
// Devices may keep the beginning of a name only (MapInfo.Name), so that two
// maps can look alike. Where the device knows the whole name (FullName), that
// decides. A name that was cut short decides only if the two programs have
// alike maps at every place; otherwise nobody can tell, and the map is made new.
func reuse(old []MapInfo, p *Program) []*MapInfo {
	maps, places := p.Maps, p.MapPlaces()
	out := make([]*MapInfo, len(maps))
	taken := make([]bool, len(old))
	pair := func(fits func(k int, o *MapInfo, m *object.Map) bool) {
		for i, m := range maps {
			for k := range old {
				if out[i] == nil && !taken[k] && sameShape(&old[k], m) && fits(k, &old[k], m) {
					out[i], taken[k] = &old[k], true
				}
			}
		}
	}
	pair(func(_ int, o *MapInfo, m *object.Map) bool {
		return o.FullName == m.Name || o.FullName == "" && sys.Kept(o.Name)
	})
	if !alike(old, maps, places) {
		return out
	}
	pair(func(k int, o *MapInfo, m *object.Map) bool {
		return o.FullName == "" && k < len(places) && maps[places[k]] == m
	})
	return out
}

// alike reports whether the maps of an old program and those of a new one, in
// the order of their first use, have the same names and shapes.
func alike(old []MapInfo, maps []*object.Map, places []int) bool {
	if len(old) != len(places) {
		return false
	}
	for k, i := range places {
		if !sameShape(&old[k], maps[i]) {
			return false
		}
	}
	return true
}

// sameShape reports whether a map can use an old one on: the name as far as it
// is kept, the shape, and contents that are not the program's own. Constants and
// the programs of a program array are the program's own.
func sameShape(o *MapInfo, m *object.Map) bool {
	return o.Name == KernelName(m.Name) && o.Type == m.Type && o.KeySize == m.KeySize &&
		o.ValueSize == m.ValueSize && o.MaxEntries == m.MaxEntries && o.Flags == m.Flags && !ownContents(m)
}

// MapPlaces returns the program's maps by index in the order of their first
// use, which is the order in which devices list them. A map that no instruction
// uses is left out.
func (p *Program) MapPlaces() []int {
	var places []int
	for _, in := range p.Insns {
		if i, ok := in.MapIndex(); ok && !slices.Contains(places, i) && i >= 0 && i < len(p.Maps) {
			places = append(places, i)
		}
	}
	return places
}
