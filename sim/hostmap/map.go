package hostmap

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"syscall"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Update flags, as the kernel numbers them.
const (
	UpdateAny     = bpf.Any     // create or replace
	UpdateNoExist = bpf.NoExist // create only
	UpdateExist   = bpf.Exist   // replace only
)

// Map is one map in card memory. Keys and values at its methods are in the
// host's byte order, whatever order the memory has.
type Map struct {
	info   image.Map
	typ    bpf.MapType
	region *mem.Region
	table  table
	guard  func(index, number uint32) error // of a program array's slots
	// guardEnd is asked about programs at the far ends of entries.
	guardEnd func(number uint32) error
	family   *family // nil until it is linked
	made     bool    // by NewInner
	spin     maplayout.Spin
	copies   maplayout.Copies // of a per-CPU map
	space    *Space           // nil until it is there
}

// keyless is a table without keys, whose values are put in and taken out in an
// order of its own.
type keyless interface {
	table
	// push makes room for a value.
	push(flags uint64) (value uint64, errno bpf.Errno)
	// pop takes the value out that a lookup finds.
	pop() bpf.Errno
}

// rekeyer is a table whose keys have bits that do not tell entries apart.
type rekeyer interface {
	// rekey gives the entry of a value the bits of the key that it is updated with.
	rekey(value uint64, key []byte)
}

// table finds values by key. Values are named by their offset in the region. A
// layout has its table in one file, which registers it.
type table interface {
	// reset makes the table empty, in memory that is all zero.
	reset(memory []byte)
	find(key []byte) (value uint64, ok bool)
	// exact finds the entry of the key itself, which is what an update
	// changes; find may answer with another that covers it.
	exact(key []byte) (value uint64, ok bool)
	// insert makes room for a key that exact does not find.
	insert(key []byte) (value uint64, errno bpf.Errno)
	remove(key []byte) bpf.Errno
	// each calls f for every entry; f may keep the key.
	each(f func(key []byte, value uint64))
}

// Info returns the map's description.
func (m *Map) Info() image.Map { return m.info }

// Region returns the memory that the map is in.
func (m *Map) Region() *mem.Region { return m.region }

// KeySize returns the size of a key in bytes.
func (m *Map) KeySize() int { return int(m.info.KeySize) }

// ValueSize returns the size of a value in bytes, as programs have it.
func (m *Map) ValueSize() int { return int(m.info.ValueSize) }

// ValueBytes returns the size of a value in bytes as Lookup and Entries give it: for a
// per-CPU map that of all CPUs, each rounded up to 8 bytes, if there are several.
func (m *Map) ValueBytes() int {
	if n := m.cpus(); n > 1 {
		return n * m.part()
	}
	return int(m.info.ValueSize)
}

// cpus returns how many values the host sees for a key.
func (m *Map) cpus() int {
	if m.space == nil {
		return min(1, int(m.copies.CPUs))
	}
	return min(m.space.cpus, int(m.copies.CPUs))
}

// part returns the bytes of one CPU's value among those of all, as the kernel gives them.
func (m *Map) part() int { return bpf.CPUValueBytes(int(m.info.ValueSize)) }

// IsArray reports whether the map is addressed by index.
func (m *Map) IsArray() bool { return isArray(m.typ) }

// largeMap is the size in bytes from which a map gets new memory when it is
// made empty: clearing would touch all of it.
const largeMap = 1 << 20

// Reset brings back the initial entries.
func (m *Map) Reset() error {
	if m.region.Size >= largeMap || m.region.Data == nil {
		m.region.Data = make([]byte, m.region.Size)
	} else {
		clear(m.region.Data)
	}
	m.table.reset(m.region.Data)
	guard, guardEnd := m.guard, m.guardEnd
	// What an image begins with is looked at when it is made.
	m.guard, m.guardEnd = nil, func(uint32) error { return nil }
	defer func() { m.guard, m.guardEnd = guard, guardEnd }()
	if m.IsNested() && m.family == nil {
		return nil // Link puts in what it begins with
	}
	for _, e := range m.info.Initial {
		if err := m.Update(e.Key, e.Value, UpdateAny); err != nil {
			return fmt.Errorf("initial entry %x: %w", e.Key, err)
		}
	}
	return nil
}

// Find returns the address of the value that a lookup of key gives.
func (m *Map) Find(key []byte) (addr uint64, ok bool) {
	v, ok := m.table.find(key)
	return m.region.Base + v, ok
}

// Place finds or makes the value of a key for an update and returns its
// address, or an errno.
func (m *Map) Place(key []byte, flags uint64) (uint64, bpf.Errno) {
	v, errno := m.place(key, flags)
	return m.region.Base + v, errno
}

