package hostmap

import (
	"bytes"
	"encoding/binary"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// arrayTable is an array.
type arrayTable struct{ maplayout.Array }

var _ = register(maplayout.KindArray, func(_ *image.Map, l maplayout.Layout) table { return &arrayTable{l.(maplayout.Array)} })

func (t *arrayTable) reset([]byte) {}

func (t *arrayTable) find(key []byte) (uint64, bool) {
	i := binary.LittleEndian.Uint32(key)
	return t.Value(i), i < t.Entries
}

func (t *arrayTable) exact(key []byte) (uint64, bool) { return t.find(key) }

func (t *arrayTable) insert([]byte) (uint64, bpf.Errno) { return 0, bpf.E2BIG }

func (t *arrayTable) remove([]byte) bpf.Errno { return bpf.EINVAL }

func (t *arrayTable) each(f func([]byte, uint64)) {
	t.eachIndex(func(i uint32, value uint64) { f(binary.LittleEndian.AppendUint32(nil, i), value) })
}

func (t *arrayTable) eachIndex(f func(i uint32, value uint64)) {
	for i := range t.Entries {
		f(i, t.Value(i))
	}
}

// firmwareTable is a hash table whose keys only the firmware knows: memory
// holds values, by slot.
type firmwareTable struct {
	maplayout.Firmware
	index map[string]uint32 // key to slot
	keys  [][]byte          // key of each slot, nil when free
	free  []uint32
}

func (t *firmwareTable) reset([]byte) {
	t.index = make(map[string]uint32)
	t.keys = make([][]byte, t.Entries)
	t.free = t.free[:0]
	for s := int(t.Entries) - 1; s >= 0; s-- {
		t.free = append(t.free, uint32(s))
	}
}

func (t *firmwareTable) find(key []byte) (uint64, bool) {
	s, ok := t.index[string(key)]
	return t.Value(s), ok
}

func (t *firmwareTable) exact(key []byte) (uint64, bool) { return t.find(key) }

func (t *firmwareTable) insert(key []byte) (uint64, bpf.Errno) {
	if len(t.free) == 0 {
		return 0, bpf.E2BIG
	}
	s := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	k := bytes.Clone(key)
	t.keys[s] = k
	t.index[string(k)] = s
	return t.Value(s), 0
}

func (t *firmwareTable) remove(key []byte) bpf.Errno {
	s, ok := t.index[string(key)]
	if !ok {
		return bpf.ENOENT
	}
	delete(t.index, string(key))
	t.keys[s] = nil
	t.free = append(t.free, s)
	return 0
}

func (t *firmwareTable) each(f func([]byte, uint64)) {
	for s, k := range t.keys {
		if k != nil {
			f(bytes.Clone(k), t.Value(uint32(s)))
		}
	}
}
