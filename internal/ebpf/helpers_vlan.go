package ebpf

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/translate/bpf"
)

// VLAN EtherTypes in network byte order, as programs write them.
const (
	ethVLAN = 0x0081
	ethQinQ = 0xa888
)

func isVLAN(proto uint32) bool { return proto == ethVLAN || proto == ethQinQ }

// vlanPush puts a VLAN tag beside the frame, where the kernel keeps the
// outermost one; a tag that is there already moves into the frame.
func vlanPush(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	if vm.end-vm.data < etherHeader {
		return bpf.ENOMEM.Result(), nil // no frame of a real device
	}
	proto := uint32(uint16(a[1]))
	if !isVLAN(proto) {
		proto = ethVLAN
	}
	s := &vm.skb
	if s.VlanPresent != 0 {
		vm.makeRoom(4, 0)
		vm.data -= 4
		vm.meta = vm.data
		b := vm.buf[vm.data:]
		copy(b, b[4:16])
		le.PutUint16(b[12:], uint16(s.VlanProto))
		binary.BigEndian.PutUint16(b[14:], uint16(s.VlanTCI))
		s.Protocol = s.VlanProto
		vm.network -= 4
	}
	s.VlanPresent, s.VlanProto, s.VlanTCI = 1, proto, uint32(uint16(a[2]))
	return 0, nil
}

// vlanPop removes the outermost tag; the next one in the frame takes its place.
func vlanPop(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	s := &vm.skb
	switch {
	case s.VlanPresent != 0:
		s.VlanPresent, s.VlanProto, s.VlanTCI = 0, 0, 0
	case !isVLAN(s.Protocol):
		return 0, nil
	default:
		if _, ok := vm.cutTag(); !ok {
			return bpf.ENOMEM.Result(), nil
		}
	}
	if !isVLAN(s.Protocol) {
		return 0, nil
	}
	proto := s.Protocol
	tci, ok := vm.cutTag()
	if !ok {
		return bpf.ENOMEM.Result(), nil
	}
	s.VlanPresent, s.VlanProto, s.VlanTCI = 1, proto, tci
	return 0, nil
}

// cutTag takes the first tag out of the frame; false if the frame is too short.
func (vm *VM) cutTag() (tci uint32, ok bool) {
	if vm.end-vm.data < 18 {
		return 0, false
	}
	b := vm.buf[vm.data:vm.end]
	tci = uint32(binary.BigEndian.Uint16(b[14:]))
	copy(b[4:16], b[:12])
	vm.data += 4
	vm.meta, vm.network = vm.data, max(vm.network, vm.data+etherHeader)
	vm.skb.Protocol = etherType(vm.buf[vm.data:vm.end])
	return tci, true
}

// skbChangeType changes the packet type among host, broadcast, multicast and
// other host.
func skbChangeType(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	typ := uint32(a[1])
	if typ > pktOtherHost || vm.skb.PktType > pktOtherHost {
		return bpf.EINVAL.Result(), nil
	}
	vm.skb.PktType = typ
	return 0, nil
}
