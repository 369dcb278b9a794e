package hostmap

import (
	"fmt"
	"maps"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
)

// CopyFrom gives the map the contents of another one of the same type and sizes.
// Where both lie alike in memory it costs a copy of the memory.
func (m *Map) CopyFrom(src *Map) error {
	a, b := &m.info, &src.info
	if m.typ != src.typ || a.KeySize != b.KeySize || a.ValueSize != b.ValueSize || a.MaxEntries != b.MaxEntries {
		return fmt.Errorf("map %q: contents of %q, which has another shape", a.Name, b.Name)
	}
	if m.IsNested() {
		return m.copyNested(src)
	}
	if m.liesLike(src) {
		copy(m.region.Data, src.region.Data)
		if t, ok := m.table.(*trieTable); ok {
			t.upTo = t.word(trieKept)
		}
		m.forgetLocks()
		return nil
	}
	if _, ok := m.table.(*programTable); ok {
		return m.copySlots(src)
	}
	value := make([]byte, src.ValueBytes())
	if to, ok := m.table.(*arrayTable); ok {
		src.table.each(func(key []byte, from uint64) {
			src.read(value, from)
			at, _ := to.find(key)
			m.write(at, value)
		})
		return nil
	}
	return m.copyEntries(src)
}

// liesLike reports whether the memory of two maps means the same: what a table
// keeps is all in it, pointers count from the same address, values have the same
// order of bytes.
func (m *Map) liesLike(o *Map) bool {
	switch m.table.(type) {
	case *arrayTable, *chainTable, *ringTable, *slotsTable, *trieTable, *bloomTable:
	default:
		return false
	}
	a, b := &m.info, &o.info
	return a.Layout == b.Layout && a.Base == b.Base && a.Stride == b.Stride && a.Swapped == b.Swapped && maps.Equal(a.Params, b.Params) &&
		slices.Equal(m.region.Values.Reversed, o.region.Values.Reversed) && len(m.region.Data) == len(o.region.Data)
}

// copySlots copies a program array, whose slots are checked.
func (m *Map) copySlots(src *Map) error {
	for _, e := range m.Entries() {
		if err := m.Delete(e.Key); err != nil {
			return err
		}
	}
	for _, e := range src.Entries() {
		if err := m.Update(e.Key, e.Value, UpdateAny); err != nil {
			return err
		}
	}
	return nil
}

// copyEntries makes the map empty and puts in the entries of another one.
func (m *Map) copyEntries(src *Map) error {
	type entry struct {
		key []byte
		at  uint64
	}
	var all []entry
	src.table.each(func(key []byte, at uint64) { all = append(all, entry{key, at}) })
	if m.typ == bpf.MapTypeStack { // listed in the order in which they are taken out
		slices.Reverse(all)
	}
	clear(m.region.Data)
	m.table.reset(m.region.Data)
	value := make([]byte, src.ValueBytes())
	for _, e := range all {
		at, errno := m.place(e.key, UpdateAny)
		if errno != 0 {
			return m.error(errno, "copy %x of %q", e.key, src.info.Name)
		}
		src.read(value, e.at)
		m.write(at, value)
	}
	return nil
}

// forgetLocks leaves no value's lock held: who held it holds that of another map.
func (m *Map) forgetLocks() {
	if !m.spin.Has {
		return
	}
	m.table.each(func(_ []byte, value uint64) { clear(m.region.Data[value+uint64(m.spin.At):][:bpf.SpinLockBytes]) })
}
