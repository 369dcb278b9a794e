package gen

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// packetPair loads data and data_end and returns their registers.
func (f *fn) packetPair() (p, end int, ok bool) {
	if !f.hasCtx {
		return 0, 0, false
	}
	id := f.newRange()
	if id < 0 {
		return 0, 0, false
	}
	c := f.loadCtx(-1)
	data, last := f.dataFields()
	end = f.dst(c)
	p = f.dst(c, end)
	loads := []bpf.Insn{ldx(4, uint8(end), uint8(c), last), ldx(4, uint8(p), uint8(c), data)}
	if f.chance(50) {
		loads[0], loads[1] = loads[1], loads[0]
	}
	f.Emit(loads...)
	f.set(end, reg{kind: pktEnd})
	f.set(p, reg{kind: pkt, id: id})
	return p, end, true
}

// dataFields returns the offsets of data and data_end in the context.
func (f *fn) dataFields() (data, last int) {
	if f.typed(object.TC) {
		return bpf.SkBuffData, bpf.SkBuffDataEnd
	}
	return bpf.XDPMdData, bpf.XDPMdDataEnd
}

// packetAccess returns a packet pointer with at least n proven bytes, making
// and proving one when there is none.
func (f *fn) packetAccess(n int) int {
	if f.chance(85) {
		if p := f.pickReg(func(_ int, r *reg) bool { return r.kind == pkt && f.st.ranges[r.id]-r.off >= n }); p >= 0 {
			return p
		}
	}
	p := f.pointer(pkt)
	end := f.pointer(pktEnd)
	if p < 0 || end < 0 || f.chance(20) {
		var ok bool
		if p, end, ok = f.packetPair(); !ok {
			return -1
		}
	}
	want := n
	switch f.r.IntN(4) {
	case 0:
		want += f.r.IntN(16)
	case 1:
		want = max(want, []int{14, 18, 34, 42, 54, 64}[f.r.IntN(6)])
	}
	f.prove(p, end, want)
	if f.st.ranges[f.st.regs[p].id]-f.st.regs[p].off < n {
		return -1
	}
	return p
}

// prove emits a bounds check of n bytes from p on; where it fails the function
// is left.
func (f *fn) prove(p, end, n int) {
	t := f.dst(p, end)
	f.Emit(bpf.Mov.Reg(uint8(t), uint8(p)), bpf.Add.Imm(uint8(t), int32(n)))
	base := f.st.regs[p]
	f.set(t, reg{kind: pkt, id: base.id, off: base.off + n})
	op, a, b := bpf.JGt, t, end
	inverse := false
	switch f.r.IntN(6) {
	case 0:
		op = bpf.JGe
	case 1:
		if f.o.ISA >= 2 {
			op, a, b = bpf.JLt, end, t
		}
	case 2:
		if f.o.ISA >= 2 {
			op, inverse = bpf.JLe, true
		}
	case 3:
		op, a, b, inverse = bpf.JGe, end, t, true
	}
	if inverse {
		ok := f.NewLabel()
		f.EmitTo(op.Reg(uint8(a), uint8(b), 0), ok)
		f.EmitTo(f.gotoInsn(), f.out)
		f.Place(ok)
	} else {
		f.EmitTo(op.Reg(uint8(a), uint8(b), 0), f.out)
	}
	f.st.ranges[base.id] = max(f.st.ranges[base.id], base.off+n)
}

// inPacket returns a displacement for an access of size bytes through p.
func (f *fn) inPacket(p, size int) int {
	b := f.st.regs[p]
	room := f.st.ranges[b.id] - size // largest distance from the base
	at := f.r.IntN(room + 1)
	if f.chance(50) {
		at = min(at, f.r.IntN(room+1))
	}
	if !f.o.has(Unaligned) {
		at &^= size - 1
	}
	return at - b.off
}

func (f *fn) packetLoad() {
	if f.o.has(Endian|Unaligned) && f.chance(12) {
		f.shorts()
		return
	}
	size := f.size()
	p := f.packetAccess(size)
	if p < 0 {
		return
	}
	// Neighbouring loads are what compilers of packet code must be good at.
	for range 1 + f.r.IntN(3) {
		d := f.dst(p)
		f.Emit(f.load(size, d, uint8(p), f.inPacket(p, size)))
		f.setScalar(d)
		if f.o.has(Endian) && f.chance(25) && size > 1 {
			f.Emit(bpf.ToBE(int32(8*size), uint8(d)))
		}
		if f.chance(20) {
			f.EmitTo(bpf.JNe.Imm(uint8(d), f.imm(), 0), f.out)
		}
		size = f.size()
		if f.st.ranges[f.st.regs[p].id] < size {
			return
		}
	}
}

// shorts loads numbers of 16 bits in network order that lie close together, as
// the fields of a header do, whatever their alignment.
func (f *fn) shorts() {
	const header = 14
	p := f.packetAccess(header)
	if p < 0 {
		return
	}
	for range 3 + f.r.IntN(3) {
		d := f.dst(p)
		f.Emit(ldx(2, uint8(d), uint8(p), f.r.IntN(header-1)), bpf.ToBE(16, uint8(d)))
		f.setScalar(d)
		f.keep(d)
	}
}

func (f *fn) packetStore() {
	size := f.size()
	p := f.packetAccess(size)
	if p < 0 {
		return
	}
	for range 1 + f.r.IntN(3) {
		at := f.inPacket(p, size)
		if f.o.has(StoreImm) && f.chance(25) {
			f.Emit(f.hide(stK(size, uint8(p), at, f.imm())))
		} else {
			f.Emit(stx(size, uint8(p), at, uint8(f.scalarReg(p))))
		}
	}
}

// packetVar makes a packet pointer with a variable part and proves bytes
// behind it.
func (f *fn) packetVar() {
	p := f.packetAccess(1)
	end := f.pointer(pktEnd)
	id := f.newRange()
	if p < 0 || end < 0 || id < 0 {
		return
	}
	v := f.freeScalar(p, end)
	masks := []int32{1, 3, 7, 15, 31, 60, 63, 0x3c, 127, 255}
	f.Emit(bpf.And.Imm(uint8(v), masks[f.r.IntN(len(masks))]))
	if f.chance(30) {
		f.Emit(bpf.Lsh.Imm(uint8(v), int32(1+f.r.IntN(2))))
	}
	base := f.st.regs[p]
	n := v
	if f.chance(50) || f.isLocked(p) {
		f.Emit(bpf.Add.Reg(uint8(v), uint8(p)))
	} else {
		n = p
		f.Emit(bpf.Add.Reg(uint8(p), uint8(v)))
	}
	f.set(n, reg{kind: pkt, id: id, off: base.off})
	size := f.size()
	f.prove(n, end, size+f.r.IntN(8))
	d := f.dst(n)
	f.Emit(f.load(size, d, uint8(n), f.inPacketFrom(n, size)))
	f.setScalar(d)
}

// inPacketFrom is inPacket for displacements that are not negative.
func (f *fn) inPacketFrom(p, size int) int {
	b := f.st.regs[p]
	room := f.st.ranges[b.id] - b.off - size
	return f.r.IntN(room + 1)
}

// packetLength takes the length of the packet as a number.
func (f *fn) packetLength() {
	p := f.pickReg(func(i int, r *reg) bool { return r.kind == pkt && r.off == 0 })
	end := f.pointer(pktEnd)
	if p < 0 || end < 0 {
		return
	}
	d := f.dst(p, end)
	f.Emit(bpf.Mov.Reg(uint8(d), uint8(end)), bpf.Sub.Reg(uint8(d), uint8(p)))
	f.setScalar(d)
}
