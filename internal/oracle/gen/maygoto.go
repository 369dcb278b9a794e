package gen

import "github.com/skipsw/skipsw/translate/bpf"

// mayGoto emits a loop that may_goto bounds for the verifier, and a counter
// long before at run time.
func (f *fn) mayGoto(budget int) {
	counter := f.pickReg(func(i int, _ *reg) bool { return i >= 6 && !f.isLocked(i) && f.st.regs[i].kind != ctx })
	if counter < 0 {
		return
	}
	f.depth++
	f.inLoop++
	defer func() { f.depth--; f.inLoop-- }()
	f.Emit(bpf.Mov.Imm(uint8(counter), 0))
	f.setScalar(counter)
	f.locked |= 1 << counter
	defer f.unlock(counter, 0)
	before := f.st
	f.forgetForLoop()
	entry := f.st
	top, done := f.NewLabel(), f.NewLabel()
	mark := f.mark()
	f.Place(top)
	f.EmitTo(bpf.MayGoto(0), done)
	f.block(f.r.IntN(budget) + 1)
	if !f.survives(&entry) {
		f.rollback(mark)
		f.st = before
		return
	}
	f.Emit(bpf.Add.Imm(uint8(counter), 1))
	n := int32(1 + f.r.IntN(5))
	if f.chance(50) {
		f.EmitTo(bpf.JNe.Imm(uint8(counter), n, 0), top)
	} else {
		f.EmitTo(bpf.JEq.Imm(uint8(counter), n, 0), done)
		f.EmitTo(f.gotoInsn(), top)
	}
	f.Place(done)
	f.st.join(&entry)
}
