package ebpf

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// SkbFields are the fields of a tc program's context that are not derived from
// the packet.
type SkbFields struct {
	Mark, Priority, QueueMapping uint32
	TCIndex, TCClassID           uint32
	CB                           [5]uint32
	Hash                         uint32
	Ifindex                      uint32 // 0 means 1, the loopback device
	Tstamp                       uint64
	TstampType                   uint32
	PktType                      uint32
	Protocol                     uint32 // network byte order, derived from the packet
	VlanPresent, VlanTCI         uint32
	VlanProto                    uint32 // network byte order
	WireLen, GSOSegs, GSOSize    uint32
}

// Packet types as the kernel numbers them.
const (
	pktHost      = 0
	pktMulticast = 2
	pktOtherHost = 3
)

// start derives what the kernel derives from the Ethernet header of a frame
// that arrives at the loopback device. That one's own address is all zero and
// so is its broadcast address: broadcast is multicast there.
func (s *SkbFields) start(vm *VM) {
	if s.Ifindex == 0 {
		s.Ifindex = 1
	}
	p := vm.in.Packet
	if len(p) < 14 {
		return
	}
	s.Protocol = etherType(p)
	s.PktType = pktOtherHost
	dst := [6]byte(p)
	switch {
	case dst == [6]byte{}:
		s.PktType = pktHost
	case dst[0]&1 != 0:
		s.PktType = pktMulticast
	}
}

// etherType is the protocol as eth_type_trans finds it, in network byte order
// as a program reads it from a little-endian context.
func etherType(p []byte) uint32 {
	if binary.BigEndian.Uint16(p[12:]) >= 0x0600 {
		return uint32(le.Uint16(p[12:]))
	}
	if len(p) >= 16 && le.Uint16(p[14:]) == 0xffff {
		return 0x0100 // ETH_P_802_3
	}
	return 0x0400 // ETH_P_802_2
}

func (vm *VM) loadCtx(pc int, off int64, n int) (uint64, error) {
	if vm.byTyp == object.XDP {
		if n != 4 || off < 0 || off >= bpf.SizeofXDPMd || off%4 != 0 {
			return 0, vm.faultAt(pc, "read of ctx bytes %d..%d, struct xdp_md has words up to byte %d", off, off+int64(n)-1, bpf.SizeofXDPMd)
		}
		switch off {
		case bpf.XDPMdData:
			return vm.address(regPacket, int64(vm.data)), nil
		case bpf.XDPMdDataEnd:
			return vm.address(regPacket, int64(vm.end)), nil
		case bpf.XDPMdDataMeta:
			return vm.address(regPacket, int64(vm.meta)), nil
		case bpf.XDPMdIngressIfindex:
			return uint64(vm.ingress()), nil
		case bpf.XDPMdRxQueueIndex:
			return uint64(vm.queue), nil
		case bpf.XDPMdEgressIfindex:
			return 0, vm.faultAt(pc, "not supported: egress_ifindex, because the program is at an ingress hook")
		}
	}
	if off < 0 || off+int64(n) > bpf.SizeofSkBuff || off%int64(n) != 0 {
		return 0, vm.faultAt(pc, "read of ctx bytes %d..%d", off, off+int64(n)-1)
	}
	if n == 4 {
		switch off {
		case bpf.SkBuffData:
			return vm.address(regPacket, int64(vm.data)), nil
		case bpf.SkBuffDataEnd:
			return vm.address(regPacket, int64(vm.end)), nil
		case bpf.SkBuffDataMeta:
			return vm.address(regPacket, int64(vm.meta)), nil
		}
	}
	f := bpf.SkBuff.At(int(off))
	if f != nil && (f.Absent != "" || f.Holds != bpf.Number) {
		return 0, vm.faultAt(pc, "read of ctx bytes %d..%d, which a tc program may not read so", off, off+int64(n)-1)
	}
	if f != nil && f.Kept > 0 && n >= f.Kept && n < f.Size {
		// The kernel takes these fields whole, whichever part is asked for.
		return uint64(vm.skbWord(off&^3)) & (1<<(8*n) - 1), nil
	}
	word := uint64(vm.skbWord(off &^ 7))
	word |= uint64(vm.skbWord(off&^7+4)) << 32
	v := word >> (8 * (off & 7))
	return v & (1<<(8*n) - 1), nil
}

