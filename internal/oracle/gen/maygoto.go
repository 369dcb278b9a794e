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
	f.emit(movK(uint8(counter), 0))
	f.setScalar(counter)
	f.locked |= 1 << counter
	defer f.unlock(counter, 0)
	before := f.st
	f.forgetForLoop()
	entry := f.st
	top, done := f.newLabel(), f.newLabel()
	mark := f.mark()
	f.place(top)
	f.jump(bpf.Insn{Op: bpf.ClassJMP | bpf.JCOND}, done)
	f.block(f.r.IntN(budget) + 1)
	if !f.survives(&entry) {
		f.rollback(mark)
		f.st = before
		return
	}
	f.emit(addK(uint8(counter), 1))
	n := int32(1 + f.r.IntN(5))
	if f.chance(50) {
		f.jump(jmpK(bpf.JNE, uint8(counter), n), top)
	} else {
		f.jump(jmpK(bpf.JEQ, uint8(counter), n), done)
		f.jump(f.gotoInsn(), top)
	}
	f.place(done)
	f.st.join(&entry)
}
