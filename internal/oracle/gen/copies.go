package gen

import "github.com/skipsw/skipsw/translate/bpf"

// copies emits what memcpy, memset, memcmp and a swap of two structures of
// known size compile to.
func (f *fn) copies() {
	n := 1 + f.r.IntN(24)
	switch f.r.IntN(4) {
	case 0:
		f.fillStack(8 * (1 + f.r.IntN(4)))
	case 1:
		f.compareBytes(n)
	case 2:
		f.swapPacket(n)
	default:
		f.copyToStack(n)
	}
}

// fillStack clears a structure on the stack or fills it with a byte, and reads
// a part of it.
func (f *fn) fillStack(n int) {
	off := f.place8(n)
	if off == 0 || !f.o.has(Stack) {
		return
	}
	v := []int32{0, 0, -1, 0x01010101, 0x5a5a5a5a}[f.r.IntN(5)]
	size := 4
	if v == 0 || v == -1 {
		size = 8
	}
	for b := 0; b < n; b += size {
		f.storeConst(size, 10, off+b, v)
	}
	f.st.setStack(off, n)
	if f.chance(50) {
		f.Emit(stx(2, 10, off+2*f.r.IntN(n/2), uint8(f.scalarReg())))
	}
	d := f.dst()
	f.Emit(f.load(8, d, 10, off+8*f.r.IntN(n/8)))
	f.setScalar(d)
	f.keep(d)
}

// copyToStack copies a structure to the stack, and often back to the packet.
func (f *fn) copyToStack(n int) {
	m, ok := f.readable(n)
	if !ok {
		return
	}
	if m.base == 10 {
		f.lockBytes(m.disp, n, true)
		defer f.lockBytes(m.disp, n, false)
	}
	off := f.place8(n)
	s, ok := f.scratch(1, m.base)
	if off == 0 || !ok || !f.o.has(Stack) {
		return
	}
	t := uint8(s[0])
	pieces(n, func(at, size int) {
		f.Emit(ldx(size, t, uint8(m.base), m.disp+at), stx(size, 10, off+at, t))
	})
	f.setScalar(s[0])
	f.st.setStack(off, n)
	p := f.pickReg(func(_ int, r *reg) bool { return r.kind == pkt && f.st.ranges[r.id]-r.off >= n })
	if p < 0 || !f.o.has(PacketStore) || f.chance(40) {
		return
	}
	to := f.inPacket(p, n)
	pieces(n, func(at, size int) {
		f.Emit(ldx(size, t, 10, off+at), stx(size, uint8(p), to+at, t))
	})
}

// compareBytes compares two structures, as memcmp for equality compiles, and
// keeps the answer.
func (f *fn) compareBytes(n int) {
	a, ok := f.readable(n)
	if !ok {
		return
	}
	if a.base == 10 {
		f.lockBytes(a.disp, n, true)
		defer f.lockBytes(a.disp, n, false)
	} else if !f.isLocked(a.base) {
		defer func(old uint16) { f.locked = old }(f.locked)
		f.locked |= 1 << a.base
	}
	b, ok := f.readable(n)
	if !ok {
		return
	}
	s, ok := f.scratch(3, a.base, b.base)
	if !ok {
		return
	}
	res, x, y := uint8(s[0]), uint8(s[1]), uint8(s[2])
	differ, early := f.NewLabel(), f.chance(50)
	f.Emit(bpf.Mov.Imm(res, 1))
	if !early {
		f.Emit(bpf.Mov.Imm(res, 0))
	}
	pieces(n, func(at, size int) {
		f.Emit(ldx(size, x, uint8(a.base), a.disp+at), ldx(size, y, uint8(b.base), b.disp+at))
		if early {
			f.EmitTo(bpf.JNe.Reg(x, y, 0), differ)
			return
		}
		f.Emit(bpf.Xor.Reg(x, y), bpf.Or.Reg(res, x))
	})
	if early {
		f.Emit(bpf.Mov.Imm(res, 0))
	}
	f.Place(differ)
	for _, r := range s {
		f.setScalar(r)
	}
	f.keep(s[0])
	if f.chance(30) {
		f.EmitTo(bpf.JEq.Imm(res, 0, 0), f.out)
	}
}

// swapPacket exchanges two neighbouring fields of the packet.
func (f *fn) swapPacket(n int) {
	if !f.o.has(PacketStore) || !f.o.has(PacketLoad) {
		return
	}
	p := f.packetAccess(2 * n)
	if p < 0 {
		return
	}
	s, ok := f.scratch(2, p)
	if !ok {
		return
	}
	at, x, y := f.inPacket(p, 2*n), uint8(s[0]), uint8(s[1])
	pieces(n, func(k, size int) {
		f.Emit(
			ldx(size, x, uint8(p), at+k), ldx(size, y, uint8(p), at+n+k),
			stx(size, uint8(p), at+k, y), stx(size, uint8(p), at+n+k, x),
		)
	})
	f.setScalar(s[0])
	f.setScalar(s[1])
}
