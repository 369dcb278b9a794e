package ebpf

import (
	"math/rand/v2"

	"github.com/skipsw/skipsw/translate/bpf"
)

// mapObject returns the map whose address a helper got, or nil.
func (vm *VM) mapObject(addr uint64) *Map {
	r := vm.Resolve(addr)
	if r.Kind != MapObject || r.Off != 0 {
		return nil
	}
	return vm.maps[r.Map]
}

// mapAndKey reads the first two arguments of the map helpers.
func (vm *VM) mapAndKey(pc int, a [5]uint64) (*Map, []byte, error) {
	m := vm.mapObject(a[0])
	if m == nil {
		return nil, nil, vm.faultAt(pc, "helper argument: %#x is no map", a[0])
	}
	key, err := vm.readable(pc, a[1], int(m.spec.KeySize))
	return m, key, err
}

func mapLookup(vm *VM, pc int, a [5]uint64) (uint64, error) {
	m, key, err := vm.mapAndKey(pc, a)
	if err != nil {
		return 0, err
	}
	switch {
	case m.is(nestTypes):
		if in := m.inner[string(key)]; in != nil {
			return in.object(), nil
		}
		return 0, nil
	case !m.is(arrayTypes | hashTypes | targetTypes | 1<<bpf.MapTypeLPMTrie):
		return 0, vm.faultAt(pc, "lookup in map %s of type %d", m.spec.Name, m.spec.Type)
	}
	if i := m.find(key); i >= 0 {
		return m.address(i), nil
	}
	return 0, nil
}

func mapLookupPerCPU(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if uint32(a[2]) != 0 {
		return 0, nil
	}
	m := vm.mapObject(a[0])
	if m == nil || !m.is(1<<bpf.MapTypePerCPUArray|1<<bpf.MapTypePerCPUHash|1<<bpf.MapTypeLRUPerCPUHash) {
		return 0, vm.faultAt(pc, "helper argument: %#x is no per-CPU map", a[0])
	}
	return mapLookup(vm, pc, a)
}

func mapUpdate(vm *VM, pc int, a [5]uint64) (uint64, error) {
	m, key, err := vm.mapAndKey(pc, a)
	if err != nil {
		return 0, err
	}
	value, err := vm.readable(pc, a[2], int(m.spec.ValueSize))
	if err != nil {
		return 0, err
	}
	if !m.is(arrayTypes | hashTypes | 1<<bpf.MapTypeLPMTrie) {
		return 0, vm.faultAt(pc, "update of map %s of type %d", m.spec.Name, m.spec.Type)
	}
	// The value may lie in the map itself, whose memory the update may move.
	var small [256]byte
	return m.update(key, append(small[:0], value...), a[3]).Result(), nil
}

func mapDelete(vm *VM, pc int, a [5]uint64) (uint64, error) {
	m, key, err := vm.mapAndKey(pc, a)
	if err != nil {
		return 0, err
	}
	return m.remove(key).Result(), nil
}

// fifoAndValue reads the arguments of the helpers for maps without keys.
func (vm *VM) fifoAndValue(pc int, a [5]uint64, write bool) (*Map, []byte, error) {
	m := vm.mapObject(a[0])
	if m == nil || !m.is(fifoTypes|1<<bpf.MapTypeBloomFilter) {
		return nil, nil, vm.faultAt(pc, "helper argument: %#x is no map without keys", a[0])
	}
	v, err := vm.argument(pc, a[1], int(m.spec.ValueSize), write && m.is(fifoTypes))
	return m, v, err
}

func mapPush(vm *VM, pc int, a [5]uint64) (uint64, error) {
	m, v, err := vm.fifoAndValue(pc, a, false)
	if err != nil {
		return 0, err
	}
	if m.spec.Type == bpf.MapTypeBloomFilter {
		return m.putIn(v, a[2]).Result(), nil
	}
	if a[2]&^bpf.Exist != 0 {
		return bpf.EINVAL.Result(), nil
	}
	if len(m.fifo) >= int(m.spec.MaxEntries) {
		if a[2] != bpf.Exist {
			return bpf.E2BIG.Result(), nil
		}
		m.free = append(m.free, m.fifo[0])
		m.fifo = m.fifo[1:]
	}
	i := m.place(false)
	copy(m.value(i), v)
	m.fifo = append(m.fifo, i)
	return 0, nil
}

func mapPeek(vm *VM, pc int, a [5]uint64) (uint64, error) { return vm.take(pc, a, false) }

func mapPop(vm *VM, pc int, a [5]uint64) (uint64, error) { return vm.take(pc, a, true) }

func (vm *VM) take(pc int, a [5]uint64, remove bool) (uint64, error) {
	m, v, err := vm.fifoAndValue(pc, a, true)
	if err != nil {
		return 0, err
	}
	if m.spec.Type == bpf.MapTypeBloomFilter {
		if remove {
			return 0, vm.faultAt(pc, "nothing comes out of map %s", m.spec.Name)
		}
		return vm.ask(m, v).Result(), nil
	}
	if len(m.fifo) == 0 {
		clear(v)
		return bpf.ENOENT.Result(), nil
	}
	at := 0
	if m.spec.Type == bpf.MapTypeStack {
		at = len(m.fifo) - 1
	}
	i := m.fifo[at]
	copy(v, m.value(i))
	if remove {
		m.fifo = append(m.fifo[:at], m.fifo[at+1:]...)
		m.free = append(m.free, i)
	}
	return 0, nil
}

// forEachMapElem calls a function of the program for each entry, in the order
// of the keys, or another (Options.Order). The kernel's order in hash maps is yet
// another.
func forEachMapElem(vm *VM, pc int, a [5]uint64) (uint64, error) {
	m := vm.mapObject(a[0])
	if m == nil || !m.is(arrayTypes|hashTypes) {
		return 0, vm.faultAt(pc, "helper argument: %#x is no array or hash map", a[0])
	}
	if a[3] != 0 {
		return bpf.EINVAL.Result(), nil
	}
	fn := vm.Resolve(a[1])
	if fn.Kind != Function {
		return 0, vm.faultAt(pc, "helper argument: %#x is no function", a[1])
	}
	n, entries := uint64(0), m.Entries()
	if vm.opt.Order != 0 && m.is(hashTypes) {
		r := rand.New(rand.NewPCG(vm.opt.Order, uint64(len(entries))))
		r.Shuffle(len(entries), func(i, k int) { entries[i], entries[k] = entries[k], entries[i] })
	}
	for _, e := range entries {
		i := m.find(e.Key)
		if i < 0 {
			continue
		}
		key := vm.addRecord(e.Key)
		r0, err := vm.invoke(pc, int(fn.Off), a[0], key, m.address(i), a[2])
		vm.dropRecord(key)
		if err != nil {
			return 0, err
		}
		n++
		if r0 != 0 {
			break
		}
	}
	return n, nil
}
