package verify

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/number"
	"github.com/skipsw/skipsw/translate/internal/platform"
	"github.com/skipsw/skipsw/translate/object"
)

// callFunc enters a function of the program.
func (v *verifier) callFunc(i int) *Error {
	if len(v.cur.frames) == platform.MaxFrames {
		return tooDeep()
	}
	start := v.insns[i].FuncTarget(i)
	if f := &v.funcs[v.fn[start]]; f.Global {
		if err := v.noCallUnderLock(fmt.Sprintf("global function %q", f.Name)); err != nil {
			return err
		}
	}
	if k := int(v.fn[start]); v.apart && v.funcs[k].Global {
		return v.callGlobal(k)
	}
	from := v.cur.top()
	f := v.mem.frames.get()
	*f = frame{stack: f.stack, fn: int(v.fn[start]), call: i}
	copy(f.regs[1:6], from.regs[1:6])
	f.regs[10] = pointer(PtrStack)
	f.regs[10].frame = uint8(len(v.cur.frames))
	f.chain = v.stackUses.called(from.chain, i)
	v.clobber()
	v.cur.frames = append(v.cur.frames, f)
	v.cur.insn = start
	v.entered(i, f.fn)
	return nil
}

// exit ends a function or the path.
func (v *verifier) exit() (done bool, err *Error) {
	n := len(v.cur.frames)
	if n == 1 {
		if err := v.needReg(0); err != nil {
			return false, err.hint("set the return value before exit")
		}
		if err := v.noneHeld("the program ends"); err != nil {
			return false, err
		}
		if v.cur.top().fn > 0 && v.reg(0).kind != Scalar {
			return false, unsafef("global function %q returns %s, not a number", v.funcs[v.cur.top().fn].Name, v.reg(0).kind.name())
		}
		return true, nil
	}
	// A function that returns nothing leaves R0 as it is.
	f := v.cur.top()
	if f.callback {
		return false, v.endCallback()
	}
	if f.regs[0].kind == PtrStack {
		return false, unsafef("a function returns a pointer to the stack")
	}
	v.cur.frames = v.cur.frames[:n-1]
	v.cur.top().regs[0] = f.regs[0]
	v.cur.insn = f.call + 1
	v.mem.frames.put(f)
	return false, nil
}

// callHelper executes a call of a helper.
func (v *verifier) callHelper(i int) (done bool, err *Error) {
	id := v.insns[i].Helper()
	h, callable := rules.Helper(id, v.typ)
	if id != bpf.HelperSpinUnlock {
		if err := v.noCallUnderLock("bpf_" + id.String()); err != nil {
			return false, err
		}
	}
	switch {
	case id == bpf.HelperAbsentField:
		return false, unsafef("a member, type or function is used that is not there; ask for it first with bpf_core_field_exists or bpf_ksym_exists")
	case h == nil:
		return false, unsafef("helper %d, which xdp and tc programs cannot call", id)
	case !callable:
		return false, unsafef("%s, which %s programs cannot call", h.Name(), v.typ.Name)
	case h.GPL && !rules.MayCallGPL(v.p.License):
		return false, unsafef("%s, which only programs under a licence compatible with the GPL may call, and this one's is %q", h.Name(), v.p.License).
			hint("name the licence in a section \"license\", for example \"GPL\" or \"Dual BSD/GPL\"")
	case h.Leaves && v.cur.top().callback:
		return false, unsupportedf("%s in a function that a helper calls back, because its code is put in the place of the call", h.Name())
	case h.Refused != "":
		return false, unsupportedf("%s, %s", h.Name(), h.Refused)
	}
	c := call{v: v, name: h.Name(), Helper: h}
	for k, a := range h.Args {
		if a == platform.ArgNone || a == platform.ArgRest {
			break
		}
		if err := c.arg(uint8(k+1), a); err != nil {
			return false, err
		}
	}
	c.fill()
	if c.released != 0 {
		v.giveBack(c.released)
	}
	if h.CallsBack {
		if err := v.callBack(i, h); err != nil {
			return false, err
		}
	}
	ret := reg{}
	switch h.Ret {
	case platform.RetScalar:
		ret = unknownReg()
	case platform.RetCPU:
		ret = unknownReg()
		if n := v.o.CPUs; n > 0 {
			ret.Scalar = number.UpTo(uint32(n - 1))
		}
	case platform.RetRecordOrNull:
		ret = pointer(PtrMemOrNull)
		ret.mp, ret.rng, ret.id = c.mp, c.record, v.newID()
		ret.ref = ret.id
		v.cur.refs = append(v.cur.refs, reference{ret.ref, int32(i)})
	case platform.RetDynptrDataOrNull:
		ret = c.slice()
	case platform.RetValueOrNull:
		ret = pointer(PtrMapValueOrNull)
		ret.mp, ret.inner, ret.id = c.mp, c.inner, v.newID()
		if key, known := c.constKey(); known && !v.older() && key < uint64(c.m().MaxEntries) {
			ret.kind = PtrMapValue
			if !v.lockOf(&ret).has {
				ret.id = 0
			}
		}
		if rules.Map(c.m().Type).Sockets {
			ret.kind = PtrSocketOrNull
		}
		if m := c.m(); rules.Map(m.Type).Inner {
			ret.kind, ret.inner = PtrMapOrNull, true
			if m.Inner == nil {
				return false, unsupportedf("map %q, because its inner maps are not described", m.Name)
			}
		}
	}
	if h.Leaves {
		if err := v.noneHeld("a tail call leaves the program"); err != nil {
			return false, err
		}
		v.tailCall()
	}
	v.clobber()
	if h.Moves && !h.Leaves || id == bpf.HelperDynptrWrite && c.from.dynptrKind() == platform.DynptrSkb {
		losePacket(v.cur)
	}
	v.set(0, ret)
	return false, nil
}

