package sim

import (
	"bytes"
	"fmt"
	"slices"
	"syscall"

	"github.com/skipsw/skipsw/nfpisa/image"
)

// Update flags, as the kernel numbers them.
const (
	UpdateAny     = 0 // create or replace
	UpdateNoExist = 1 // create only
	UpdateExist   = 2 // replace only
)

// Map is one map in the machine's memory. Keys and values at its methods are
// in the host's byte order, whatever order the memory has.
type Map struct {
	info       image.Map
	mem        *memory
	lo, hi     uint64 // region, as offsets from emBase
	stride     uint32
	valueWords uint32 // value size rounded up to words: what a program may touch
	values     valuesIn
	table      table
	swapWord   []bool // words that are stored with their bytes reversed
}

// valuesIn says where in a region values are: from first on, stride bytes
// apart, each at an offset. What else is in the region is for linked routines
// only.
type valuesIn struct{ first, stride, offset uint64 }

// inside reports whether n bytes at offset off of the region lie in one value
// of size bytes, and how far from the value's beginning.
func (v valuesIn) inside(off uint64, n, size uint32) (uint64, bool) {
	if off < v.first {
		return 0, false
	}
	in := (off-v.first)%v.stride - v.offset
	return in, in+uint64(n) <= uint64(size) && in < uint64(size)
}

// mixed reports whether the region holds more than values.
func (v valuesIn) mixed() bool { return v.first != 0 || v.offset != 0 }

// table finds values by key. Values are named by their offset from emBase.
type table interface {
	reset()
	find(key []byte) (value uint64, ok bool)
	// exact finds the entry of the key itself, which is what an update
	// changes; find may answer with another that covers it.
	exact(key []byte) (value uint64, ok bool)
	// insert makes room for a key that exact does not find.
	insert(key []byte) (value uint64, errno syscall.Errno)
	remove(key []byte) syscall.Errno
	// each calls f for every entry; f may keep the key.
	each(f func(key []byte, value uint64))
}

// Info returns the map's description.
func (m *Map) Info() image.Map { return m.info }

// newMap prepares a map whose region is lo to hi.
func newMap(mem *memory, info image.Map, lo, hi uint64, stride uint32) *Map {
	m := &Map{
		info: info, mem: mem, lo: lo, hi: hi, stride: stride,
		valueWords: (info.ValueSize + 3) &^ 3, swapWord: make([]bool, (info.ValueSize+3)/4),
	}
	for i := range m.swapWord {
		m.swapWord[i] = info.Swapped || i < len(info.WordUse) && info.WordUse[i] == wordAtomic
	}
	return m
}

// wordAtomic is the use of a value word that is an atomic counter.
const wordAtomic = 3

// holds reports whether n bytes of memory from offset in of a value on, which
// lie in its words, are bytes of the value and not padding.
func (m *Map) holds(in uint64, n uint32) bool {
	for k := in; k < in+uint64(n); k++ {
		at := k
		if m.swapWord[k/4] {
			at = k ^ 3
		}
		if at >= uint64(m.info.ValueSize) {
			return false
		}
	}
	return true
}

// reset brings back the initial entries.
func (m *Map) reset() error {
	clear(m.mem.arena[m.lo:m.hi])
	m.table.reset()
	for _, e := range m.info.Initial {
		if err := m.Update(e.Key, e.Value, UpdateAny); err != nil {
			return fmt.Errorf("initial entry %x: %w", e.Key, err)
		}
	}
	return nil
}

// place finds or makes the value of a key for an update. It returns 0 or a
// positive errno.
func (m *Map) place(key []byte, flags uint64) (uint64, syscall.Errno) {
	if flags > UpdateExist {
		return 0, syscall.EINVAL
	}
	v, ok := m.table.exact(key)
	switch {
	case ok && flags == UpdateNoExist:
		return 0, syscall.EEXIST
	case ok:
		return v, 0
	case flags == UpdateExist && !isArray(m.info.Type):
		return 0, syscall.ENOENT
	}
	return m.table.insert(key)
}

// read copies a value in host order to dst.
func (m *Map) read(dst []byte, value uint64) {
	src := m.mem.arena[value:]
	for i := range dst {
		k := i
		if m.swapWord[i/4] {
			k = i ^ 3
		}
		dst[i] = src[k]
	}
}

// write stores a value in host order.
func (m *Map) write(value uint64, v []byte) {
	dst := m.mem.arena[value:]
	for i := range v {
		k := i
		if m.swapWord[i/4] {
			k = i ^ 3
		}
		dst[k] = v[i]
	}
}

func (m *Map) checkKey(key []byte) error {
	if len(key) != int(m.info.KeySize) {
		return fmt.Errorf("map %q: key of %d bytes, want %d: %w", m.info.Name, len(key), m.info.KeySize, syscall.EINVAL)
	}
	return nil
}

// Lookup returns a copy of the value of a key.
func (m *Map) Lookup(key []byte) (value []byte, ok bool) {
	if len(key) != int(m.info.KeySize) {
		return nil, false
	}
	v, ok := m.table.find(key)
	if !ok {
		return nil, false
	}
	value = make([]byte, m.info.ValueSize)
	m.read(value, v)
	return value, true
}

// Update stores a value. Errors wrap the kernel's errno: EEXIST, ENOENT, E2BIG
// (the map is full, or the index is out of range), EINVAL.
func (m *Map) Update(key, value []byte, flags uint64) error {
	if err := m.checkKey(key); err != nil {
		return err
	}
	if len(value) != int(m.info.ValueSize) {
		return fmt.Errorf("map %q: value of %d bytes, want %d: %w", m.info.Name, len(value), m.info.ValueSize, syscall.EINVAL)
	}
	v, errno := m.place(key, flags)
	if errno != 0 {
		return fmt.Errorf("map %q: update %x: %w", m.info.Name, key, errno)
	}
	m.write(v, value)
	return nil
}

// Delete removes a key. Errors wrap the kernel's errno: ENOENT, or EINVAL for
// an array, whose entries cannot be deleted.
func (m *Map) Delete(key []byte) error {
	if err := m.checkKey(key); err != nil {
		return err
	}
	if errno := m.table.remove(key); errno != 0 {
		return fmt.Errorf("map %q: delete %x: %w", m.info.Name, key, errno)
	}
	return nil
}

// Entries returns copies of all entries, sorted by the bytes of the key.
func (m *Map) Entries() []image.Entry {
	var out []image.Entry
	m.table.each(func(key []byte, value uint64) {
		v := make([]byte, m.info.ValueSize)
		m.read(v, value)
		out = append(out, image.Entry{Key: key, Value: v})
	})
	slices.SortFunc(out, func(a, b image.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return out
}
