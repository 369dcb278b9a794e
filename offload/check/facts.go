package check

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// wordUse is how a program uses one 4-byte word of a map's values.
type wordUse struct {
	read, atomic int // a slot that does, or -1
}

// facts is the state of the rules that need the verifier's facts.
type facts struct {
	*checker
	words map[int]map[int]*wordUse // by map and word
}

// nfpFacts applies the rules about values and pointers.
func (c *checker) nfpFacts() {
	f := &facts{checker: c, words: map[int]map[int]*wordUse{}}
	c.each(func(slot int, in bpf.Insn) {
		switch in.Class() {
		case bpf.ClassALU, bpf.ClassALU64:
			f.arith(slot, in)
		case bpf.ClassLDX:
			f.access(slot, in, int(in.Src), false)
		case bpf.ClassST, bpf.ClassSTX:
			if in.IsAtomic() {
				f.atomic(slot, in)
			} else {
				f.access(slot, in, int(in.Dst), true)
			}
		case bpf.ClassJMP:
			if in.IsHelperCall() {
				f.call(slot, in.Helper())
			}
			if in.IsExit() && c.p.Type == object.TC {
				f.verdict(slot)
			}
		}
	})
	f.wordConflicts()
	f.stackDepth()
}

const maxU32 = 1<<32 - 1

// arith applies the ranges of multiplication and division.
func (f *facts) arith(slot int, in bpf.Insn) {
	op := in.ALUOp()
	if op != bpf.Mul && op != bpf.Div || in.Off != 0 {
		return
	}
	dst := f.v.Reg(slot, int(in.Dst))
	reg := in.Source() == bpf.X
	var src *verify.Reg
	if reg {
		src = f.v.Reg(slot, int(in.Src))
	}
	narrow := "the card multiplies and divides 32-bit values; mask it or use a smaller type"
	if op == bpf.Mul {
		if dst.UMax > maxU32 {
			f.add(nfp, slot, "multiplier is not within u32 value range", narrow)
		}
		switch {
		case reg && src.UMax > maxU32:
			f.add(nfp, slot, "multiplicand is not within u32 value range", narrow)
		case !reg && in.Class() == bpf.ClassALU64 && in.Imm < 0:
			f.add(nfp, slot, "sign extended multiplicand won't be within u32 value range", "multiply by the positive number and negate")
		}
		return
	}
	if dst.UMax > maxU32 {
		f.add(nfp, slot, "dividend is not within u32 value range", narrow)
	}
	switch {
	case reg && src.UMin != src.UMax:
		f.add(nfp, slot, "divisor is not constant", "divide by a constant, or shift by a power of two")
	case reg && src.UMax > maxU32:
		f.add(nfp, slot, "divisor is not within u32 value range", narrow)
	case !reg && in.Imm < 0:
		f.addf(nfp, slot, "divide by negative constant is not supported")
	}
}

// access applies the rules of loads and stores.
func (f *facts) access(slot int, in bpf.Insn, base int, store bool) {
	r := f.v.Reg(slot, base)
	switch r.Kind {
	case verify.PtrCtx:
		f.nfpContext(slot, in, r.Off+int32(in.Off), store)
	case verify.PtrStack:
		f.stackAccess(slot, in, r)
	case verify.PtrMapValue:
		if store {
			f.add(nfp, slot, "map writes not supported", "count with __sync_fetch_and_add, or write a whole value with bpf_map_update_elem")
			return
		}
		f.mapWords(slot, in, r, false)
	case verify.PtrPacket:
	case verify.Mixed:
		f.add(nfp, slot, "ptr type changed for instruction: it accesses different kinds of memory on different paths", "write the access once for each")
	default:
		f.add(nfp, slot, "unsupported ptr type: the card accesses packet, stack, map values and the context only", "")
	}
}

// stackAccess applies the rules of stack accesses.
func (f *facts) stackAccess(slot int, in bpf.Insn, r *verify.Reg) {
	base := int(in.Dst)
	if in.Class() == bpf.ClassLDX {
		base = int(in.Src)
	}
	switch {
	case r.OffKnown:
		f.callerAccess(slot, in, r)
	case f.variable(slot, base, map[[2]int]bool{}):
		f.add(nfp, slot, "variable ptr stack access", "index arrays on the stack with constants")
	case r.Bits.Mask&3 != 0:
		f.add(nfp, slot, "stack access changed location was: its offsets on different paths are not aligned alike", "use one variable, or align both to 4 bytes")
	}
}

// callerAccess finds accesses of one or two bytes to a caller's frame that the
// driver takes modulo 4 of a negative number: it refuses some and gets the
// others wrong.
func (f *facts) callerAccess(slot int, in bpf.Insn, r *verify.Reg) {
	if in.Bytes() >= 4 || r.Frame == f.v.Reg(slot, 10).Frame {
		return
	}
	own := f.frame(funcAt(f.v.Funcs(), slot))
	if own+int(r.Off)+int(in.Off) < 0 {
		f.add(nfp, slot, "an access of one or two bytes far up in the stack of a caller", "use 4 or 8 bytes, or make the function static __always_inline")
	}
}

// atomic applies the rules of atomic additions.
func (f *facts) atomic(slot int, in bpf.Insn) {
	dst, src := f.v.Reg(slot, int(in.Dst)), f.v.Reg(slot, int(in.Src))
	if dst.Kind != verify.PtrMapValue {
		f.add(nfp, slot, "atomic add not to a map value pointer", "add without the atomic")
		return
	}
	if src.Kind != verify.Scalar {
		f.addf(nfp, slot, "atomic add not of a scalar")
	}
	f.mapWords(slot, in, dst, true)
}

