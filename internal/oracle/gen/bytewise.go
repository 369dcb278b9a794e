package gen

import "github.com/skipsw/skipsw/translate/bpf"

// source is memory that can be read: a pointer, the displacement of the first
// byte and the number of bytes.
type source struct{ base, disp, n int }

// readable returns memory of at least n bytes that may be read, in the packet,
// in a map value or on the stack.
func (f *fn) readable(n int) (s source, ok bool) {
	switch k := f.r.IntN(10); {
	case k < 5 && f.o.has(PacketLoad):
		if p := f.packetAccess(n); p >= 0 {
			return source{p, f.inPacket(p, n), n}, true
		}
	case k < 7:
		p := f.pickReg(func(_ int, r *reg) bool {
			return r.kind == mapVal && !(f.o.Card && f.o.has(Atomic)) && int(f.p.maps[r.id].ValueSize)-r.slack >= n
		})
		if p >= 0 {
			r := f.st.regs[p]
			// Words that are counted in are not to be cut.
			return source{p, f.r.IntN(int(f.p.maps[r.id].ValueSize)-r.slack-n+1)&^7 - r.off, n}, true
		}
	}
	if off := f.buffer(n); off != 0 && f.o.has(Stack) {
		return source{10, off, n}, true
	}
	return source{}, false
}

// bytewise emits what compilers make of packed structures: a word put together
// from its bytes, in either order, or one taken apart into bytes.
func (f *fn) bytewise() {
	n := 2 << f.r.IntN(2)
	if f.chance(15) {
		n = 8
	}
	m, ok := f.readable(n)
	if !ok {
		return
	}
	s, ok := f.scratch(2, m.base)
	if !ok {
		return
	}
	sum, t := uint8(s[0]), uint8(s[1])
	swapped := f.chance(40)
	for k := range n {
		shift := 8 * k
		if swapped {
			shift = 8 * (n - 1 - k)
		}
		to := t
		if k == 0 {
			to = sum
		}
		f.Emit(ldx(1, to, uint8(m.base), m.disp+k))
		if shift > 0 {
			f.Emit(bpf.Lsh.Imm(to, int32(shift)))
		}
		if k > 0 {
			f.Emit(bpf.Or.Reg(sum, t))
		}
	}
	f.setScalar(s[0])
	f.setScalar(s[1])
	f.keep(s[0])
	if f.chance(40) && f.o.has(PacketStore) {
		f.scatter(s[0], s[1], n)
	}
}

// scatter stores the bytes of x one by one into the packet, through t.
func (f *fn) scatter(x, t, n int) {
	p := f.pickReg(func(i int, r *reg) bool { return i != x && i != t && r.kind == pkt && f.st.ranges[r.id]-r.off >= n })
	if p < 0 {
		return
	}
	at := f.inPacket(p, n)
	big := f.chance(50)
	for k := range n {
		shift := 8 * k
		if big {
			shift = 8 * (n - 1 - k)
		}
		f.Emit(bpf.Mov.Reg(uint8(t), uint8(x)))
		if shift > 0 {
			f.Emit(bpf.Rsh.Imm(uint8(t), int32(shift)))
		}
		f.Emit(stx(1, uint8(p), at+k, uint8(t)))
	}
}

// keep adds a number to those that the function's end looks at.
func (f *fn) keep(x int) {
	if f.acc < 0 || x == f.acc {
		return
	}
	op := []bpf.ALUOp{bpf.Add, bpf.Xor}[f.r.IntN(2)]
	f.Emit(op.Reg(uint8(f.acc), uint8(x)))
}

// loadKept keeps what it loads from displacement disp behind a pointer.
func (f *fn) loadKept(size int, at uint8, disp int) {
	d := f.dst(int(at))
	f.Emit(f.load(size, d, at, disp))
	f.setScalar(d)
	f.keep(d)
}

// stackKept keeps a number from the stack, in a register that is none of those
// given.
func (f *fn) stackKept(size, off int, not ...int) {
	d := f.dst(not...)
	f.Emit(ldx(size, uint8(d), 10, off))
	f.setScalar(d)
	f.keep(d)
}
