package gen

import "github.com/skipsw/skipsw/translate/bpf"

// etherTypes as a little-endian load sees them.
var etherTypes = []int32{0x0008, 0xdd86, 0x0081, 0xa888, 0x0608}

// parse emits the way from the Ethernet header to the ports, as compilers
// emit it for packet programs.
func (f *fn) parse() {
	p, end, ok := f.packetPair()
	if !ok {
		return
	}
	f.prove(p, end, 14)
	t := f.dst(p, end)
	f.emit(ldx(2, uint8(t), uint8(p), 12))
	f.setScalar(t)
	l3 := 14
	if f.chance(30) {
		// One optional VLAN tag: the network header's place varies.
		if l3 = 18; f.chance(60) {
			f.jump(jmpK(bpf.JNE, uint8(t), 0x0081), f.out)
		}
		f.prove(p, end, 18)
		t = f.dst(p, end)
		f.emit(ldx(2, uint8(t), uint8(p), 16))
		f.setScalar(t)
	}
	if f.chance(60) {
		f.jump(jmpK(bpf.JNE, uint8(t), etherTypes[f.r.IntN(len(etherTypes))]), f.out)
	}
	f.prove(p, end, l3+20)
	proto := f.dst(p, end)
	f.emit(ldx(1, uint8(proto), uint8(p), l3+9))
	f.setScalar(proto)
	if f.chance(50) {
		f.jump(jmpK(bpf.JNE, uint8(proto), []int32{6, 17, 1}[f.r.IntN(3)]), f.out)
	}
	id := f.newRange()
	if id < 0 {
		return
	}
	ihl := f.dst(p, end)
	f.emit(
		ldx(1, uint8(ihl), uint8(p), l3), andK(uint8(ihl), 15),
		aluK(bpf.ClassALU64, bpf.LSH, uint8(ihl), 2), aluX(bpf.ClassALU64, bpf.ADD, uint8(ihl), uint8(p)),
	)
	f.set(ihl, reg{kind: pkt, id: id})
	f.prove(ihl, end, l3+8)
	port := f.dst(ihl, end)
	f.emit(ldx(2, uint8(port), uint8(ihl), l3+2))
	f.setScalar(port)
	if f.o.has(Endian) && f.chance(60) {
		f.emit(bpf.Insn{Op: bpf.ClassALU | bpf.END | bpf.X, Dst: uint8(port), Imm: 16})
	}
	if f.o.has(PacketStore) && f.chance(40) {
		f.rewrite(p, l3)
	}
}

// rewrite emits the usual changes of a header through p: addresses swapped, or
// the lifetime lowered with the checksum mended.
func (f *fn) rewrite(p, l3 int) {
	if b := f.st.regs[p]; b.kind != pkt || f.st.ranges[b.id]-b.off < l3+20 {
		return
	}
	a := f.dst(p)
	b := f.dst(p, a)
	pp := uint8(p)
	if f.chance(50) {
		for off := 0; off < 6; off += 2 {
			f.emit(ldx(2, uint8(a), pp, off), ldx(2, uint8(b), pp, 6+off), stx(2, pp, off, uint8(b)), stx(2, pp, 6+off, uint8(a)))
		}
	} else {
		f.emit(
			ldx(1, uint8(a), pp, l3+8), addK(uint8(a), -1), stx(1, pp, l3+8, uint8(a)),
			ldx(2, uint8(b), pp, l3+10), addK(uint8(b), 1), mov(uint8(a), uint8(b)),
			aluK(bpf.ClassALU64, bpf.RSH, uint8(a), 16), aluX(bpf.ClassALU64, bpf.ADD, uint8(b), uint8(a)), stx(2, pp, l3+10, uint8(b)),
		)
	}
	f.setScalar(a)
	f.setScalar(b)
}
