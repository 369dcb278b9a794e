package main

// Kinds that one program or another looks for.

// mpls4 is a frame with one to eight labels; the deepest may lack the bit that says so.
func mpls4(g *generator) []byte {
	var b []byte
	n := 1 + g.IntN(3)
	if g.IntN(6) == 0 {
		n = 4 + g.IntN(5)
	}
	for k := range n {
		label := uint32(g.IntN(30))<<12 | uint32(pick(g, 64, 64, 255, 2, 1, 0))
		if k == n-1 && g.IntN(8) > 0 {
			label |= 0x100
		}
		b = be.AppendUint32(b, label)
	}
	if g.IntN(8) > 0 {
		b = append(b, g.upper4()...)
	}
	return ethernet(g.dstMAC(), g.mac(), 0x8847, b)
}

// quic4 is a QUIC packet over IPv4: long headers of several versions, short ones, and what
// is none.
func quic4(g *generator) []byte {
	var b []byte
	switch g.IntN(6) {
	case 0, 1, 2:
		b = be.AppendUint32([]byte{0xc0 | byte(g.IntN(16))}, pick(g, uint32(1), 1, 0x6b3343cf, 0, 0xff00001d))
		n := pick(g, 8, 8, 12, 20, 3, 21)
		b = append(append(b, byte(n)), g.bytes(n)...)
		b = append(append(b, 8), g.bytes(8+g.IntN(20))...)
	case 3, 4:
		b = append([]byte{0x40 | byte(g.IntN(64)), byte(g.IntN(4))}, g.bytes(7+g.IntN(30))...)
	default:
		b = g.bytes(1 + g.IntN(30))
		b[0] &= 0x3f
	}
	if g.IntN(8) == 0 {
		b = b[:min(len(b), g.IntN(14))]
	}
	h := g.header4(protoUDP)
	h.src = 0x0a000000 | uint32(g.IntN(4))
	return g.frame4(h.wrap(udp(h, g.port(), 443, b)))
}

// gre4 is a packet in a GRE tunnel with optional fields.
func gre4(g *generator) []byte {
	flags := pick(g, uint16(0), 0x2000, 0x1000, 0x3000, 0x8000, 0xb000)
	inner, etherType := g.upper4(), uint16(etIPv4)
	switch g.IntN(6) {
	case 0:
		h := g.header6(protoTCP)
		inner, etherType = h.wrap(g.tcp(h)), etIPv6
	case 1:
		etherType = 0x6558 // a whole frame
	case 2:
		flags |= 1 // PPTP
	}
	b := be.AppendUint16(be.AppendUint16(nil, flags), etherType)
	for _, bit := range []uint16{0x8000, 0x2000, 0x1000} {
		if flags&bit != 0 {
			b = be.AppendUint32(b, g.Uint32())
		}
	}
	h := g.header4(protoGRE)
	if g.IntN(6) == 0 {
		h.options = []byte{0x94, 4, 0, 0}
	}
	packet := append(b, inner...)
	if g.IntN(10) == 0 {
		frame := g.frame4(h.wrap(packet))
		frame[14] = 0x40 | byte(g.IntN(5))
		return frame
	}
	if g.IntN(8) == 0 {
		packet = packet[:g.IntN(min(len(packet), 16))]
	}
	return g.frame4(h.wrap(packet))
}

// word4 carries text with words and parts of them.
func word4(g *generator) []byte {
	text := ""
	for range 1 + g.IntN(4) {
		text += pick(g, "exam", "EXample", "ample", "map", "amp", "exa ", "hexagon ", "am ", "e", "x", "lamp ", "xyz ", "ma", "ammo ", "mama ", "xe", "eea", "exx", "ampx", "ampa")
	}
	h := g.header4(pick(g, uint8(protoUDP), protoTCP))
	if h.proto == protoUDP {
		return g.frame4(h.wrap(udp(h, g.port(), g.port(), []byte(text))))
	}
	return g.frame4(h.wrap(tcp(h, g.port(), g.port(), g.Uint32(), psh|ack, nil, []byte(text))))
}

