package hostmap

import (
	"bytes"
	"encoding/binary"

	"github.com/skipsw/skipsw/nfpisa/image"
)

// Next returns a copy of the entry after the one of a key, in an order that
// stays while no entry comes or goes: by index for an array, by bucket for a hash.
// nil, or a key that the map does not have, gives the first entry, as the kernel
// does it; false means that there is no further one.
func (m *Map) Next(key []byte) (image.Entry, bool) {
	var next []byte
	var at uint64
	var ok bool
	switch t := m.table.(type) {
	case *arrayTable:
		next, at, ok = t.after(key)
	case *firmwareTable:
		next, at, ok = t.after(key)
	case *chainTable:
		next, at, ok = t.after(key)
	default:
		return m.nextOf(m.Entries(), key)
	}
	if !ok {
		return image.Entry{}, false
	}
	e := image.Entry{Key: next, Value: make([]byte, m.ValueBytes())}
	m.read(e.Value, at)
	return e, true
}

// nextOf finds the entry after a key in all entries.
func (m *Map) nextOf(all []image.Entry, key []byte) (image.Entry, bool) {
	at := 0
	for i := range all {
		if bytes.Equal(all[i].Key, key) {
			at = i + 1
		}
	}
	if at >= len(all) {
		return image.Entry{}, false
	}
	return all[at], true
}

func (t *arrayTable) after(key []byte) (next []byte, value uint64, ok bool) {
	var i uint32
	if at, there := t.indexOf(key); there {
		i = at + 1
	}
	next = binary.LittleEndian.AppendUint32(nil, i)
	value, ok = t.find(next)
	return next, value, ok
}

// indexOf returns the index that a key names, if there is such an entry.
func (t *arrayTable) indexOf(key []byte) (uint32, bool) {
	if key == nil {
		return 0, false
	}
	_, ok := t.find(key)
	return binary.LittleEndian.Uint32(key), ok
}

func (t *firmwareTable) after(key []byte) (next []byte, value uint64, ok bool) {
	slot := -1
	if s, there := t.index[string(key)]; there && key != nil {
		slot = int(s)
	}
	for s := slot + 1; s < len(t.keys); s++ {
		if k := t.keys[s]; k != nil {
			return bytes.Clone(k), t.Value(uint32(s)), true
		}
	}
	return nil, 0, false
}
