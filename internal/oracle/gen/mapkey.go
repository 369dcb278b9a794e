package gen

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// noKey is the key of a lookup that is not a known constant.
const noKey = -1

// pieces cuts n bytes into the accesses that compilers cut them into.
func pieces(n int, visit func(at, size int)) {
	for at := 0; at < n; {
		size := 8
		for size > n-at {
			size /= 2
		}
		visit(at, size)
		at += size
	}
}

// key writes a key of map m to the stack and returns its offset, or 0, and the
// small number that it holds if that is known.
func (f *fn) key(m *object.Map) (off, known int) {
	n := int(m.KeySize)
	p := f.argument(n)
	if off = p.off; off == 0 {
		return 0, noKey
	}
	defer f.before(p)
	if m.Type == bpf.MapTypeLPMTrie {
		f.prefixKey(off, n)
		f.st.setStack(off, n)
		return off, noKey
	}
	limit, known := int(m.MaxEntries)+1, noKey
	if hashed(m.Type) {
		limit = 8
	}
	r := -1
	if f.chance(50) {
		known = f.r.IntN(limit)
	} else {
		r = f.freeScalar()
		f.Emit(bpf.And.Imm(uint8(r), int32(limit)|3))
		// The stores between must not take the register.
		defer func(old uint16) { f.locked = old }(f.locked)
		f.locked |= 1 << r
	}
	put := func(at, size int) {
		if r >= 0 {
			f.Emit(stx(size, 10, off+at, uint8(r)))
		} else {
			f.storeConst(size, 10, off+at, int32(known))
		}
	}
	first := 0
	alignedPieces(off, n, func(at, size int) {
		if at == 0 {
			first = size
			put(0, size)
			return
		}
		f.storeConst(size, 10, off+at, 0)
	})
	if n > 8 && first == 8 {
		put(n-1, 1)
	}
	f.st.setStack(off, n)
	return off, known
}

// ready returns a register with a pointer to n readable bytes of the packet or
// of a map value and the displacement to them, or -1. The argument registers
// that are written first are left out.
func (f *fn) ready(n int) (p, disp int) {
	if !f.o.has(PointerArgs) || n%4 == 3 || !f.chance(40) {
		return -1, 0
	}
	room := func(r *reg) int {
		switch r.kind {
		case pkt:
			return f.st.ranges[r.id] - r.off - n
		case mapVal:
			return int(f.p.maps[r.id].ValueSize) - r.off - r.slack - n
		}
		return -1
	}
	p = f.pickReg(func(i int, r *reg) bool { return (i == 0 || i > 3) && room(r) >= 0 })
	if p < 0 {
		return -1, 0
	}
	disp = f.r.IntN(room(&f.st.regs[p]) + 1)
	if f.chance(60) || f.st.regs[p].kind == mapVal {
		disp &^= 7
	}
	return p, disp
}

// keyArgs puts map m in R1 and the address of a key in R2, in either order.
func (f *fn) keyArgs(m int) (known int, ok bool) {
	spec := f.p.maps[m]
	p, disp := f.ready(int(spec.KeySize))
	known = noKey
	if p < 0 {
		p = 10
		if disp, known = f.key(spec); disp == 0 {
			return noKey, false
		}
	}
	f.mapAndKey(m, p, disp)
	return known, true
}

func (f *fn) mapAndKey(m, p, disp int) {
	k := []bpf.Insn{bpf.Mov.Reg(2, uint8(p)), bpf.Add.Imm(2, int32(disp))}
	l := bpf.LoadMap(1, m)
	if f.chance(50) {
		f.Emit(append(k, l...)...)
	} else {
		f.Emit(append(l, k...)...)
	}
}

// prefixBytes are those that prefixes are made of, so that they meet.
var prefixBytes = []byte{0x0a, 0x0a, 0x00, 0x80, 0xc0, 0xff}

// prefix makes a key of a trie whose prefixes have at most n bytes. Bits behind
// the prefix are zero.
func (f *fn) prefix(n int) []byte {
	bits := f.prefixLen(n)
	key := []byte{byte(bits), byte(bits >> 8), 0, 0}
	for i := range n {
		b := prefixBytes[f.r.IntN(len(prefixBytes))]
		if left := bits - 8*i; left < 8 {
			b &= byte(uint16(0xff00) >> max(left, 0))
		}
		key = append(key, b)
	}
	return key
}

func (f *fn) prefixLen(n int) int {
	if f.chance(40) {
		return 8 * n
	}
	return f.r.IntN(8*n + 1)
}

// prefixKey writes a key of n bytes for a trie to the stack.
func (f *fn) prefixKey(off, n int) {
	if off%8 != 0 {
		for k, b := range f.prefix(n - 4) {
			f.storeConst(1, 10, off+k, int32(b))
		}
		return
	}
	f.storeConst(4, 10, off, int32(f.prefixLen(n-4)+f.r.IntN(4)/3))
	pieces(n-4, func(at, size int) {
		v := int32(prefixBytes[f.r.IntN(len(prefixBytes))])
		for k := 1; k < min(size, 4); k++ {
			v |= int32(prefixBytes[f.r.IntN(len(prefixBytes))]) << (8 * k)
		}
		// Behind the length, 8 bytes are not aligned.
		if size == 8 {
			f.storeConst(4, 10, off+4+at, v)
			f.storeConst(4, 10, off+8+at, v)
			return
		}
		f.storeConst(size, 10, off+4+at, v)
	})
	if f.chance(40) {
		f.Emit(stx(1, 10, off+4+f.r.IntN(n-4), uint8(f.scalarReg())))
	}
}
