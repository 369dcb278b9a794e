package ebpf

import "github.com/skipsw/skipsw/translate/bpf"

// skbChangeProto gives a frame of IPv4 the room of an IPv6 header, or takes as much
// from one of IPv6.
func skbChangeProto(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	const more = 20
	to := uint32(uint16(a[1]))
	at := vm.network - vm.data // what lies in front of the network header moves
	switch own := vm.skb.Protocol; {
	case a[2] != 0:
		return bpf.EINVAL.Result(), nil
	case own == ethIP && to == ethIP6:
		vm.makeRoom(more, 0)
		vm.data -= more
		b := vm.buf[vm.data:]
		copy(b[:at], b[more:])
		clear(b[at : at+more])
		vm.network -= more
	case own == ethIP6 && to == ethIP:
		if vm.end-vm.data < at+more {
			return bpf.ENOMEM.Result(), nil
		}
		b := vm.buf[vm.data:]
		copy(b[more:more+at], b[:at])
		vm.data += more
		vm.network += more
	default:
		return bpf.ENOTSUPP.Result(), nil
	}
	vm.meta = vm.data
	vm.skb.Protocol, vm.skb.Hash = to, 0
	return 0, nil
}

// Clocks that a frame's time is of.
const (
	clockReal = 0
	clockTAI  = 2
)

// skbSetTstamp sets the frame's time by a clock.
func skbSetTstamp(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	clock := uint32(a[2])
	switch s := &vm.skb; {
	case s.Protocol != ethIP && s.Protocol != ethIP6:
		return bpf.EOPNOTSUPP.Result(), nil
	case clock > clockTAI, clock != clockReal && a[1] == 0:
		return bpf.EINVAL.Result(), nil
	default:
		s.Tstamp, s.TstampType = a[1], clock
	}
	return 0, nil
}
