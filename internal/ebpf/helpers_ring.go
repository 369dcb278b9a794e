package ebpf

import (
	"bytes"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
)

// record is memory that a helper lent to the program: a reserved ring buffer
// record, or the key that a callback sees.
type record struct {
	m        *Map // nil for keys
	event    int  // in events, what becomes of it
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

// ring is where a ring buffer's producer and consumer are, in bytes that were
// ever reserved.
type ring struct{ producer, consumer uint64 }

// drain lets the host read all records.
func (m *Map) drain() { m.ring.consumer = m.ring.producer }

// reserve makes room for a record; false if there is none. As in the kernel a
// ring is never quite full.
func (m *Map) reserve(n uint64) bool {
	size := uint64(m.spec.MaxEntries)
	taken := (n + bpf.RingbufHdrSz + 7) &^ 7
	if n > size || m.ring.producer-m.ring.consumer+taken >= size {
		return false
	}
	m.ring.producer += taken
	return true
}

// sent returns the events that were submitted.
func (vm *VM) sent() []Event {
	return slices.DeleteFunc(vm.events, func(e Event) bool { return e.discarded })
}

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
	if !m.reserve(a[2]) {
		return bpf.EAGAIN.Result(), nil
	}
	vm.events = append(vm.events, Event{Map: m.spec.Name, Index: m.index, Data: bytes.Clone(data)})
	return 0, nil
}

func ringbufReserve(vm *VM, pc int, a [5]uint64) (uint64, error) {
	m, err := vm.ring(pc, a[0])
	if err != nil {
		return 0, err
	}
	if a[2] != 0 || !m.reserve(a[1]) {
		return 0, nil
	}
	addr := vm.addRecord(bytes.Repeat([]byte{vm.opt.Reserved}, int(a[1])))
	r := &vm.records[len(vm.records)-1]
	r.m, r.event = m, len(vm.events)
	vm.events = append(vm.events, Event{Map: m.spec.Name, Index: m.index})
	return addr, nil
}

// finish takes back a record that a program holds.
func (vm *VM) finish(pc int, addr uint64) (*record, *Event, error) {
	r := vm.dropRecord(addr)
	if r == nil || r.m == nil {
		return nil, nil, vm.faultAt(pc, "helper argument: %#x is no reserved record", addr)
	}
	return r, &vm.events[r.event], nil
}

func ringbufSubmit(vm *VM, pc int, a [5]uint64) (uint64, error) {
	r, e, err := vm.finish(pc, a[0])
	if err == nil {
		e.Data = bytes.Clone(vm.recordMem[r.from:r.to])
	}
	return 0, err
}

func ringbufDiscard(vm *VM, pc int, a [5]uint64) (uint64, error) {
	_, e, err := vm.finish(pc, a[0])
	if err == nil {
		e.discarded = true
	}
	return 0, err
}

func ringbufQuery(vm *VM, pc int, a [5]uint64) (uint64, error) {
	m, err := vm.ring(pc, a[0])
	if err != nil {
		return 0, err
	}
	switch a[1] {
	case bpf.RBAvailData:
		return m.ring.producer - m.ring.consumer, nil
	case bpf.RBRingSize:
		return uint64(m.spec.MaxEntries), nil
	case bpf.RBConsPos:
		return m.ring.consumer, nil
	case bpf.RBProdPos:
		return m.ring.producer, nil
	}
	return 0, nil
}