// tailCall walks the way of a tail call that succeeds in a function: another
// program runs in the function's place and returns to the function's caller. It
// may have moved the packet, and returns any number. In the program itself that
// way is the end. What follows the call is the way where it fails, and nothing
// has happened.
func (v *verifier) tailCall() {
	f := v.cur.top()
	if len(v.cur.frames) == 1 {
		return
	}
	s := v.fork(f.call + 1)
	n := len(s.frames) - 1
	v.mem.frames.put(s.frames[n])
	s.frames = s.frames[:n]
	losePacket(s)
	s.top().regs[0] = unknownReg()
}

// losePacket makes numbers of all pointers into the packet, which may have
// moved.
func losePacket(s *state) {
	s.each(func(r *reg) {
		if r.kind.isPacket() || r.kind == PtrPacketEnd || r.kind == PtrSlice || r.kind == PtrSliceOrNull {
			*r = unknownReg()
			r.rng = stale
		}
	})
}

// call is a helper call whose arguments are being checked.
type call struct {
	*platform.Helper
	name   string // in messages
	v      *verifier
	mp     int32 // the map of an argument before
	inner  bool
	fixeds int // arguments of fixed sizes before
	fills  []fill
	record int32 // bytes of the record that it returns
	// released is the reference that it takes back, 0 for none.
	released uint32
	from     slot // the dynptr of an argument before
}

// fill is memory on the stack that the helper writes.
type fill struct{ frame, lo, hi int }

