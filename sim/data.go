package sim

import (
	"encoding/binary"
	"math/bits"
)

// span is the memory that a command reaches.
type span struct {
	data []byte
	// For packet memory: the part of data that belongs to the packet, from lo
	// to hi. Reads outside it deliver unwritten bytes.
	lo, hi uint32
}

// loadWords moves memory into transfer-in registers, or, for a held command,
// to where its signal will fetch it.
func (c *core) loadWords(x *context, k *command, q *access, p span, hold bool) {
	dst := x.regs[slotIn+int(k.xfer):]
	if hold {
		dst = x.landing[k.xfer:]
	}
	n := int(q.n)
	for i := 0; i < n; i += 4 {
		var w uint32
		if n-i >= 4 {
			w = binary.BigEndian.Uint32(p.data[i:])
		} else {
			for b := range n - i {
				w |= uint32(p.data[i+b]) << (24 - 8*b)
			}
			dst[i/4] = undefAll>>(8*(n-i))&undefAll | uint64(w)
			if !c.undefined {
				dst[i/4] = uint64(w)
			}
			break
		}
		if k.little {
			w = bits.ReverseBytes32(w)
		}
		dst[i/4] = uint64(w)
	}
	if c.undefined && (p.lo > 0 || p.hi < q.n) {
		for i := range q.n {
			if i >= p.lo && i < p.hi {
				continue
			}
			s := 24 - 8*(i&3)
			if k.little {
				s = 8 * (i & 3)
			}
			dst[i/4] |= 0xff << (32 + s)
		}
	}
}

// storeWords moves transfer-out registers to memory.
func (x *context) storeWords(k *command, n uint32, p span) {
	src := x.regs[slotOut+int(k.xfer):]
	for i := uint32(0); i < n; i += 4 {
		w := uint32(src[i/4])
		if k.little {
			w = bits.ReverseBytes32(w)
		}
		if n-i >= 4 {
			binary.BigEndian.PutUint32(p.data[i:], w)
			continue
		}
		for b := range n - i {
			p.data[i+b] = byte(w >> (24 - 8*b))
		}
	}
}

// atomic carries out an operation of the atomic engine, whose words are
// big-endian; of a 64-bit operand the low word comes first.
func (c *core) atomic(x *context, k *command, q *access, p span, hold bool) {
	in := x.regs[slotIn+int(k.xfer):]
	if hold {
		in = x.landing[k.xfer:]
	}
	out := x.regs[slotOut+int(k.xfer):]
	if q.wide {
		old := uint64(binary.BigEndian.Uint32(p.data)) | uint64(binary.BigEndian.Uint32(p.data[4:]))<<32
		arg := q.imm
		if !k.imm {
			arg = uint64(uint32(out[0])) | out[1]<<32
		}
		v := atomicResult(k.kind, old, arg)
		binary.BigEndian.PutUint32(p.data, uint32(v))
		binary.BigEndian.PutUint32(p.data[4:], uint32(v>>32))
		if k.test {
			in[0], in[1] = uint64(uint32(old)), old>>32
		}
		return
	}
	for i := range int(q.n / 4) {
		old := binary.BigEndian.Uint32(p.data[4*i:])
		if k.kind == cmdAtomicRead {
			in[i] = uint64(old)
			continue
		}
		arg := uint32(q.imm)
		if !k.imm {
			arg = uint32(out[i])
		}
		binary.BigEndian.PutUint32(p.data[4*i:], atomicResult(k.kind, old, arg))
		if k.test {
			in[i] = uint64(old)
		}
	}
}

// atomicResult returns what an operation of the atomic engine makes of a word.
func atomicResult[T uint32 | uint64](kind cmdKind, old, v T) T {
	switch kind {
	case cmdSet:
		return old | v
	case cmdClr:
		return old &^ v
	case cmdXor:
		return old ^ v
	case cmdAdd:
		return old + v
	case cmdSub:
		return old - v
	case cmdAddSat:
		if s := old + v; s >= old {
			return s
		}
		return ^T(0)
	case cmdSubSat:
		return old - min(old, v)
	}
	return v
}
