package hostmap

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/translate/bpf"
)

// sparse is what arrays have in common whose entries may be empty: the first word
// of a value is 0 then.
type sparse struct {
	entries uint32
	at      func(index uint32) uint64 // offset of an entry's value
	memory  []byte                    // the region
}

func (t *sparse) reset(memory []byte) { t.memory = memory }

func (t *sparse) empty(i uint32) bool {
	return binary.LittleEndian.Uint32(t.memory[t.at(i):]) == 0
}

func (t *sparse) find(key []byte) (uint64, bool) {
	i := binary.LittleEndian.Uint32(key)
	return t.at(i), i < t.entries && !t.empty(i)
}

func (t *sparse) exact(key []byte) (uint64, bool) { return t.find(key) }

func (t *sparse) insert(key []byte) (uint64, bpf.Errno) {
	i := binary.LittleEndian.Uint32(key)
	if i >= t.entries {
		return 0, bpf.E2BIG
	}
	return t.at(i), 0
}

// remove empties an entry by one write of a word.
func (t *sparse) remove(key []byte) bpf.Errno {
	i := binary.LittleEndian.Uint32(key)
	switch {
	case i >= t.entries:
		return bpf.E2BIG
	case t.empty(i):
		return bpf.ENOENT
	}
	binary.LittleEndian.PutUint32(t.memory[t.at(i):], 0)
	return 0
}

func (t *sparse) each(f func([]byte, uint64)) {
	for i := range t.entries {
		if !t.empty(i) {
			f(binary.LittleEndian.AppendUint32(nil, i), t.at(i))
		}
	}
}
