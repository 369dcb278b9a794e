package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// A helper that calls back is walked as the kernel walks it: from the call one way
// goes on behind it, another into the callback, and from the callback's end back
// to the call, with all that the callback has changed. The walk settles because a
// state at the call that an earlier one holds needs no walk, and because numbers
// that nobody needs are widened from round to round.

// funcAddress loads the address of a function.
func (v *verifier) funcAddress(i int) *Error {
	k := int(v.fn[v.insns[i].FuncTarget(i)])
	if v.funcs[k].Global {
		return unsafef("a helper cannot call back global function %q", v.funcs[k].Name).hint("make the function static")
	}
	r := pointer(PtrFunc)
	r.mp = int32(k)
	v.set(v.insns[i].Dst, r)
	return nil
}

// callBack puts aside the way into the callback of a helper call.
func (v *verifier) callBack(i int, h *platform.Helper) *Error {
	fn := int(v.reg(2).mp)
	rounds := v.reg(1)
	if h.ID == bpf.HelperLoop {
		if rounds.kind != Scalar {
			return unsupportedf("bpf_loop with %s as the number of rounds, because a card's pointers are not a host's", rounds.kind.name())
		}
		v.origins.need(rounds.node)
	}
	if was, ok := v.callbacks[i]; ok && was != fn {
		return unsupportedf("a helper that calls back one of several functions, because their code is put in the place of the call")
	}
	v.callbacks[i] = fn
	if h.ID == bpf.HelperLoop && uint64(v.cur.top().rounds) >= rounds.UMax {
		v.cur.top().rounds = 0
		return nil
	}
	if len(v.cur.frames) == platform.MaxFrames {
		return unsafef("more than %d nested calls", platform.MaxFrames)
	}
	s := v.fork(v.funcs[fn].Start)
	s.callbacks++
	from := s.top()
	from.rounds++
	f := v.mem.frames.get()
	*f = frame{stack: f.stack, fn: fn, call: i, callback: true, before: s.parent, chain: v.stackUses.called(from.chain, i)}
	if h.ID == bpf.HelperForEachMapElem {
		f.regs[1], f.regs[4] = from.regs[1], from.regs[3]
		f.regs[2], f.regs[3] = pointer(PtrMapKey), pointer(PtrMapValue)
		for r := 2; r <= 3; r++ {
			f.regs[r].mp, f.regs[r].inner = from.regs[1].mp, from.regs[1].inner
		}
	} else {
		f.regs[1] = unknownReg()
		f.regs[2] = from.regs[3]
	}
	f.regs[10] = pointer(PtrStack)
	f.regs[10].frame = uint8(len(s.frames))
	s.frames = append(s.frames, f)
	v.cur.top().rounds = 0
	return nil
}

// endCallback goes back to the helper call that called the function.
func (v *verifier) endCallback() *Error {
	f := v.cur.top()
	r := &f.regs[0]
	switch {
	case r.kind != Scalar:
		return unsafef("a callback returns %s, not 0 or 1", r.kind.name())
	case r.SMin < 0 || r.SMax > 1:
		return unsafef("a callback may return other numbers than 0 and 1").hint("return 0 to go on, 1 to end")
	}
	v.origins.need(r.node)
	n := len(v.cur.frames) - 1
	v.cur.frames = v.cur.frames[:n]
	v.cur.insn = f.call
	v.mem.frames.put(f)
	// What was kept since was kept inside the callback.
	for c := f.before; c != nil; c = c.parent {
		if c.insn == v.cur.insn && sameCalls(&c.state, v.cur) {
			v.widenFrom(c, v.cur)
			break
		}
	}
	return nil
}

// carryCallback passes the fact of a helper's context argument to its callback.
func (v *verifier) carryCallback(i int, m bpf.RegSet) {
	if fn, ok := v.callbacks[i]; ok && m.Has(3) {
		to := 2
		if v.insns[i].IsCallOf(bpf.HelperForEachMapElem) {
			to = 4
		}
		v.give(v.funcs[fn].Start, to, regOf(v.regAt(i, 3)))
	}
}

// Callback returns the function, by its index in Funcs, that the helper call at a
// slot calls back; ok is false if no path has it called.
func (p *Program) Callback(slot int) (fn int, ok bool) {
	fn, ok = p.callbacks[slot]
	return fn, ok && p.Reached(p.funcs[fn].Start)
}