// Remove removes a key. It returns 0 or an errno.
func (m *Map) Remove(key []byte) bpf.Errno {
	errno := m.table.remove(key)
	if _, ok := m.table.(leaver); ok && errno == 0 && m.space != nil {
		m.space.pass()
	}
	return errno
}

// Bytes returns the memory of the value at an address that Find or Place gave.
func (m *Map) Bytes(addr uint64) []byte {
	return m.region.Data[addr-m.region.Base:][:m.info.ValueSize]
}

// place finds or makes the value of a key for an update.
func (m *Map) place(key []byte, flags uint64) (uint64, bpf.Errno) {
	if t, ok := m.table.(keyless); ok {
		return t.push(flags)
	}
	locked := flags&bpf.FLock != 0
	if flags &^= bpf.FLock; flags > UpdateExist || locked && !m.spin.Has {
		return 0, bpf.EINVAL
	}
	v, ok := m.table.exact(key)
	switch {
	case ok && locked && flags != UpdateNoExist && m.lockHeld(v):
		return 0, bpf.EAGAIN
	case ok && flags == UpdateNoExist:
		return 0, bpf.EEXIST
	case ok:
		if t, ok := m.table.(rekeyer); ok {
			t.rekey(v, key)
		}
		return v, 0
	case flags == UpdateExist && !m.IsArray():
		return 0, bpf.ENOENT
	}
	v, errno := m.table.insert(key)
	if errno == 0 && m.copies.CPUs > 0 {
		clear(m.region.Data[v:][:m.copies.Bytes()])
	}
	return v, errno
}

// read copies a value in host order to dst, or those of all CPUs if it has room for them.
func (m *Map) read(dst []byte, value uint64) {
	if n := m.cpus(); n > 1 && len(dst) == m.ValueBytes() {
		for i := range n {
			m.readOne(dst[i*m.part():][:m.info.ValueSize], value+uint64(i)*uint64(m.copies.Step))
		}
		return
	}
	m.readOne(dst, value)
}

func (m *Map) readOne(dst []byte, value uint64) {
	src := m.region.Data[value:]
	for i := range dst {
		dst[i] = src[maplayout.Place(i, m.region.Values.Reversed[i/4])]
	}
	if m.IsNested() {
		m.number(dst)
	}
	if m.spin.Has && len(dst) == int(m.info.ValueSize) {
		clear(dst[m.spin.At:][:bpf.SpinLockBytes])
	}
}

// write stores a value in host order, for all CPUs, or one for each.
func (m *Map) write(value uint64, v []byte) {
	one := v
	for i := range max(m.cpus(), 1) {
		if len(v) > int(m.info.ValueSize) {
			one = v[i*m.part():][:m.info.ValueSize]
		}
		m.writeOne(value+uint64(i)*uint64(m.copies.Step), one)
	}
}

func (m *Map) writeOne(value uint64, v []byte) {
	dst := m.region.Data[value:]
	for i := range v {
		if m.spin.Has && i >= int(m.spin.At) && i < int(m.spin.At)+bpf.SpinLockBytes {
			continue // the programs'
		}
		dst[maplayout.Place(i, m.region.Values.Reversed[i/4])] = v[i]
	}
}

func (m *Map) checkKey(key []byte) error {
	if len(key) != int(m.info.KeySize) {
		return m.error(bpf.EINVAL, "key of %d bytes, want %d", len(key), m.info.KeySize)
	}
	return nil
}

// error returns an error of the map that wraps the standard library's for an
// error number of the kernel.
func (m *Map) error(e bpf.Errno, format string, args ...any) error {
	std, ok := errnos[e]
	if !ok {
		panic("BUG: no error for " + e.String())
	}
	return fmt.Errorf("map %q: %s: %w", m.info.Name, fmt.Sprintf(format, args...), std)
}

// errnos are the standard library's errors for what tables return.
var errnos = map[bpf.Errno]error{
	bpf.EINVAL: syscall.EINVAL, bpf.EEXIST: syscall.EEXIST, bpf.ENOENT: syscall.ENOENT, bpf.E2BIG: syscall.E2BIG, bpf.ENOSPC: syscall.ENOSPC,
	bpf.EAGAIN: syscall.EAGAIN, bpf.ENOMEM: syscall.ENOMEM,
}

// Lookup returns a copy of the value of a key. A Bloom filter is asked for a value, in
// the place of the key.
func (m *Map) Lookup(key []byte) (value []byte, ok bool) {
	if m.Has(key) {
		return bytes.Clone(key), true
	}
	if len(key) != int(m.info.KeySize) {
		return nil, false
	}
	v, ok := m.table.find(key)
	if !ok {
		return nil, false
	}
	value = make([]byte, m.ValueBytes())
	m.read(value, v)
	return value, true
}

