package verify

import (
	"math"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/number"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// step executes the instruction at slot i on the current state. done reports
// the end of the path.
func (v *verifier) step(i int) (done bool, err *Error) {
	in := v.insns[i]
	if v.flags[i]&invalid != 0 {
		return false, refuse(Malformed, "%s", in.Invalid())
	}
	v.cur.insn = i + 1
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64:
		return false, v.alu(in)
	case bpf.ClassLDX:
		if err := v.needReg(in.Src); err != nil {
			return false, err
		}
		if err := v.oneObject(in.Src); err != nil {
			return false, err
		}
		r, err := v.load(in.Src, int(in.Off), in.Bytes(), false)
		if err != nil {
			return false, err
		}
		if in.Mode() == bpf.ModeMEMSX {
			if r.kind == Scalar {
				r.SignExtend(in.Bytes())
				r.dropLink()
			} else {
				return false, unsafef("sign-extending load of a pointer")
			}
		}
		v.set(in.Dst, r)
		return false, nil
	case bpf.ClassST:
		if err := v.needReg(in.Dst); err != nil {
			return false, err
		}
		if err := v.oneObject(in.Dst); err != nil {
			return false, err
		}
		c := constReg(uint64(int64(in.Imm)))
		return false, v.store(in.Dst, int(in.Off), in.Bytes(), &c, true)
	case bpf.ClassSTX:
		if in.Mode() == bpf.ModeATOMIC {
			return false, v.atomic(in)
		}
		if err := v.needRegs(in.Src, in.Dst); err != nil {
			return false, err
		}
		if err := v.oneObject(in.Dst); err != nil {
			return false, err
		}
		return false, v.store(in.Dst, int(in.Off), in.Bytes(), v.reg(in.Src), false)
	case bpf.ClassLD:
		if in.Wide() {
			v.cur.insn = i + 2
			return false, v.wideLoad(i)
		}
		return false, v.legacyLoad(i)
	}
	switch in.JumpOp() {
	case bpf.Ja:
		v.jumpsSince++
		v.cur.insn = in.JumpTarget(i)
		return false, nil
	case bpf.Exit:
		v.jumpsSince++
		return v.exit()
	case bpf.Call:
		v.jumpsSince++
		if in.IsFuncCall() {
			return false, v.callFunc(i)
		}
		if in.IsKfuncCall() {
			return false, v.callKfunc(i)
		}
		return v.callHelper(i)
	case bpf.JCond:
		v.jumpsSince++
		return false, v.mayGoto(i)
	}
	v.jumpsSince++
	return false, v.branchAt(i)
}

func (v *verifier) reg(r uint8) *reg { return &v.cur.top().regs[r] }

func (v *verifier) set(r uint8, x reg) { v.cur.top().regs[r] = x }

func (v *verifier) needReg(r uint8) *Error {
	if v.reg(r).kind == Uninit {
		return unsafef("R%d is read, but was never set on this path", r).hint("%s", uninitHint(r))
	}
	return nil
}

func uninitHint(r uint8) string {
	if r >= 1 && r <= 5 {
		return "R1 to R5 are lost in every call; keep values in R6 to R9 or on the stack"
	}
	return "initialise the variable on every path"
}

func (v *verifier) needRegs(a, b uint8) *Error {
	if err := v.needReg(a); err != nil {
		return err
	}
	return v.needReg(b)
}

func (v *verifier) wideLoad(i int) *Error {
	in := v.insns[i]
	switch in.Src {
	case bpf.PseudoMapFD:
		r := pointer(PtrMap)
		r.mp = in.Imm
		v.set(in.Dst, r)
	case bpf.PseudoMapValue:
		r := pointer(PtrMapValue)
		r.mp, r.off = in.Imm, v.insns[i+1].Imm
		v.set(in.Dst, r)
	case bpf.PseudoFunc:
		return v.funcAddress(i)
	default:
		v.set(in.Dst, constReg(in.Imm64(v.insns[i+1])))
	}
	return nil
}

// legacyLoad is LD_ABS and LD_IND: packet bytes through the context in R6.
func (v *verifier) legacyLoad(i int) *Error {
	in := v.insns[i]
	if !v.typ.Legacy {
		return unsafef("LD_ABS and LD_IND are for tc programs only").hint("read through ctx->data instead")
	}
	switch f := v.funcs[v.fn[i]]; {
	case v.fn[i] == 0:
	case f.NoInt:
		return unsafef("LD_ABS or LD_IND in function %q, of which the object has no type that returns an integer", f.Name)
	case v.cur.top().callback:
		return unsupportedf("LD_ABS or LD_IND in a function that a helper calls back, because what the helper does when they are out of range is not proven")
	}
	if err := v.noneHeld("LD_ABS and LD_IND may end the program"); err != nil {
		return err
	}
	if err := v.needReg(6); err != nil {
		return err
	}
	if v.reg(6).kind != PtrCtx {
		return unsafef("LD_ABS and LD_IND need the context in R6, it holds %s", v.reg(6).kind.name())
	}
	if r := v.reg(6); r.off != 0 || !r.Scalar.IsZero() {
		return unsafef("LD_ABS and LD_IND need the context in R6, it was moved by %d", r.off)
	}
	if in.Mode() == bpf.ModeIND {
		if err := v.needReg(in.Src); err != nil {
			return err
		}
	}
	if f := v.cur.top(); len(v.cur.frames) > 1 {
		// Out of range the function returns 0.
		s := v.fork(f.call + 1)
		n := len(s.frames) - 1
		v.mem.frames.put(s.frames[n])
		s.frames = s.frames[:n]
		s.top().regs[0] = constReg(0)
	}
	v.clobber()
	v.set(0, unknownReg()) // the kernel does not note the width
	return nil
}

