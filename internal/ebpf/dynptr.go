package ebpf

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// A dynptr is 16 bytes of stack, as in the kernel (struct bpf_dynptr_kern): the address
// of its memory, 0 for none; its size with its kind in the highest bits; and how far
// into the memory it begins.
type dynptr struct {
	bytes []byte // on the stack
	data  uint64
	kind  dynptrKind
	size  uint32
	off   uint32
}

type dynptrKind uint32

const (
	localDynptr dynptrKind = 1 + iota
	ringDynptr
	packetDynptr

	dynptrKindShift = 28
)

// dynptrAt reads the dynptr at an address.
func (vm *VM) dynptrAt(pc int, addr uint64) (*dynptr, error) {
	b, err := vm.argument(pc, addr, bpf.DynptrBytes, true)
	if err != nil {
		return nil, err
	}
	w := le.Uint32(b[8:])
	return &dynptr{bytes: b, data: le.Uint64(b), kind: dynptrKind(w >> dynptrKindShift), size: w & bpf.DynptrMost, off: le.Uint32(b[12:])}, nil
}

// set writes it.
func (d *dynptr) set() {
	le.PutUint64(d.bytes, d.data)
	le.PutUint32(d.bytes[8:], uint32(d.kind)<<dynptrKindShift|d.size)
	le.PutUint32(d.bytes[12:], d.off)
}

// newDynptr makes a dynptr at an address, or one without memory if e is an error.
func (vm *VM) newDynptr(pc int, addr uint64, d dynptr, e bpf.Errno) (uint64, error) {
	at, err := vm.dynptrAt(pc, addr)
	if err != nil {
		return 0, err
	}
	if e != 0 {
		d = dynptr{}
	}
	d.bytes = at.bytes
	d.set()
	if e != 0 {
		return e.Result(), nil
	}
	return 0, nil
}

// has reports whether n bytes at an offset are inside.
func (d *dynptr) has(off, n uint64) bool { return n <= uint64(d.size) && off <= uint64(d.size)-n }

// packetRange returns n bytes of the packet at an offset, or none and what the
// kernel's functions answer.
func (vm *VM) packetRange(off, n uint64) (p []byte, answer uint64) {
	if vm.byTyp == object.XDP {
		return xdpRange(vm, off, n)
	}
	if p = vm.skbRange(off, n); p == nil {
		return nil, bpf.EFAULT.Result()
	}
	return p, 0
}

func dynptrFromMem(vm *VM, pc int, a [5]uint64) (uint64, error) {
	e := bpf.Errno(0)
	switch size := uint32(a[1]); {
	case size > bpf.DynptrMost:
		e = bpf.E2BIG
	case a[2] != 0:
		e = bpf.EINVAL
	}
	return vm.newDynptr(pc, a[3], dynptr{data: a[0], kind: localDynptr, size: uint32(a[1])}, e)
}

func ringbufReserveDynptr(vm *VM, pc int, a [5]uint64) (uint64, error) {
	d, e := dynptr{kind: ringDynptr, size: uint32(a[1])}, bpf.Errno(0)
	switch {
	case a[2] != 0:
		e = bpf.EINVAL
	case d.size > bpf.DynptrMost:
		e = bpf.E2BIG
	default:
		addr, err := ringbufReserve(vm, pc, [5]uint64{a[0], uint64(d.size)})
		if err != nil {
			return 0, err
		}
		if d.data = addr; addr == 0 {
			e = bpf.EINVAL
		}
	}
	return vm.newDynptr(pc, a[3], d, e)
}

// finishDynptr gives a record back by its dynptr, with what does so.
func finishDynptr(finish helperFunc) helperFunc {
	return func(vm *VM, pc int, a [5]uint64) (uint64, error) {
		d, err := vm.dynptrAt(pc, a[0])
		if err != nil || d.data == 0 {
			return 0, err
		}
		_, err = finish(vm, pc, [5]uint64{d.data})
		*d = dynptr{bytes: d.bytes}
		d.set()
		vm.forget(a[0], bpf.DynptrBytes)
		return 0, err
	}
}

func dynptrRead(vm *VM, pc int, a [5]uint64) (uint64, error) {
	dst, err := vm.writable(pc, a[0], int(uint32(a[1])))
	if err != nil {
		return 0, err
	}
	d, err := vm.dynptrAt(pc, a[2])
	off, n := uint64(uint32(a[3])), uint64(uint32(a[1]))
	switch {
	case err != nil:
		return 0, err
	case d.data == 0 || a[4] != 0:
		return bpf.EINVAL.Result(), nil
	case !d.has(off, n):
		return bpf.E2BIG.Result(), nil
	case d.kind == packetDynptr:
		src, answer := vm.packetRange(uint64(d.off)+off, n)
		if src == nil && vm.byTyp != object.XDP {
			clear(dst)
		}
		copy(dst, src)
		return answer, nil
	}
	src, err := vm.readable(pc, d.data+uint64(d.off)+off, int(n))
	copy(dst, src)
	return 0, err
}

