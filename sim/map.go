package sim

import (
	"bytes"
	"encoding/binary"
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
	values     bool   // the region is nothing but values, stride bytes apart
	hashed     bool
	index      map[string]uint32 // hash: key to slot
	keys       [][]byte          // hash: key of each slot, nil when free
	freeSlots  []uint32
	swapWord   []bool // words that are stored with their bytes reversed
}

// Info returns the map's description.
func (m *Map) Info() image.Map { return m.info }

// newMap prepares a map at offset lo of memory. Its region is lo to hi.
func newMap(mem *memory, info image.Map, lo uint64, stride uint32, hashed bool) *Map {
	m := &Map{
		info: info, mem: mem, lo: lo, hi: lo + uint64(stride)*uint64(info.MaxEntries), stride: stride,
		valueWords: (info.ValueSize + 3) &^ 3, values: true, hashed: hashed,
		swapWord: make([]bool, (info.ValueSize+3)/4),
	}
	for i := range m.swapWord {
		m.swapWord[i] = info.Swapped || i < len(info.WordUse) && info.WordUse[i] == wordAtomic
	}
	return m
}

// wordAtomic is the use of a value word that is an atomic counter.
const wordAtomic = 3

// reset brings back the initial entries.
func (m *Map) reset() error {
	clear(m.mem.arena[m.lo:m.hi])
	if m.hashed {
		m.index = make(map[string]uint32, len(m.info.Initial))
		m.keys = make([][]byte, m.info.MaxEntries)
		m.freeSlots = m.freeSlots[:0]
		for s := int(m.info.MaxEntries) - 1; s >= 0; s-- {
			m.freeSlots = append(m.freeSlots, uint32(s))
		}
	}
	for _, e := range m.info.Initial {
		if err := m.Update(e.Key, e.Value, UpdateAny); err != nil {
			return fmt.Errorf("initial entry %x: %w", e.Key, err)
		}
	}
	return nil
}

// slot returns the slot of a key.
func (m *Map) slot(key []byte) (uint32, bool) {
	if m.hashed {
		s, ok := m.index[string(key)]
		return s, ok
	}
	i := binary.LittleEndian.Uint32(key)
	return i, i < m.info.MaxEntries
}

// address returns the offset of a slot's value from emBase.
func (m *Map) address(slot uint32) uint64 { return m.lo + uint64(slot)*uint64(m.stride) }

// place finds or makes the slot of a key for an update. It returns 0 or a
// positive errno.
func (m *Map) place(key []byte, flags uint64) (uint32, syscall.Errno) {
	if flags > UpdateExist {
		return 0, syscall.EINVAL
	}
	s, ok := m.slot(key)
	switch {
	case !m.hashed && !ok:
		return 0, syscall.E2BIG
	case ok && flags == UpdateNoExist:
		return 0, syscall.EEXIST
	case ok:
		return s, 0
	case flags == UpdateExist:
		return 0, syscall.ENOENT
	case len(m.freeSlots) == 0:
		return 0, syscall.E2BIG
	}
	s = m.freeSlots[len(m.freeSlots)-1]
	m.freeSlots = m.freeSlots[:len(m.freeSlots)-1]
	k := bytes.Clone(key)
	m.keys[s] = k
	m.index[string(k)] = s
	return s, 0
}

// remove deletes a key. It returns 0 or a positive errno.
func (m *Map) remove(key []byte) syscall.Errno {
	if !m.hashed {
		return syscall.EINVAL
	}
	s, ok := m.index[string(key)]
	if !ok {
		return syscall.ENOENT
	}
	delete(m.index, string(key))
	m.keys[s] = nil
	m.freeSlots = append(m.freeSlots, s)
	return 0
}

// read copies a slot's value in host order to dst.
func (m *Map) read(dst []byte, slot uint32) {
	src := m.mem.arena[m.address(slot):]
	for i := range dst {
		k := i
		if m.swapWord[i/4] {
			k = i ^ 3
		}
		dst[i] = src[k]
	}
}

// write stores a value in host order in a slot.
func (m *Map) write(slot uint32, v []byte) {
	dst := m.mem.arena[m.address(slot):]
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
	s, ok := m.slot(key)
	if !ok {
		return nil, false
	}
	value = make([]byte, m.info.ValueSize)
	m.read(value, s)
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
	s, errno := m.place(key, flags)
	if errno != 0 {
		return fmt.Errorf("map %q: update %x: %w", m.info.Name, key, errno)
	}
	m.write(s, value)
	return nil
}

// Delete removes a key. Errors wrap the kernel's errno: ENOENT, or EINVAL for
// an array, whose entries cannot be deleted.
func (m *Map) Delete(key []byte) error {
	if err := m.checkKey(key); err != nil {
		return err
	}
	if errno := m.remove(key); errno != 0 {
		return fmt.Errorf("map %q: delete %x: %w", m.info.Name, key, errno)
	}
	return nil
}

// Entries returns copies of all entries, sorted by the bytes of the key.
func (m *Map) Entries() []image.Entry {
	var out []image.Entry
	add := func(key []byte, slot uint32) {
		v := make([]byte, m.info.ValueSize)
		m.read(v, slot)
		out = append(out, image.Entry{Key: key, Value: v})
	}
	if m.hashed {
		for s, k := range m.keys {
			if k != nil {
				add(bytes.Clone(k), uint32(s))
			}
		}
	} else {
		for s := range m.info.MaxEntries {
			k := make([]byte, m.info.KeySize)
			binary.LittleEndian.PutUint32(k, s)
			add(k, s)
		}
	}
	slices.SortFunc(out, func(a, b image.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return out
}
