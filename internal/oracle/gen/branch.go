package gen

import "github.com/skipsw/skipsw/translate/bpf"

var (
	jumpsV1 = []bpf.JumpOp{bpf.JEq, bpf.JNe, bpf.JGt, bpf.JGe, bpf.JSet, bpf.JSGt, bpf.JSGe}
	jumpsV2 = append(append([]bpf.JumpOp{}, jumpsV1...), bpf.JLt, bpf.JLe, bpf.JSLt, bpf.JSLe)
)

// condition returns a conditional jump on numbers.
func (f *fn) condition() bpf.Insn {
	ops := jumpsV1
	if f.o.ISA >= 2 {
		ops = jumpsV2
	}
	op := ops[f.r.IntN(len(ops))]
	class := bpf.ClassJMP
	if f.o.has(Jmp32) && f.chance(40) {
		class = bpf.ClassJMP32
	}
	d := f.scalarReg()
	if f.chance(35) {
		return bpf.JumpReg(class, op, uint8(d), uint8(f.scalarReg()), 0)
	}
	return f.hide(bpf.JumpImm(class, op, uint8(d), f.limit(), 0))
}

// branch emits an if, with or without an else, and joins the two states.
func (f *fn) branch(budget int) {
	f.depth++
	defer func() { f.depth-- }()
	other, end := f.NewLabel(), f.NewLabel()
	f.EmitTo(f.condition(), other)
	before := f.st
	f.block(f.r.IntN(budget) + 1)
	if f.chance(50) {
		f.Place(other)
		f.Place(end)
		f.st.join(&before)
		return
	}
	f.EmitTo(f.gotoInsn(), end)
	then := f.st
	f.st = before
	f.Place(other)
	f.block(f.r.IntN(budget) + 1)
	f.Place(end)
	f.st.join(&then)
}

// gotoInsn is an unconditional jump, at level 4 sometimes the long form.
func (f *fn) gotoInsn() bpf.Insn {
	if f.o.ISA >= 4 && f.chance(30) {
		return bpf.Gotol(0)
	}
	return bpf.Goto(0)
}

// leave emits a conditional way out of the function.
func (f *fn) leave() { f.EmitTo(f.condition(), f.out) }

// nullCheck asks whether a pointer is null that cannot be, as functions do that
// are not expanded where they are called.
func (f *fn) nullCheck() {
	p := f.pickReg(func(_ int, r *reg) bool { return r.kind != dead && r.kind != scalar })
	if p < 0 || f.chance(20) {
		if p = 10; f.chance(50) {
			p = f.stackDst()
			f.Emit(bpf.Mov.Reg(uint8(p), 10), bpf.Add.Imm(uint8(p), -8*int32(1+f.r.IntN(64))))
			f.set(p, reg{})
		}
	}
	if f.chance(60) {
		f.EmitTo(bpf.JEq.Imm(uint8(p), 0, 0), f.out)
		return
	}
	there := f.NewLabel()
	f.EmitTo(bpf.JNe.Imm(uint8(p), 0, 0), there)
	f.EmitTo(f.gotoInsn(), f.out)
	f.Place(there)
}

// switchOn emits a chain of compares of one register, as a switch compiles.
func (f *fn) switchOn(budget int) {
	f.depth++
	defer func() { f.depth-- }()
	d := f.scalarReg()
	end := f.NewLabel()
	var joined *state
	for range 2 + f.r.IntN(3) {
		next := f.NewLabel()
		f.EmitTo(f.hide(bpf.JNe.Imm(uint8(d), f.imm(), 0)), next)
		before := f.st
		f.block(f.r.IntN(budget/2+1) + 1)
		f.EmitTo(bpf.Goto(0), end)
		s := f.st
		if joined == nil {
			joined = &s
		} else {
			joined.join(&s)
		}
		f.st = before
		f.Place(next)
	}
	f.Place(end)
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
		f.Emit(bpf.Mov.Imm(uint8(counter), start))
		f.setScalar(counter)
		f.locked |= 1 << counter
	}
	// What the body leaves must hold at its next entry too: keep in the
	// entry state only what survives any body.
	before := f.st
	f.forgetForLoop()
	entry := f.st
	top := f.NewLabel()
	mark := f.mark()
	f.Place(top)
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
		f.Emit(bpf.Add.Imm(uint8(counter), step))
	} else {
		f.Emit(ldx(8, uint8(tmp), 10, slot), bpf.Add.Imm(uint8(tmp), step), stx(8, 10, slot, uint8(tmp)))
		f.setScalar(tmp)
	}
	f.EmitTo(bpf.JNe.Imm(uint8(tmp), stop, 0), top)
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

type mark struct {
	code          bpf.Mark
	calls, ranges int
}

func (f *fn) mark() mark { return mark{f.Mark(), len(f.calls), f.nranges} }

// rollback removes all instructions since the mark. Labels that were made
// since then are not used by any that stay.
func (f *fn) rollback(m mark) {
	f.Rewind(m.code)
	f.calls, f.nranges = f.calls[:m.calls], m.ranges
}
