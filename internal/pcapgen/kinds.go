package main

// kinds are the sorts of packets that scenarios mix.
var kinds = []struct {
	name string
	make func(g *generator) []byte
}{
	{"udp4", func(g *generator) []byte {
		h := g.header4(protoUDP)
		return g.frame4(h.wrap(g.udp(h)))
	}},
	{"tcp4", func(g *generator) []byte {
		h := g.header4(protoTCP)
		return g.frame4(h.wrap(g.tcp(h)))
	}},
	{"icmp4", func(g *generator) []byte {
		return g.frame4(g.header4(protoICMP).wrap(icmp(nil, 8, 0, uint16(g.Uint32()), 1, g.payload())))
	}},
	{"options4", options4},
	{"fragment4", func(g *generator) []byte {
		h := g.header4(pick(g, uint8(protoUDP), protoTCP))
		h.fragment = pick(g, uint16(0x2000), 0x20b9, 0x00b9, 0x2001, 0x1fff)
		return g.frame4(h.wrap(g.bytes(8 * (1 + g.IntN(8)))))
	}},
	{"tunnel4", tunnel4},
	{"udp6", func(g *generator) []byte {
		h := g.header6(protoUDP)
		return g.frame6(h.wrap(g.udp(h)))
	}},
	{"tcp6", func(g *generator) []byte {
		h := g.header6(protoTCP)
		return g.frame6(h.wrap(g.tcp(h)))
	}},
	{"icmp6", func(g *generator) []byte {
		h := g.header6(protoICMPv6)
		return g.frame6(h.wrap(icmp(h, pick(g, uint8(128), 129, 135, 136), 0, 7, 1, g.payload())))
	}},
	{"extensions6", extensions6},
	{"arp", func(g *generator) []byte {
		a, b := g.mac(), g.mac()
		if g.IntN(2) == 0 {
			return pad(ethernet(mac{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, a, etARP, arp(1, a, g.addr4(), mac{}, g.addr4())))
		}
		return pad(ethernet(b, a, etARP, arp(2, a, g.addr4(), b, g.addr4())))
	}},
	{"vlan", func(g *generator) []byte {
		if g.IntN(3) == 0 {
			h := g.header6(protoTCP)
			return ethernet(g.dstMAC(), g.mac(), etIPv6, h.wrap(g.tcp(h)), tag{etVLAN, g.vid()})
		}
		return ethernet(g.dstMAC(), g.mac(), etIPv4, g.upper4(), tag{etVLAN, g.vid()})
	}},
	{"qinq", func(g *generator) []byte {
		outer, inner := g.vid(), g.vid()
		if g.IntN(5) == 0 {
			inner = outer ^ 0x2000
		}
		return ethernet(g.dstMAC(), g.mac(), etIPv4, g.upper4(), tag{pick[uint16](g, etQinQ, etVLAN), outer}, tag{etVLAN, inner})
	}},
	{"llc", func(g *generator) []byte {
		p := g.bytes(3 + g.IntN(60))
		return pad(ethernet(mac{0x01, 0x80, 0xc2}, g.mac(), uint16(len(p)), p))
	}},
	{"other", func(g *generator) []byte {
		return pad(ethernet(g.dstMAC(), g.mac(), pick(g, uint16(0x8847), 0x88cc, 0x8863, 0x9000, 0xffff), g.payload()))
	}},
	{"large", func(g *generator) []byte {
		h := g.header4(protoUDP)
		return g.frame4(h.wrap(udp(h, g.port(), g.port(), g.bytes(1472-g.IntN(4)))))
	}},
	{"hello4", hello4},
	{"http4", http4},
	{"liar4", liar4},
	{"runt", runt},
	{"gue4", gue4},
	{"talk4", talk4},
	{"routed4", func(g *generator) []byte {
		h := g.header4(protoUDP)
		h.dst = pick(g, routes4...)
		return g.frame4(h.wrap(g.udp(h)))
	}},
	{"routed6", func(g *generator) []byte {
		h := g.header6(protoTCP)
		h.dst = pick(g, routes6...)
		if g.IntN(8) == 0 {
			h.src = [16]byte{0xfe, 0x80, 15: 7}
		}
		return g.frame6(h.wrap(g.tcp(h)))
	}},
	{"garbage", func(g *generator) []byte { return g.bytes(1 + g.IntN(120)) }},
	{"mpls4", mpls4},
	{"quic4", quic4},
	{"gre4", gre4},
	{"geneve4", geneve4},
	{"inside4", inside4},
	{"record4", record4},
	{"word4", word4},
	{"mss4", mss4},
	{"service4", service4},
	{"knock4", knock4},
	{"badsum4", badsum4},
	{"expired4", expired4},
	{"flow4", flow4},
	{"steady6", steady6},
	{"cut4", cut4},
	{"cut6", cut6},
	{"cutvlan", cutvlan},
	{"mcast4", mcast4},
	{"icmpPart4", icmpPart4},
	{"arpOther", arpOther},
	{"dns4", dns4},
	{"carry4", carry4},
	{"deep6", deep6},
	{"liar6", liar6},
	{"same4", same4},
	{"outside4", outside4},
	{"cookie4", cookie4},
	{"long4", long4},
	{"option4", option4},
	{"zerosum4", zerosum4},
	{"ipv4as6", func(g *generator) []byte {
		b := g.frame4(g.upper4())
		b[14] = 0x65
		return b
	}},
	{"tags3", func(g *generator) []byte {
		return ethernet(g.dstMAC(), g.mac(), etIPv4, g.upper4(), tag{pick[uint16](g, etQinQ, etVLAN), g.vid()}, tag{pick[uint16](g, etQinQ, etVLAN), g.vid()}, tag{etVLAN, g.vid()})
	}},
	{"cuttunnel", func(g *generator) []byte {
		b := tunnel4(g)
		return b[:14+g.IntN(len(b)-13)]
	}},
}

// pad fills a frame to the least length of Ethernet without checksum.
func pad(b []byte) []byte {
	for len(b) < 60 {
		b = append(b, 0)
	}
	return b
}

// options4 is an IPv4 packet with 4 to 40 bytes of options.
func options4(g *generator) []byte {
	h := g.header4(pick(g, uint8(protoUDP), protoTCP))
	h.options = make([]byte, 4*(1+g.IntN(10)))
	switch g.IntN(3) {
	case 0:
		h.options[0], h.options[1] = 7, byte(len(h.options)) // record route
		h.options[2] = 4
	case 1:
		copy(h.options, []byte{0x94, 4, 0, 0}) // router alert
	default:
		for i := range h.options {
			h.options[i] = 1 // no operation
		}
	}
	if h.proto == protoTCP {
		return g.frame4(h.wrap(g.tcp(h)))
	}
	return g.frame4(h.wrap(g.udp(h)))
}

// tunnel4 is a packet in a packet.
func tunnel4(g *generator) []byte {
	switch g.IntN(4) {
	case 0:
		return g.frame4(g.header4(protoGRE).wrap(gre(etIPv4, g.upper4())))
	case 1:
		return g.frame4(g.header4(protoIPIP).wrap(g.upper4()))
	case 2:
		h := g.header6(protoUDP)
		return g.frame4(g.header4(protoGRE).wrap(gre(etIPv6, h.wrap(g.udp(h)))))
	}
	h := g.header4(protoUDP)
	inner := ethernet(g.dstMAC(), g.mac(), etIPv4, g.upper4())
	return g.frame4(h.wrap(udp(h, 49152+uint16(g.IntN(1000)), 4789, vxlan(uint32(g.IntN(1<<24)), inner))))
}

// extensions6 is an IPv6 packet with one to five extension headers.
func extensions6(g *generator) []byte {
	h := g.header6(pick(g, uint8(protoUDP), protoTCP, protoICMPv6, protoNone, protoSCTP))
	for range 1 + g.IntN(5) {
		switch g.IntN(4) {
		case 0:
			h.extensions = append(h.extensions, extension{protoHopByHop, []byte{0, 5, 2, 0, 0, 1, 0}})
		case 1:
			n := g.IntN(4)
			h.extensions = append(h.extensions, extension{protoDestOpts, append([]byte{byte(n), 1, byte(4 + 8*n)}, make([]byte, 4+8*n)...)})
		case 2:
			h.extensions = append(h.extensions, extension{protoRouting, append([]byte{2, 4, 1, 0, 0, 0, 0}, g.bytes(16)...)})
		default:
			h.extensions = append(h.extensions, extension{protoFragment, []byte{0, 0, byte(g.IntN(2)), 0, 0, 0, byte(g.Uint32())}})
		}
	}
	switch h.next {
	case protoUDP:
		return g.frame6(h.wrap(g.udp(h)))
	case protoTCP:
		return g.frame6(h.wrap(g.tcp(h)))
	case protoICMPv6:
		return g.frame6(h.wrap(icmp(h, 128, 0, 7, 1, g.payload())))
	}
	return g.frame6(h.wrap(g.bytes(g.IntN(20))))
}

// liar4 is an IPv4 packet with a field that does not tell the truth.
func liar4(g *generator) []byte {
	b := g.frame4(g.upper4())
	ip := b[14:]
	switch g.IntN(6) {
	case 0:
		ip[0] = 0x40 | byte(g.IntN(5)) // header shorter than a header
	case 1:
		ip[0] = 0x4f // header longer than the packet
	case 2:
		ip[0] = byte(g.IntN(16))<<4 | 5 // another version
	case 3:
		be.PutUint16(ip[2:], uint16(g.IntN(65536))) // total length
	case 4:
		be.PutUint16(ip[10:], uint16(g.IntN(65536))) // checksum
	default:
		be.PutUint16(ip[24:], uint16(g.IntN(65536))) // UDP length, TCP sequence
	}
	return b
}

// runt is a frame that was cut anywhere, Ethernet header included.
func runt(g *generator) []byte {
	var b []byte
	switch g.IntN(4) {
	case 0:
		b = g.frame4(g.upper4())
	case 1:
		b = extensions6(g)
	case 2:
		b = ethernet(g.dstMAC(), g.mac(), etIPv4, g.upper4(), tag{etVLAN, g.vid()}, tag{etVLAN, g.vid()})
	default:
		b = tunnel4(g)
	}
	return b[:1+g.IntN(min(len(b), 90))]
}
