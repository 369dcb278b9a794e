package main

// Overlays in UDP, as cards meet them with their outer headers on.

// geneve4 is a frame in a Geneve tunnel of one of few networks, with options of several
// senders; now and then it is cut, or of another version.
func geneve4(g *generator) []byte {
	var options []byte
	for range g.IntN(4) {
		class, typ, words := uint16(0x0102), byte(g.IntN(3)), 1
		if g.IntN(4) == 0 {
			class, words = pick(g, uint16(0x0100), 0x0102, 0x0103), g.IntN(5)
		}
		if g.IntN(8) == 0 {
			typ |= 0x80 // it must be understood
		}
		options = append(be.AppendUint16(options, class), typ, byte(words))
		options = append(options, make([]byte, 4*words)...)
		if words > 0 {
			options[len(options)-1] = byte(g.IntN(8))
		}
	}
	if g.IntN(10) == 0 {
		options = append(options, make([]byte, 4*g.IntN(20))...)
	}
	version := byte(0)
	if g.IntN(12) == 0 {
		version = 0x40
	}
	b := []byte{version | byte(len(options)/4), 0, 0x65, 0x58}
	b = append(be.AppendUint32(b, uint32(g.IntN(pick(g, 8, 8, 8, 300)))<<8), options...)
	b = append(b, ethernet(g.dstMAC(), g.mac(), etIPv4, g.upper4())...)
	if g.IntN(10) == 0 {
		b = b[:min(len(b), g.IntN(40))]
	}
	h := g.header4(protoUDP)
	return g.frame4(h.wrap(udp(h, 49152+uint16(g.IntN(1000)), 6081, b)))
}

// inside4 is a frame of one of few flows in a VXLAN tunnel of one of few networks; now and
// then one that a collector cannot read.
func inside4(g *generator) []byte {
	i := g.header4(pick(g, uint8(protoUDP), protoTCP, protoICMP))
	i.src, i.dst = 0x0a010000|uint32(g.IntN(2)), 0x0a020000|uint32(g.IntN(2))
	var packet []byte
	switch i.proto {
	case protoUDP:
		packet = udp(i, 5000, pick(g, uint16(53), 443), g.payload())
	case protoTCP:
		packet = tcp(i, 5000, 443, g.Uint32(), ack, nil, g.payload())
	default:
		packet = icmp(nil, 8, 0, 1, uint16(g.IntN(4)), g.payload())
	}
	etherType, inner := uint16(etIPv4), i.wrap(packet)
	switch g.IntN(16) {
	case 0:
		etherType = etIPv6
	case 1:
		inner[0] = 0x46
	case 2:
		inner = inner[:g.IntN(24)]
	}
	b := vxlan(100+uint32(g.IntN(3)), ethernet(g.dstMAC(), g.mac(), etherType, inner))
	switch g.IntN(16) {
	case 0:
		b[0] = 0
	case 1:
		b = b[:g.IntN(22)]
	}
	h := g.header4(protoUDP)
	return g.frame4(h.wrap(udp(h, 49152+uint16(g.IntN(1000)), 4789, b)))
}

// record4 is a TLS record with a handshake: hellos that name no server or end early, and
// what is no hello.
func record4(g *generator) []byte {
	b := append([]byte{22, 3, 1, 0, 60, pick(g, byte(1), 1, 1, 2, 11), 0, 0, 56, 3, 3}, g.bytes(32)...)
	b = append(b, 0, 0, 2, 0x13, 1, 1, 0, 0, 9)
	b = append(b, 0, 0, 0, 5, 0, 3, 0, 0, byte(g.IntN(2)))
	return g.request(443, b[:len(b)-pick(g, 0, 0, 1, 2, g.IntN(len(b)))])
}