// mapWords notes the use of the words of a map's values.
func (f *facts) mapWords(slot int, in bpf.Insn, r *verify.Reg, atomic bool) {
	if !r.OffKnown {
		f.add(nfp, slot, "map value offset is variable", "index arrays in map values with constants, or make more entries")
		return
	}
	if r.Map < 0 {
		return
	}
	words := f.words[r.Map]
	if words == nil {
		words = map[int]*wordUse{}
		f.words[r.Map] = words
	}
	start := int(r.Off) + int(in.Off)
	for w := start / 4; w <= (start+in.Bytes()-1)/4; w++ {
		u := words[w]
		if u == nil {
			u = &wordUse{read: -1, atomic: -1}
			words[w] = u
		}
		if atomic {
			u.atomic = slot
		} else {
			u.read = slot
		}
	}
}

// wordConflicts applies the rules about words that are counters: they are kept
// in another byte order, so nothing else may touch them, and they must begin
// at zero.
func (f *facts) wordConflicts() {
	for m, words := range f.words {
		for w, u := range words {
			if u.atomic < 0 {
				continue
			}
			if u.read >= 0 {
				f.add(nfp, max(u.read, u.atomic), fmt.Sprintf("map value use type conflict read vs atomic off: %d", w*4), "a counter cannot be read in the program; read it from the host")
			}
			f.zeroUpdates(m, w, u.atomic)
		}
	}
}

// zeroUpdates finds updates of a map from the stack that may set a counter to
// something else than zero.
func (f *facts) zeroUpdates(m, word, atomic int) {
	f.each(func(slot int, in bpf.Insn) {
		if !in.IsCallOf(bpf.HelperMapUpdateElem) || f.v.Reg(slot, 1).Map != m {
			return
		}
		value := f.v.Reg(slot, 3)
		if value.Kind != verify.PtrStack || !value.OffKnown {
			return
		}
		at := int(value.Off) + word*4
		if f.mayBeNonZero(slot, value.Frame, at) {
			fix := "write zeros into the counters of the value, or use another map"
			if atomic > slot {
				f.add(nfp, atomic, fmt.Sprintf("atomic counter in map value may already be initialized to non-zero value off: %d", word*4), fix)
			} else {
				f.add(nfp, slot, fmt.Sprintf("value at offset %d may be non-zero; a word that is counted atomically must be set to zero", word*4), fix)
			}
		}
	})
}

// mayBeNonZero reports whether any store before a call may put something else
// than zero into 4 bytes of a stack frame.
func (f *facts) mayBeNonZero(call, frame, at int) bool {
	found := false
	f.each(func(slot int, in bpf.Insn) {
		if slot >= call || in.Class() != bpf.ClassST && in.Class() != bpf.ClassSTX {
			return
		}
		r := f.v.Reg(slot, int(in.Dst))
		if r.Kind != verify.PtrStack || r.Frame != frame {
			return
		}
		off := int(r.Off) + int(in.Off)
		if r.OffKnown && (off+in.Bytes() <= at || off >= at+4) {
			return
		}
		if in.Class() == bpf.ClassST {
			found = found || in.Imm != 0
			return
		}
		v := f.v.Reg(slot, int(in.Src))
		found = found || v.Kind != verify.Scalar || v.UMax != 0
	})
	return found
}

// stackDepth applies the limit of the call chains' frames: each is rounded up
// to 64 bytes, and a function has 4 bytes for its return address and 32 for
// the registers it saves.
func (f *facts) stackDepth() {
	funcs := f.v.Funcs()
	calls := make([][]int, len(funcs))
	f.each(func(slot int, in bpf.Insn) {
		if in.IsFuncCall() {
			i := funcAt(funcs, slot)
			calls[i] = append(calls[i], funcAt(funcs, in.FuncTarget(slot)))
		}
	})
	var deepest func(i, level int) int
	deepest = func(i, level int) int {
		own := round(uint32(f.frame(i)), 64)
		most := 0
		for _, callee := range calls[i] {
			if level < len(funcs) {
				most = max(most, deepest(callee, level+1))
			}
		}
		return own + most
	}
	if used := deepest(0, 0); used > f.fw.LocalMemory.Stack {
		f.add(nfp, -1, fmt.Sprintf("stack too large: program %dB > FW stack %dB", used, f.fw.LocalMemory.Stack),
			"keep less on the stack, or make functions static __always_inline: each call takes a multiple of 64 bytes")
	}
}

// frame returns the bytes of local memory that the driver gives a function.
func (f *facts) frame(i int) int {
	own := f.v.StackDepth(i)
	if i == 0 {
		return own
	}
	own += 4
	saves := false
	f.each(func(slot int, in bpf.Insn) {
		saves = saves || funcAt(f.v.Funcs(), slot) == i && writesSaved(in)
	})
	if saves {
		own += 32
	}
	return round(uint32(own), 4)
}

func funcAt(funcs []object.Func, slot int) int {
	for i := len(funcs) - 1; i > 0; i-- {
		if funcs[i].Start <= slot {
			return i
		}
	}
	return 0
}

// writesSaved reports whether an instruction writes r6 to r9.
func writesSaved(in bpf.Insn) bool {
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64, bpf.ClassLDX, bpf.ClassLD:
		return 6 <= in.Dst && in.Dst <= 9
	}
	return false
}

// round rounds up.
func round(n uint32, to int) int { return (int(n) + to - 1) / to * to }
