package gen

import "github.com/skipsw/skipsw/translate/bpf"

// pressure keeps many numbers on the stack over a block and takes them all
// afterwards. Compilers that keep stack bytes in registers have more than fit.
func (f *fn) pressure(budget int) {
	if f.pressed || f.inLoop > 0 || f.depth > 1 {
		return
	}
	f.pressed = true
	p := f.packetAccess(8)
	if p < 0 {
		return
	}
	var slots []int
	for range f.stackMax/16 + f.r.IntN(f.stackMax/8) {
		off := f.place8(8)
		if off == 0 {
			break
		}
		f.lockBytes(off, 8, true)
		slots = append(slots, off)
		f.fillSlot(p, off)
	}
	f.depth++
	f.block(f.r.IntN(budget) + 1)
	f.depth--
	f.r.Shuffle(len(slots), func(i, k int) { slots[i], slots[k] = slots[k], slots[i] })
	into := f.acc
	if into < 0 {
		into = f.freeScalar()
	}
	for _, off := range slots {
		f.lockBytes(off, 8, false)
		t := f.dst(into)
		f.Emit(ldx(8, uint8(t), 10, off))
		f.setScalar(t)
		op := []bpf.ALUOp{bpf.Add, bpf.Xor}[f.r.IntN(2)]
		f.Emit(op.Reg(uint8(into), uint8(t)))
	}
}

// fillSlot puts a number in a stack slot: from the packet, which p points to, or
// what a register holds, changed a little.
func (f *fn) fillSlot(p, off int) {
	switch {
	case f.chance(70):
		size := []int{8, 8, 8, 8, 8, 4, 2, 1}[f.r.IntN(8)]
		t := f.dst(p)
		f.Emit(ldx(size, uint8(t), uint8(p), f.inPacket(p, size)))
		f.setScalar(t)
		f.Emit(stx(8, 10, off, uint8(t)))
	default:
		t := f.freeScalar(p)
		f.Emit(bpf.Add.Imm(uint8(t), f.imm()), stx(8, 10, off, uint8(t)))
	}
	f.st.setStack(off, 8)
}
