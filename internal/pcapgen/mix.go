package main

import (
	"hash/fnv"
	"math/rand/v2"
)

// scenario is one capture.
type scenario struct {
	name  string
	count int
	// mix says how frequent each kind of packet is.
	mix map[string]int
	// sizes bounds the payload, bytes.
	sizes int
}

// generator makes frames from a seeded sequence.
type generator struct {
	*rand.Rand
	sizes int
}

// frames returns the frames of a scenario, a function of its name and content.
func (s scenario) frames() [][]byte {
	h := fnv.New64a()
	h.Write([]byte(s.name))
	g := &generator{Rand: rand.New(rand.NewPCG(h.Sum64(), 1)), sizes: s.sizes}
	var wheel []string
	for _, k := range kinds {
		for range s.mix[k.name] {
			wheel = append(wheel, k.name)
		}
	}
	out := make([][]byte, s.count)
	for i := range out {
		name := wheel[g.IntN(len(wheel))]
		for _, k := range kinds {
			if k.name == name {
				out[i] = k.make(g)
			}
		}
	}
	return out
}

func (g *generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

// payload has a random length: mostly short, now and then up to the bound.
func (g *generator) payload() []byte {
	n := g.IntN(33)
	if g.IntN(8) == 0 {
		n = g.IntN(g.sizes + 1)
	}
	return g.bytes(n)
}

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// addresses are few, so that tables get hits.
func (g *generator) mac() mac {
	return mac{0x02, 0x4e, 0x46, 0x50, 0, byte(g.IntN(8))}
}

func (g *generator) dstMAC() mac {
	switch g.IntN(10) {
	case 0:
		return mac{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	case 1:
		return mac{0x01, 0x00, 0x5e, 0, 0, byte(g.IntN(4))}
	case 2:
		return mac{}
	}
	return g.mac()
}

func (g *generator) addr4() uint32 {
	return pick(g, uint32(0x0a000000), 0xc0a80100, 0xcb007100) | uint32(g.IntN(40))
}

func (g *generator) addr6() [16]byte {
	return [16]byte{0x20, 0x01, 0x0d, 0xb8, 0, byte(g.IntN(3)), 15: byte(g.IntN(40))}
}

func (g *generator) header4(proto uint8) ipv4 {
	return ipv4{
		src: g.addr4(), dst: g.addr4(), proto: proto, id: uint16(g.Uint32()),
		ttl: pick(g, uint8(64), 64, 64, 255, 128, 2, 1, 0), tos: pick(g, uint8(0), 0, 0, 0x10, 0xb8),
		fragment: pick(g, uint16(0), 0x4000),
	}
}

func (g *generator) header6(next uint8) ipv6 {
	return ipv6{src: g.addr6(), dst: g.addr6(), next: next, hops: pick(g, uint8(64), 64, 255, 2, 1, 0)}
}

func (g *generator) port() uint16 {
	return pick(g, uint16(53), 80, 443, 7777, 7777, 4789, 6081, uint16(g.IntN(65536)))
}

func (g *generator) udp(n network) []byte {
	if g.IntN(4) == 0 {
		return udp(n, uint16(g.IntN(65536)), 53, dns(uint16(g.Uint32()), pick(g, "www", "mail", "a-rather-long-label"), "example", pick(g, "org", "com")))
	}
	return udp(n, g.port(), g.port(), g.payload())
}

func (g *generator) tcp(n network) []byte {
	flags := pick[uint8](g, syn, syn, syn|ack, ack, ack, psh|ack, fin|ack, rst, syn|fin, 0, fin|syn|rst|psh|ack|urg, fin|psh|urg)
	var options, payload []byte
	if flags&syn != 0 && g.IntN(2) == 0 {
		options = []byte{2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2, 0, 0}
	}
	if flags&syn == 0 || g.IntN(4) == 0 {
		payload = g.payload()
	}
	return tcp(n, g.port(), g.port(), g.Uint32(), flags, options, payload)
}

// upper4 is a complete IPv4 packet of one of the usual protocols.
func (g *generator) upper4() []byte {
	switch g.IntN(5) {
	case 0, 1:
		h := g.header4(protoUDP)
		return h.wrap(g.udp(h))
	case 2, 3:
		h := g.header4(protoTCP)
		return h.wrap(g.tcp(h))
	}
	h := g.header4(protoICMP)
	return h.wrap(icmp(nil, pick(g, uint8(8), 0, 3, 11), 0, uint16(g.Uint32()), uint16(g.IntN(100)), g.payload()))
}

func (g *generator) frame4(packet []byte) []byte {
	return ethernet(g.dstMAC(), g.mac(), etIPv4, packet)
}

func (g *generator) frame6(packet []byte) []byte {
	return ethernet(g.dstMAC(), g.mac(), etIPv6, packet)
}

// vid is a VLAN: often one of the hundreds, sometimes at an edge.
func (g *generator) vid() uint16 {
	prio := uint16(g.IntN(8)) << 13
	return prio | pick(g, uint16(100), 199, 99, 200, 0, 4095, 100+uint16(g.IntN(100)), 100+uint16(g.IntN(100)), uint16(g.IntN(4096)))
}