// Pop returns a copy of the value of a key and removes it; maps without keys
// take the empty one. Errors wrap the kernel's errno: ENOENT, EINVAL.
func (m *Map) Pop(key []byte) ([]byte, error) {
	if err := m.checkKey(key); err != nil {
		return nil, err
	}
	v, ok := m.Lookup(key)
	if !ok {
		return nil, m.error(bpf.ENOENT, "lookup and delete %x", key)
	}
	remove := func() bpf.Errno { return m.Remove(key) }
	if t, ok := m.table.(keyless); ok {
		remove = t.pop
	}
	if errno := remove(); errno != 0 {
		return nil, m.error(errno, "lookup and delete %x", key)
	}
	return v, nil
}

// Update stores a value, all but the bpf_spin_lock in it. A per-CPU map takes one for all
// CPUs, or those of all as Lookup gives them. With bpf.FLock it does so
// only where no program holds that lock. Errors wrap the kernel's errno: EEXIST,
// ENOENT, E2BIG (the map is full, or the index is out of range), EINVAL, and EAGAIN
// for a lock that is held: once the cores have gone on it can be asked again.
func (m *Map) Update(key, value []byte, flags uint64) error {
	if err := m.checkKey(key); err != nil {
		return err
	}
	if len(value) != int(m.info.ValueSize) && len(value) != m.ValueBytes() {
		return m.error(bpf.EINVAL, "value of %d bytes, want %d", len(value), m.ValueBytes())
	}
	if t, ok := m.table.(*programTable); ok {
		if err := m.checkSlot(t, key, value, flags); err != nil {
			return err
		}
	}
	value, flags, err := m.target(key, value, flags)
	if err == nil && m.IsNested() {
		value, err = m.held(key, value, flags)
	}
	if err != nil {
		return err
	}
	if t, ok := m.table.(*bloomTable); ok {
		if errno := t.add(value, flags); errno != 0 {
			return m.error(errno, "put in %x", value)
		}
		return nil
	}
	v, errno := m.place(key, flags)
	if errno != 0 {
		return m.error(errno, "update %x", key)
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
	if errno := m.Remove(key); errno != 0 {
		return m.error(errno, "delete %x", key)
	}
	return nil
}

// Entries returns copies of all entries, sorted by the bytes of the key; without
// keys, in the order in which they would be taken out.
func (m *Map) Entries() []image.Entry {
	var out []image.Entry
	m.table.each(func(key []byte, value uint64) {
		v := make([]byte, m.ValueBytes())
		m.read(v, value)
		out = append(out, image.Entry{Key: key, Value: v})
	})
	slices.SortStableFunc(out, func(a, b image.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return out
}

// Filled is Entries without those of an array whose values are all zero, which
// is how every array begins; left says how many they are.
func (m *Map) Filled() (entries []image.Entry, left uint64) {
	t, ok := m.table.(*arrayTable)
	if !ok {
		return m.Entries(), 0
	}
	t.eachIndex(func(i uint32, value uint64) {
		if allZero(m.region.Data[value:][:max(m.info.ValueSize, m.copies.Bytes())]) {
			left++
			return
		}
		v := make([]byte, m.ValueBytes())
		m.read(v, value)
		entries = append(entries, image.Entry{Key: binary.LittleEndian.AppendUint32(nil, i), Value: v})
	})
	slices.SortStableFunc(entries, func(a, b image.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return entries, left
}

func allZero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}

// Locked reports whether a program is changing what an operation on a key needs: a host
// that works beside programs waits until none is, before it changes anything or takes
// something out. A nil key asks whether any lock of the map is held. Maps without locks
// are never locked.
func (m *Map) Locked(key []byte) bool {
	if v := &m.region.Values; v.Locked && binary.LittleEndian.Uint32(m.region.Data[v.Lock:]) != 0 {
		return true
	}
	switch t := m.table.(type) {
	case interface{ lock() maplayout.Offset }:
		return binary.LittleEndian.Uint32(m.region.Data[t.lock():]) != 0
	case *chainTable:
		if key == nil {
			return t.held()
		}
		return t.busy(key)
	}
	return false
}

// Held reports whether a program holds the lock of a key's value: a host that wants
// the value as programs leave it waits until none does. Values without a lock are
// never held.
func (m *Map) Held(key []byte) bool {
	if !m.spin.Has || len(key) != int(m.info.KeySize) {
		return false
	}
	v, ok := m.table.find(key)
	return ok && m.lockHeld(v)
}

// lockHeld reports whether a program holds the lock of the value at an offset.
func (m *Map) lockHeld(value uint64) bool {
	return binary.LittleEndian.Uint32(m.region.Data[value+uint64(m.spin.At):]) != 0
}
