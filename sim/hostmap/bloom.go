package hostmap

import (
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// bloomTable is a Bloom filter in memory. Values are put in and asked for; none can be
// listed or taken out.
type bloomTable struct {
	maplayout.Bloom
	mem []byte // the region
}

var _ = register(maplayout.KindBloom, func(_ *image.Map, l maplayout.Layout) table { return &bloomTable{Bloom: l.(maplayout.Bloom)} })

func (t *bloomTable) reset(memory []byte) { t.mem = memory }

// find never finds: there is no place with a value.
func (t *bloomTable) find([]byte) (uint64, bool) { return 0, false }

func (t *bloomTable) exact([]byte) (uint64, bool) { return 0, false }

func (t *bloomTable) insert([]byte) (uint64, bpf.Errno) { return 0, bpf.EINVAL }

func (t *bloomTable) remove([]byte) bpf.Errno { return bpf.EINVAL }

func (t *bloomTable) each(func([]byte, uint64)) {}

// add puts a value in.
func (t *bloomTable) add(value []byte, flags uint64) bpf.Errno {
	if flags != UpdateAny {
		return bpf.EINVAL
	}
	t.Add(t.mem, value)
	return 0
}

// Has reports whether a value has been put into a Bloom filter; now and then that is
// said of one that has not. Other maps have no values of the kind.
func (m *Map) Has(value []byte) bool {
	t, ok := m.table.(*bloomTable)
	return ok && len(value) == m.ValueSize() && t.Has(t.mem, value)
}
