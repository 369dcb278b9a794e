package ebpf

import "github.com/skipsw/skipsw/translate/bpf"

// Spin locks in map values. A VM runs one program at a time, so that a lock is
// never found taken; the interpreter holds programs to the rules by which
// another would.

// heldLock is the lock that the running program holds.
type heldLock struct {
	held  bool
	value Ref
}

// lockAt returns what an address refers to if it is a lock of a map value.
func (vm *VM) lockAt(pc int, addr uint64) (Ref, error) {
	r := vm.Resolve(addr)
	if r.Kind != MapValue || !vm.maps[r.Map].locks || r.Off != int64(vm.maps[r.Map].lock) {
		return r, vm.faultAt(pc, "helper argument: %#x is no bpf_spin_lock of a map value", addr)
	}
	return r, nil
}

func spinLock(vm *VM, pc int, a [5]uint64) (uint64, error) {
	r, err := vm.lockAt(pc, a[0])
	if err == nil {
		vm.lock = heldLock{true, r}
	}
	return 0, err
}

func spinUnlock(vm *VM, pc int, a [5]uint64) (uint64, error) {
	r, err := vm.lockAt(pc, a[0])
	switch {
	case err != nil:
		return 0, err
	case !vm.lock.held || vm.lock.value != r:
		return 0, vm.faultAt(pc, "gives back a lock that it does not hold")
	}
	vm.lock = heldLock{}
	return 0, nil
}

// guarded reports whether bytes of a value, from in on, are among those of its lock.
func (m *Map) guarded(in int64, n int) bool {
	return m.locks && in < int64(m.lock)+bpf.SpinLockBytes && int64(m.lock) < in+int64(n)
}

// assign writes a value, all but its lock.
func (m *Map) assign(entry int, value []byte) {
	to := m.value(entry)
	if !m.locks {
		copy(to, value)
		return
	}
	copy(to[:m.lock], value)
	behind := m.lock + bpf.SpinLockBytes
	copy(to[behind:], value[behind:])
}
