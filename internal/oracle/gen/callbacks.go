package gen

import "github.com/skipsw/skipsw/translate/bpf"

// loopCall emits a call of bpf_loop with one of the callbacks that this function
// may name, on a buffer of its stack.
func (f *fn) loopCall(callee int) {
	if f.depth > 0 {
		// In code that no path reaches: the kernel removes the callback and then
		// misses its address.
		return
	}
	if f.p.sigs[callee].elements > 0 {
		f.forEach(callee)
		return
	}
	mem := f.buffer(argBytes)
	if mem == 0 {
		return
	}
	// Never no round, with which the callback would be such code.
	if n := f.freeScalar(); f.chance(50) {
		f.Emit(bpf.Mov.Reg(1, uint8(n)), bpf.And.Imm(1, []int32{1, 3, 7, 15}[f.r.IntN(4)]), bpf.Or.Imm(1, 1))
	} else {
		f.Emit(bpf.Mov.Imm(1, int32(1+f.r.IntN(7))))
	}
	f.funcAddress(2, callee)
	flags := int32(0)
	if f.chance(5) {
		flags = 1
	}
	f.Emit(bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, int32(mem)), bpf.Mov.Imm(4, flags), bpf.CallHelper(bpf.HelperLoop))
	f.st.clobber()
	f.setScalar(0)
}

// finishCallback ends a callback: what it has computed goes to the caller's
// buffer, and often it asks for another round.
func (f *fn) finishCallback() {
	if m := f.pointer(memAt); m >= 0 {
		for at := 0; at < argBytes; at += 8 {
			f.Emit(stx(8, uint8(m), at, uint8(f.scalarReg(m))))
		}
	}
	f.digest()
	switch f.r.IntN(3) {
	case 0:
		f.Emit(bpf.And.Imm(0, 1))
	case 1:
		f.Emit(bpf.Rsh.Imm(0, 63))
	default:
		f.Emit(bpf.Mov.Imm(0, 0))
	}
	f.Emit(bpf.Return())
	if f.Targeted(f.out) {
		f.Place(f.out)
		f.Emit(bpf.Mov.Imm(0, int32(f.r.IntN(2))), bpf.Return())
	}
}
