package ebpf

import (
	"bytes"

	"github.com/skipsw/skipsw/translate/bpf"
)

// record is memory that a helper lent to the program: a reserved ring buffer
// record, or the key that a callback sees.
type record struct {
	m        *Map // nil for keys
	from, to int  // in recordMem
	open     bool
}

// recordBytes returns memory of the open record that holds from..to.
func (vm *VM) recordBytes(from, to int64) []byte {
	for i := range vm.records {
		r := &vm.records[i]
		if r.open && from >= int64(r.from) && to <= int64(r.to) {
			return vm.recordMem[from:to]
		}
	}
	return nil
}

// addRecord lends a copy of b and returns its address. Records lie apart, so
// that an access beyond one never reaches the next.
func (vm *VM) addRecord(b []byte) uint64 {
	from := len(vm.recordMem) + 4096
	vm.recordMem = append(vm.recordMem, make([]byte, 4096)...)
	vm.recordMem = append(vm.recordMem, b...)
	vm.records = append(vm.records, record{from: from, to: len(vm.recordMem), open: true})
	return vm.address(regRecord, int64(from))
}

// dropRecord takes back what addRecord lent; nil if addr is no open record.
func (vm *VM) dropRecord(addr uint64) *record {
	region, off := vm.split(addr)
	for i := range vm.records {
		r := vm.records[i]
		if region == regRecord && int64(r.from) == off && r.open {
			vm.records = append(vm.records[:i], vm.records[i+1:]...)
			return &r
		}
	}
	return nil
}

func (vm *VM) ring(pc int, addr uint64) (*Map, error) {
	m := vm.mapObject(addr)
	if m == nil || m.spec.Type != bpf.MapTypeRingbuf {
		return nil, vm.faultAt(pc, "helper argument: %#x is no ring buffer", addr)
	}
	return m, nil
}

// ringFlags are the flags of bpf_ringbuf_output.
const ringFlags = bpf.RBNoWakeup | bpf.RBForceWakeup

// fits reports whether a record fits into an empty ring; the host is thought
// to have read all before.
func (m *Map) fits(n uint64) bool { return (n+bpf.RingbufHdrSz+7)&^7 <= uint64(m.spec.MaxEntries) }

func ringbufOutput(vm *VM, pc int, a [5]uint64) (uint64, error) {
	m, err := vm.ring(pc, a[0])
	if err != nil {
		return 0, err
	}
	data, err := vm.readable(pc, a[1], int(uint32(a[2])))
	if err != nil {
		return 0, err
	}
	if a[3]&^ringFlags != 0 {
		return bpf.EINVAL.Result(), nil
	}
	if !m.fits(a[2]) {
		return bpf.EAGAIN.Result(), nil
	}
	vm.events = append(vm.events, Event{Map: m.spec.Name, Data: bytes.Clone(data)})
	return 0, nil
}

func ringbufReserve(vm *VM, pc int, a [5]uint64) (uint64, error) {
	m, err := vm.ring(pc, a[0])
	if err != nil {
		return 0, err
	}
	if a[2] != 0 || !m.fits(a[1]) {
		return 0, nil
	}
	addr := vm.addRecord(make([]byte, a[1]))
	vm.records[len(vm.records)-1].m = m
	return addr, nil
}

func ringbufSubmit(vm *VM, pc int, a [5]uint64) (uint64, error) {
	r := vm.dropRecord(a[0])
	if r == nil || r.m == nil {
		return 0, vm.faultAt(pc, "helper argument: %#x is no reserved record", a[0])
	}
	vm.events = append(vm.events, Event{Map: r.m.spec.Name, Data: bytes.Clone(vm.recordMem[r.from:r.to])})
	return 0, nil
}

func ringbufDiscard(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if r := vm.dropRecord(a[0]); r == nil || r.m == nil {
		return 0, vm.faultAt(pc, "helper argument: %#x is no reserved record", a[0])
	}
	return 0, nil
}
