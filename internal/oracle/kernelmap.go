package oracle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"golang.org/x/sys/unix"
)

// KernelMap is a map made in the running kernel from an *object.Map.
type KernelMap struct {
	Spec  *object.Map
	fd    int
	inner int // template of a map-in-map, or -1
	cpus  int // possible CPUs when the map has a value for each, else 0
	// sockets are those of a socket map.
	sockets []int
}

func createMap(spec *object.Map) (*KernelMap, error) {
	m := &KernelMap{Spec: spec, inner: -1}
	ask := sys.MapSpec{
		Type: spec.Type, KeySize: spec.KeySize, ValueSize: spec.ValueSize,
		MaxEntries: spec.MaxEntries, Flags: spec.Flags, Name: spec.Name, Extra: spec.Extra,
	}
	if spec.Inner != nil {
		in, err := createMap(spec.Inner)
		if err != nil {
			return nil, fmt.Errorf("inner map of %q: %w", spec.Name, err)
		}
		m.inner = in.fd
		ask.Inner = in.fd
	}
	switch spec.Type {
	case bpf.MapTypePerCPUArray, bpf.MapTypePerCPUHash, bpf.MapTypeLRUPerCPUHash:
		n, err := ebpf.PossibleCPU()
		if err != nil {
			return nil, err
		}
		m.cpus = n
	case bpf.MapTypePerfEventArray:
		if ask.MaxEntries == 0 {
			n, err := ebpf.PossibleCPU()
			if err != nil {
				return nil, err
			}
			ask.MaxEntries = uint32(n)
		}
	}
	if _, locked, err := spec.SpinLock(); err == nil && locked {
		h, types, err := mapBTF(spec)
		if err != nil {
			m.Close()
			return nil, err
		}
		defer h.Close()
		ask.BTF, ask.KeyType, ask.ValueType = h.FD(), types[0], types[1]
	}
	fd, err := sys.CreateMap(ask)
	if err != nil {
		m.Close()
		return nil, fmt.Errorf("the kernel refuses map %q (type %d, key %d B, value %d B, %d entries, flags %#x): %w",
			spec.Name, spec.Type, spec.KeySize, spec.ValueSize, spec.MaxEntries, spec.Flags, err)
	}
	m.fd = fd
	return m, nil
}

// Close gives the map back to the kernel.
func (m *KernelMap) Close() {
	if m.fd > 0 {
		unix.Close(m.fd)
		m.fd = 0
	}
	for _, fd := range m.sockets {
		unix.Close(fd)
	}
	m.sockets = nil
	if m.inner >= 0 {
		unix.Close(m.inner)
		m.inner = -1
	}
}

// Plain reports whether entries of the map are keys with value bytes: not
// file descriptors, rings or queues.
func (m *KernelMap) Plain() bool { return PlainMap(m.Spec.Type) }

// PlainMap reports whether maps of type t hold keys with value
// bytes that can be read back and compared: not file descriptors, rings or
// queues.
func PlainMap(t bpf.MapType) bool {
	switch t {
	case bpf.MapTypeHash, bpf.MapTypeArray, bpf.MapTypeLRUHash,
		bpf.MapTypePerCPUHash, bpf.MapTypePerCPUArray, bpf.MapTypeLRUPerCPUHash, bpf.MapTypeLPMTrie:
		return true
	}
	return false
}

func arrayType(t bpf.MapType) bool {
	return t == bpf.MapTypeArray || t == bpf.MapTypePerCPUArray
}

// stride is the size of one CPU's value in the buffers of bpf(2), in bytes.
func (m *KernelMap) stride() int { return bpf.CPUValueBytes(int(m.Spec.ValueSize)) }

func (m *KernelMap) buffer() []byte {
	if m.cpus == 0 {
		return make([]byte, max(int(m.Spec.ValueSize), 1))
	}
	return make([]byte, m.stride()*m.cpus)
}