// clobber makes R0 to R5 unreadable.
func (v *verifier) clobber() {
	f := v.cur.top()
	for r := range 6 {
		f.regs[r] = reg{}
	}
}

// alu executes arithmetic.
func (v *verifier) alu(in bpf.Insn) *Error {
	op, word, byReg := in.ALUOp(), in.Class() == bpf.ClassALU, in.Source() == bpf.X
	switch op {
	case bpf.Mov:
		return v.move(in, word, byReg)
	case bpf.Neg, bpf.End:
		if err := v.needReg(in.Dst); err != nil {
			return err
		}
		d := v.reg(in.Dst)
		switch {
		case v.older():
			*d = unknownReg()
		case d.kind == Scalar && op == bpf.End && word && !byReg && in.Imm == 64:
			return nil // the order that the number has
		case d.kind != Scalar:
			*d = reg{kind: Scalar, Scalar: number.Unknown(), mp: -1}
		case op == bpf.Neg:
			s := number.Const(0)
			s.Apply(bpf.Sub, d.Scalar, word)
			d.Scalar = s
		default:
			reorder(&d.Scalar, in)
		}
		d.dropLink()
		d.rng = 0
		return nil
	}
	if err := v.needReg(in.Dst); err != nil {
		return err
	}
	imm := constReg(uint64(int64(in.Imm)))
	s := &imm
	if byReg {
		if err := v.needReg(in.Src); err != nil {
			return err
		}
		s = v.reg(in.Src)
	} else if word {
		imm.Scalar = number.Const(uint64(uint32(in.Imm)))
	}
	d := v.reg(in.Dst)
	if d.kind != Scalar || s.kind != Scalar {
		return v.pointerALU(in, op, word, d, s)
	}
	if (op == bpf.And || op == bpf.Or) && s.IsConst() && !v.older() {
		v.splitMask(d, in.Dst)
	}
	v.link(d, s, op, word)
	d.node = v.origins.from(d.node, s.node)
	if v.older() {
		d.Apply61(op, s.Scalar, word)
	} else {
		d.Apply(op, s.Scalar, word)
	}
	return nil
}

// reorder is a byte order instruction on a little-endian machine, which the
// card's programs believe they run on.
func reorder(s *number.Scalar, in bpf.Insn) {
	if n := int(in.Imm) / 8; in.Class() == bpf.ClassALU && in.Source() == bpf.K {
		s.Truncate(n)
	} else {
		s.Swap(n)
	}
}

// splitMask walks the two values of a mask that was made of a sign bit apart:
// all ones here, zero on a path of its own that begins at the same instruction.
func (v *verifier) splitMask(d *reg, r uint8) {
	switch {
	case d.SMin == -1 && d.SMax == 0:
		v.forkHere().top().regs[r].Scalar = number.Const(0)
		d.Scalar = number.Const(math.MaxUint64)
	case d.S32Min == -1 && d.S32Max == 0:
		v.forkHere().top().regs[r].SetLow(0)
		d.SetLow(math.MaxUint32)
	}
}

// forkHere keeps a copy of the current state to go on with the instruction
// that is being executed.
func (v *verifier) forkHere() *state {
	s := v.fork(v.slot)
	s.begun = true
	return s
}

// link keeps the link of a scalar through the addition or subtraction of a
// constant and cuts it in all other operations. A 32-bit sum counts only where
// the number has no more bits, so that it can be undone.
func (v *verifier) link(d, s *reg, op bpf.ALUOp, word bool) {
	k := int64(s.Bits.Value)
	known := s.IsConst()
	if word {
		k, known = int64(int32(k)), s.IsConst32()
	}
	fits := k >= math.MinInt32 && k <= math.MaxInt32
	if op == bpf.Sub {
		k, fits = -k, fits && k != math.MinInt32
	}
	if v.older() || op != bpf.Add && op != bpf.Sub || d.id == 0 || d.sum != 0 || !known || !fits || word && d.UMax > math.MaxUint32 {
		d.dropLink()
		return
	}
	d.sum, d.off = sum64, int32(k)
	if word {
		d.sum = sum32
	}
}

