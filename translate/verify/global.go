package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/platform"
	"github.com/skipsw/skipsw/translate/object"
)

// Global functions are verified once, on their own, with nothing known of
// their arguments but what their prototypes say; a call of one checks the
// arguments and goes on with an unknown number in R0. So a program that relies
// on more is refused, as by the kernel.
//
// The facts for the code generator come from a second walk that enters global
// functions like static ones: code needs to know what kind of memory an
// argument points to.

// hasGlobals reports whether the program calls a global function.
func (c *code) hasGlobals() bool {
	for k, f := range c.funcs {
		if k > 0 && f.Global {
			return true
		}
	}
	return false
}

// proveApart walks the program and each global function that it calls, one by
// one. The verifier is not to be used after that.
func (v *verifier) proveApart(c *code) *Error {
	v.code = c
	defer v.release()
	err := v.walkApart()
	v.ended = true
	if err != nil {
		return v.complete(err)
	}
	return nil
}

func (v *verifier) walkApart() *Error {
	v.apart = true
	v.called = make([]bool, len(v.funcs))
	v.moves = v.packetMovers()
	v.start()
	if err := v.walk(); err != nil {
		return err
	}
	for done := make([]bool, len(v.funcs)); ; {
		k := nextGlobal(v.called, done)
		if k < 0 {
			return v.stackDepths() // arguments count, whether a function looks at them or not
		}
		done[k] = true
		if err := v.enterGlobal(k); err != nil {
			return err
		}
		if err := v.walk(); err != nil {
			return err
		}
	}
}

// inContext makes another refusal of one that comes from the second walk alone:
// the program is safe, but not with the code that would be made of it.
func (e *Error) inContext() *Error {
	e.Class = Unsupported
	e.Reason = "a global function that is safe on its own, because as it is called here: " + e.Reason
	return e
}

func nextGlobal(called, done []bool) int {
	for k := range called {
		if called[k] && !done[k] {
			return k
		}
	}
	return -1
}

// enterGlobal begins the walk of a global function.
func (v *verifier) enterGlobal(k int) *Error {
	fn := v.funcs[k]
	f := v.mem.frames.get()
	*f = frame{fn: k, stack: f.stack}
	for i, a := range fn.Args {
		r := unknownReg()
		switch a.Kind {
		case object.ArgCtx:
			r = pointer(PtrCtx)
		case object.ArgDynptr:
			r = pointer(PtrDynptr)
			r.dyn = v.newID()
		case object.ArgMem:
			r = pointer(PtrMem)
			r.rng = int32(a.Size)
			if !a.NonNull {
				r.kind, r.id = PtrMemOrNull, v.newID()
			}
		}
		f.regs[i+1] = r
	}
	f.regs[10] = pointer(PtrStack)
	v.cur = &state{frames: []*frame{f}, insn: fn.Start}
	v.log.b = v.log.b[:0]
	return nil
}

// callGlobal checks the arguments of a call of global function k.
func (v *verifier) callGlobal(k int) *Error {
	fn := v.funcs[k]
	if fn.Unclear != nil {
		return unsafef("%s", fn.Unclear)
	}
	// A helper with such parameters checks memory the same way. It may read and
	// write the memory, which can be in the packet.
	c := call{v: v, name: "function " + fn.Name, Helper: &platform.Helper{Packet: true}}
	for i, a := range fn.Args {
		n := uint8(i + 1)
		if err := v.needReg(n); err != nil {
			return err
		}
		if err := c.globalArg(n, a); err != nil {
			return err
		}
	}
	c.fill()
	v.called[k] = true
	v.clobber()
	if v.moves[k] {
		losePacket(v.cur)
	}
	v.set(0, unknownReg())
	return nil
}

func (c *call) globalArg(n uint8, a object.Arg) *Error {
	r := c.v.reg(n)
	switch a.Kind {
	case object.ArgCtx:
		return c.arg(n, platform.ArgCtx)
	case object.ArgDynptr:
		_, err := c.dynptr(n)
		return err
	case object.ArgScalar:
		if r.kind != Scalar {
			return unsafef("%s needs a number in R%d, it holds %s", c.name, n, r.kind.name())
		}
		return nil
	}
	if a.NonNull && (r.IsZero() || r.kind.maybeNull()) {
		return unsafef("%s needs memory in R%d, which may be null here", c.name, n).hint("compare the pointer with NULL first")
	}
	if r.IsZero() {
		return nil
	}
	was := *r
	defer func() { *c.v.reg(n) = was }()
	switch r.kind {
	case PtrMapValueOrNull:
		r.kind = PtrMapValue
	case PtrMemOrNull:
		r.kind = PtrMem
	case PtrSliceOrNull:
		r.kind = PtrSlice
	}
	if err := c.memory(n, a.Size, false); err != nil {
		return err
	}
	return c.memory(n, a.Size, true)
}

// packetMovers tells which functions may move the packet, themselves or
// through others.
func (c *code) packetMovers() []bool {
	moves := make([]bool, len(c.funcs))
	for changed := true; changed; {
		changed = false
		for i, in := range c.insns {
			if moves[c.fn[i]] || c.flags[i]&second != 0 || !in.IsCall() && !in.IsFuncLoad() {
				continue
			}
			if in.IsFuncCall() || in.IsFuncLoad() {
				moves[c.fn[i]] = moves[c.fn[in.FuncTarget(i)]]
			} else if in.IsHelperCall() { // no kernel function that programs may call does
				h, _ := rules.Helper(in.Helper(), c.typ)
				moves[c.fn[i]] = h != nil && (h.Moves || h.ID == bpf.HelperDynptrWrite && c.p.Type == object.TC)
			}
			changed = changed || moves[c.fn[i]]
		}
	}
	return moves
}
