package gen

import (
	"encoding/binary"
	"math/rand/v2"
)

// PacketOptions says what frames to make. The zero value means everything up
// to DefaultMaxPacket bytes.
type PacketOptions struct {
	// Min and Max bound the length in bytes; 0 takes 0 and DefaultMaxPacket.
	// Frames are cut and filled to fit.
	Min, Max int
}

// DefaultMaxPacket is the usual bound of a frame in bytes: what the packet
// buffers of the built-in targets hold behind their headroom.
const DefaultMaxPacket = 1900

// Packet makes frame number n of a seed: mostly a valid stack of headers, now
// and then one with bytes changed, a truncated one, a runt, noise, or one that
// fills the buffer.
func Packet(seed uint64, n int, o PacketOptions) []byte {
	if o.Max == 0 {
		o.Max = DefaultMaxPacket
	}
	b := frame{r: rand.New(rand.NewPCG(seed, 0x7061636b+uint64(n)))}
	switch k := b.r.IntN(20); k {
	case 0:
		b.noise(b.r.IntN(min(o.Max, 128) + 1))
	case 1:
		b.noise(b.r.IntN(60))
	case 2:
		b.stack()
		b.noise(o.Max)
		b.b = b.b[:o.Max-b.r.IntN(min(8, o.Max-o.Min)+1)]
	default:
		b.stack()
		b.noise([]int{0, 1, 6, 18, 26, 46, 100, 400}[b.r.IntN(8)])
		if k <= 5 {
			b.mutate()
		}
		if k == 6 || k == 7 {
			b.b = b.b[:b.r.IntN(len(b.b)+1)]
		}
	}
	if len(b.b) > o.Max {
		b.b = b.b[:o.Max]
	}
	if len(b.b) < o.Min {
		b.noise(o.Min - len(b.b))
	}
	return b.b
}

// Packets makes the first n frames of a seed.
func Packets(seed uint64, n int, o PacketOptions) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = Packet(seed, i, o)
	}
	return out
}

// frame is a packet in the making; headers are appended outside in.
type frame struct {
	r *rand.Rand
	b []byte
}

func (f *frame) pick(v ...int) int   { return v[f.r.IntN(len(v))] }
func (f *frame) u8(v int)            { f.b = append(f.b, byte(v)) }
func (f *frame) u16(v int)           { f.b = binary.BigEndian.AppendUint16(f.b, uint16(v)) }
func (f *frame) u32(v uint32)        { f.b = binary.BigEndian.AppendUint32(f.b, v) }
func (f *frame) set16(at int, v int) { binary.BigEndian.PutUint16(f.b[at:], uint16(v)) }

func (f *frame) noise(n int) {
	for range n {
		f.u8(int(f.r.Uint32()))
	}
}

func (f *frame) mutate() {
	for range 1 + f.r.IntN(3) {
		at := f.r.IntN(min(len(f.b), 64))
		if f.r.IntN(2) == 0 {
			f.b[at] ^= 1 << f.r.IntN(8)
		} else {
			f.b[at] = byte(f.pick(0, 1, 0xff, 0x80, f.r.IntN(256)))
		}
	}
}

func (f *frame) mac() {
	f.u16(f.pick(0x0200, 0x0200, 0xffff, 0x0100))
	f.u32(f.r.Uint32())
}

// stack appends Ethernet, tags and what they carry.
func (f *frame) stack() {
	f.mac()
	f.mac()
	switch f.r.IntN(8) {
	case 0:
		f.u16(0x8100)
		f.u16(f.r.IntN(0x10000))
	case 1:
		f.u16(0x88a8)
		f.u16(f.r.IntN(0x10000))
		f.u16(0x8100)
		f.u16(f.r.IntN(0x10000))
	}
	f.network(2)
}

// network appends an EtherType and a network header with its payload; nest
// bounds the tunnels inside.
func (f *frame) network(nest int) {
	switch f.r.IntN(10) {
	case 0:
		f.u16(0x0806)
		f.arp()
	case 1, 2:
		f.u16(0x86dd)
		f.ipv6(nest)
	case 3:
		f.u16(f.pick(0x8847, 0x88cc, 0x0101, 0x05ff, 0x0600, 0x0600, f.r.IntN(0x10000)))
		f.noise(46)
	default:
		f.u16(0x0800)
		f.ipv4(nest)
	}
}

