package traffic

import (
	"encoding/binary"
	"fmt"
)

// Protocol is the transport protocol of generated frames, by its IP number.
type Protocol uint8

// The protocols.
const (
	TCP Protocol = 6
	UDP Protocol = 17
)

// ParseProtocol reads "udp" or "tcp".
func ParseProtocol(s string) (Protocol, error) {
	switch s {
	case "udp":
		return UDP, nil
	case "tcp":
		return TCP, nil
	}
	return 0, fmt.Errorf("protocol %q: generated frames are udp or tcp", s)
}

// Where headers begin and fields stand in generated frames.
const (
	ipAt        = 14
	transportAt = ipAt + 20
	udpHeader   = 8
	tcpHeader   = 20

	etherTypeIPv4 = 0x0800
	tcpACK        = 0x10
	sourceNet     = 10 << 24 // 10.0.0.0/8
	firstPort     = 1024
	ttl           = 64
)

var be = binary.BigEndian

// builder writes frames into one buffer: Ethernet, IPv4 and UDP or TCP, then
// zeros.
type builder struct {
	buf      []byte
	protocol Protocol
	header   int // bytes of the transport header
	// Sums over what no frame changes.
	ipSum, transportSum uint32
	checksumAt          int
}

func newBuilder(s *Spec, longest int) builder {
	b := builder{buf: make([]byte, longest), protocol: s.Protocol, header: udpHeader, checksumAt: transportAt + 6}
	f := b.buf
	copy(f, []byte{0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2})
	be.PutUint16(f[12:], etherTypeIPv4)
	f[ipAt], f[ipAt+8], f[ipAt+9] = 0x45, ttl, byte(s.Protocol)
	to := s.To.Addr().As4()
	copy(f[ipAt+16:], to[:])
	be.PutUint16(f[transportAt+2:], s.To.Port())
	if s.Protocol == TCP {
		b.header, b.checksumAt = tcpHeader, transportAt+16
		f[transportAt+12], f[transportAt+13] = tcpHeader/4<<4, tcpACK
		be.PutUint16(f[transportAt+14:], 0xffff)
	}
	b.ipSum = sum(f[ipAt:transportAt])
	b.transportSum = sum(f[transportAt:transportAt+b.header]) + sum(to[:]) + uint32(s.Protocol)
	return b
}

// frame writes a frame of a flow: the flow is told by source address and port.
func (b *builder) frame(p *Packet) []byte {
	f := b.buf[:p.Length]
	src := sourceNet | p.Index
	port := uint16(firstPort + p.Index*7919%(1<<16-firstPort))
	total := uint32(p.Length - ipAt)
	segment := total - 20
	addresses := src>>16 + src&0xffff
	be.PutUint16(f[ipAt+2:], uint16(total))
	be.PutUint32(f[ipAt+12:], src)
	be.PutUint16(f[ipAt+10:], fold(b.ipSum+addresses+total))
	be.PutUint16(f[transportAt:], port)
	transport := b.transportSum + addresses + uint32(port) + segment // the pseudo header's length
	if b.protocol == UDP {
		be.PutUint16(f[transportAt+4:], uint16(segment))
		transport += segment
	}
	check := fold(transport)
	if check == 0 && b.protocol == UDP {
		check = 0xffff
	}
	be.PutUint16(f[b.checksumAt:], check)
	return f
}

func sum(b []byte) (s uint32) {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(be.Uint16(b))
	}
	return s
}

// fold makes an internet checksum of a sum.
func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	return ^uint16(s)
}
