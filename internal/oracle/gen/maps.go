package gen

import (
	"encoding/binary"
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

const (
	// maxMaps bounds the maps of a program.
	maxMaps = 6
	// lruEntries is the size of LRU maps. The kernel hands free entries to its
	// CPUs in lots, so that a small map throws entries out before it is full.
	lruEntries = 512
	// longKey is how many bytes more a key may have than compilers keep in registers.
	longKey = 160
)

func hashed(typ bpf.MapType) bool {
	switch typ {
	case bpf.MapTypeHash, bpf.MapTypePerCPUHash, bpf.MapTypeLRUHash, bpf.MapTypeLRUPerCPUHash:
		return true
	}
	return false
}

// newMap adds a map of a plain type to the program.
func (p *program) newMap(typ bpf.MapType, f *fn) int {
	m := &object.Map{
		Type: typ, KeySize: 4,
		ValueSize: uint32([]int{4, 8, 8, 12, 16, 24, 32, 64}[f.r.IntN(8)]), MaxEntries: uint32(1 + f.r.IntN(6)),
	}
	odd := f.o.has(OddSizes) && f.chance(50)
	if odd {
		m.ValueSize = uint32(1 + f.r.IntN(40))
	}
	switch {
	case typ == bpf.MapTypeLPMTrie:
		m.KeySize, m.Flags = uint32(4+[]int{1, 2, 4, 4, 4, 8, 16}[f.r.IntN(7)]), bpf.FNoPrealloc
		if odd {
			m.KeySize = uint32(5 + f.r.IntN(20))
		}
		if odd && f.chance(30) {
			m.KeySize = uint32(30 + f.r.IntN(longKey))
		}
	case hashed(typ):
		m.KeySize = uint32([]int{1, 2, 4, 4, 8, 12, 16, 40}[f.r.IntN(8)])
		if odd {
			m.KeySize = uint32(1 + f.r.IntN(64))
		}
		if odd && f.chance(30) {
			m.KeySize = uint32(60 + f.r.IntN(longKey))
		}
		if typ == bpf.MapTypeLRUHash || typ == bpf.MapTypeLRUPerCPUHash {
			m.MaxEntries = lruEntries
		}
	}
	if f.o.Card {
		m.KeySize, m.ValueSize = min(m.KeySize, 40), min(m.ValueSize, 24)
	}
	f.fillMap(m)
	return p.addMap(m)
}

// addMap names a map and adds it to the program.
func (p *program) addMap(m *object.Map) int {
	m.Name = fmt.Sprintf("m%d", len(p.maps))
	p.maps = append(p.maps, m)
	return len(p.maps) - 1
}

// onlyMap returns the program's map of a type that is not plain, adding it
// when there is none; -1 when the program has maps enough.
func (p *program) onlyMap(m *object.Map) int {
	for i, have := range p.maps {
		if have.Type == m.Type {
			return i
		}
	}
	if len(p.maps) == maxMaps {
		return -1
	}
	return p.addMap(m)
}

// fillMap gives a map initial entries.
func (f *fn) fillMap(m *object.Map) {
	have := map[string]bool{}
	for i := range min(m.MaxEntries, 8) {
		if f.chance(35) {
			continue
		}
		var key []byte
		switch {
		case m.Type == bpf.MapTypeLPMTrie:
			key = f.prefix(int(m.KeySize) - 4)
		case hashed(m.Type):
			key = hashKey(int(m.KeySize), uint64(f.r.IntN(8)))
		default:
			key = binary.LittleEndian.AppendUint32(nil, i)
		}
		if have[string(key)] {
			continue
		}
		have[string(key)] = true
		m.Initial = append(m.Initial, object.Entry{Key: key, Value: f.value(int(m.ValueSize))})
	}
}

func (f *fn) value(n int) []byte {
	v := make([]byte, n)
	for k := range v {
		if f.chance(70) {
			v[k] = byte(f.r.Uint32())
		}
	}
	return v
}

// hashKey is a key of n bytes that starts with a small number, and ends with
// it when it is long: keys of the program and of the initial entries meet often.
func hashKey(n int, v uint64) []byte {
	k := binary.LittleEndian.AppendUint64(nil, v)
	k = append(k, make([]byte, max(n-8, 0))...)[:n]
	if n > 8 {
		k[n-1] = byte(v)
	}
	return k
}

// aMap returns a map of a type that the features allow, or -1.
func (f *fn) aMap(update bool) int {
	var types []bpf.MapType
	add := func(need Feature, ts ...bpf.MapType) {
		if f.o.has(need) {
			types = append(types, ts...)
		}
	}
	add(Array, bpf.MapTypeArray, bpf.MapTypeArray)
	add(Hash, bpf.MapTypeHash, bpf.MapTypeHash)
	add(PerCPU, bpf.MapTypePerCPUArray)
	add(PerCPUHash, bpf.MapTypePerCPUHash)
	add(LRU, bpf.MapTypeLRUHash)
	add(LRU|PerCPUHash, bpf.MapTypeLRUPerCPUHash)
	if update {
		add(LPM|PrefixUpdate, bpf.MapTypeLPMTrie, bpf.MapTypeLPMTrie)
	} else {
		add(LPM, bpf.MapTypeLPMTrie, bpf.MapTypeLPMTrie)
	}
	if len(types) == 0 {
		return -1
	}
	typ := types[f.r.IntN(len(types))]
	full := len(f.p.maps) == maxMaps
	for i, m := range f.p.maps {
		if m.Type == typ && !m.Frozen && m.ValueType == nil && (full || f.chance(60)) {
			return i
		}
	}
	if full {
		return -1
	}
	return f.p.newMap(typ, f)
}

// global takes the address of a value of a one-entry array.
func (f *fn) global() {
	m := -1
	for i, s := range f.p.maps {
		if s.Type == bpf.MapTypeArray && s.MaxEntries == 1 && !s.Frozen && s.ValueType == nil && i != f.p.hidden {
			m = i
		}
	}
	if m < 0 {
		if len(f.p.maps) == maxMaps {
			return
		}
		m = f.p.newMap(bpf.MapTypeArray, f)
		spec := f.p.maps[m]
		spec.MaxEntries, spec.Name = 1, spec.Name+"_data"
		spec.Initial = nil
		f.fillMap(spec)
	}
	f.address(m)
}

// rodata takes the address of a value that never changes: verifiers take loads
// from it as constants.
func (f *fn) rodata() {
	if m := f.constants(); m >= 0 {
		f.address(m)
		f.valueAccess()
	}
}

// constants returns a map whose value never changes, or -1.
func (f *fn) constants() int {
	m := -1
	for i, s := range f.p.maps {
		if s.Frozen {
			m = i
		}
	}
	if m < 0 {
		if len(f.p.maps) == maxMaps {
			return -1
		}
		n := 1 + f.r.IntN(32)
		m = f.p.addMap(&object.Map{
			Type: bpf.MapTypeArray, KeySize: 4, ValueSize: uint32(n), MaxEntries: 1, Flags: bpf.FRdonlyProg, Frozen: true,
			Initial: []object.Entry{{Key: make([]byte, 4), Value: f.value(n)}},
		})
		f.p.maps[m].Name += "_rodata"
	}
	return m
}
