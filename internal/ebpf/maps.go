package ebpf

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// maxMapMemory bounds what one map takes, in bytes.
const maxMapMemory = 1 << 30

// Map is a map of a VM.
type Map struct {
	spec   *object.Map
	at     layout
	index  int // in the VM's list
	stride int // bytes of a value in mem
	shift  uint
	guard  int64 // virtual bytes in front of a value
	// locks says that values have a bpf_spin_lock, from byte lock on.
	locks bool
	lock  int

	mem   []byte         // values, by entry
	keys  map[string]int // entry of a key; not for arrays
	names []string       // key of an entry
	free  []int          // entries to use again, the last first
	extra int            // entry kept back for replacements, or -1
	late  []int          // entries that become free after the run
	used  []uint64       // lru: time of last use, by entry
	clock uint64
	fifo  []int           // queue, stack: entries, oldest first
	has   map[string]bool // Bloom filter: what was put in
	ring  ring
	progs map[uint32]*program
	inner map[string]*Map
}

// bit sets of map types, by number.
const (
	arrayTypes  = 1<<bpf.MapTypeArray | 1<<bpf.MapTypePerCPUArray
	hashTypes   = 1<<bpf.MapTypeHash | 1<<bpf.MapTypePerCPUHash | lruTypes
	lruTypes    = 1<<bpf.MapTypeLRUHash | 1<<bpf.MapTypeLRUPerCPUHash
	fifoTypes   = 1<<bpf.MapTypeQueue | 1<<bpf.MapTypeStack
	nestTypes   = 1<<bpf.MapTypeArrayOfMaps | 1<<bpf.MapTypeHashOfMaps
	targetTypes = 1<<bpf.MapTypeDevMap | 1<<bpf.MapTypeCPUMap | 1<<bpf.MapTypeXSKMap | 1<<bpf.MapTypeDevMapHash
	otherTypes  = 1<<bpf.MapTypeBloomFilter | 1<<bpf.MapTypeLPMTrie | 1<<bpf.MapTypeProgArray | 1<<bpf.MapTypePerfEventArray | 1<<bpf.MapTypeRingbuf
	allTypes    = arrayTypes | hashTypes | fifoTypes | nestTypes | targetTypes | otherTypes
)

func (m *Map) is(set uint64) bool { return set>>m.spec.Type&1 != 0 }

func newMap(spec *object.Map, at layout) (*Map, error) {
	m := &Map{spec: spec, at: at}
	fail := func(format string, args ...any) (*Map, error) {
		return nil, fmt.Errorf("map %s: "+format, append([]any{spec.Name}, args...)...)
	}
	if spec.Type > 63 || !m.is(allTypes) {
		return fail("not supported: map type %d", spec.Type)
	}
	if m.is(arrayTypes|nestTypes&^(1<<bpf.MapTypeHashOfMaps)|1<<bpf.MapTypeProgArray) && spec.KeySize != 4 {
		return fail("arrays have keys of 4 bytes, not %d", spec.KeySize)
	}
	if m.is(hashTypes|arrayTypes|1<<bpf.MapTypeLPMTrie) && (spec.MaxEntries == 0 || spec.ValueSize == 0) {
		return fail("has values of %d bytes and %d entries", spec.ValueSize, spec.MaxEntries)
	}
	if m.is(hashTypes) && spec.KeySize == 0 {
		return fail("has keys of 0 bytes")
	}
	if m.is(1<<bpf.MapTypeLPMTrie) && (spec.KeySize <= 4 || spec.KeySize > 4+256) {
		return fail("tries have keys of 5 to 260 bytes, not %d", spec.KeySize)
	}
	off, locks, err := spec.SpinLock()
	if err != nil {
		return nil, err
	}
	m.lock, m.locks = int(off), locks
	m.stride = int(spec.ValueSize+7) &^ 7
	if spec.ValueSize > maxMapMemory || int64(m.stride)*int64(spec.MaxEntries) > maxMapMemory && m.is(arrayTypes) {
		return fail("not supported: %d entries of %d bytes, because that is more than %d bytes", spec.MaxEntries, spec.ValueSize, maxMapMemory)
	}
	m.shift = max(13, uint(bits.Len(uint(m.stride)))+1)
	m.guard = 1 << (m.shift - 2)
	return m, nil
}

// direct reports whether the program may name the address of a value.
func (m *Map) direct() bool { return m.spec.Type == bpf.MapTypeArray && m.spec.MaxEntries == 1 }

// object returns the address of the map itself.
func (m *Map) object() uint64 { return m.at.address(regMap, int64(m.index)<<6) }