func dynptrWrite(vm *VM, pc int, a [5]uint64) (uint64, error) {
	d, err := vm.dynptrAt(pc, a[0])
	if err != nil {
		return 0, err
	}
	src, err := vm.readable(pc, a[2], int(uint32(a[3])))
	off, n := uint64(uint32(a[1])), uint64(uint32(a[3]))
	switch {
	case err != nil:
		return 0, err
	case d.data == 0:
		return bpf.EINVAL.Result(), nil
	case !d.has(off, n):
		return bpf.E2BIG.Result(), nil
	case d.kind == packetDynptr && vm.byTyp != object.XDP:
		return skbStoreBytes(vm, pc, [5]uint64{vm.ctxAddress(), uint64(d.off) + off, a[2], a[3], a[4]})
	case a[4] != 0:
		return bpf.EINVAL.Result(), nil
	case d.kind == packetDynptr:
		dst, answer := vm.packetRange(uint64(d.off)+off, n)
		copy(dst, src)
		return answer, nil
	}
	dst, err := vm.writable(pc, d.data+uint64(d.off)+off, int(n))
	copy(dst, src)
	return 0, err
}

func dynptrData(vm *VM, pc int, a [5]uint64) (uint64, error) {
	d, err := vm.dynptrAt(pc, a[0])
	if err != nil || d.data == 0 || d.kind == packetDynptr || !d.has(uint64(uint32(a[1])), uint64(uint32(a[2]))) {
		return 0, err
	}
	return d.data + uint64(d.off) + uint64(uint32(a[1])), nil
}

// ctxAddress is the address of the context.
func (vm *VM) ctxAddress() uint64 { return vm.address(regCtx, 0) }

// slice makes bpf_dynptr_slice and bpf_dynptr_slice_rdwr. All of a packet is one piece.
func (vm *VM) slice(pc int, a [5]uint64) (uint64, error) {
	d, err := vm.dynptrAt(pc, a[0])
	off, n := uint64(uint32(a[1])), uint64(uint32(a[3]))
	if err != nil || d.data == 0 || !d.has(off, n) {
		return 0, err
	}
	off += uint64(d.off)
	if d.kind != packetDynptr {
		return d.data + off, nil
	}
	length := uint64(vm.end - vm.data)
	if off+n <= length && (vm.byTyp != object.XDP || off <= 0xffff && n <= 0xffff) {
		return vm.address(regPacket, int64(vm.data)+int64(off)), nil
	}
	// The packet has become shorter than the dynptr.
	if vm.byTyp != object.XDP || a[2] == 0 {
		return 0, nil
	}
	buffer, err := vm.writable(pc, a[2], int(n))
	if err == nil && off < length {
		copy(buffer, vm.buf[vm.data+int(off):vm.end])
	}
	return a[2], err
}

// dynptrKfunc does the kernel's functions for dynptrs. Numbers of 32 bits are returned
// with a high half of 0.
func (vm *VM) dynptrKfunc(pc int, id bpf.KfuncID) (uint64, error) {
	a := [5]uint64(vm.regs[1:6])
	answer := func(e bpf.Errno) (uint64, error) {
		if e == 0 {
			return 0, nil
		}
		return uint64(uint32(e.Result())), nil
	}
	switch id {
	case bpf.KfuncDynptrFromXDP, bpf.KfuncDynptrFromSkb:
		if err := vm.wantCtx(pc, a[0]); err != nil {
			return 0, err
		}
		e := bpf.Errno(0)
		if a[1] != 0 {
			e = bpf.EINVAL
		}
		r, err := vm.newDynptr(pc, a[2], dynptr{data: a[0], kind: packetDynptr, size: uint32(vm.end - vm.data)}, e)
		return uint64(uint32(r)), err
	case bpf.KfuncDynptrSlice, bpf.KfuncDynptrSliceRdwr:
		return vm.slice(pc, a)
	}
	d, err := vm.dynptrAt(pc, a[0])
	if err != nil {
		return 0, err
	}
	start, end := uint32(a[1]), uint32(a[2])
	switch {
	case id == bpf.KfuncDynptrIsNull && d.data == 0:
		return 1, nil
	case id == bpf.KfuncDynptrIsNull, id == bpf.KfuncDynptrIsRdonly:
		return 0, nil
	case id == bpf.KfuncDynptrClone:
		e := bpf.Errno(0)
		if d.data == 0 {
			e = bpf.EINVAL
		}
		r, err := vm.newDynptr(pc, a[1], *d, e)
		return uint64(uint32(r)), err
	case d.data == 0:
		return answer(bpf.EINVAL)
	case id == bpf.KfuncDynptrSize:
		return uint64(d.size), nil
	case start > end:
		return answer(bpf.EINVAL)
	case start > d.size || end > d.size:
		return answer(bpf.ERANGE)
	}
	d.off += start
	d.size = end - start
	d.set()
	return 0, nil
}