// Update writes an entry. A value for each CPU is set to the same bytes.
func (m *KernelMap) Update(key, value []byte) error {
	if len(key) != int(m.Spec.KeySize) || len(value) != int(m.Spec.ValueSize) {
		return fmt.Errorf("map %q takes keys of %d and values of %d bytes, not %d and %d",
			m.Spec.Name, m.Spec.KeySize, m.Spec.ValueSize, len(key), len(value))
	}
	buf := value
	if m.cpus > 0 {
		buf = m.buffer()
		for c := range m.cpus {
			copy(buf[c*m.stride():], value)
		}
	}
	if err := sys.UpdateElem(m.fd, key, buf, 0); err != nil {
		return fmt.Errorf("update of map %q, key %x: %w", m.Spec.Name, key, err)
	}
	return nil
}

// Lookup returns the value of a key, and of the first CPU where every CPU has
// its own; ok is false when the key is absent.
func (m *KernelMap) Lookup(key []byte) (value []byte, ok bool, err error) {
	buf := m.buffer()
	err = sys.LookupElem(m.fd, key, buf)
	if errors.Is(err, unix.ENOENT) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("lookup in map %q, key %x: %w", m.Spec.Name, key, err)
	}
	return buf[:m.Spec.ValueSize], true, nil
}

// Delete removes an entry; an absent key is no error.
func (m *KernelMap) Delete(key []byte) error {
	err := sys.DeleteElem(m.fd, key)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("delete from map %q, key %x: %w", m.Spec.Name, key, err)
	}
	return nil
}

func (m *KernelMap) keys() ([][]byte, error) {
	var out [][]byte
	var key []byte
	for {
		next := make([]byte, m.Spec.KeySize)
		err := sys.NextKey(m.fd, key, next)
		if errors.Is(err, unix.ENOENT) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("walk over map %q: %w", m.Spec.Name, err)
		}
		out = append(out, next)
		key = next
	}
}

// Entries returns all entries in the order of their key bytes; nil for a map
// that is not Plain.
func (m *KernelMap) Entries() ([]object.Entry, error) {
	if !m.Plain() {
		return nil, nil
	}
	keys, err := m.keys()
	if err != nil {
		return nil, err
	}
	out := make([]object.Entry, 0, len(keys))
	for _, k := range keys {
		v, ok, err := m.Lookup(k)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, object.Entry{Key: k, Value: v})
		}
	}
	sortEntries(out)
	return out, nil
}

// Set makes the map hold exactly the given entries; array entries that are
// not given become zero.
//
// A queue or stack becomes empty, as all of them begin. Maps of targets of redirects, which no program changes, are only filled when
// they are made.
func (m *KernelMap) Set(entries []object.Entry) error {
	if t := m.Spec.Type; t == bpf.MapTypeQueue || t == bpf.MapTypeStack {
		for value := m.buffer(); ; {
			if err := sys.TakeElem(m.fd, value); errors.Is(err, unix.ENOENT) {
				return nil
			} else if err != nil {
				return fmt.Errorf("emptying map %q: %w", m.Spec.Name, err)
			}
		}
	}
	if !m.Plain() {
		return nil
	}
	if arrayType(m.Spec.Type) {
		zero := make([]byte, m.Spec.ValueSize)
		key := make([]byte, 4)
		for i := range m.Spec.MaxEntries {
			binary.NativeEndian.PutUint32(key, i)
			if err := m.Update(key, zero); err != nil {
				return err
			}
		}
	} else {
		keys, err := m.keys()
		if err != nil {
			return err
		}
		for _, k := range keys {
			if err := m.Delete(k); err != nil {
				return err
			}
		}
	}
	for _, e := range entries {
		if err := m.Update(e.Key, e.Value); err != nil {
			return err
		}
	}
	return nil
}

// freeze makes the map read-only for user space, which lets the kernel's
// verifier take loads from it as constants.
func (m *KernelMap) freeze() error {
	if err := sys.FreezeMap(m.fd); err != nil {
		return fmt.Errorf("freeze of map %q: %w", m.Spec.Name, err)
	}
	return nil
}

func sortEntries(e []object.Entry) {
	slices.SortFunc(e, func(a, b object.Entry) int { return bytes.Compare(a.Key, b.Key) })
}

// KernelCPUs returns the number of processors that the running kernel may have,
// 0 when it does not say.
func KernelCPUs() int {
	n, err := ebpf.PossibleCPU()
	if err != nil {
		return 0
	}
	return n
}
