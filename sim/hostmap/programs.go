package hostmap

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// programTable is a program array. Its values are numbers of the image's
// programs, from 1 on. A slot changes by one write of a word.
type programTable struct {
	maplayout.Programs
	mem []byte // the region
}

var _ = register(maplayout.KindPrograms, func(_ *image.Map, l maplayout.Layout) table {
	return &programTable{Programs: l.(maplayout.Programs)}
})

func (t *programTable) reset(memory []byte) { t.mem = memory }

func (t *programTable) find(key []byte) (uint64, bool) {
	i := binary.LittleEndian.Uint32(key)
	return t.Slot(i), i < t.Entries && binary.LittleEndian.Uint32(t.mem[t.Slot(i):]) != 0
}

func (t *programTable) exact(key []byte) (uint64, bool) { return t.find(key) }

func (t *programTable) insert(key []byte) (uint64, bpf.Errno) {
	i := binary.LittleEndian.Uint32(key)
	if i >= t.Entries {
		return 0, bpf.E2BIG
	}
	return t.Slot(i), 0
}

func (t *programTable) remove(key []byte) bpf.Errno {
	i := binary.LittleEndian.Uint32(key)
	if i >= t.Entries {
		return bpf.E2BIG
	}
	slot := t.mem[t.Slot(i):]
	if binary.LittleEndian.Uint32(slot) == 0 {
		return bpf.ENOENT
	}
	binary.LittleEndian.PutUint32(slot, 0)
	return 0
}

func (t *programTable) each(f func([]byte, uint64)) {
	for i := range t.Entries {
		if binary.LittleEndian.Uint32(t.mem[t.Slot(i):]) != 0 {
			f(binary.LittleEndian.AppendUint32(nil, i), t.Slot(i))
		}
	}
}

// Programs returns how many programs the slots of a program array may name; 0
// for other maps.
func (m *Map) Programs() uint32 {
	if t, ok := m.table.(*programTable); ok {
		return t.Count
	}
	return 0
}

// GuardSlots has a function asked before a slot of a program array changes to
// program number, from 1 on.
func (m *Map) GuardSlots(guard func(index, number uint32) error) { m.guard = guard }

// checkSlot refuses what a slot cannot hold.
func (m *Map) checkSlot(t *programTable, key, value []byte, flags uint64) error {
	index, number := binary.LittleEndian.Uint32(key), binary.LittleEndian.Uint32(value)
	switch {
	case flags != UpdateAny:
		return m.error(bpf.EINVAL, "update %x: slots take no flags", key)
	case number == 0 || number > t.Count:
		return m.error(bpf.EINVAL, "slot %d: the image has programs 1 to %d, and no program %d", index, t.Count, number)
	case m.guard != nil:
		return m.guard(index, number)
	}
	return nil
}
