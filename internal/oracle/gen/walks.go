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
func (f *fn) check(w walker, n int, l bpf.Label) {
	f.Emit(bpf.Mov.Reg(w.t, w.q), bpf.Add.Imm(w.t, int32(n)))
	f.EmitTo(bpf.JGt.Reg(w.t, w.end, 0), l)
}

// again counts a round, and goes to top if there is another.
func (f *fn) again(w walker, top bpf.Label) {
	f.Emit(bpf.Add.Imm(w.left, -1))
	f.EmitTo(bpf.JNe.Imm(w.left, 0, 0), top)
}

// sumWords adds up 16-bit words and folds the sum, as for a checksum.
func (f *fn) sumWords() {
	from, n := []int{0, 14, 14, 34}[f.r.IntN(4)], 2+f.r.IntN(9)
	w, ok := f.newWalk(from)
	if !ok {
		return
	}
	top, done := f.NewLabel(), f.NewLabel()
	f.Emit(bpf.Mov.Reg(w.q, w.p), bpf.Add.Imm(w.q, int32(from)), bpf.Mov.Imm(w.v, 0), bpf.Mov.Imm(w.left, int32(n)))
	f.Place(top)
	f.check(w, 2, done)
	f.Emit(ldx(2, w.t, w.q, 0))
	if f.o.has(Endian) && f.chance(30) {
		f.Emit(bpf.ToBE(16, w.t))
	}
	f.Emit(bpf.Add.Reg(w.v, w.t), bpf.Add.Imm(w.q, 2))
	f.again(w, top)
	f.Place(done)
	for range 2 {
		f.Emit(
			bpf.Mov.Reg(w.t, w.v), bpf.Rsh.Imm(w.t, 16),
			bpf.And.Imm(w.v, 0xffff), bpf.Add.Reg(w.v, w.t),
		)
	}
	if f.chance(70) {
		f.Emit(bpf.Xor.Imm(w.v, -1), bpf.And.Imm(w.v, 0xffff))
	}
	f.endWalk(w)
}

// skipTags goes over VLAN tags and keeps the first type that is none.
func (f *fn) skipTags() {
	w, ok := f.newWalk(14)
	if !ok {
		return
	}
	top, tag, done := f.NewLabel(), f.NewLabel(), f.NewLabel()
	f.Emit(bpf.Mov.Reg(w.q, w.p), bpf.Add.Imm(w.q, 12), bpf.Mov.Imm(w.v, 0), bpf.Mov.Imm(w.left, int32(1+f.r.IntN(4))))
	f.Place(top)
	f.check(w, 2, done)
	f.Emit(ldx(2, w.v, w.q, 0))
	f.EmitTo(bpf.JEq.Imm(w.v, 0x0081, 0), tag)
	f.EmitTo(bpf.JNe.Imm(w.v, 0xa888, 0), done)
	f.Place(tag)
	f.Emit(bpf.Add.Imm(w.q, 4))
	f.again(w, top)
	f.Place(done)
	// The place of the network header, then a byte of it.
	f.Emit(bpf.Sub.Reg(w.q, w.p))
	if f.chance(60) {
		past := f.NewLabel()
		f.Emit(bpf.Mov.Reg(w.t, w.q), bpf.And.Imm(w.t, 63), bpf.Mov.Reg(w.q, w.p), bpf.Add.Reg(w.q, w.t))
		f.check(w, 12, past)
		f.Emit(ldx(1, w.t, w.q, 11), bpf.Add.Reg(w.v, w.t))
		f.Place(past)
	} else {
		f.Emit(bpf.Add.Reg(w.v, w.q))
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
	top, one, next, done := f.NewLabel(), f.NewLabel(), f.NewLabel(), f.NewLabel()
	f.Emit(bpf.Mov.Imm(w.v, 0))
	if f.chance(50) {
		// Headers without options end here.
		f.Emit(ldx(1, w.t, w.p, 14), bpf.And.Imm(w.t, 15))
		f.EmitTo(bpf.JEq.Imm(w.t, 5, 0), done)
	}
	f.Emit(bpf.Mov.Reg(w.q, w.p), bpf.Add.Imm(w.q, 34), bpf.Mov.Imm(w.left, int32(1+f.r.IntN(3))))
	f.Place(top)
	f.check(w, 2, done)
	f.Emit(
		ldx(1, w.t, w.q, 0),
		bpf.Lsh.Imm(w.v, 8), bpf.Or.Reg(w.v, w.t),
	)
	f.EmitTo(bpf.JEq.Imm(w.t, 0, 0), done)
	f.EmitTo(bpf.JEq.Imm(w.t, 1, 0), one)
	f.Emit(ldx(1, w.t, w.q, 1), bpf.And.Imm(w.t, 63))
	f.Emit(bpf.Add.Reg(w.q, w.t))
	f.EmitTo(bpf.Goto(0), next)
	f.Place(one)
	f.Emit(bpf.Add.Imm(w.q, 1))
	f.Place(next)
	f.again(w, top)
	f.Place(done)
	f.endWalk(w)
}

// skipExtensions walks the extension headers of IPv6 and keeps the protocol
// behind them.
func (f *fn) skipExtensions() {
	w, ok := f.newWalk(54)
	if !ok {
		return
	}
	top, more, done := f.NewLabel(), f.NewLabel(), f.NewLabel()
	f.Emit(ldx(1, w.v, w.p, 20), bpf.Mov.Reg(w.q, w.p), bpf.Add.Imm(w.q, 54), bpf.Mov.Imm(w.left, int32(1+f.r.IntN(3))))
	f.Place(top)
	f.EmitTo(bpf.JEq.Imm(w.v, 0, 0), more)
	f.EmitTo(bpf.JEq.Imm(w.v, 43, 0), more)
	f.EmitTo(bpf.JNe.Imm(w.v, 60, 0), done)
	f.Place(more)
	f.check(w, 8, done)
	f.Emit(
		ldx(1, w.v, w.q, 0), ldx(1, w.t, w.q, 1),
		bpf.Add.Imm(w.t, 1), bpf.Lsh.Imm(w.t, 3), bpf.Add.Reg(w.q, w.t),
	)
	f.again(w, top)
	f.Place(done)
	f.endWalk(w)
}
