package main

// talk4 is a packet of one of a few TCP connections, from either side: mostly with
// the flags of a connection that opens, talks and closes. A few are cut short.
func talk4(g *generator) []byte {
	k := g.IntN(10)
	h := ipv4{src: 0x0a000100 | uint32(k), dst: 0xc0a80901, proto: protoTCP, id: uint16(g.Uint32()), ttl: 64}
	from, to := uint16(40000+k), uint16(443)
	if g.IntN(2) == 0 {
		h.src, h.dst, from, to = h.dst, h.src, to, from
	}
	flags := pick[uint8](g, syn, syn|ack, ack, ack, psh|ack, fin|ack, fin|ack, fin, 0)
	if g.IntN(25) == 0 {
		flags = rst
	}
	frame := g.frame4(h.wrap(tcp(h, from, to, g.Uint32(), flags, nil, g.bytes(g.IntN(40)))))
	if g.IntN(60) == 0 {
		return frame[:14+20+g.IntN(20)] // ends within the TCP header
	}
	return frame
}