// mss4 is a connection attempt with options of many kinds, some of them broken.
func mss4(g *generator) []byte {
	var o []byte
	for range g.IntN(4) {
		o = append(o, pick(g, []byte{1}, []byte{4, 2}, []byte{3, 3, 7}, []byte{1, 1}, []byte{8, 10, 0, 0, 0, 1, 0, 0, 0, 2})...)
	}
	switch g.IntN(8) {
	case 0: // none
	case 1:
		o = append(o, 0, 2, 4, 5, 0xb4) // behind the end
	case 2:
		o = append(o, 2, byte(g.IntN(2)), 5, 0xb4) // a length that is none
	case 3:
		o = append(o, 2, 4, 2, 0)
	case 4:
		o = append(o, 2, 6, 2, 0, 0, 0)
	case 5:
		o = []byte{1, 1, 2, 4} // the value is missing
	default:
		o = append(o, 2, 4, 5, 0xb4)
	}
	if g.IntN(10) == 0 {
		o = make([]byte, 40)
		for i := range o {
			o[i] = 1
		}
	}
	for len(o)%4 > 0 {
		o = append(o, pick(g, byte(0), 1, 8))
	}
	h := g.header4(protoTCP)
	segment := tcp(h, g.port(), g.port(), g.Uint32(), syn, o[:min(len(o), 40)], nil)
	switch g.IntN(8) {
	case 0:
		segment = segment[:min(len(segment), 12+g.IntN(16))]
	case 1:
		segment[12] = byte(g.IntN(16)) << 4 // a header of another length
	}
	return g.frame4(h.wrap(segment))
}

// service4 asks or answers for services that amplify, between few hosts.
func service4(g *generator) []byte {
	h := g.header4(protoUDP)
	h.src, h.dst = 0x0a000000|uint32(g.IntN(3)), 0x0a000000|uint32(g.IntN(3))
	service := pick(g, uint16(53), 123, 1900, 11211)
	client := 5000 + uint16(g.IntN(2))
	if g.IntN(3) == 0 {
		return g.frame4(h.wrap(udp(h, client, service, g.bytes(8))))
	}
	return g.frame4(h.wrap(udp(h, service, client, g.bytes(pick(g, 4, 30, 100)))))
}

// knock4 is a datagram of one of few hosts to one of few ports.
func knock4(g *generator) []byte {
	h := g.header4(protoUDP)
	return g.frame4(h.wrap(udp(h, g.port(), pick(g, uint16(7777), 7777, 53, 53, 80, 80, 443), g.payload())))
}

// badsum4 has a wrong checksum, or none, or a length that is not the packet's.
func badsum4(g *generator) []byte {
	b := g.frame4(g.upper4())
	at := 14 + 20 + 6 // UDP
	if b[14+9] == protoTCP {
		at = 14 + 20 + 16
	}
	switch g.IntN(3) {
	case 0:
		b[at] ^= 0x55
	case 1:
		b[at], b[at+1] = 0, 0
	default:
		be.PutUint16(b[16:], uint16(g.IntN(2*len(b))))
	}
	return b
}

// expired4 is a packet whose time to live ends.
func expired4(g *generator) []byte {
	h := g.header4(pick(g, uint8(protoUDP), protoTCP, protoUDP, protoICMP, protoGRE))
	h.ttl, h.fragment = uint8(g.IntN(2)), pick(g, uint16(0), 0x4000, 0x00b9)
	return g.frame4(h.wrap(g.bytes(pick(g, 4, 8, 9, 40, 200))))
}

// flow4 is a TCP segment of one of few connections, of any kind.
func flow4(g *generator) []byte {
	h := g.header4(protoTCP)
	h.src, h.dst = 0x0a000000|uint32(g.IntN(6)), 0x0a000000|uint32(g.IntN(4))
	flags := pick[uint8](g, syn, syn, syn|ack, ack, psh|ack, fin|ack, rst)
	return g.frame4(h.wrap(tcp(h, 1000+uint16(g.IntN(3)), 80, g.Uint32(), flags, nil, g.payload())))
}

// steady6 is of one of few hosts that send much.
func steady6(g *generator) []byte {
	h := g.header6(protoUDP)
	h.src = [16]byte{0x20, 0x01, 0x0d, 0xb8, 15: byte(g.IntN(3))}
	h.src[5] = byte(g.IntN(1 + g.IntN(16)))
	return g.frame6(h.wrap(g.udp(h)))
}
