package object

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// loadMaps converts all maps of the object, legacy definitions included, with
// what a loader sets.
func (l *linker) loadMaps(o Options) error {
	for _, name := range slices.Sorted(maps.Keys(l.spec.Maps)) {
		spec := l.spec.Maps[name]
		m := convertMap(name, spec)
		if own := l.file.names[name]; own != "" {
			m.Name = own
		}
		l.maps[name] = m
	}
	if err := l.resize(o.MapSizes); err != nil {
		return err
	}
	if err := l.wireLegacy(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(l.spec.Maps)) {
		if err := l.fill(l.maps[name], l.spec.Maps[name].Contents); err != nil {
			return fmt.Errorf("map %s: %w", name, err)
		}
	}
	if err := l.fillSlots(o.Slots); err != nil {
		return err
	}
	for _, m := range l.maps {
		m.refused = m.check()
	}
	return l.set(o.Set)
}

// check says why the kernel does not make such a map.
func (m *Map) check() error {
	row := platform.Linux.Map(m.Type)
	if row == nil {
		return nil // the verifier says that programs have no use for it
	}
	why := row.Refuses(platform.Shape{Key: m.KeySize, Value: m.ValueSize, Entries: m.MaxEntries, Flags: m.Flags, Extra: m.Extra})
	switch {
	case why == platform.NoEntries:
		return fmt.Errorf("map %s %s, and the kernel makes no such map; its loader sets them: --map-size %s=N", m.Name, why, m.Name)
	case why != "":
		return fmt.Errorf("map %s %s, and the kernel makes no other", m.Name, why)
	case m.Inner != nil:
		if err := m.Inner.check(); err != nil {
			return fmt.Errorf("map %s: inner %w", m.Name, err)
		}
		return m.checkInners()
	}
	if _, _, err := m.SpinLock(); err != nil {
		return fmt.Errorf("%w, and the kernel makes no such map", err)
	}
	return nil
}

// checkInners says which of the maps that a map of maps holds is not like those
// that it takes (bpf_map_meta_equal, array_map_meta_equal).
func (m *Map) checkInners() error {
	for _, index := range slices.Sorted(maps.Keys(m.Inners)) {
		a, b := m.Inner, m.Inners[index]
		entries := a.MaxEntries == b.MaxEntries || a.Flags&bpf.FInnerMap != 0 || a.Type != bpf.MapTypeArray && a.Type != bpf.MapTypePerCPUArray
		aLock, aHas, _ := a.SpinLock()
		bLock, bHas, _ := b.SpinLock()
		if aLock != bLock || aHas != bHas {
			return fmt.Errorf("map %s: entry %d is map %s, whose values have a bpf_spin_lock elsewhere than the inner maps' have", m.Name, index, b.Name)
		}
		if a.Type != b.Type || a.KeySize != b.KeySize || a.ValueSize != b.ValueSize || a.Flags != b.Flags || a.Extra != b.Extra || !entries {
			return fmt.Errorf("map %s: entry %d is map %s, which is not of the inner maps' type, sizes and flags", m.Name, index, b.Name)
		}
	}
	return nil
}

func convertMap(name string, spec *ebpf.MapSpec) *Map {
	m := &Map{
		Name: name, Type: bpf.MapType(spec.Type), KeySize: spec.KeySize, ValueSize: spec.ValueSize,
		MaxEntries: spec.MaxEntries, Flags: spec.Flags, Extra: spec.MapExtra, KeyType: spec.Key, ValueType: spec.Value,
		Frozen: strings.HasPrefix(name, ".rodata") && spec.Type == ebpf.Array,
	}
	if spec.Pinning == ebpf.PinByName {
		m.Pinning = PinByName
	}
	if spec.Type == ebpf.PerfEventArray {
		// Definitions may leave the sizes out; the kernel has only this one.
		if m.KeySize == 0 {
			m.KeySize = 4
		}
		if m.ValueSize == 0 {
			m.ValueSize = 4
		}
	}
	if outer := spec.Type == ebpf.ArrayOfMaps || spec.Type == ebpf.HashOfMaps; outer && m.ValueSize == 0 {
		m.ValueSize = 4 // as libbpf has it
	}
	if spec.InnerMap != nil {
		m.Inner = convertMap(spec.InnerMap.Name, spec.InnerMap)
	}
	return m
}

// fill takes the initial entries: bytes of a data section, or names of maps or
// programs by index.
func (l *linker) fill(m *Map, contents []ebpf.MapKV) error {
	for _, kv := range contents {
		k, ok := kv.Key.(uint32)
		if !ok {
			return fmt.Errorf("initial entry with a key of type %T", kv.Key)
		}
		switch v := kv.Value.(type) {
		case []byte:
			m.Initial = append(m.Initial, Entry{Key: binary.LittleEndian.AppendUint32(nil, k), Value: slices.Clone(v)})
		case string:
			if m.Type == bpf.MapTypeProgArray {
				m.setProgram(k, v)
			} else if err := m.setInner(k, l.maps[v]); err != nil {
				return fmt.Errorf("entry %d, %q: %w", k, v, err)
			}
		default:
			return fmt.Errorf("initial entry with a value of type %T", kv.Value)
		}
	}
	return nil
}

