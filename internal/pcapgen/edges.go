package main

import "math/bits"

// Kinds at the edges of what programs ask for: frames that end within a header, and fields
// with values that are rare.

// cut4 is an IPv4 frame that ends somewhere in the first headers, now and then in the
// Ethernet header.
func cut4(g *generator) []byte {
	h := g.header4(pick(g, uint8(protoUDP), protoTCP, protoTCP, protoICMP, protoGRE))
	if g.IntN(4) == 0 {
		h.options = []byte{1, 1, 1, 1}
	}
	b := g.frame4(h.wrap(g.bytes(40)))
	switch h.proto {
	case protoUDP:
		b = g.frame4(h.wrap(udp(h, g.port(), pick(g, uint16(53), 7777, 4789, 6080), g.payload())))
	case protoTCP:
		b = g.frame4(h.wrap(g.tcp(h)))
	}
	if g.IntN(6) == 0 {
		return b[:1+g.IntN(33)]
	}
	return b[:min(len(b), 34+g.IntN(pick(g, 4, 36, 36)))]
}

// cut6 is the same of IPv6.
func cut6(g *generator) []byte {
	h := g.header6(pick(g, uint8(protoUDP), protoTCP, protoICMPv6))
	var b []byte
	switch h.next {
	case protoUDP:
		b = g.frame6(h.wrap(g.udp(h)))
	case protoTCP:
		b = g.frame6(h.wrap(g.tcp(h)))
	default:
		b = g.frame6(h.wrap(icmp(h, pick(g, uint8(128), 1), 0, 7, 1, g.payload())))
	}
	if g.IntN(2) == 0 {
		return b[:14+g.IntN(40)]
	}
	return b[:min(len(b), 54+g.IntN(20))]
}

// cutvlan is a tagged frame that ends in the tags or soon behind them.
func cutvlan(g *generator) []byte {
	b := ethernet(g.dstMAC(), g.mac(), etIPv4, g.upper4(), tag{pick[uint16](g, etQinQ, etVLAN), g.vid()}, tag{etVLAN, g.vid()})
	if g.IntN(4) == 0 {
		b = ethernet(g.dstMAC(), g.mac(), etIPv4, g.upper4(), tag{etVLAN, g.vid()}, tag{etVLAN, g.vid()}, tag{etVLAN, g.vid()})
		return b
	}
	return b[:14+g.IntN(24)]
}

// mcast4 goes to a group and is neither TCP nor UDP.
func mcast4(g *generator) []byte {
	h := g.header4(2) // IGMP
	h.dst = 0xe0000000 | uint32(g.IntN(20))
	return g.frame4(h.wrap(g.bytes(8)))
}

// icmpPart4 is a fragment of an ICMP message.
func icmpPart4(g *generator) []byte {
	h := g.header4(protoICMP)
	h.fragment = pick(g, uint16(0x2000), 0x00b9)
	return g.frame4(h.wrap(icmp(nil, pick(g, uint8(8), 13), 0, 1, 1, g.payload())))
}

// arpOther is ARP for other hardware or protocols, or of another kind.
func arpOther(g *generator) []byte {
	b := arp(uint16(1+g.IntN(4)), g.mac(), g.addr4(), g.mac(), g.addr4())
	switch g.IntN(3) {
	case 0:
		b[1] = 6
	case 1:
		b[2] = 0x86
	}
	return pad(ethernet(g.dstMAC(), g.mac(), etARP, b))
}

// dns4 is a query or something like it.
func dns4(g *generator) []byte {
	h := g.header4(protoUDP)
	q := dns(uint16(g.Uint32()), pick(g, "www", "www", "wwx", "wxw", "xww", "mail"), "example", "org")
	switch g.IntN(10) {
	case 0:
		q[2] |= 0x80 // an answer
	case 1:
		q[5] = 2 // two questions
	case 2:
		q[7] = 1 // answers
	}
	b := g.frame4(h.wrap(udp(h, g.port(), 53, q)))
	switch g.IntN(8) {
	case 0:
		b = append(b, 0, 0, 0, 0) // padded
	case 1:
		be.PutUint16(b[16:], 220) // longer than queries are
	}
	return b
}

// carry4 has a checksum from which a hop less carries.
func carry4(g *generator) []byte {
	h := g.header4(protoUDP)
	h.ttl, h.dst = 64, pick(g, routes4...)
	packet := h.wrap(g.udp(h))
	// A larger identification makes a smaller checksum.
	sum := be.Uint16(packet[10:])
	id := uint32(h.id) + uint32(sum) + 0xffff - uint32(pick(g, uint16(0xfeff), 0xfeff, 0xfffe))
	h.id = uint16(id%0x10000 + id/0x10000)
	return g.frame4(h.wrap(packet[20:]))
}