func (f *frame) arp() {
	f.u16(1)
	f.u16(0x0800)
	f.u16(0x0604)
	f.u16(1 + f.r.IntN(2))
	f.noise(20)
}

func (f *frame) ipv4(nest int) {
	at := len(f.b)
	options := 4 * f.pick(0, 0, 0, 0, 1, 2, 10)
	proto := f.pick(6, 6, 17, 17, 1, 47, 4, 50)
	f.u8(0x40 | (20+options)/4)
	f.u8(f.pick(0, 0, 0x10, 0xb8))
	f.u16(0)
	f.u16(f.r.IntN(0x10000))
	f.u16(f.pick(0, 0x4000, 0x4000, 0x2000, 0x00b9))
	f.u8(f.pick(64, 128, 255, 1, 0, 2))
	f.u8(proto)
	f.u16(0)
	f.u32(0x0a000000 | f.r.Uint32()&0xffff)
	f.u32(0xc0a80000 | f.r.Uint32()&0xffff)
	f.noise(options)
	f.transport(proto, nest)
	f.set16(at+2, len(f.b)-at)
	f.set16(at+10, int(checksum(f.b[at:at+20+options])))
}

func (f *frame) ipv6(nest int) {
	at := len(f.b)
	next := f.pick(6, 17, 58, 47)
	f.u32(0x60000000 | f.r.Uint32()&0xfffff)
	f.u16(0)
	ext := f.pick(0, 0, 0, 1, 2)
	first := next
	if ext > 0 {
		first = f.pick(0, 43, 60)
	}
	f.u8(first)
	f.u8(f.pick(64, 1, 255))
	f.u32(0x20010db8)
	f.noise(12)
	f.u32(0x20010db8)
	f.noise(12)
	for i := range ext {
		n := next
		if i+1 < ext {
			n = 60
		}
		f.u8(n)
		f.u8(f.pick(0, 0, 1))
		f.noise(6 + 8*int(f.b[len(f.b)-1]))
	}
	f.transport(next, nest)
	f.set16(at+4, len(f.b)-at-40)
}

func (f *frame) transport(proto, nest int) {
	switch proto {
	case 6:
		f.u16(f.pick(80, 443, 22, f.r.IntN(0x10000)))
		f.u16(f.pick(80, 443, 22, f.r.IntN(0x10000)))
		f.noise(8)
		f.u8(0x50)
		f.u8(f.pick(0x02, 0x10, 0x12, 0x18, 0x11, 0x04))
		f.u16(0xffff)
		f.u16(f.r.IntN(0x10000))
		f.u16(0)
	case 17:
		at := len(f.b)
		dst := f.pick(53, 4789, 123, 5000, f.r.IntN(0x10000))
		f.u16(f.pick(53, f.r.IntN(0x10000)))
		f.u16(dst)
		f.u16(0)
		f.u16(f.pick(0, f.r.IntN(0x10000)))
		if dst == 4789 && nest > 0 {
			f.u32(0x08000000)
			f.u32(uint32(f.r.IntN(1<<24)) << 8)
			f.mac()
			f.mac()
			f.network(nest - 1)
		}
		f.set16(at+4, len(f.b)-at)
	case 1, 58:
		f.u8(f.pick(0, 8, 128, 129, 3))
		f.u8(0)
		f.u16(f.r.IntN(0x10000))
		f.noise(4)
	case 47:
		f.u16(f.pick(0, 0x2000))
		if nest > 0 {
			f.network(nest - 1)
		} else {
			f.u16(0x0800)
		}
	case 4:
		if nest > 0 {
			f.ipv4(nest - 1)
		}
	default:
		f.noise(8)
	}
}

// checksum is the Internet checksum of a header.
func checksum(b []byte) uint16 {
	var s uint32
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return ^uint16(s)
}
