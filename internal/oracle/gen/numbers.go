package gen

import "github.com/skipsw/skipsw/translate/bpf"

// maxHeld bounds the statements of an iterator's loop: verifiers walk them many times.
const maxHeld = 5

// numbers emits a loop over the numbers of an iterator.
func (f *fn) numbers(budget int) {
	if f.holding || f.depth > 1 {
		return
	}
	mark, before, outer := f.mark(), f.st, f.out
	slot := f.lockSlot()
	if slot == 0 {
		return
	}
	f.depth++
	f.inLoop++
	f.holding = true
	f.out = f.NewLabel()
	left := f.out
	defer func() {
		f.depth--
		f.inLoop--
		f.holding, f.out = false, outer
		f.unlock(-1, slot)
	}()
	call := func(id bpf.KfuncID) {
		f.Emit(bpf.Mov.Reg(1, 10), bpf.Add.Imm(1, int32(slot)), bpf.CallKfunc(int32(id)))
		f.st.clobber()
	}
	f.bound(2, 3)
	f.bound(3, 7)
	call(bpf.KfuncIterNumNew)
	f.st.setPointer(slot, reg{})
	f.forgetForLoop()
	entry := f.st
	top, done := f.NewLabel(), f.NewLabel()
	f.Place(top)
	call(bpf.KfuncIterNumNext)
	f.EmitTo(bpf.JEq.Imm(0, 0, 0), done)
	d := f.dst(0)
	f.Emit(f.load([]int{4, 4, 4, 2, 1}[f.r.IntN(5)], d, 0, 0))
	f.setScalar(d)
	f.block(f.r.IntN(min(budget, maxHeld)) + 1)
	if !f.survives(&entry) {
		f.rollback(mark)
		f.st = before
		return
	}
	f.EmitTo(f.gotoInsn(), top)
	f.Place(done)
	f.st = entry
	call(bpf.KfuncIterNumDestroy)
	if !f.Targeted(left) {
		return
	}
	// Those that leave the loop end the iterator, too.
	end := f.NewLabel()
	f.EmitTo(bpf.Goto(0), end)
	f.Place(left)
	f.Emit(bpf.Mov.Reg(1, 10), bpf.Add.Imm(1, int32(slot)), bpf.CallKfunc(int32(bpf.KfuncIterNumDestroy)))
	f.EmitTo(bpf.Goto(0), outer)
	f.Place(end)
}

// bound puts a bound of an iterator in an argument register: a constant, or a number
// of a few bits.
func (f *fn) bound(r uint8, most int32) {
	if f.chance(60) {
		f.Emit(bpf.Mov.Imm(r, int32(f.r.IntN(int(most)))-1))
	} else {
		x := f.pickReg(func(i int, v *reg) bool { return i > 5 && v.kind == scalar })
		if x < 0 {
			f.Emit(bpf.Mov.Imm(r, most))
		} else {
			f.Emit(bpf.Mov.Reg(r, uint8(x)), bpf.And.Imm(r, most))
		}
	}
	f.setScalar(int(r))
}