func (c *call) arg(n uint8, a platform.Arg) *Error {
	v := c.v
	if err := v.needReg(n); err != nil {
		return err
	}
	r := v.reg(n)
	switch a {
	case platform.ArgCtx, platform.ArgCtxOrNull:
		if a == platform.ArgCtxOrNull && r.IsZero() {
			return nil
		}
		if r.kind != PtrCtx || r.off != 0 || !r.Scalar.IsZero() {
			return unsafef("%s needs the context in R%d, it holds %s", c.name, n, r.kind.name())
		}
	case platform.ArgMap:
		if r.kind != PtrMap {
			return unsafef("%s needs a map in R%d, it holds %s", c.name, n, r.kind.name())
		}
		c.mp, c.inner = r.mp, r.inner
		m := v.mapOf(r)
		if m.Flags&bpf.FRdonlyProg != 0 && c.Writes {
			return unsafef("%s would write to map %q, which programs may only read", c.name, m.Name)
		}
		return mapFits(c.ID, m)
	case platform.ArgLock:
		return c.lock(n)
	case platform.ArgConstString:
		return c.constString(n)
	case platform.ArgFunc:
		if r.kind != PtrFunc {
			return unsafef("%s needs a function in R%d, it holds %s", c.name, n, r.kind.name())
		}
	case platform.ArgStackOrNull:
		if r.kind != PtrStack && !r.IsZero() {
			return unsafef("%s needs a pointer to the stack or NULL in R%d, it holds %s", c.name, n, r.kind.name())
		}
	case platform.ArgKey:
		return c.memory(n, int(c.m().KeySize), false)
	case platform.ArgValue:
		return c.memory(n, int(c.m().ValueSize), false)
	case platform.ArgFillValue:
		return c.memory(n, int(c.m().ValueSize), !rules.Map(c.m().Type).ReadsPeek)
	case platform.ArgFill4:
		return c.aligned(n, 4)
	case platform.ArgFill8:
		return c.aligned(n, 8)
	case platform.ArgFixed:
		c.fixeds++
		return c.memory(n, c.Fixed[c.fixeds-1], false)
	case platform.ArgSize, platform.ArgSizeOrZero:
		return c.size(n, a)
	case platform.ArgRecordSize:
		return c.recordSize(n)
	case platform.ArgRecord:
		return c.takesBack(n)
	case platform.ArgNumber:
		if r.kind != Scalar {
			return unsafef("%s needs a number in R%d, it holds %s", c.name, n, r.kind.name())
		}
	case platform.ArgDynptr:
		_, err := c.dynptr(n)
		return err
	case platform.ArgNewDynptr:
		if c.Dynptr == platform.DynptrLocal && v.reg(1).kind != PtrMapValue {
			return unsafef("%s needs a map value in R1, it holds %s", c.name, v.reg(1).kind.name())
		}
		return c.newDynptr(n)
	case platform.ArgRecordDynptr:
		return c.takesBackDynptr(n)
	case platform.ArgSliceSize:
		return c.sliceSize(n)
	case platform.ArgMem, platform.ArgMemOrNull, platform.ArgFill:
		if r.kind == Scalar && !(a == platform.ArgMemOrNull && r.IsZero()) {
			return unsafef("%s needs memory in R%d, it holds %s", c.name, n, r.kind.name())
		}
	}
	return nil
}

func (c *call) m() *object.Map {
	m := c.v.p.Maps[c.mp]
	if c.inner {
		return m.Inner
	}
	return m
}

// size checks the size in register n of the memory in the register before.
func (c *call) size(n uint8, a platform.Arg) *Error {
	v := c.v
	r, p := v.reg(n), v.reg(n-1)
	if r.kind != Scalar {
		return unsafef("%s needs a size in R%d, it holds %s", c.name, n, r.kind.name())
	}
	if r.SMin < 0 {
		return unsafef("the size of R%d's memory (R%d) may be negative", n-1, n).hint("make the size unsigned, or mask it")
	}
	if r.UMin == 0 && a == platform.ArgSize {
		return unsafef("the size of R%d's memory (R%d) may be 0, which %s does not take", n-1, n, c.name)
	}
	if r.UMax >= platform.MaxOffset {
		return unsafef("the size of R%d's memory (R%d) is unbounded", n-1, n).hint("mask the size, or test it first")
	}
	v.origins.need(r.node)
	if p.IsZero() {
		if r.UMax != 0 {
			return unsafef("%s gets null in R%d and a size that may not be 0", c.name, n-1)
		}
		return nil
	}
	err := c.memory(n-1, int(r.UMax), c.Args[n-2].Fills())
	if p.kind == PtrStack && !r.Scalar.IsConst() {
		v.useSized(n - 1)
	}
	return err
}

// aligned checks n aligned bytes that the helper fills.
func (c *call) aligned(n uint8, size int) *Error {
	if err := c.v.aligned(c.v.reg(n), n, 0, size, true); err != nil {
		return err
	}
	return c.memory(n, size, true)
}