// deep6 has more extension headers than programs follow.
func deep6(g *generator) []byte {
	h := g.header6(protoUDP)
	for range 4 + g.IntN(12) {
		h.extensions = append(h.extensions, extension{protoDestOpts, []byte{0, 1, 4, 0, 0, 0, 0}})
	}
	if g.IntN(3) == 0 {
		h.extensions = append(h.extensions, extension{protoFragment, []byte{0, 0, byte(8 * g.IntN(2)), byte(g.IntN(2)), 0, 0, 7}})
	}
	return g.frame6(h.wrap(g.udp(h)))
}

// liar6 is an IPv6 packet with a field that does not tell the truth.
func liar6(g *generator) []byte {
	h := g.header6(pick(g, uint8(protoUDP), protoTCP))
	if g.IntN(3) == 0 {
		h.extensions = append(h.extensions, extension{protoFragment, []byte{0, byte(g.IntN(2)), byte(8 * g.IntN(3)), 0, 0, 0, 9}})
	}
	b := g.frame6(h.wrap(g.tcp(h)))
	switch g.IntN(3) {
	case 0:
		b[14] = byte(g.IntN(16)) << 4
	case 1:
		be.PutUint16(b[18:], uint16(g.IntN(3*len(b))))
	}
	return b
}

// same4 is one of few packets, byte for byte.
func same4(g *generator) []byte {
	k := byte(g.IntN(6))
	h := ipv4{src: 0x0a000000 | uint32(k), dst: 0x0a000001, proto: protoUDP, ttl: 64}
	return ethernet(mac{2, 0, 0, 0, 0, 1}, mac{2, 0, 0, 0, 0, 2}, etIPv4, h.wrap(udp(h, 4000+uint16(k), 7777, []byte("the same"))))
}

// outside4 comes from the addresses to which translators translate.
func outside4(g *generator) []byte {
	h := g.header4(protoUDP)
	h.src = 0xc0000200 | uint32(g.IntN(40))
	return g.frame4(h.wrap(g.udp(h)))
}

// cookie4 acknowledges a SYN cookie as testdata/bpf/syn_answer.c makes them.
func cookie4(g *generator) []byte {
	h := g.header4(protoTCP)
	segment := tcp(h, g.port(), g.port(), g.Uint32(), ack, nil, nil)
	word := bits.ReverseBytes32 // as a little-endian program reads it
	x := word(h.src) * 0x9e3779b1
	x = (x<<13 | x>>19) ^ word(h.dst)*0x85ebca77
	x = (x<<17 | x>>15) ^ word(be.Uint32(segment))*0xc2b2ae3d
	be.PutUint32(segment[8:], (x^x>>16)+1)
	segment[16], segment[17] = 0, 0
	be.PutUint16(segment[16:], checksum(segment, h.pseudo(len(segment))))
	return g.frame4(h.wrap(segment))
}

// long4 is a TLS or HTTP request that is longer than programs look.
func long4(g *generator) []byte {
	name := "a-name-of-more-than-sixty-three-letters-which-no-host-has-on-purpose.example.org"
	if g.IntN(2) == 0 {
		return g.request(pick(g, uint16(80), 443), []byte("GET /"+name+name+" HTTP/1.1\r\n\r\n"))
	}
	b := []byte{22, 3, 1, 1, 0, 1, 0, 1, 0, 3, 3}
	b = append(append(b, g.bytes(32)...), 0, 0, 2, 0x13, 0x01, 1, 0)
	var e []byte
	for range pick(g, 0, 20) {
		e = append(e, 0, 10, 0, 2, 0, 1)
	}
	n := len(name)
	e = append(append(e, 0, 0, 0, byte(n+5), 0, byte(n+3), byte(g.IntN(2)), 0, byte(n)), name...)
	return g.request(443, append(be.AppendUint16(b, uint16(len(e))), e...))
}

// option4 is an IPv4 packet whose options end the frame.
func option4(g *generator) []byte {
	h := g.header4(protoUDP)
	h.options = make([]byte, 40)
	for i := range h.options {
		h.options[i] = pick(g, byte(1), 1, 1, 1, 1, 1, 1, 1, 1, 7)
	}
	if g.IntN(2) == 0 {
		h.options = []byte{1, 1, 1, 1}
	}
	return g.frame4(h.wrap(nil))[:34+g.IntN(len(h.options)+1)]
}

// zerosum4 has a checksum that is zero when testdata/bpf/l4_balance.c has given the packet
// another destination.
func zerosum4(*generator) []byte {
	const becomesZero = 0xac13
	h := ipv4{src: 0x0a000009, dst: 0x0a000001, proto: protoUDP, ttl: 64}
	now := uint32(be.Uint16(udp(h, 4009, 7777, make([]byte, 2))[6:]))
	word := now + (becomesZero ^ 0xffff)
	word = word%0x10000 + word/0x10000
	return ethernet(mac{2, 0, 0, 0, 0, 1}, mac{2, 0, 0, 0, 0, 2}, etIPv4, h.wrap(udp(h, 4009, 7777, be.AppendUint16(nil, uint16(word)))))
}
