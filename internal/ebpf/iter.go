package ebpf

import "github.com/skipsw/skipsw/translate/bpf"

// maxNumbers is the kernel's BPF_MAX_LOOPS, the most numbers of an iterator.
const maxNumbers = 8 << 20

// kfunc does the kernel functions that programs may call. The iterator over numbers is
// its number and the one that ends it.
func (vm *VM) kfunc(pc int, id bpf.KfuncID) (uint64, error) {
	if !id.Known() {
		f := vm.faultAt(pc, "not supported: call of kernel function %d, because the interpreter does not have it", id)
		f.Missing = true
		return 0, f
	}
	if !id.Iterates() {
		return vm.dynptrKfunc(pc, id)
	}
	it, err := vm.argument(pc, vm.regs[1], bpf.IterNumBytes, true)
	if err != nil {
		return 0, err
	}
	cur, end := int32(le.Uint32(it)), int32(le.Uint32(it[4:]))
	set := func(cur, end int32) {
		le.PutUint32(it, uint32(cur))
		le.PutUint32(it[4:], uint32(end))
	}
	switch id {
	case bpf.KfuncIterNumNew:
		start, end := int32(vm.regs[2]), int32(vm.regs[3])
		set(0, 0)
		switch {
		case start > end:
			return bpf.EINVAL.Result(), nil
		case int64(end)-int64(start) > maxNumbers:
			return bpf.E2BIG.Result(), nil
		}
		set(start-1, end)
		return 0, nil
	case bpf.KfuncIterNumNext:
		if cur+1 >= end {
			set(0, 0)
			return 0, nil
		}
		set(cur+1, end)
		return vm.regs[1], nil
	}
	set(0, 0)
	vm.forget(vm.regs[1], bpf.IterNumBytes)
	return poison, nil
}
