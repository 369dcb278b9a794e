package core

import (
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
func (c *Core) camOp(u *uop, a, b uint32) uint32 {
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

// crc predecodes a CRC step, which imm holds.
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
	step := crcBytes(in.CRC, first, last)
	if in.CRC&nfpisa.CRCBitSwap != 0 {
		step |= crcReverse
	}
	if in.CRC&nfpisa.CRCLittle != 0 {
		step |= crcLittle
	}
	u.imm = uint32(step)
	return d.right(in, u) && d.dest(in.Dst, in.WrBoth, u)
}