// address returns the address of the value of an entry. Values lie far apart,
// so that an access beyond one never reaches the next.
func (m *Map) address(entry int) uint64 {
	return m.at.address(regValue+m.index, int64(entry)<<m.shift+m.guard)
}

func (m *Map) locate(off int64) (entry int, in int64) {
	return int(off >> m.shift), off&(1<<m.shift-1) - m.guard
}

func (m *Map) valueBytes(off int64, n int, write bool) []byte {
	entry, in := m.locate(off)
	if in < 0 || in+int64(n) > int64(m.spec.ValueSize) || m.guarded(in, n) || entry >= len(m.mem)/max(m.stride, 1) {
		return nil
	}
	if write && m.spec.Flags&bpf.FRdonlyProg != 0 || !write && m.spec.Flags&bpf.FWronlyProg != 0 {
		return nil
	}
	at := entry*m.stride + int(in)
	return m.mem[at : at+n]
}

func (m *Map) value(entry int) []byte {
	return m.mem[entry*m.stride:][:m.spec.ValueSize:m.spec.ValueSize]
}

// resetMap gives a map its initial entries.
func (vm *VM) resetMap(m *Map) error {
	m.free, m.late, m.names, m.used, m.fifo, m.extra, m.clock = nil, nil, nil, nil, nil, -1, 0
	m.progs, m.inner, m.ring = nil, nil, ring{}
	m.keys, m.has = make(map[string]int), make(map[string]bool)
	m.mem = nil
	if m.is(arrayTypes) {
		m.mem = make([]byte, m.stride*int(m.spec.MaxEntries))
	}
	for _, e := range m.spec.Initial {
		if err := m.Update(e.Key, e.Value); err != nil {
			return fmt.Errorf("initial entry: %w", err)
		}
	}
	if m.spec.Type == bpf.MapTypeProgArray {
		m.progs = make(map[uint32]*program)
		for k, name := range m.spec.Programs {
			for _, p := range vm.progs {
				if p.src.Name == name {
					m.progs[k] = p
				}
			}
			if m.progs[k] == nil {
				return fmt.Errorf("map %s names program %q, which is not given", m.spec.Name, name)
			}
		}
	}
	if m.is(nestTypes) {
		m.inner = make(map[string]*Map)
		for k, in := range m.spec.Inners {
			m.inner[string(le.AppendUint32(nil, k))] = vm.maps[vm.index[in]]
		}
	}
	return nil
}

// Spec returns the definition of the map.
func (m *Map) Spec() *object.Map { return m.spec }

