package ebpf

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/skipsw/skipsw/translate/bpf"
)

// putIn puts a value into a Bloom filter.
func (m *Map) putIn(value []byte, flags uint64) bpf.Errno {
	if flags != bpf.Any {
		return bpf.EINVAL
	}
	m.has[string(value)] = true
	return 0
}

// ask tells whether a value is in a Bloom filter. What was put in is found. With
// Options.Order another value is, too, as often as bits of a filter that has so much in
// it are all set by chance: the hash functions of others are not known here.
func (vm *VM) ask(m *Map, value []byte) bpf.Errno {
	if m.has[string(value)] {
		return 0
	}
	if vm.opt.Order != 0 {
		hashes, size := bpf.Bloom(m.spec.MaxEntries, m.spec.Extra)
		set := 1 - math.Pow(1-1/float64(size), float64(hashes)*float64(len(m.has)))
		h := fnv.New64a()
		h.Write(value)
		r := rand.New(rand.NewPCG(vm.opt.Order, h.Sum64()))
		if r.Float64() < math.Pow(set, float64(hashes)) {
			return 0
		}
	}
	return bpf.ENOENT
}
