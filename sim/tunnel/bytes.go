package tunnel

import (
	"bytes"
	"net/netip"
)

// sum is the one's complement sum of bytes and of what begins it.
func sum(s uint32, b []byte) uint16 {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(be.Uint16(b))
	}
	if len(b) > 0 {
		s += uint32(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// pseudo is the sum of the pseudo header.
func pseudo(from, to netip.Addr, proto uint8, n int) uint32 {
	return uint32(sum(uint32(proto)+uint32(n), append(from.AsSlice(), to.AsSlice()...)))
}

// The marks of explicit congestion notification, RFC 3168.
const (
	ecnMask      = 3
	ecnCapable   = 2 // ECT(0)
	ecnOther     = 1 // ECT(1)
	ecnCongested = 3
)

// network returns the offset of a frame's IP header and its version; 0 for neither
// IPv4 nor IPv6. A tag may lie in front.
func network(frame []byte) (at, version int) {
	at = etherHeader
	typ := be.Uint16(frame[12:])
	if typ == ethVLAN && len(frame) >= at+4 {
		typ = be.Uint16(frame[at+2:])
		at += 4
	}
	switch {
	case typ == ethIPv4 && len(frame) >= at+ipv4Header:
		return at, 4
	case typ == ethIPv6 && len(frame) >= at+ipv6Header:
		return at, 6
	}
	return at, 0
}

// service returns the type of service of the packet in a frame, 0 for other frames.
func service(frame []byte) uint8 {
	switch at, v := network(frame); v {
	case 4:
		return frame[at+1]
	case 6:
		return uint8(be.Uint16(frame[at:]) >> 4)
	}
	return 0
}

// marked returns the type of service of an outer header: that of the inner packet
// says whether it knows of congestion (RFC 6040).
func marked(tos uint8, frame []byte) uint8 {
	ecn := service(frame) & ecnMask
	if ecn == ecnCongested {
		ecn = ecnCapable
	}
	return tos&^ecnMask | ecn
}

// congested gives the outer header's mark of congestion, or ECT(1), to the inner packet; false
// for one that cannot carry it.
func congested(frame []byte, tos uint8) ([]byte, bool) {
	at, version := network(frame)
	inner := service(frame) & ecnMask
	mark := tos & ecnMask
	switch {
	case version == 0, inner == ecnCongested, mark != ecnCongested && (mark != ecnOther || inner != ecnCapable):
		return frame, true
	case inner == 0:
		return nil, false
	}
	frame = bytes.Clone(frame)
	if version == 6 {
		frame[at+1] = frame[at+1]&^(ecnMask<<4) | mark<<4
		return frame, true
	}
	old := be.Uint16(frame[at:])
	frame[at+1] = frame[at+1]&^ecnMask | mark
	s := uint32(^be.Uint16(frame[at+10:])) + uint32(^old) + uint32(be.Uint16(frame[at:]))
	be.PutUint16(frame[at+10:], ^sum(s, nil))
	return frame, true
}

// sourcePort is the UDP port that tells flows apart, of those that IANA leaves to
// everybody's own use.
func sourcePort(payload []byte) uint16 {
	const first, fnv, prime = 49152, 2166136261, 16777619
	end := min(len(payload), etherHeader+ipv4Header+4)
	if at, version := network(payload); version == 6 {
		end = min(len(payload), at+ipv6Header+4)
	}
	h := uint32(fnv)
	for k, b := range payload[:end] {
		if at := k - etherHeader; at >= 2 && at < 12 && payload[12] == ethIPv4>>8 && payload[13] == 0 {
			continue // length, identification and checksum are not the flow's
		}
		h = (h ^ uint32(b)) * prime
	}
	return first + uint16((h^h>>16)&0x3fff)
}