// memory checks size bytes at register n.
func (c *call) memory(n uint8, size int, write bool) *Error {
	v, p := c.v, c.v.reg(n)
	switch p.kind {
	case PtrStack:
		if p.SMin <= -platform.MaxOffset || p.SMax >= platform.MaxOffset {
			return unsafef("%s gets a stack pointer with an unbounded offset in R%d", c.name, n)
		}
		lo, hi, err := v.stackRange(p, n, 0, size, write)
		if err != nil {
			return err
		}
		if !p.Scalar.IsConst() {
			v.origins.need(p.node)
		}
		if size == 0 {
			return nil // no bytes, but a place in the frame
		}
		if s := v.heldIn(int(p.frame), lo, hi); s != nil && (!write || s.isDynptr()) {
			if write {
				return unsafef("%s would write to a dynptr on the stack (R%d)", c.name, n)
			}
			return errHeldRead(s, lo, hi)
		}
		if write {
			c.fills = append(c.fills, fill{int(p.frame), lo, hi})
			v.stackWrite(int(p.frame), lo, hi, false)
			return nil
		}
		v.stackRead(int(p.frame), lo, hi)
		if v.older() { // takes what helpers read for written, too
			c.fills = append(c.fills, fill{int(p.frame), lo, hi})
		}
		return nil
	case PtrMapValue:
		return v.inMapValue(p, n, 0, size, write)
	case PtrPacket, PtrPacketMeta:
		if !c.Packet {
			return unsafef("%s gets packet memory in R%d, which it cannot take", c.name, n).
				hint("copy the bytes to the stack first")
		}
	case PtrMem, PtrMapKey, PtrSlice:
		if a := c.Args[n-1]; p.lent != byData && (a == platform.ArgKey || a == platform.ArgValue || a == platform.ArgFillValue) {
			return unsafef("%s gets memory of a dynptr in R%d, which it cannot take", c.name, n).hint("copy the bytes to the stack first")
		}
	case PtrNum:
		if a := c.Args[n-1]; a != platform.ArgMem && a != platform.ArgMemOrNull && a != platform.ArgFill {
			return unsafef("%s gets the number of an iterator in R%d, which it cannot take", c.name, n).hint("copy the number to the stack first")
		}
	case PtrMapValueOrNull, PtrMemOrNull, PtrSliceOrNull:
		if size == 0 && c.Args[n-1] == platform.ArgMemOrNull {
			return nil
		}
	default:
		return unsafef("%s needs memory in R%d, it holds %s", c.name, n, p.kind.name())
	}
	return v.inMemory(p, n, 0, size, size, write)
}

// constKey returns the key of an array lookup when it is a constant on the
// stack. An entry of an array always exists. Of a spilled constant the key must
// be the end, all 4 bytes or the upper half of 8, and as in the kernel the whole
// constant counts as the key: one that is below the number of entries has no
// other upper half than 0, which is an entry, too.
func (c *call) constKey() (key uint64, known bool) {
	const keySize = 4
	v, p, m := c.v, c.v.reg(2), c.m()
	if c.ID != bpf.HelperMapLookupElem || !rules.Map(m.Type).Dense || m.Flags&bpf.FInnerMap != 0 ||
		m.KeySize != keySize || p.kind != PtrStack || !p.Scalar.IsConst() {
		return 0, false
	}
	s, k := v.slotAt(v.cur.frames[p.frame], int(p.off)+int(p.Bits.Value))
	if k <= len(s.bytes)-keySize && [keySize]byteKind(s.bytes[k:k+keySize]) == [keySize]byteKind{byteZero, byteZero, byteZero, byteZero} {
		return 0, true
	}
	if s.width()-k != keySize || s.kind != Scalar || !s.Scalar.IsConst() {
		return 0, false
	}
	v.origins.need(s.node)
	return s.Bits.Value, true
}

// fill makes data of the stack bytes that the helper wrote.
func (c *call) fill() {
	for _, f := range c.fills {
		c.v.fillStack(f.frame, f.lo, f.hi)
	}
}

// sameCalls reports whether two states have the same chain of calls.
func sameCalls(a, b *state) bool {
	if len(a.frames) != len(b.frames) {
		return false
	}
	for k, x := range a.frames {
		if y := b.frames[k]; x.fn != y.fn || x.call != y.call {
			return false
		}
	}
	return true
}
