package ebpf

import "github.com/skipsw/skipsw/translate/bpf"

// Protocols in network byte order, as programs read them.
const (
	ethIP  = 0x0008
	ethIP6 = 0xdd86
)

// headerOf returns the size of an IP header without options, 0 for other
// protocols.
func headerOf(proto uint32) int {
	switch proto {
	case ethIP:
		return 20
	case ethIP6:
		return 40
	}
	return 0
}

// Flags of bpf_skb_adjust_room by what they are for.
const (
	roomEncap = bpf.FAdjRoomEncapL3IPv4 | bpf.FAdjRoomEncapL3IPv6
	roomLayer = bpf.FAdjRoomEncapL4Gre | bpf.FAdjRoomEncapL4UDP
	roomDecap = bpf.FAdjRoomDecapL3IPv4 | bpf.FAdjRoomDecapL3IPv6
	roomCut   = bpf.FAdjRoomFixedGSO | roomDecap | bpf.FAdjRoomNoCsumReset
	roomInner = uint64(bpf.AdjRoomEncapL2Mask) << bpf.AdjRoomEncapL2Shift
	roomAll   = roomCut | roomEncap | roomLayer | bpf.FAdjRoomEncapL2Eth | roomInner
)

// skbAdjustRoom takes bytes out behind the link or network header, or puts
// zeros in there.
func skbAdjustRoom(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	return vm.adjustRoom(int(int32(a[1])), uint32(a[2]), a[3]).Result(), nil
}

func (vm *VM) adjustRoom(by int, mode uint32, flags uint64) bpf.Errno {
	header := headerOf(vm.skb.Protocol)
	size := max(by, -by)
	switch {
	case flags&^roomAll != 0:
		return bpf.EINVAL
	case size > 0xfff:
		return bpf.EFAULT
	case header == 0:
		return bpf.ENOTSUPP
	}
	off, least := vm.network-vm.data, header
	switch mode {
	case bpf.AdjRoomNet:
		off += header
	case bpf.AdjRoomMac:
	default:
		return bpf.ENOTSUPP
	}
	switch flags & roomDecap {
	case 0:
	case bpf.FAdjRoomDecapL3IPv4:
		least = headerOf(ethIP)
	case bpf.FAdjRoomDecapL3IPv6:
		least = headerOf(ethIP6)
	default:
		return bpf.EINVAL
	}
	if flags&roomDecap != 0 && by >= 0 {
		return bpf.EINVAL
	}
	behind := vm.end - vm.network
	if by < 0 && (size >= behind || behind-size < least) || by >= 0 && vm.end-vm.data+size > maxSkbLen {
		return bpf.ENOTSUPP
	}
	if by >= 0 && vm.end-vm.data < off {
		return bpf.ENOTSUPP // the kernel moves what lies behind the frame, too
	}
	change := vm.widen
	if by < 0 {
		change = vm.narrow
	}
	if e := change(off, size, flags); e != 0 {
		return e
	}
	if flags&bpf.FAdjRoomNoCsumReset == 0 {
		vm.csumLevel = 0
	}
	return 0
}

// narrow takes n bytes out at an offset.
func (vm *VM) narrow(off, n int, flags uint64) bpf.Errno {
	switch {
	case flags&^roomCut != 0:
		return bpf.EINVAL
	case vm.end-vm.data < off+n:
		return bpf.ENOMEM
	}
	copy(vm.buf[vm.data+n:], vm.buf[vm.data:vm.data+off])
	vm.data += n
	vm.meta, vm.network = vm.data, vm.network+n
	vm.becomes(flags&bpf.FAdjRoomDecapL3IPv4 != 0, flags&bpf.FAdjRoomDecapL3IPv6 != 0)
	return 0
}

// widen puts n zeros in at an offset.
func (vm *VM) widen(off, n int, flags uint64) bpf.Errno {
	if flags&roomEncap != 0 {
		inner := int(flags >> bpf.AdjRoomEncapL2Shift)
		switch {
		case flags&roomEncap == roomEncap, flags&roomLayer == roomLayer, flags&bpf.FAdjRoomEncapL2Eth != 0 && inner < etherHeader:
			return bpf.EINVAL
		case vm.encapsulated:
			return bpf.EALREADY
		case inner > n:
			return bpf.EINVAL
		}
	}
	vm.makeRoom(n, 0)
	copy(vm.buf[vm.data-n:], vm.buf[vm.data:vm.data+off])
	vm.data -= n
	vm.meta, vm.network = vm.data, vm.network-n
	clear(vm.buf[vm.data+off : vm.data+off+n])
	if flags&roomEncap != 0 {
		vm.encapsulated = true
		vm.becomes(flags&bpf.FAdjRoomEncapL3IPv4 != 0, flags&bpf.FAdjRoomEncapL3IPv6 != 0)
	}
	return 0
}

// becomes changes the protocol between the versions of IP.
func (vm *VM) becomes(ip, ip6 bool) {
	switch p := &vm.skb.Protocol; {
	case *p == ethIP && ip6:
		*p = ethIP6
	case *p == ethIP6 && ip:
		*p = ethIP
	}
}
