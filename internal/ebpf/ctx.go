package ebpf

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/translate/object"
)

// Fields of struct xdp_md, offsets in bytes. All are 4 bytes wide.
const (
	xdpData    = 0
	xdpDataEnd = 4
	xdpMeta    = 8
	xdpIngress = 12
	xdpQueue   = 16
	xdpEgress  = 20
	xdpSize    = 24
)

// Fields of struct __sk_buff, offsets in bytes.
const (
	skbLen      = 0
	skbPktType  = 4
	skbMark     = 8
	skbQueue    = 12
	skbProtocol = 16
	skbVlanHere = 20
	skbVlanTCI  = 24
	skbVlanPrt  = 28
	skbPriority = 32
	skbIngress  = 36
	skbIfindex  = 40
	skbTCIndex  = 44
	skbCB       = 48
	skbHash     = 68
	skbClassID  = 72
	skbData     = 76
	skbDataEnd  = 80
	skbNapi     = 84
	skbFamily   = 88 // from here on to skbMeta: socket fields, not for tc
	skbMeta     = 140
	skbFlowKeys = 144
	skbTstamp   = 152
	skbWireLen  = 160
	skbGSOSegs  = 164
	skbSk       = 168
	skbGSOSize  = 176
	skbTstampTy = 180
	skbHwTstamp = 184
	skbSize     = 192
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
		if n != 4 || off < 0 || off >= xdpSize || off%4 != 0 {
			return 0, vm.faultAt(pc, "read of ctx bytes %d..%d, struct xdp_md has words up to byte %d", off, off+int64(n)-1, xdpSize)
		}
		switch off {
		case xdpData:
			return vm.address(regPacket, int64(vm.data)), nil
		case xdpDataEnd:
			return vm.address(regPacket, int64(vm.end)), nil
		case xdpMeta:
			return vm.address(regPacket, int64(vm.meta)), nil
		case xdpIngress:
			return uint64(vm.ingress()), nil
		case xdpQueue:
			return uint64(vm.queue), nil
		case xdpEgress:
			return 0, vm.faultAt(pc, "not supported: egress_ifindex, because the program is at an ingress hook")
		}
	}
	if off < 0 || off+int64(n) > skbSize || off%int64(n) != 0 {
		return 0, vm.faultAt(pc, "read of ctx bytes %d..%d", off, off+int64(n)-1)
	}
	if n == 4 {
		switch off {
		case skbData:
			return vm.address(regPacket, int64(vm.data)), nil
		case skbDataEnd:
			return vm.address(regPacket, int64(vm.end)), nil
		case skbMeta:
			return vm.address(regPacket, int64(vm.meta)), nil
		}
	}
	switch {
	case off >= skbData && off < skbNapi, off >= skbFamily && off < skbTstamp, off >= skbSk && off < skbGSOSize:
		return 0, vm.faultAt(pc, "read of ctx bytes %d..%d, which a tc program may not read so", off, off+int64(n)-1)
	}
	if n < 4 && off&^3 == skbPktType || n == 2 && halfFields[off&^3] {
		// The kernel keeps these fields in so few bytes, and takes them whole
		// whichever part of the word is asked for.
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

// halfFields are the fields that the kernel keeps in 16 bits.
var halfFields = map[int64]bool{
	skbQueue: true, skbProtocol: true, skbVlanTCI: true, skbVlanPrt: true, skbTCIndex: true, skbClassID: true,
	skbGSOSegs: true, skbGSOSize: true,
}

// skbWord returns the aligned word of the context at off.
func (vm *VM) skbWord(off int64) uint32 {
	s := &vm.skb
	switch off {
	case skbLen:
		return uint32(vm.end - vm.data)
	case skbPktType:
		return s.PktType
	case skbVlanHere:
		return s.VlanPresent
	case skbVlanTCI:
		return s.VlanTCI
	case skbVlanPrt:
		return s.VlanProto
	case skbProtocol:
		return s.Protocol
	case skbIngress:
		return vm.in.IngressIfindex
	case skbIfindex:
		return s.Ifindex
	case skbHash:
		return s.Hash
	case skbWireLen:
		return s.WireLen
	case skbGSOSegs:
		return s.GSOSegs
	case skbGSOSize:
		return s.GSOSize
	case skbTstamp:
		return uint32(s.Tstamp)
	case skbTstamp + 4:
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
	case skbMark:
		return &s.Mark
	case skbQueue:
		return &s.QueueMapping
	case skbPriority:
		return &s.Priority
	case skbTCIndex:
		return &s.TCIndex
	case skbClassID:
		return &s.TCClassID
	}
	if off >= skbCB && off < skbCB+20 && off%4 == 0 {
		return &s.CB[(off-skbCB)/4]
	}
	return nil
}

func (vm *VM) storeCtx(pc int, off int64, n int, v uint64) error {
	if vm.byTyp == object.XDP {
		if off != xdpQueue || n != 4 {
			return vm.faultAt(pc, "write to ctx bytes %d..%d, an XDP program may write only rx_queue_index", off, off+int64(n)-1)
		}
		vm.queue, vm.queueSet = uint32(v), true
		return nil
	}
	s := &vm.skb
	switch {
	case off == skbTstamp && n == 8:
		s.Tstamp = v
		return nil
	case n == 4:
		if f := s.writable(off); f != nil {
			// The kernel takes no queue it cannot have.
			if off == skbQueue && v >= 0xffff {
				return nil
			}
			*f = uint32(v)
			if off == skbTCIndex || off == skbClassID {
				*f = uint32(uint16(v))
			}
			return nil
		}
	case n < 4 || n == 8:
		if off >= skbCB && off+int64(n) <= skbCB+20 && off%int64(n) == 0 {
			var b [20]byte
			for i, w := range s.CB {
				le.PutUint32(b[4*i:], w)
			}
			writeInt(b[off-skbCB:][:n], v)
			for i := range s.CB {
				s.CB[i] = le.Uint32(b[4*i:])
			}
			return nil
		}
	}
	return vm.faultAt(pc, "write to ctx bytes %d..%d, which a tc program may not write", off, off+int64(n)-1)
}