func (v *verifier) move(in bpf.Insn, word, byReg bool) *Error {
	if !byReg {
		c := uint64(int64(in.Imm))
		if word {
			c = uint64(uint32(in.Imm))
		}
		v.set(in.Dst, constReg(c))
		return nil
	}
	if err := v.needReg(in.Src); err != nil {
		return err
	}
	s := v.reg(in.Src)
	if s.kind != Scalar {
		if !word && in.Off == 0 {
			v.set(in.Dst, *s)
			return nil
		}
		u := unknownReg()
		if word {
			u.Scalar = number.OfBytes(4)
		}
		v.set(in.Dst, u)
		return nil
	}
	size := int(in.Off) / 8
	fits := true
	switch {
	case word && size == 0:
		fits = s.UMax <= 1<<32-1 && !v.older()
	case size != 0:
		half := uint64(1) << (8*size - 1)
		fits = s.UMax < half
	}
	if fits {
		v.identify(s)
	}
	d := *s
	if !fits {
		d.dropLink()
	}
	switch {
	case word && size != 0:
		d.SignExtend32(size)
	case word && v.older():
		d.Truncate61(4)
	case word:
		d.Truncate(4)
	case size != 0:
		d.SignExtend(size)
	}
	v.set(in.Dst, d)
	return nil
}

// identify gives a scalar that is about to be copied an id to link the copy by.
// A sum is not linked further: its own link ends.
func (v *verifier) identify(s *reg) {
	if s.sum != 0 {
		s.dropLink()
	}
	if !s.IsConst() && s.id == 0 {
		s.id = v.newID()
	}
}

// pointerALU is arithmetic of which at least one side is a pointer.
func (v *verifier) pointerALU(in bpf.Insn, op bpf.ALUOp, word bool, d, s *reg) *Error {
	if d.kind != Scalar && s.kind != Scalar {
		if op == bpf.Sub {
			node := v.origins.from(d.node, s.node)
			*d = unknownReg()
			d.node = node
			return nil
		}
		return unsafef("R%d %s two pointers", in.Dst, opName(op))
	}
	p, n, number := d, s, in.Src
	if d.kind == Scalar {
		p, n, number = s, d, in.Dst
	}
	if word {
		if op == bpf.Sub {
			*d = unknownReg()
			return nil
		}
		return unsafef("32-bit arithmetic on a pointer (R%d is %s)", in.Dst, p.kind.name())
	}
	anywhere := v.anywhere(p)
	if !anywhere {
		v.origins.need(n.node)
	}
	if n.Broken() {
		*d = unknownReg()
		return nil
	}
	if p.kind.maybeNull() {
		return unsafef("arithmetic on a pointer that may be null (R%d)", in.Dst).hint("compare the pointer with NULL first")
	}
	switch p.kind {
	case PtrCtx, PtrMapValue, PtrStack, PtrPacket, PtrPacketMeta, PtrMem, PtrMapKey, PtrNum, PtrSlice:
	case PtrMap:
		if n.IsZero() && op == bpf.Add {
			break
		}
		fallthrough
	default:
		return unsafef("arithmetic on %s (R%d)", p.kind.name(), in.Dst)
	}
	if op != bpf.Add && op != bpf.Sub {
		return unsafef("R%d %s a pointer", in.Dst, opName(op))
	}
	if op == bpf.Sub && d.kind == Scalar {
		return unsafef("a pointer is subtracted from a number (R%d)", in.Dst)
	}
	if op == bpf.Sub && p.kind == PtrStack {
		return unsafef("subtraction from a stack pointer (R%d)", in.Dst).hint("add a negative number instead")
	}
	if err := v.saneOffset(n, number); err != nil && !anywhere {
		return err
	}
	r := *p
	if n.IsConst() {
		k := int64(n.Bits.Value)
		if op == bpf.Sub {
			k = -k
		}
		if o := int64(r.off) + k; int64(int32(o)) == o && (!anywhere || o < platform.MaxOffset && o > -platform.MaxOffset) {
			r.off = int32(o)
			if r.kind == PtrPacket && r.rng < 0 && k != 0 {
				r.rng = 0
			}
			*d = r
			return v.saneOffset(d, in.Dst)
		}
	}
	if v.older() {
		r.Apply61(op, n.Scalar, false)
	} else {
		r.Apply64(op, &n.Scalar)
	}
	r.node = v.origins.from(p.node, n.node)
	if r.kind.isPacket() {
		r.id = v.newID()
		if op == bpf.Add || n.SMin < 0 || r.rng < 0 {
			r.rng = 0
		}
	}
	*d = r
	return v.saneOffset(d, in.Dst)
}

func (v *verifier) saneOffset(r *reg, n uint8) *Error {
	if v.anywhere(r) {
		return nil
	}
	if r.kind != Scalar && (r.off >= platform.MaxOffset || r.off <= -platform.MaxOffset) {
		return unsafef("R%d points %d bytes away from its object, the limit is %d", n, r.off, platform.MaxOffset)
	}
	if r.SMin >= platform.MaxOffset || r.SMin <= -platform.MaxOffset {
		return unsafef("pointer arithmetic with R%d, which may be as low as %d", n, r.SMin).
			hint("bound the value by a comparison or & MASK, and make it unsigned; what %% leaves does not count, compare it again")
	}
	return nil
}

func opName(op bpf.ALUOp) string {
	return [...]string{"adds", "subtracts", "multiplies", "divides", "ors", "ands", "shifts", "shifts", "negates", "divides", "xors", "moves", "shifts", "swaps"}[op>>4]
}
