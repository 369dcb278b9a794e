package hostmap

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// nestedTable is an array of maps. Its values are low words of addresses of inner
// maps, and change by one write of a word.
type nestedTable struct{ sparse }

var _ = register(maplayout.KindNested, func(_ *image.Map, l maplayout.Layout) table {
	n := l.(maplayout.Nested)
	return &nestedTable{sparse{entries: n.Entries, at: n.Entry}}
})

// family is the maps that were made together, by their numbers. Maps of maps hold
// only maps of their own family.
type family struct {
	space *Space
	all   []*Map
	next  uint32 // the number of the next one
}

// Link makes maps that were created find each other by their numbers, and puts
// into maps of maps what they begin with.
func (s *Space) Link(all []*Map) error {
	f := &family{space: s, all: slices.Clone(all), next: 1}
	for _, m := range all {
		m.family = f
		f.next = max(f.next, m.info.ID+1)
	}
	for _, m := range all {
		if !m.IsNested() {
			continue
		}
		if m.like() == nil {
			return fmt.Errorf("map %q: its inner maps are like map number %d, which is not there", m.info.Name, m.info.Params[maplayout.ParamInner])
		}
		if err := m.Reset(); err != nil {
			return fmt.Errorf("map %q: %w", m.info.Name, err)
		}
	}
	return nil
}

// byNumber returns the map with a number, nil if there is none.
func (f *family) byNumber(n uint32) *Map {
	for _, m := range f.all {
		if m.info.ID == n {
			return m
		}
	}
	return nil
}

// IsNested reports whether the values of the map are maps. The host's value of an
// entry is the number of a map, image.Map.ID.
func (m *Map) IsNested() bool {
	return m.typ == bpf.MapTypeArrayOfMaps || m.typ == bpf.MapTypeHashOfMaps
}

// like returns the map that inner maps are like.
func (m *Map) like() *Map { return m.family.byNumber(uint32(m.info.Params[maplayout.ParamInner])) }

// fits reports whether an inner map lies as the code of programs expects.
func (m *Map) fits(in *Map) bool {
	a, b := m.like().info, in.info
	return a.Type == b.Type && a.KeySize == b.KeySize && a.ValueSize == b.ValueSize && a.MaxEntries == b.MaxEntries && a.Flags == b.Flags && a.Swapped == b.Swapped
}

// NewInner makes a map that is like those that a map of maps holds, empty and with
// a number of its own, and puts it nowhere: an update of an entry does, by one
// write of a word. The name tells it from others.
func (m *Map) NewInner(name string) (*Map, error) {
	if !m.IsNested() {
		return nil, m.error(bpf.EINVAL, "an inner map of a map of type %v", m.typ)
	}
	f := m.family
	for _, other := range f.all {
		if other.info.Name == name {
			return nil, m.error(bpf.EEXIST, "inner map %q", name)
		}
	}
	info := m.like().info
	info.Name, info.Initial, info.ID = name, nil, f.next
	in, err := f.space.createLike(m.like(), info)
	if err != nil {
		return nil, err
	}
	f.next++
	in.family, in.made = f, true
	f.all = append(f.all, in)
	return in, nil
}

// FreeInner takes a map that NewInner has made out of memory. It is an error while
// a map of maps holds it. Packets that are under way may still use it: its memory is
// free when all of them have ended.
func (m *Map) FreeInner() error {
	f := m.family
	if !m.made {
		return m.error(bpf.EINVAL, "it belongs to the image")
	}
	for _, outer := range f.all {
		if outer.IsNested() && slices.ContainsFunc(outer.Entries(), func(e image.Entry) bool { return binary.LittleEndian.Uint32(e.Value) == m.info.ID }) {
			return m.error(bpf.EINVAL, "map %q holds it", outer.info.Name)
		}
	}
	f.all = slices.DeleteFunc(f.all, func(o *Map) bool { return o == m })
	f.space.grace.leaving = append(f.space.grace.leaving, m)
	f.space.pass()
	return nil
}

// Number returns the number of the map, by which maps of maps hold it.
func (m *Map) Number() uint32 { return m.info.ID }

// Inner returns the map that an entry of a map of maps holds.
func (m *Map) Inner(key []byte) (*Map, bool) {
	v, ok := m.Lookup(key)
	if !ok || !m.IsNested() {
		return nil, false
	}
	in := m.family.byNumber(binary.LittleEndian.Uint32(v))
	return in, in != nil
}

// Named returns the map of a name among those that a map of maps can hold.
func (m *Map) Named(name string) (*Map, bool) {
	for _, in := range m.family.all {
		if in.info.Name == name && m.fits(in) {
			return in, true
		}
	}
	return nil, false
}

// held takes the number of a map that a host gives to the word that memory holds.
func (m *Map) held(key, value []byte, flags uint64) ([]byte, error) {
	number := binary.LittleEndian.Uint32(value)
	in := m.family.byNumber(number)
	switch {
	case m.typ == bpf.MapTypeArrayOfMaps && flags != UpdateAny:
		return nil, m.error(bpf.EINVAL, "update %x: entries of an array of maps take no flags", key)
	case in == nil:
		return nil, m.error(bpf.EINVAL, "update %x: there is no map number %d", key, number)
	case !m.fits(in):
		return nil, m.error(bpf.EINVAL, "update %x: map %q is not like the inner maps of this one, of which %q is one", key, in.info.Name, m.like().info.Name)
	}
	return binary.LittleEndian.AppendUint32(nil, uint32(low(&in.info))), nil
}

// number takes a word that memory holds to the number of the map, 0 for none.
func (m *Map) number(word []byte) {
	at, n := binary.LittleEndian.Uint32(word), uint32(0)
	for _, in := range m.family.all {
		if uint32(low(&in.info)) == at && m.fits(in) {
			n = in.info.ID
		}
	}
	binary.LittleEndian.PutUint32(word, n)
}

// copyNested gives a map of maps what another one holds: inner maps of the same
// names with the contents of those. Those that are not there are made.
func (m *Map) copyNested(src *Map) error {
	for _, e := range m.Entries() {
		if err := m.Delete(e.Key); err != nil {
			return err
		}
	}
	for _, e := range src.Entries() {
		from, ok := src.Inner(e.Key)
		if !ok {
			continue
		}
		to, there := m.Named(from.info.Name)
		if !there {
			var err error
			if to, err = m.NewInner(from.info.Name); err != nil {
				return err
			}
		}
		if err := to.CopyFrom(from); err != nil {
			return err
		}
		if err := m.Update(e.Key, binary.LittleEndian.AppendUint32(nil, to.Number()), UpdateAny); err != nil {
			return err
		}
	}
	return nil
}
