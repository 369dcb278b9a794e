package opt

import (
	"math/bits"

	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// byteSource says where a byte of a word comes from: byte k of a value, a
// constant, or nowhere, when it does not matter.
type byteSource struct {
	id  ssa.ID // 0: a constant or any
	k   uint8
	c   uint8
	any bool
}

// traceDepth bounds how far back a byte is followed.
const traceDepth = 12

// byteOf follows byte k of a value back to where it was last computed.
func byteOf(f *ssa.Func, id ssa.ID, k uint8) byteSource {
	for range traceDepth {
		v := f.V(id)
		switch {
		case v.Op == ssa.Const:
			return byteSource{c: uint8(v.Imm >> (8 * k))}
		case v.Op == ssa.Undef:
			return byteSource{any: true}
		case v.Op == ssa.And:
			c, ok := f.IsConst(v.Args[1])
			if !ok {
				return byteSource{id: id, k: k}
			}
			zero, _ := f.Known(v.Args[0])
			switch m := c >> (8 * k) & 0xff; {
			case m == 0:
				return byteSource{}
			case m|zero>>(8*k)&0xff != 0xff:
				return byteSource{id: id, k: k}
			}
			id = v.Args[0]
		case v.Op == ssa.Or || v.Op == ssa.Xor || v.Op == ssa.Add && apart(f, v):
			zx, _ := f.Known(v.Args[0])
			zy, _ := f.Known(v.Args[1])
			switch {
			case zx>>(8*k)&0xff == 0xff:
				id = v.Args[1]
			case zy>>(8*k)&0xff == 0xff:
				id = v.Args[0]
			default:
				return byteSource{id: id, k: k}
			}
		case v.Op == ssa.Shr && v.Imm%8 == 0:
			if k += uint8(v.Imm / 8); k > 3 {
				return byteSource{}
			}
			id = v.Args[0]
		case v.Op == ssa.Shl && v.Imm%8 == 0:
			if k < uint8(v.Imm/8) {
				return byteSource{}
			}
			k -= uint8(v.Imm / 8)
			id = v.Args[0]
		case v.Op == ssa.Funnel && v.Imm%8 == 0:
			id = v.Args[1]
			if k += uint8(v.Imm / 8); k > 3 {
				k -= 4
				id = v.Args[0]
			}
		case v.Op == ssa.Bswap:
			k, id = 3-k, v.Args[0]
		case v.Op == ssa.Bswap16:
			if k > 1 {
				return byteSource{}
			}
			k, id = 1-k, v.Args[0]
		case v.Op == ssa.Insert:
			if v.Imm>>k&1 == 0 {
				id = v.Args[0]
				continue
			}
			k = (k + 4 - uint8(ssa.InsertShift(v.Imm)/8)) & 3
			id = v.Args[1]
		default:
			return byteSource{id: id, k: k}
		}
	}
	return byteSource{id: id, k: k}
}

// apart reports whether the operands have no bit in common, so that their sum
// carries nothing.
func apart(f *ssa.Func, v *ssa.Value) bool {
	zx, _ := f.Known(v.Args[0])
	zy, _ := f.Known(v.Args[1])
	return zx|zy == ^uint32(0)
}

// rejoin replaces words that were put together byte by byte, as compilers do
// for fields of packed structures, by the words that the bytes came from. It
// reports whether anything changed.
func rejoin(f *ssa.Func) bool {
	repl := map[ssa.ID]ssa.ID{}
	resolve := func(p *ssa.ID) {
		if n, ok := repl[*p]; ok {
			*p = n
		}
	}
	for _, b := range f.RPO() {
		old := f.B(b).Values
		list := make([]ssa.ID, 0, len(old))
		m := &ssa.Maker{F: f, Block: b, Out: &list}
		for _, id := range old {
			v := f.V(id)
			for k := range v.Args {
				resolve(&v.Args[k])
			}
			if v.Op == ssa.Or || v.Op == ssa.Add {
				var word [4]byteSource
				for k := range word {
					word[k] = byteOf(f, id, uint8(k))
				}
				if parts, _, _ := split(word); worthJoining(parts, id, word) {
					m.Slot = v.Slot
					repl[id] = assemble(m, word)
					f.MadeFor(repl[id], m.Slot, f.V(id).Half)
					continue
				}
			}
			list = append(list, id)
		}
		f.B(b).Values = list
		f.B(b).Term.Uses(resolve)
	}
	if len(repl) > 0 {
		for _, b := range f.RPO() {
			f.Uses(b, resolve)
		}
	}
	return len(repl) > 0
}

// worthJoining reports whether taking the parts directly is shorter than the
// operation that joins them and what it needs.
func worthJoining(parts []part, id ssa.ID, word [4]byteSource) bool {
	for _, p := range parts {
		if p.id == id {
			return false
		}
	}
	_, _, half := isReverse16(word)
	return assembleCost(word) <= 1 || isReverse(word) || half
}

// part is the bytes of a word that come from one value at one rotation.
type part struct {
	id   ssa.ID
	rot  uint8 // bytes that the value is rotated right
	mask uint8
}

// split sorts the bytes of a word by value and rotation.
func split(word [4]byteSource) (parts []part, constMask uint8, constant uint32) {
	for p, b := range word {
		switch {
		case b.any:
		case b.id == 0:
			constMask |= 1 << p
			constant |= uint32(b.c) << (8 * p)
		default:
			rot := (b.k + 4 - uint8(p)) & 3
			found := false
			for j := range parts {
				if parts[j].id == b.id && parts[j].rot == rot {
					parts[j].mask |= 1 << p
					found = true
				}
			}
			if !found {
				parts = append(parts, part{b.id, rot, 1 << p})
			}
		}
	}
	return parts, constMask, constant
}

// assembleCost estimates the instructions of assemble.
func assembleCost(word [4]byteSource) int {
	parts, constMask, constant := split(word)
	switch {
	case len(parts) == 0:
		return 0
	case constMask == 0 && len(parts) == 1 && parts[0].rot == 0:
		return 0
	case constMask == 0 && len(parts) == 2 && isFunnel(parts):
		return 1
	case isReverse(word):
		return 2
	}
	if _, _, ok := isReverse16(word); ok {
		return 2
	}
	n := len(parts)
	if constMask != 0 {
		if n == 1 && constant == 0 {
			return 1
		}
		return n + 1
	}
	return n
}

// isFunnel reports whether two parts are the low and high part of a double
// word that is shifted by whole bytes.
func isFunnel(p []part) bool {
	if p[0].rot != p[1].rot || p[0].rot == 0 {
		return false
	}
	low := uint8(0xf) >> p[0].rot // bytes that the low word gives
	return p[0].mask&^low == 0 && p[1].mask&low == 0 || p[1].mask&^low == 0 && p[0].mask&low == 0
}

// isReverse reports whether a word is another with its bytes reversed.
func isReverse(word [4]byteSource) bool {
	var id ssa.ID
	for p, b := range word {
		if b.any {
			continue
		}
		if b.id == 0 || b.k != uint8(3-p) || id != 0 && b.id != id {
			return false
		}
		id = b.id
	}
	return id != 0
}

// isReverse16 reports whether a word is bytes k and k+1 of another exchanged,
// and zero above.
func isReverse16(word [4]byteSource) (id ssa.ID, k uint8, ok bool) {
	lo, hi := word[0], word[1]
	zero := func(b byteSource) bool { return b.any || b.id == 0 && b.c == 0 }
	if lo.any || hi.any || lo.id == 0 || lo.id != hi.id || lo.k != hi.k+1 || !zero(word[2]) || !zero(word[3]) {
		return 0, 0, false
	}
	return lo.id, hi.k, true
}

// assemble makes a word of the given bytes.
func assemble(m *ssa.Maker, word [4]byteSource) ssa.ID {
	parts, constMask, constant := split(word)
	if len(parts) == 0 {
		return m.Const(constant)
	}
	if constMask == 0 && len(parts) == 2 && isFunnel(parts) {
		low := uint8(0xf) >> parts[0].rot
		l, h := parts[0], parts[1]
		if l.mask&^low != 0 {
			l, h = h, l
		}
		return m.Op(ssa.Funnel, 8*uint32(l.rot), h.id, l.id)
	}
	if isReverse(word) {
		for _, b := range word {
			if b.id != 0 {
				return m.Op(ssa.Bswap, 0, b.id)
			}
		}
	}
	if id, k, ok := isReverse16(word); ok {
		return m.Op(ssa.Bswap16, 0, m.Shift(ssa.Shr, id, 8*uint32(k)))
	}
	if len(parts) == 1 && constant == 0 && constMask|parts[0].mask == 0xf {
		return m.And(rotate(m, parts[0]), ssa.InsertMask(uint32(parts[0].mask)))
	}
	acc := m.Const(constant)
	rest := parts
	if constMask == 0 {
		// Begin with the value that need not be rotated, or the first one.
		first := 0
		for j, p := range parts {
			if p.rot == 0 {
				first = j
				break
			}
		}
		p := parts[first]
		acc = p.id
		if p.rot != 0 {
			acc = rotate(m, p)
		}
		rest = append(append([]part(nil), parts[:first]...), parts[first+1:]...)
	}
	for _, p := range rest {
		acc = m.Op(ssa.Insert, ssa.InsertImm(int(p.mask), 8*int((4-p.rot)&3)), acc, p.id)
	}
	return acc
}

// rotate moves a part's bytes to their places; the other bytes do not matter.
func rotate(m *ssa.Maker, p part) ssa.ID {
	switch left := (4 - p.rot) & 3; {
	case int(p.rot)+bits.Len8(p.mask) <= 4:
		return m.Shift(ssa.Shr, p.id, 8*uint32(p.rot))
	case bits.TrailingZeros8(p.mask) >= int(left):
		return m.Shift(ssa.Shl, p.id, 8*uint32(left))
	default:
		return m.Op(ssa.Insert, ssa.InsertImm(0xf, 8*int(left)), m.Const(0), p.id)
	}
}