// Entries returns the entries of the map in the order of their key bytes. All
// entries of an array exist. The bytes are the caller's.
func (m *Map) Entries() []object.Entry {
	out := []object.Entry{}
	if m.is(arrayTypes) {
		for i := range int(m.spec.MaxEntries) {
			out = append(out, object.Entry{Key: le.AppendUint32(nil, uint32(i)), Value: bytes.Clone(m.value(i))})
		}
	}
	for k, i := range m.keys {
		key := []byte(k)
		if m.spec.Type == bpf.MapTypeLPMTrie {
			key = []byte(m.names[i])
		}
		out = append(out, object.Entry{Key: key, Value: bytes.Clone(m.value(i))})
	}
	slices.SortFunc(out, func(a, b object.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return out
}

// Lookup returns a copy of the value of a key, or nil.
func (m *Map) Lookup(key []byte) []byte {
	if len(key) != int(m.spec.KeySize) {
		return nil
	}
	if i := m.find(key); i >= 0 {
		return bytes.Clone(m.value(i))
	}
	return nil
}

// Update writes an entry as the host does: created or replaced.
func (m *Map) Update(key, value []byte) error {
	if len(key) != int(m.spec.KeySize) || len(value) != int(m.spec.ValueSize) {
		return fmt.Errorf("map %s takes keys of %d and values of %d bytes, not %d and %d",
			m.spec.Name, m.spec.KeySize, m.spec.ValueSize, len(key), len(value))
	}
	if e := m.update(key, value, bpf.Any); e != 0 {
		return fmt.Errorf("update of map %s, key %x: %w", m.spec.Name, key, e)
	}
	m.endRun()
	return nil
}

// Delete removes an entry as the host does; false if there was none.
func (m *Map) Delete(key []byte) bool {
	ok := len(key) == int(m.spec.KeySize) && m.remove(key) == 0
	m.endRun()
	return ok
}

// endRun makes entries usable again that the program might have held.
func (m *Map) endRun() {
	m.free = append(m.free, m.late...)
	m.late = m.late[:0]
}

// find returns the entry of a key, or -1.
func (m *Map) find(key []byte) int {
	switch {
	case m.is(arrayTypes):
		if i := le.Uint32(key); i < m.spec.MaxEntries {
			return int(i)
		}
		return -1
	case m.spec.Type == bpf.MapTypeLPMTrie:
		return m.findPrefix(key)
	}
	i, ok := m.keys[string(key)]
	if !ok {
		return -1
	}
	if m.is(lruTypes) {
		m.touch(i)
	}
	return i
}

// update writes an entry by the program's rules and returns the kernel's
// error number, 0 if done.
func (m *Map) update(key, value []byte, flags uint64) bpf.Errno {
	switch {
	case flags&^bpf.FLock > bpf.Exist:
		return bpf.EINVAL
	case m.is(arrayTypes):
		i := le.Uint32(key)
		switch {
		case i >= m.spec.MaxEntries:
			return bpf.E2BIG
		case flags&bpf.NoExist != 0:
			return bpf.EEXIST
		case flags&bpf.FLock != 0 && !m.locks:
			return bpf.EINVAL
		}
		m.assign(int(i), value)
		return 0
	case flags&bpf.FLock != 0 && !m.locks:
		return bpf.EINVAL
	case m.spec.Type == bpf.MapTypeBloomFilter:
		return m.putIn(value, flags)
	case m.is(hashTypes | targetTypes):
		return m.updateHash(string(key), string(key), value, flags, bpf.E2BIG)
	case m.spec.Type == bpf.MapTypeLPMTrie:
		canon, ok := m.canonical(key)
		if !ok {
			return bpf.EINVAL
		}
		return m.updateHash(canon, string(key), value, flags, bpf.ENOSPC)
	}
	return bpf.EINVAL
}

// updateHash creates or replaces an entry. A replaced value moves to another
// place, as in the kernel, where the old one stays readable through pointers
// that the program still has; per-CPU values, and those of an update under
// their lock, are overwritten.
func (m *Map) updateHash(id, key string, value []byte, flags uint64, full bpf.Errno) bpf.Errno {
	old, exists := m.keys[id]
	switch {
	case exists && flags&bpf.NoExist != 0:
		return bpf.EEXIST
	case !exists && flags&bpf.Exist != 0:
		return bpf.ENOENT
	case exists && (flags&bpf.FLock != 0 || m.is(1<<bpf.MapTypePerCPUHash|1<<bpf.MapTypeLRUPerCPUHash)):
		m.assign(old, value)
		m.touch(old)
		return 0
	case !exists && len(m.keys) >= int(m.spec.MaxEntries) && !m.is(targetTypes):
		if !m.is(lruTypes) {
			return full
		}
		m.evict()
	}
	i := m.place(exists)
	m.assign(i, value)
	m.names[i] = key
	m.keys[id] = i
	m.touch(i)
	switch {
	case exists && m.recycles() && m.extra < 0:
		m.extra = old
	case exists:
		m.late = append(m.late, old)
	}
	return 0
}

// recycles reports whether the kernel keeps all entries of the map allocated.
func (m *Map) recycles() bool {
	return m.spec.Flags&bpf.FNoPrealloc == 0 && m.spec.Type == bpf.MapTypeHash
}

// place finds room for an entry.
func (m *Map) place(replaces bool) int {
	switch {
	case replaces && m.extra >= 0:
		i := m.extra
		m.extra = -1
		return i
	case len(m.free) > 0:
		i := m.free[len(m.free)-1]
		m.free = m.free[:len(m.free)-1]
		return i
	}
	i := len(m.names)
	m.mem = append(m.mem, make([]byte, m.stride)...)
	m.names = append(m.names, "")
	m.used = append(m.used, 0)
	return i
}

func (m *Map) touch(entry int) {
	m.clock++
	m.used[entry] = m.clock
}

// evict removes the entry that was not used for longest. The kernel's choice
// is an approximation of this one.
func (m *Map) evict() {
	var oldest string
	at := -1
	for k, i := range m.keys {
		if at < 0 || m.used[i] < m.used[at] {
			oldest, at = k, i
		}
	}
	delete(m.keys, oldest)
	m.late = append(m.late, at)
}

// remove deletes an entry by the program's rules and returns the kernel's
// error number.
func (m *Map) remove(key []byte) bpf.Errno {
	id := string(key)
	switch {
	case m.is(hashTypes | targetTypes):
	case m.spec.Type == bpf.MapTypeLPMTrie:
		var ok bool
		if id, ok = m.canonical(key); !ok {
			return bpf.EINVAL
		}
	default:
		return bpf.EINVAL
	}
	i, ok := m.keys[id]
	if !ok {
		return bpf.ENOENT
	}
	delete(m.keys, id)
	if m.recycles() {
		m.free = append(m.free, i)
	} else {
		m.late = append(m.late, i)
	}
	return 0
}
