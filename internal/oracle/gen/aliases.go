package gen

import "github.com/skipsw/skipsw/translate/bpf"

// aliases emits stores and loads of the same bytes close together: through
// pointers that a compiler cannot tell apart, in parts of different sizes, and
// between atomic operations. What it keeps in registers must not outlive them.
func (f *fn) aliases() {
	if f.o.has(PacketLoad|PacketStore|PacketVar) && f.chance(60) {
		f.packetAliases()
		return
	}
	f.valueAliases()
}

// nearby is the number of bytes that aliases works on.
const nearby = 8

// packetAliases works through a packet pointer and one that is up to 7 bytes
// behind it.
func (f *fn) packetAliases() {
	p := f.packetAccess(nearby)
	end := f.pointer(pktEnd)
	if p < 0 || end < 0 {
		return
	}
	id := f.newRange()
	if id < 0 {
		return
	}
	q := f.dst(p, end)
	defer func(old uint16) { f.locked = old }(f.locked)
	f.locked |= 1<<p | 1<<q
	f.Emit(ldx(1, uint8(q), uint8(p), f.inPacket(p, 1)), bpf.And.Imm(uint8(q), []int32{0, 1, 3, 7}[f.r.IntN(4)]),
		bpf.Add.Reg(uint8(q), uint8(p)))
	f.set(q, reg{kind: pkt, id: id, off: f.st.regs[p].off})
	f.prove(q, end, nearby)
	for range 2 + f.r.IntN(4) {
		at := uint8([]int{p, q}[f.r.IntN(2)])
		size := f.size()
		disp := f.r.IntN(nearby - size + 1)
		f.touch(at, size, disp)
	}
}

// touch stores or loads bytes, and keeps what it loads.
func (f *fn) touch(at uint8, size, disp int) {
	switch {
	case f.chance(50):
		f.loadKept(size, at, disp)
	case f.o.has(StoreImm) && f.chance(30):
		f.Emit(stK(size, at, disp, f.imm()))
	default:
		f.Emit(stx(size, at, disp, uint8(f.scalarReg(int(at)))))
	}
}

// valueAliases works on 8 bytes of a map value that is counted in.
func (f *fn) valueAliases() {
	if f.o.Card || !f.o.has(MapStore|Atomic) {
		return
	}
	v := f.pickReg(func(_ int, r *reg) bool {
		return r.kind == mapVal && r.slack == 0 && int(f.p.maps[r.id].ValueSize) >= nearby
	})
	if v < 0 {
		return
	}
	b := f.st.regs[v]
	if spec := f.p.maps[b.id]; spec.Type == bpf.MapTypeLPMTrie || spec.Frozen {
		return
	}
	defer func(old uint16) { f.locked = old }(f.locked)
	f.locked |= 1 << v
	first := 8*f.r.IntN(int(f.p.maps[b.id].ValueSize)/8) - b.off
	for range 3 + f.r.IntN(4) {
		size := f.size()
		disp := first + size*f.r.IntN(8/size)
		if size >= 4 && f.chance(40) {
			f.atomic(v, size, disp)
			continue
		}
		f.touch(uint8(v), size, disp)
	}
}
