package main

import (
	"encoding/binary"
)

var be = binary.BigEndian

// EtherTypes.
const (
	etIPv4 = 0x0800
	etARP  = 0x0806
	etVLAN = 0x8100
	etIPv6 = 0x86dd
	etQinQ = 0x88a8
)

// IP protocols and IPv6 extension headers.
const (
	protoHopByHop = 0
	protoICMP     = 1
	protoIPIP     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoICMPv6   = 58
	protoNone     = 59
	protoDestOpts = 60
	protoSCTP     = 132
)

// TCP flags.
const (
	fin = 1 << iota
	syn
	rst
	psh
	ack
	urg
)

type mac [6]byte

// ethernet puts a header in front of a payload. The tags are written outermost
// first, each with its own EtherType.
func ethernet(dst, src mac, etherType uint16, payload []byte, tags ...tag) []byte {
	b := append(append([]byte{}, dst[:]...), src[:]...)
	for _, t := range tags {
		b = be.AppendUint16(b, t.proto)
		b = be.AppendUint16(b, t.tci)
	}
	b = be.AppendUint16(b, etherType)
	return append(b, payload...)
}

type tag struct{ proto, tci uint16 }

// ipv4 describes an IPv4 header; zero fields get the usual values.
type ipv4 struct {
	src, dst     uint32
	proto        uint8
	ttl          uint8
	tos          uint8
	id, fragment uint16 // fragment: flags and offset
	options      []byte // a multiple of 4 bytes
}

func (h ipv4) wrap(payload []byte) []byte {
	n := 20 + len(h.options)
	b := make([]byte, n)
	b[0] = 0x40 | byte(n/4)
	b[1] = h.tos
	be.PutUint16(b[2:], uint16(n+len(payload)))
	be.PutUint16(b[4:], h.id)
	be.PutUint16(b[6:], h.fragment)
	b[8], b[9] = h.ttl, h.proto
	be.PutUint32(b[12:], h.src)
	be.PutUint32(b[16:], h.dst)
	copy(b[20:], h.options)
	be.PutUint16(b[10:], checksum(b, 0))
	return append(b, payload...)
}

// pseudo is the sum over the pseudo header.
func (h ipv4) pseudo(n int) uint32 {
	return h.src>>16 + h.src&0xffff + h.dst>>16 + h.dst&0xffff + uint32(h.proto) + uint32(n)
}

// ipv6 describes an IPv6 header with extension headers.
type ipv6 struct {
	src, dst   [16]byte
	next       uint8 // the upper layer
	hops       uint8
	extensions []extension
}

// extension is an extension header: its number, and its bytes from byte 1 on
// (byte 0 names the next header).
type extension struct {
	proto uint8
	rest  []byte
}

func (h ipv6) wrap(payload []byte) []byte {
	var ext []byte
	first := h.next
	for i, e := range h.extensions {
		next := h.next
		if i+1 < len(h.extensions) {
			next = h.extensions[i+1].proto
		}
		if i == 0 {
			first = e.proto
		}
		ext = append(append(ext, next), e.rest...)
	}
	b := make([]byte, 40)
	b[0] = 0x60
	be.PutUint16(b[4:], uint16(len(ext)+len(payload)))
	b[6], b[7] = first, h.hops
	copy(b[8:], h.src[:])
	copy(b[24:], h.dst[:])
	return append(append(b, ext...), payload...)
}

func (h ipv6) pseudo(n int) uint32 {
	sum := uint32(h.next) + uint32(n)
	for i := 0; i < 16; i += 2 {
		sum += uint32(be.Uint16(h.src[i:])) + uint32(be.Uint16(h.dst[i:]))
	}
	return sum
}

// network is what an upper layer's checksum needs.
type network interface{ pseudo(n int) uint32 }

// checksum is the internet checksum of b on top of a sum.
func checksum(b []byte, sum uint32) uint16 {
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(be.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

func udp(n network, src, dst uint16, payload []byte) []byte {
	b := make([]byte, 8, 8+len(payload))
	be.PutUint16(b, src)
	be.PutUint16(b[2:], dst)
	be.PutUint16(b[4:], uint16(8+len(payload)))
	b = append(b, payload...)
	sum := checksum(b, n.pseudo(len(b)))
	if sum == 0 {
		sum = 0xffff
	}
	be.PutUint16(b[6:], sum)
	return b
}

func tcp(n network, src, dst uint16, seq uint32, flags uint8, options, payload []byte) []byte {
	b := make([]byte, 20, 20+len(options)+len(payload))
	be.PutUint16(b, src)
	be.PutUint16(b[2:], dst)
	be.PutUint32(b[4:], seq)
	if flags&ack != 0 {
		be.PutUint32(b[8:], seq^0x5a5a5a5a)
	}
	b[12], b[13] = byte(5+len(options)/4)<<4, flags
	be.PutUint16(b[14:], 0xffff)
	b = append(append(b, options...), payload...)
	be.PutUint16(b[16:], checksum(b, n.pseudo(len(b))))
	return b
}

// icmp makes an ICMP message; n is nil for IPv4, which has no pseudo header.
func icmp(n network, typ, code uint8, id, seq uint16, payload []byte) []byte {
	b := []byte{typ, code, 0, 0}
	b = be.AppendUint16(b, id)
	b = be.AppendUint16(b, seq)
	b = append(b, payload...)
	sum := uint32(0)
	if n != nil {
		sum = n.pseudo(len(b))
	}
	be.PutUint16(b[2:], checksum(b, sum))
	return b
}

// arp makes a request (1) or a reply (2).
func arp(op uint16, sha mac, spa uint32, tha mac, tpa uint32) []byte {
	b := []byte{0, 1, 8, 0, 6, 4}
	b = be.AppendUint16(b, op)
	b = append(b, sha[:]...)
	b = be.AppendUint32(b, spa)
	b = append(b, tha[:]...)
	return be.AppendUint32(b, tpa)
}

// gre makes a GRE header without options in front of a packet.
func gre(etherType uint16, payload []byte) []byte {
	return append(be.AppendUint16([]byte{0, 0}, etherType), payload...)
}

// vxlan makes a VXLAN header in front of a frame.
func vxlan(vni uint32, frame []byte) []byte {
	b := []byte{0x08, 0, 0, 0}
	b = be.AppendUint32(b, vni<<8)
	return append(b, frame...)
}

// dns makes a query for a name of the given labels.
func dns(id uint16, labels ...string) []byte {
	b := be.AppendUint16(nil, id)
	b = append(b, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	for _, l := range labels {
		b = append(append(b, byte(len(l))), l...)
	}
	return append(b, 0, 0, 1, 0, 1)
}
