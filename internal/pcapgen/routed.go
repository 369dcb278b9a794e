package main

import "net/netip"

// Destinations of the routes in internal/oracle/testnet, of every kind.
var (
	routes4 = addresses4(
		"10.0.0.7", "10.0.0.8", "10.0.0.1", "10.1.0.8", "10.3.0.7", "10.9.7.7", "10.9.1.7", "10.9.2.7", "10.9.3.7", "10.8.7.7", "10.8.1.7", "10.7.0.1",
		"10.66.0.1", "10.67.0.1", "10.68.0.1", "10.69.0.1", "192.0.2.1", "192.0.2.2", "198.51.100.1", "224.0.0.1",
	)
	routes6 = addresses6(
		"2001:db8::7", "2001:db8::8", "2001:db8::1", "2001:db8:3::7", "2001:db8:9::7", "2001:db8:9:1::7", "2001:db8:9:2::7", "2001:db8:9:3::7",
		"2001:db8:9:4::7", "2001:db8:66::1", "2001:db8:67::1", "2001:db8:68::1", "2001:db8:69::1", "2001:dead::1", "fe80::7", "ff02::1", "::1",
	)
)

func addresses4(list ...string) (out []uint32) {
	for _, s := range list {
		b := netip.MustParseAddr(s).As4()
		out = append(out, be.Uint32(b[:]))
	}
	return out
}

func addresses6(list ...string) (out [][16]byte) {
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s).As16())
	}
	return out
}

// gue4 is a packet in a GUE tunnel, now and then with a header that no tunnel has.
func gue4(g *generator) []byte {
	h := g.header4(protoUDP)
	words := g.IntN(4)
	b := append([]byte{byte(words), protoIPIP, 0, 0}, g.bytes(4*words)...)
	inner := g.upper4()
	switch g.IntN(6) {
	case 0, 1:
		six := g.header6(protoUDP)
		b[1], inner = 41, six.wrap(g.udp(six))
	case 2:
		b[0] |= pick(g, byte(0x20), 0x40, 0x80) // control, versions
	case 3:
		b[1] = pick(g, byte(protoTCP), 0, 59)
	case 4:
		b[0] = 31 // a header that is longer than the frame
	}
	return g.frame4(h.wrap(udp(h, g.port(), 6080, append(b, inner...))))
}