// isProgArray reports whether a map holds programs for tail calls.
func isProgArray(m *Map) bool { return m.Type == bpf.MapTypeProgArray }

func (m *Map) setInner(index uint32, inner *Map) error {
	if inner == nil {
		return fmt.Errorf("is no map of the object")
	}
	if m.Inners == nil {
		m.Inners = make(map[uint32]*Map)
	}
	m.Inners[index] = inner
	return nil
}

func (m *Map) setProgram(index uint32, name string) {
	if m.Programs == nil {
		m.Programs = make(map[uint32]string)
	}
	m.Programs[index] = name
}

// elfMapTail is what struct bpf_elf_map of iproute2 holds behind the five
// words that every legacy definition begins with.
type elfMapTail struct{ ID, Pinning, InnerID, InnerIndex uint32 }

// What iproute2's bpf_elf.h calls PIN_OBJECT_NS and PIN_GLOBAL_NS.
const (
	pinObject = 1
	pinGlobal = 2
)

// wireLegacy reads the tails of legacy map definitions: a map's ID, by which
// program arrays are filled (section "ID/INDEX") and by which outer maps name
// their inner map.
func (l *linker) wireLegacy() error {
	byID := make(map[uint32]*Map)
	tails := make(map[string]elfMapTail)
	for _, name := range slices.Sorted(maps.Keys(l.spec.Maps)) {
		spec := l.spec.Maps[name]
		if spec.Extra == nil {
			continue
		}
		var raw [16]byte
		n, err := spec.Extra.ReadAt(raw[:], 0)
		if n == 0 {
			return fmt.Errorf("map %s: legacy definition: %w", name, err)
		}
		if rest := spec.Extra.Size() - int64(n); rest > 0 {
			tail := make([]byte, rest)
			if _, err := spec.Extra.ReadAt(tail, int64(n)); err != nil {
				return fmt.Errorf("map %s: legacy definition: %w", name, err)
			}
			if len(bytes.Trim(tail, "\x00")) != 0 {
				return fmt.Errorf("%w: map %s: legacy definition of %d bytes, because the meaning of those behind byte 36 is not known", unsupported.Err, name, spec.Extra.Size()+20)
			}
		}
		t := elfMapTail{
			ID: binary.LittleEndian.Uint32(raw[0:]), Pinning: binary.LittleEndian.Uint32(raw[4:]),
			InnerID: binary.LittleEndian.Uint32(raw[8:]), InnerIndex: binary.LittleEndian.Uint32(raw[12:]),
		}
		tails[name] = t
		switch t.Pinning {
		case 0:
		case pinObject:
			l.maps[name].Pinning = PinByObject
		case pinGlobal:
			l.maps[name].Pinning = PinGlobally
		default:
			return fmt.Errorf("not supported: map %s: pinning %d, because its place stands in a configuration file of iproute2", name, t.Pinning)
		}
		if t.ID != 0 {
			if other := byID[t.ID]; other != nil {
				return fmt.Errorf("maps %s and %s have the same ID %d", min(name, other.Name), max(name, other.Name), t.ID)
			}
			byID[t.ID] = l.maps[name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tails)) {
		if err := wireInner(l.maps[name], tails, byID); err != nil {
			return err
		}
	}
	return l.wireTailCalls(byID)
}

// noInnerIndex is the index of an inner map that starts outside its outer map.
const noInnerIndex = 0xffffffff

// wireInner gives a legacy outer map its inner map, and puts that where its
// own definition says.
func wireInner(m *Map, tails map[string]elfMapTail, byID map[uint32]*Map) error {
	t := tails[m.Name]
	outer := m.Type == bpf.MapTypeArrayOfMaps || m.Type == bpf.MapTypeHashOfMaps
	if !outer || t.InnerID == 0 {
		return nil
	}
	inner := byID[t.InnerID]
	if inner == nil {
		return fmt.Errorf("map %s: its inner map has ID %d, but no map has that ID", m.Name, t.InnerID)
	}
	m.Inner = inner
	index := tails[inner.Name].InnerIndex
	if m.Type != bpf.MapTypeArrayOfMaps || index == noInnerIndex {
		return nil
	}
	if index >= m.MaxEntries {
		return fmt.Errorf("map %s: its inner map %s wants index %d of %d", m.Name, inner.Name, index, m.MaxEntries)
	}
	return m.setInner(index, inner)
}

// wireTailCalls puts the programs in sections "ID/INDEX" into the program
// arrays with these IDs.
func (l *linker) wireTailCalls(byID map[uint32]*Map) error {
	for _, p := range l.orderedPrograms() {
		var id, slot uint32
		var rest string
		n, _ := fmt.Sscanf(p.SectionName, "%d/%d%s", &id, &slot, &rest)
		if n != 2 {
			continue
		}
		m := byID[id]
		if m == nil || m.Type != bpf.MapTypeProgArray {
			return fmt.Errorf("section %q: no program array has the ID %d", p.SectionName, id)
		}
		if slot >= m.MaxEntries {
			return fmt.Errorf("section %q: program array %s has only %d entries", p.SectionName, m.Name, m.MaxEntries)
		}
		m.setProgram(slot, p.Name)
	}
	return nil
}
