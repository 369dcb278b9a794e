package sim

import (
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
)

// cam is the core's 16-entry content-addressable memory with its
// least-recently-used order.
type cam struct {
	tag   [16]uint32
	valid uint16
	state [16]uint8
	order [16]uint8 // entries, least recently used first
	ready bool
}

func (m *cam) clear() {
	*m = cam{ready: true}
	for i := range m.order {
		m.order[i] = uint8(i)
	}
}

// touch makes entry e the most recently used one.
func (m *cam) touch(e uint8) {
	n := 0
	for _, o := range m.order {
		if o != e {
			m.order[n] = o
			n++
		}
	}
	m.order[n] = e
}

// lookup returns {state 11:8, hit 7, entry 6:3}; a miss has state 0 and the
// least recently used entry.
func (m *cam) lookup(tag uint32) uint32 {
	for e := range m.tag {
		if m.valid>>e&1 != 0 && m.tag[e] == tag {
			m.touch(uint8(e))
			return uint32(m.state[e])<<8 | 1<<7 | uint32(e)<<3
		}
	}
	return uint32(m.order[0]) << 3
}

// camOp executes the cam instructions. An entry number stands in bits 6:3 of
// its operand, as lookup returns it.
func (c *core) camOp(u *uop, a, b uint32) uint32 {
	m := &c.cam
	if !m.ready {
		m.clear()
	}
	e := uint8(b >> 3 & 15)
	switch u.op {
	case opCamClear:
		m.clear()
	case opCamWrite:
		m.tag[e], m.state[e] = a, uint8(u.imm)
		m.valid |= 1 << e
		m.touch(e)
	case opCamWriteState:
		m.state[e] = uint8(u.imm)
	case opCamReadTag:
		return m.tag[e]
	case opCamReadState:
		return uint32(m.state[e]) << 8
	case opCamLookup:
		return m.lookup(a)
	}
	return 0
}

// camLookup predecodes a lookup.
func (d *decoder) camLookup(in *nfpisa.Instr, u *uop) bool {
	if lm := in.Right(); lm.Kind == nfpisa.LM {
		d.unsupported("cam_lookup that loads an index register, because no source says how entry and offset make the address")
		return false
	}
	return d.source(in.Left(), &u.l, &u.lk, u) && d.dest(in.Dst, in.WrBoth, u)
}

// crcPoly describes a CRC: the polynomial without its top bit, and the width.
type crcPoly struct {
	poly  uint32
	width uint8
}

var crcPolys = [8]crcPoly{
	nfpisa.CRCCCITT >> 5: {0x1021, 16},
	nfpisa.CRC32 >> 5:    {0x04c11db7, 32},
	nfpisa.CRCiSCSI >> 5: {0x1edc6f41, 32},
	nfpisa.CRC10 >> 5:    {0x233, 10},
	nfpisa.CRC5 >> 5:     {0x05, 5},
}

// Layout of imm of a predecoded CRC step: first byte 1:0, last byte 3:2, bit
// swap 4, little-endian 5, type above.
func (d *decoder) crc(in *nfpisa.Instr, u *uop) bool {
	u.flags &^= fCC
	var first, last uint32
	switch in.CRC & 7 {
	case 0:
		first, last = 0, 3
	case nfpisa.CRCBytes13:
		first, last = 1, 3
	case nfpisa.CRCBytes23:
		first, last = 2, 3
	case nfpisa.CRCByte3:
		first, last = 3, 3
	case nfpisa.CRCBytes02:
		first, last = 0, 2
	case nfpisa.CRCBytes01:
		first, last = 0, 1
	default:
		first, last = 0, 0
	}
	u.imm = first | last<<2
	if in.CRC&nfpisa.CRCBitSwap != 0 {
		u.imm |= 1 << 4
	}
	if in.CRC&nfpisa.CRCLittle != 0 {
		u.imm |= 1 << 5
	}
	u.imm |= uint32(in.CRC>>5) << 8
	return d.right(in, u) && d.dest(in.Dst, in.WrBoth, u)
}

// crcStep feeds bytes of w into the remainder. Byte 0 is the most significant
// byte in big-endian order and the least significant one in little-endian
// order.
func crcStep(imm, rem, w uint32) uint32 {
	p := crcPolys[imm>>8&7]
	if p.width == 0 {
		return rem
	}
	top := uint32(1) << (p.width - 1)
	mask := top<<1 - 1
	for k := imm & 3; k <= imm>>2&3; k++ {
		by := uint8(w >> (24 - 8*k))
		if imm>>5&1 != 0 {
			by = uint8(w >> (8 * k))
		}
		if imm>>4&1 != 0 {
			by = bits.Reverse8(by)
		}
		for i := 7; i >= 0; i-- {
			fb := rem>>(p.width-1)&1 ^ uint32(by>>i&1)
			rem = rem << 1 & mask
			if fb != 0 {
				rem ^= p.poly
			}
		}
	}
	return rem
}
