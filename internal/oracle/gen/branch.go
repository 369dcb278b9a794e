package gen

import "github.com/skipsw/skipsw/translate/bpf"

var (
	jumpsV1 = []uint8{bpf.JEQ, bpf.JNE, bpf.JGT, bpf.JGE, bpf.JSET, bpf.JSGT, bpf.JSGE}
	jumpsV2 = append(append([]uint8{}, jumpsV1...), bpf.JLT, bpf.JLE, bpf.JSLT, bpf.JSLE)
)

// condition returns a conditional jump on numbers.
func (f *fn) condition() bpf.Insn {
	ops := jumpsV1
	if f.o.ISA >= 2 {
		ops = jumpsV2
	}
	op := ops[f.r.IntN(len(ops))]
	class := uint8(bpf.ClassJMP)
	if f.o.has(Jmp32) && f.chance(40) {
		class = bpf.ClassJMP32
	}
	d := f.scalarReg()
	if f.chance(35) {
		return aluX(class, op, uint8(d), uint8(f.scalarReg()))
	}
	return aluK(class, op, uint8(d), f.limit())
}

// branch emits an if, with or without an else, and joins the two states.
func (f *fn) branch(budget int) {
	f.depth++
	defer func() { f.depth-- }()
	other, end := f.newLabel(), f.newLabel()
	f.jump(f.condition(), other)
	before := f.st
	f.block(f.r.IntN(budget) + 1)
	if f.chance(50) {
		f.place(other)
		f.place(end)
		f.st.join(&before)
		return
	}
	f.jump(f.gotoInsn(), end)
	then := f.st
	f.st = before
	f.place(other)
	f.block(f.r.IntN(budget) + 1)
	f.place(end)
	f.st.join(&then)
}

// gotoInsn is an unconditional jump, at level 4 sometimes the long form.
func (f *fn) gotoInsn() bpf.Insn {
	if f.o.ISA >= 4 && f.chance(30) {
		return bpf.Insn{Op: bpf.ClassJMP32 | bpf.JA}
	}
	return ja()
}

// leave emits a conditional way out of the function.
func (f *fn) leave() { f.jump(f.condition(), f.out) }

// nullCheck asks whether a pointer is null that cannot be, as functions do that
// are not expanded where they are called.
func (f *fn) nullCheck() {
	p := f.pickReg(func(_ int, r *reg) bool { return r.kind != dead && r.kind != scalar })
	if p < 0 || f.chance(20) {
		if p = 10; f.chance(50) {
			p = f.stackDst()
			f.emit(mov(uint8(p), 10), addK(uint8(p), -8*int32(1+f.r.IntN(64))))
			f.set(p, reg{})
		}
	}
	if f.chance(60) {
		f.jump(jmpK(bpf.JEQ, uint8(p), 0), f.out)
		return
	}
	there := f.newLabel()
	f.jump(jmpK(bpf.JNE, uint8(p), 0), there)
	f.jump(f.gotoInsn(), f.out)
	f.place(there)
}

// switchOn emits a chain of compares of one register, as a switch compiles.
func (f *fn) switchOn(budget int) {
	f.depth++
	defer func() { f.depth-- }()
	d := f.scalarReg()
	end := f.newLabel()
	var joined *state
	for range 2 + f.r.IntN(3) {
		next := f.newLabel()
		f.jump(jmpK(bpf.JNE, uint8(d), f.imm()), next)
		before := f.st
		f.block(f.r.IntN(budget/2+1) + 1)
		f.jump(ja(), end)
		s := f.st
		if joined == nil {
			joined = &s
		} else {
			joined.join(&s)
		}
		f.st = before
		f.place(next)
	}
	f.place(end)
	f.st.join(joined)
}

// loop emits a loop with a bound: a counter in a register or on the stack that
// nothing else writes.
func (f *fn) loop(budget int) {
	f.depth++
	f.inLoop++
	defer func() { f.depth--; f.inLoop-- }()
	trips := int32(1 + f.r.IntN(5))
	step := int32(1 + f.r.IntN(3))
	limit := trips * step
	down := f.chance(30)
	start, stop := int32(0), limit
	if down {
		start, stop, step = limit, 0, -step
	}

	counter := f.pickReg(func(i int, _ *reg) bool { return i >= 6 && !f.isLocked(i) && f.st.regs[i].kind != ctx })
	slot := 0
	if counter < 0 || f.o.has(Stack) && f.chance(25) {
		counter = -1
		if slot = f.lockSlot(); slot == 0 {
			return
		}
		f.storeConst(8, 10, slot, start)
	} else {
		f.emit(movK(uint8(counter), start))
		f.setScalar(counter)
		f.locked |= 1 << counter
	}
	// What the body leaves must hold at its next entry too: keep in the
	// entry state only what survives any body.
	before := f.st
	f.forgetForLoop()
	entry := f.st
	top := f.newLabel()
	mark := f.mark()
	f.place(top)
	f.block(f.r.IntN(budget) + 1)
	tmp := counter
	if counter < 0 {
		tmp = f.pickReg(func(i int, _ *reg) bool {
			return !f.isLocked(i) && (entry.regs[i].kind == dead || entry.regs[i].kind == scalar)
		})
	}
	if tmp < 0 || !f.survives(&entry) {
		// The body broke something that its entry relies on: drop it.
		f.rollback(mark)
		f.st = before
		f.unlock(counter, slot)
		return
	}
	if counter >= 0 {
		f.emit(addK(uint8(counter), step))
	} else {
		f.emit(ldx(8, uint8(tmp), 10, slot), addK(uint8(tmp), step), stx(8, 10, slot, uint8(tmp)))
		f.setScalar(tmp)
	}
	f.jump(jmpK(bpf.JNE, uint8(tmp), stop), top)
	f.unlock(counter, slot)
}

func (f *fn) unlock(counter, slot int) {
	if counter >= 0 {
		f.locked &^= 1 << counter
	} else {
		f.lockBytes(slot, 8, false)
	}
}

// forgetForLoop drops most of what a loop body could destroy: pointers into
// the packet, which keep their ranges only by luck, and scratch registers.
func (f *fn) forgetForLoop() {
	for r := range f.st.regs {
		if k := f.st.regs[r].kind; r <= 5 && (k != scalar || f.chance(50)) && !f.isLocked(r) {
			f.st.regs[r] = reg{}
		}
	}
}

// survives reports whether the state still has everything that want has.
func (f *fn) survives(want *state) bool {
	for i := range want.regs {
		if want.regs[i].kind != dead && want.regs[i] != f.st.regs[i] {
			return false
		}
	}
	for i := range want.ranges {
		if f.st.ranges[i] < want.ranges[i] {
			return false
		}
	}
	for i := range want.init {
		if want.init[i] && !f.st.init[i] {
			return false
		}
	}
	for i := range want.spilled {
		if want.spilled[i].kind != dead && want.spilled[i] != f.st.spilled[i] {
			return false
		}
	}
	return true
}

type mark struct{ insns, jumps, calls, ranges int }

func (f *fn) mark() mark { return mark{len(f.insns), len(f.jumps), len(f.calls), f.nranges} }

// rollback removes all instructions since the mark. Labels that were made
// since then are not used by any that stay.
func (f *fn) rollback(m mark) {
	f.insns, f.jumps, f.calls, f.nranges = f.insns[:m.insns], f.jumps[:m.jumps], f.calls[:m.calls], m.ranges
}
