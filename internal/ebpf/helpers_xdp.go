package ebpf

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Sizes that bound moves of the packet's start and end in the kernel, bytes.
const (
	xdpFrameStruct = 40 // struct xdp_frame at the start of the headroom
	etherHeader    = 14
	maxMeta        = 255
	page           = 4096
)

// xdpAdjustHead moves the packet's start.
func xdpAdjustHead(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	data := int64(vm.data) + int64(int32(a[1]))
	meta := vm.data - vm.meta
	first, last := int64(xdpFrameStruct+meta), int64(vm.end-etherHeader)
	if b := vm.opt.Buffer; b != nil {
		first, last = max(first, headroom-int64(b.Back)+int64(meta)), min(last, headroom+int64(b.Ahead))
	}
	if data < first || data > last {
		return bpf.EINVAL.Result(), nil
	}
	if meta > 0 {
		copy(vm.buf[int(data)-meta:], vm.buf[vm.meta:vm.data])
	}
	vm.data, vm.meta = int(data), int(data)-meta
	return 0, nil
}

// xdpAdjustTail moves the packet's end. Bytes that are added are zero.
func xdpAdjustTail(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	if vm.fragment > 0 {
		return vm.adjustFragment(int64(int32(a[1]))), nil
	}
	end := int64(vm.end) + int64(int32(a[1]))
	last := len(vm.buf) - tailroom
	if b := vm.opt.Buffer; b != nil && b.End == 0 {
		last = vm.end
	}
	if end > int64(last) || end < int64(vm.data+etherHeader) {
		return bpf.EINVAL.Result(), nil
	}
	if int(end) > vm.end {
		clear(vm.buf[vm.end:end])
	}
	vm.end = int(end)
	return 0, nil
}

// adjustFragment moves the end of a packet in several pieces. In the kernel's test
// runs they are pages, and one grows to the end of its last.
func (vm *VM) adjustFragment(delta int64) uint64 {
	left := int64(len(vm.frame())) + delta
	room := int64(page - 1 - (vm.fragment-1)%page)
	if b := vm.opt.Buffer; b != nil {
		room = int64(b.Fragment - vm.fragment)
	}
	if left < etherHeader || delta > room {
		return bpf.EINVAL.Result()
	}
	if delta >= 0 {
		old := len(vm.frame())
		if end := vm.data + int(left); end > len(vm.buf) {
			vm.buf = append(vm.buf, make([]byte, end-len(vm.buf))...)
		}
		vm.fragment += int(delta)
		clear(vm.frame()[old:])
		return 0
	}
	linear := min(int64(vm.end-vm.data), left)
	vm.end, vm.fragment = vm.data+int(linear), int(left-linear)
	return 0
}

// frame returns all bytes of the packet.
func (vm *VM) frame() []byte {
	end := vm.end + vm.fragment
	return vm.buf[vm.data:end:end]
}

// xdpAdjustMeta opens or closes room for metadata in front of the packet.
func xdpAdjustMeta(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	meta := int64(vm.meta) + int64(int32(a[1]))
	n := int64(vm.data) - meta
	first := int64(xdpFrameStruct)
	if b := vm.opt.Buffer; b != nil {
		first = max(first, headroom-int64(b.Back))
	}
	if meta < first || n < 0 {
		return bpf.EINVAL.Result(), nil
	}
	if n%4 != 0 || n > maxMeta {
		return bpf.EACCES.Result(), nil
	}
	vm.meta = int(meta)
	return 0, nil
}

func xdpBuffLen(vm *VM, pc int, a [5]uint64) (uint64, error) {
	return uint64(len(vm.frame())), vm.wantCtx(pc, a[0])
}

func xdpLoadBytes(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	off, n := uint64(uint32(a[1])), uint64(uint32(a[3]))
	dst, err := vm.writable(pc, a[2], int(n))
	if err != nil {
		return 0, err
	}
	p, e := xdpRange(vm, off, n)
	copy(dst, p)
	return e, nil
}

func xdpStoreBytes(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	off, n := uint64(uint32(a[1])), uint64(uint32(a[3]))
	src, err := vm.readable(pc, a[2], int(n))
	if err != nil {
		return 0, err
	}
	p, e := xdpRange(vm, off, n)
	copy(p, src)
	return e, nil
}

// xdpRange returns n bytes of the packet, or none and what the helpers answer
// where they are not there.
func xdpRange(vm *VM, off, n uint64) (p []byte, answer uint64) {
	switch {
	case off > 0xffff || n > 0xffff:
		return nil, bpf.EFAULT.Result()
	case off+n > uint64(len(vm.frame())):
		return nil, bpf.EINVAL.Result()
	}
	return vm.frame()[off:][:n], 0
}

// redirectMask are the flags of bpf_redirect_map that are the verdict for a miss.
const redirectMask = 3

func redirect(vm *VM, _ int, a [5]uint64) (uint64, error) {
	xdp := vm.byTyp == object.XDP
	switch {
	case xdp && a[1] != 0:
		return uint64(bpf.XDPAborted), nil
	case !xdp && a[1]&^bpf.FIngress != 0:
		return uint64(bpf.TCActShot), nil
	}
	vm.redirect = Redirect{Set: true, Ifindex: uint32(a[0]), Flags: a[1]}
	if xdp {
		return uint64(bpf.XDPRedirect), nil
	}
	return uint64(bpf.TCActRedirect), nil
}

func redirectMap(vm *VM, pc int, a [5]uint64) (uint64, error) {
	m := vm.mapObject(a[0])
	if m == nil || !m.is(targetTypes) {
		return 0, vm.faultAt(pc, "helper argument: %#x is no device, CPU or socket map", a[0])
	}
	devices := m.is(1<<bpf.MapTypeDevMap | 1<<bpf.MapTypeDevMapHash)
	known := uint64(redirectMask)
	if devices {
		known |= bpf.FBroadcast | bpf.FExcludeIngress
	}
	if a[2]&^known != 0 {
		return uint64(bpf.XDPAborted), nil
	}
	to := Redirect{Set: true, Type: m.spec.Type, Map: m.spec.Name, Key: uint32(a[1]), Flags: a[2]}
	i := m.find(le.AppendUint32(nil, to.Key))
	switch {
	case a[2]&bpf.FBroadcast != 0:
		to.Key = 0
		for _, e := range m.Entries() {
			if n := le.Uint32(e.Value); a[2]&bpf.FExcludeIngress == 0 || n != vm.ingress() {
				to.Copies = append(to.Copies, n)
			}
		}
	case i < 0:
		// The kernel forgets where an earlier call wanted to.
		vm.redirect = Redirect{}
		return a[2] & redirectMask, nil
	case devices:
		to.Ifindex = le.Uint32(m.value(i))
	}
	vm.redirect = to
	return uint64(bpf.XDPRedirect), nil
}

// redirectPeer sends the packet to the other end of a virtual device.
func redirectPeer(vm *VM, _ int, a [5]uint64) (uint64, error) {
	if a[1] != 0 {
		return uint64(bpf.TCActShot), nil
	}
	vm.redirect = Redirect{Set: true, Ifindex: uint32(a[0])}
	return uint64(bpf.TCActRedirect), nil
}
