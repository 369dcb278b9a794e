package mem

import (
	"encoding/binary"
	"math/bits"
)

// effect carries a command out.
func (c *Command) effect(out, in []uint64) {
	data := c.Region.Data[c.Offset:][:c.Bytes]
	switch c.Op {
	case Read:
		load(in, data, c.Little)
	case Write:
		store(out, data, c.Little)
	default:
		c.atomic(data, out, in)
	}
}

// load moves memory into words. A last word that memory fills in part has zeros
// in the rest.
func load(dst []uint64, data []byte, little bool) {
	i := 0
	for ; len(data) >= 4; data = data[4:] {
		w := binary.BigEndian.Uint32(data)
		if little {
			w = bits.ReverseBytes32(w)
		}
		dst[i] = uint64(w)
		i++
	}
	if len(data) > 0 {
		var w uint32
		for b, v := range data {
			w |= uint32(v) << (24 - 8*b)
		}
		dst[i] = uint64(w)
	}
}

// store moves words to memory.
func store(src []uint64, data []byte, little bool) {
	for i := 0; len(data) > 0; i++ {
		w := uint32(src[i])
		if little {
			w = bits.ReverseBytes32(w)
		}
		if len(data) < 4 {
			for b := range data {
				data[b] = byte(w >> (24 - 8*b))
			}
			return
		}
		binary.BigEndian.PutUint32(data, w)
		data = data[4:]
	}
}

// atomic carries out an operation of the atomic engine, whose words are
// big-endian; of a 64-bit operand the low word comes first.
func (c *Command) atomic(data []byte, out, in []uint64) {
	if c.Wide {
		old := uint64(binary.BigEndian.Uint32(data)) | uint64(binary.BigEndian.Uint32(data[4:]))<<32
		arg := c.Operand
		if !c.Imm {
			arg = uint64(uint32(out[0])) | out[1]<<32
		}
		v := atomicResult(c.Op, old, arg)
		binary.BigEndian.PutUint32(data, uint32(v))
		binary.BigEndian.PutUint32(data[4:], uint32(v>>32))
		if c.Test {
			in[0], in[1] = uint64(uint32(old)), old>>32
		}
		return
	}
	for i := range len(data) / 4 {
		old := binary.BigEndian.Uint32(data[4*i:])
		if c.Op == AtomicRead {
			in[i] = uint64(old)
			continue
		}
		arg := uint32(c.Operand)
		if !c.Imm {
			arg = uint32(out[i])
		}
		binary.BigEndian.PutUint32(data[4*i:], atomicResult(c.Op, old, arg))
		if c.Test {
			in[i] = uint64(old)
		}
	}
}

// atomicResult returns what an operation of the atomic engine makes of a word.
func atomicResult[T uint32 | uint64](op Op, old, v T) T {
	switch op {
	case Set:
		return old | v
	case Clear:
		return old &^ v
	case Xor:
		return old ^ v
	case Add:
		return old + v
	case Sub:
		return old - v
	case AddSat:
		if s := old + v; s >= old {
			return s
		}
		return ^T(0)
	case SubSat:
		return old - min(old, v)
	}
	return v
}