func (vm *VM) ingress() uint32 {
	if vm.in.IngressIfindex == 0 {
		return 1
	}
	return vm.in.IngressIfindex
}

// skbWord returns the aligned word of the context at off.
func (vm *VM) skbWord(off int64) uint32 {
	s := &vm.skb
	switch off {
	case bpf.SkBuffLen:
		return uint32(len(vm.frame()))
	case bpf.SkBuffPktType:
		return s.PktType
	case bpf.SkBuffVlanPresent:
		return s.VlanPresent
	case bpf.SkBuffVlanTCI:
		return s.VlanTCI
	case bpf.SkBuffVlanProto:
		return s.VlanProto
	case bpf.SkBuffProtocol:
		return s.Protocol
	case bpf.SkBuffIngressIfindex:
		return vm.in.IngressIfindex
	case bpf.SkBuffIfindex:
		return s.Ifindex
	case bpf.SkBuffHash:
		return s.Hash
	case bpf.SkBuffWireLen:
		return s.WireLen
	case bpf.SkBuffGSOSegs:
		return s.GSOSegs
	case bpf.SkBuffGSOSize:
		return s.GSOSize
	case bpf.SkBuffTstampType:
		return s.TstampType
	case bpf.SkBuffTstamp:
		return uint32(s.Tstamp)
	case bpf.SkBuffTstamp + 4:
		return uint32(s.Tstamp >> 32)
	}
	if f := s.writable(off); f != nil {
		return *f
	}
	return 0
}

// writable returns the field at off if it is a word that programs may write.
func (s *SkbFields) writable(off int64) *uint32 {
	switch off {
	case bpf.SkBuffMark:
		return &s.Mark
	case bpf.SkBuffQueueMapping:
		return &s.QueueMapping
	case bpf.SkBuffPriority:
		return &s.Priority
	case bpf.SkBuffTcIndex:
		return &s.TCIndex
	case bpf.SkBuffTcClassID:
		return &s.TCClassID
	}
	if off >= bpf.SkBuffCB && off < bpf.SkBuffCB+20 && off%4 == 0 {
		return &s.CB[(off-bpf.SkBuffCB)/4]
	}
	return nil
}

func (vm *VM) storeCtx(pc int, off int64, n int, v uint64) error {
	if vm.byTyp == object.XDP {
		if off != bpf.XDPMdRxQueueIndex || n != 4 {
			return vm.faultAt(pc, "write to ctx bytes %d..%d, an XDP program may write only rx_queue_index", off, off+int64(n)-1)
		}
		vm.queue, vm.queueSet = uint32(v), true
		return nil
	}
	s := &vm.skb
	switch {
	case off == bpf.SkBuffTstamp && n == 8:
		s.Tstamp = v
		return nil
	case n == 4:
		if f := s.writable(off); f != nil {
			// The kernel takes no queue it cannot have.
			if off == bpf.SkBuffQueueMapping && v >= 0xffff {
				return nil
			}
			*f = uint32(v)
			if off == bpf.SkBuffTcIndex || off == bpf.SkBuffTcClassID {
				*f = uint32(uint16(v))
			}
			return nil
		}
	case n < 4 || n == 8:
		if off >= bpf.SkBuffCB && off+int64(n) <= bpf.SkBuffCB+20 && off%int64(n) == 0 {
			var b [20]byte
			for i, w := range s.CB {
				le.PutUint32(b[4*i:], w)
			}
			writeInt(b[off-bpf.SkBuffCB:][:n], v)
			for i := range s.CB {
				s.CB[i] = le.Uint32(b[4*i:])
			}
			return nil
		}
	}
	return vm.faultAt(pc, "write to ctx bytes %d..%d, which a tc program may not write", off, off+int64(n)-1)
}
