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
	f.Emit(ldx(2, uint8(t), uint8(p), 12))
	f.setScalar(t)
	l3 := 14
	if f.chance(30) {
		// One optional VLAN tag: the network header's place varies.
		if l3 = 18; f.chance(60) {
			f.EmitTo(bpf.JNe.Imm(uint8(t), 0x0081, 0), f.out)
		}
		f.prove(p, end, 18)
		t = f.dst(p, end)
		f.Emit(ldx(2, uint8(t), uint8(p), 16))
		f.setScalar(t)
	}
	if f.chance(60) {
		f.EmitTo(bpf.JNe.Imm(uint8(t), etherTypes[f.r.IntN(len(etherTypes))], 0), f.out)
	}
	f.prove(p, end, l3+20)
	proto := f.dst(p, end)
	f.Emit(ldx(1, uint8(proto), uint8(p), l3+9))
	f.setScalar(proto)
	if f.chance(50) {
		f.EmitTo(bpf.JNe.Imm(uint8(proto), []int32{6, 17, 1}[f.r.IntN(3)], 0), f.out)
	}
	id := f.newRange()
	if id < 0 {
		return
	}
	ihl := f.dst(p, end)
	f.Emit(
		ldx(1, uint8(ihl), uint8(p), l3), bpf.And.Imm(uint8(ihl), 15),
		bpf.Lsh.Imm(uint8(ihl), 2), bpf.Add.Reg(uint8(ihl), uint8(p)),
	)
	f.set(ihl, reg{kind: pkt, id: id})
	f.prove(ihl, end, l3+8)
	port := f.dst(ihl, end)
	f.Emit(ldx(2, uint8(port), uint8(ihl), l3+2))
	f.setScalar(port)
	if f.o.has(Endian) && f.chance(60) {
		f.Emit(bpf.ToBE(16, uint8(port)))
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
			f.Emit(ldx(2, uint8(a), pp, off), ldx(2, uint8(b), pp, 6+off), stx(2, pp, off, uint8(b)), stx(2, pp, 6+off, uint8(a)))
		}
	} else {
		f.Emit(
			ldx(1, uint8(a), pp, l3+8), bpf.Add.Imm(uint8(a), -1), stx(1, pp, l3+8, uint8(a)),
			ldx(2, uint8(b), pp, l3+10), bpf.Add.Imm(uint8(b), 1), bpf.Mov.Reg(uint8(a), uint8(b)),
			bpf.Rsh.Imm(uint8(a), 16), bpf.Add.Reg(uint8(b), uint8(a)), stx(2, pp, l3+10, uint8(b)),
		)
	}
	f.setScalar(a)
	f.setScalar(b)
}
