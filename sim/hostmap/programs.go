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
	sparse
	count uint32 // programs of the image
}

var _ = register(maplayout.KindPrograms, func(_ *image.Map, l maplayout.Layout) table {
	p := l.(maplayout.Programs)
	return &programTable{sparse{entries: p.Entries, at: p.Slot}, p.Count}
})

// Programs returns how many programs the slots of a program array may name; 0
// for other maps.
func (m *Map) Programs() uint32 {
	if t, ok := m.table.(*programTable); ok {
		return t.count
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
	case number == 0 || number > t.count:
		return m.error(bpf.EINVAL, "slot %d: the image has programs 1 to %d, and no program %d", index, t.count, number)
	case m.guard != nil:
		return m.guard(index, number)
	}
	return nil
}
