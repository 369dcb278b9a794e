package gen

import "github.com/skipsw/skipsw/translate/bpf"

// walk emits a loop over headers as clang makes it of C: each round checks the
// bounds of what it reads next.
func (f *fn) walk() {
	if !f.o.has(PacketLoad) {
		return
	}
	switch f.r.IntN(4) {
	case 0:
		f.sumWords()
	case 1:
		f.skipTags()
	case 2:
		f.skipOptions()
	default:
		f.skipExtensions()
	}
}

// walker holds the registers of a walk: packet, its end, the place in it, two
// temporaries and a counter.
type walker struct {
	p, end        uint8
	q, t, v, left uint8
	regs          []int
}

// newWalk takes the registers and proves the first n bytes.
func (f *fn) newWalk(n int) (w walker, ok bool) {
	if !f.hasCtx {
		return w, false
	}
	// Six registers must be free for it, whatever they hold now.
	if _, ok = f.scratch(6); !ok {
		return w, false
	}
	p, end, ok := f.packetPair()
	if !ok {
		return w, false
	}
	f.prove(p, end, n)
	s, ok := f.scratch(4, p, end)
	if !ok {
		return w, false
	}
	return walker{uint8(p), uint8(end), uint8(s[0]), uint8(s[1]), uint8(s[2]), uint8(s[3]), s}, true
}

// endWalk says what the registers hold behind a walk: v a number on all ways,
// the others nothing.
func (f *fn) endWalk(w walker) {
	for _, r := range w.regs {
		f.set(r, reg{})
	}
	f.setScalar(int(w.v))
	f.keep(int(w.v))
}

// check leaves for l when n bytes from q on are not in the packet.
func (f *fn) check(w walker, n int, l label) {
	f.emit(mov(w.t, w.q), addK(w.t, int32(n)))
	f.jump(jmpX(bpf.JGT, w.t, w.end), l)
}

// again counts a round, and goes to top if there is another.
func (f *fn) again(w walker, top label) {
	f.emit(addK(w.left, -1))
	f.jump(jmpK(bpf.JNE, w.left, 0), top)
}

// sumWords adds up 16-bit words and folds the sum, as for a checksum.
func (f *fn) sumWords() {
	from, n := []int{0, 14, 14, 34}[f.r.IntN(4)], 2+f.r.IntN(9)
	w, ok := f.newWalk(from)
	if !ok {
		return
	}
	top, done := f.newLabel(), f.newLabel()
	f.emit(mov(w.q, w.p), addK(w.q, int32(from)), movK(w.v, 0), movK(w.left, int32(n)))
	f.place(top)
	f.check(w, 2, done)
	f.emit(ldx(2, w.t, w.q, 0))
	if f.o.has(Endian) && f.chance(30) {
		f.emit(bpf.Insn{Op: bpf.ClassALU | bpf.END | bpf.X, Dst: w.t, Imm: 16})
	}
	f.emit(aluX(bpf.ClassALU64, bpf.ADD, w.v, w.t), addK(w.q, 2))
	f.again(w, top)
	f.place(done)
	for range 2 {
		f.emit(
			mov(w.t, w.v), aluK(bpf.ClassALU64, bpf.RSH, w.t, 16),
			andK(w.v, 0xffff), aluX(bpf.ClassALU64, bpf.ADD, w.v, w.t),
		)
	}
	if f.chance(70) {
		f.emit(aluK(bpf.ClassALU64, bpf.XOR, w.v, -1), andK(w.v, 0xffff))
	}
	f.endWalk(w)
}

// skipTags goes over VLAN tags and keeps the first type that is none.
func (f *fn) skipTags() {
	w, ok := f.newWalk(14)
	if !ok {
		return
	}
	top, tag, done := f.newLabel(), f.newLabel(), f.newLabel()
	f.emit(mov(w.q, w.p), addK(w.q, 12), movK(w.v, 0), movK(w.left, int32(1+f.r.IntN(4))))
	f.place(top)
	f.check(w, 2, done)
	f.emit(ldx(2, w.v, w.q, 0))
	f.jump(jmpK(bpf.JEQ, w.v, 0x0081), tag)
	f.jump(jmpK(bpf.JNE, w.v, 0xa888), done)
	f.place(tag)
	f.emit(addK(w.q, 4))
	f.again(w, top)
	f.place(done)
	// The place of the network header, then a byte of it.
	f.emit(aluX(bpf.ClassALU64, bpf.SUB, w.q, w.p))
	if f.chance(60) {
		past := f.newLabel()
		f.emit(mov(w.t, w.q), andK(w.t, 63), mov(w.q, w.p), aluX(bpf.ClassALU64, bpf.ADD, w.q, w.t))
		f.check(w, 12, past)
		f.emit(ldx(1, w.t, w.q, 11), aluX(bpf.ClassALU64, bpf.ADD, w.v, w.t))
		f.place(past)
	} else {
		f.emit(aluX(bpf.ClassALU64, bpf.ADD, w.v, w.q))
	}
	f.endWalk(w)
}

// skipOptions walks the options of an IPv4 header whose length is in the
// packet, and keeps the kinds that it meets.
func (f *fn) skipOptions() {
	w, ok := f.newWalk(34)
	if !ok {
		return
	}
	top, one, next, done := f.newLabel(), f.newLabel(), f.newLabel(), f.newLabel()
	f.emit(movK(w.v, 0))
	if f.chance(50) {
		// Headers without options end here.
		f.emit(ldx(1, w.t, w.p, 14), andK(w.t, 15))
		f.jump(jmpK(bpf.JEQ, w.t, 5), done)
	}
	f.emit(mov(w.q, w.p), addK(w.q, 34), movK(w.left, int32(1+f.r.IntN(3))))
	f.place(top)
	f.check(w, 2, done)
	f.emit(
		ldx(1, w.t, w.q, 0),
		aluK(bpf.ClassALU64, bpf.LSH, w.v, 8), aluX(bpf.ClassALU64, bpf.OR, w.v, w.t),
	)
	f.jump(jmpK(bpf.JEQ, w.t, 0), done)
	f.jump(jmpK(bpf.JEQ, w.t, 1), one)
	f.emit(ldx(1, w.t, w.q, 1), andK(w.t, 63))
	f.emit(aluX(bpf.ClassALU64, bpf.ADD, w.q, w.t))
	f.jump(ja(), next)
	f.place(one)
	f.emit(addK(w.q, 1))
	f.place(next)
	f.again(w, top)
	f.place(done)
	f.endWalk(w)
}

// skipExtensions walks the extension headers of IPv6 and keeps the protocol
// behind them.
func (f *fn) skipExtensions() {
	w, ok := f.newWalk(54)
	if !ok {
		return
	}
	top, more, done := f.newLabel(), f.newLabel(), f.newLabel()
	f.emit(ldx(1, w.v, w.p, 20), mov(w.q, w.p), addK(w.q, 54), movK(w.left, int32(1+f.r.IntN(3))))
	f.place(top)
	f.jump(jmpK(bpf.JEQ, w.v, 0), more)
	f.jump(jmpK(bpf.JEQ, w.v, 43), more)
	f.jump(jmpK(bpf.JNE, w.v, 60), done)
	f.place(more)
	f.check(w, 8, done)
	f.emit(
		ldx(1, w.v, w.q, 0), ldx(1, w.t, w.q, 1),
		addK(w.t, 1), aluK(bpf.ClassALU64, bpf.LSH, w.t, 3), aluX(bpf.ClassALU64, bpf.ADD, w.q, w.t),
	)
	f.again(w, top)
	f.place(done)
	f.endWalk(w)
}
