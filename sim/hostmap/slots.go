package hostmap

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// slotsTable is an array whose entries may be empty.
type slotsTable struct {
	sparse
	stride uint32 // bytes of an entry
}

var _ = register(maplayout.KindSlots, func(_ *image.Map, l maplayout.Layout) table {
	s := l.(maplayout.Slots)
	return &slotsTable{sparse{entries: s.Entries, at: s.Value}, s.Stride}
})

// remove makes an entry empty, whether it was or not, as the kernel does.
func (t *slotsTable) remove(key []byte) bpf.Errno {
	i := binary.LittleEndian.Uint32(key)
	if i >= t.entries {
		return bpf.EINVAL
	}
	clear(t.memory[t.at(i):][:t.stride])
	return 0
}

// target checks an entry that the host gives a map of targets of redirects, and
// returns it as it is kept, and the flags that the rest of an update goes by.
// The second word of a value is the number of the program at the far end, from 1 on:
// 0 and negative numbers are none.
func (m *Map) target(key, value []byte, flags uint64) ([]byte, uint64, error) {
	switch m.typ {
	case bpf.MapTypeDevMap, bpf.MapTypeDevMapHash, bpf.MapTypeCPUMap:
	default:
		return value, flags, nil
	}
	first := binary.LittleEndian.Uint32(value)
	if len(value) == 8 {
		program := max(int32(binary.LittleEndian.Uint32(value[4:])), 0)
		if err := m.checkEnd(key, first, uint32(program)); err != nil {
			return nil, 0, err
		}
		if m.typ == bpf.MapTypeCPUMap && first == 0 {
			program = 0 // the kernel does not look at it
		}
		value = binary.LittleEndian.AppendUint32(nil, first)
		value = binary.LittleEndian.AppendUint32(value, uint32(program))
	}
	switch byKey := m.typ == bpf.MapTypeDevMapHash; {
	case flags > UpdateExist, byKey && first == 0:
		return nil, 0, m.error(bpf.EINVAL, "update %x", key)
	case !byKey && flags == UpdateNoExist && binary.LittleEndian.Uint32(key) < m.info.MaxEntries:
		return nil, 0, m.error(bpf.EEXIST, "update %x", key)
	case flags == UpdateExist:
		// The kernel makes the entry all the same.
		flags = UpdateAny
	}
	return value, flags, nil
}

// GuardEnds has a function asked before an entry of a map of targets of redirects
// gets program number, from 1 on, for the far end.
func (m *Map) GuardEnds(guard func(number uint32) error) { m.guardEnd = guard }

// checkEnd refuses a program that an entry cannot hold.
func (m *Map) checkEnd(key []byte, to, number uint32) error {
	switch {
	case number == 0:
		return nil
	case to == 0 && m.typ == bpf.MapTypeDevMap:
		return m.error(bpf.EINVAL, "update %x: an entry without an interface has no program", key)
	case to == 0:
		return nil
	case m.guardEnd == nil:
		return unsupported.New("a program in an entry of map "+m.info.Name, "no image is there whose programs it could name")
	}
	return m.guardEnd(number)
}
