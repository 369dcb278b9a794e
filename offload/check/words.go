package check

import (
	"fmt"
	"math/bits"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// How many machine words the driver's compiler makes of a program, counted as it
// emits them. Source: jit.c of Linux 6.1.192, held against the words of
// testdata/peer. What is not known is which results of 32 bits need their upper
// half cleared: the verifier decides that on the paths that it walks, and what may
// be read on any path is the most.

// Words around a program.
const (
	introWords   = 2
	outroXDP     = 13
	outroTC      = 18
	paddingWords = 8
	savingWords  = 18 // subroutines that save and restore R6 to R9
)

// wordBytes are the bytes of a word of the stack.
const wordBytes = 4

// counter counts the words of a program.
type counter struct {
	*driver
	w       *verify.Walked
	funcs   []object.Func
	skipped []bool // left out by the compiler
	target  []bool // of a jump, live or dead
	clear   []bool // the upper half of the result may have to be cleared
	gathers []gather
	caches  []cache
	least   int // without what may have to be cleared
	most    int
}

// count returns the least and the most of the words of a program.
func (d *driver) count(w *verify.Walked) (least, most int) {
	n := len(d.p.Insns)
	c := &counter{driver: d, w: w, funcs: w.Funcs(), skipped: make([]bool, n), target: make([]bool, n)}
	for slot, in := range d.p.Insns {
		if t, ok := in.Target(slot); ok && t < n {
			c.target[t] = true
		}
	}
	c.clear = c.upperHalves()
	c.leaveOut()
	c.gather()
	c.cache()
	c.words(introWords + paddingWords)
	if d.p.Type == object.XDP {
		c.words(outroXDP)
	} else {
		c.words(outroTC)
	}
	saves := false
	for i := range c.funcs[1:] {
		c.words(1) // saves the return address
		saves = saves || c.saves(i+1)
	}
	if saves {
		c.words(savingWords)
	}
	for slot := 0; slot < n; slot++ {
		in := d.p.Insns[slot]
		if d.insns[slot].visited && !c.skipped[slot] {
			c.insn(slot, in)
		}
		if in.Wide() {
			slot++
		}
	}
	return c.least, c.most
}

// tooLong applies the limit of the program's length.
func (d *driver) tooLong(w *verify.Walked) {
	const fix = "make the program smaller: unroll less, share code in a static __noinline function"
	limit := d.fw.Core.CodeWords
	least, most := d.count(w)
	d.size = Size{least, most, limit}
	switch {
	case least > limit:
		d.add(nfp, -1, fmt.Sprintf("the program is too long: at least %d words of machine code, the card has %d", least, limit), fix)
	case most > limit:
		d.add(nfp, -1, fmt.Sprintf("the program may be too long: %d to %d words of machine code, the card has %d", least, most, limit), fix)
		d.found[len(d.found)-1].Maybe = true
	}
}

func (c *counter) words(n int) {
	c.least += n
	c.most += n
}

// upper counts the word that clears the upper half of an instruction's result.
func (c *counter) upper(slot int) {
	if c.clear[slot] {
		c.most++
	}
}

// saves reports whether a function names one of R6 to R9, which it then saves.
func (d *driver) saves(funcs []object.Func, fn int) bool {
	for slot := funcs[fn].Start; slot < len(d.p.Insns) && funcAt(funcs, slot) == fn; slot++ {
		if in := d.p.Insns[slot]; 6 <= in.Dst && in.Dst <= 9 {
			return true
		}
	}
	return false
}

func (c *counter) saves(fn int) bool { return c.driver.saves(c.funcs, fn) }

// load returns the words that load a constant into a register.
func load(v uint32) int {
	packed := func(v uint32) bool { return v&0xffff0000 == 0 || v&0xff0000ff == 0 || v&0xffff == 0 }
	if packed(v) || packed(^v) {
		return 1
	}
	return 2
}

// operand returns the words that make a constant the operand of arithmetic,
// offset of a memory command: small ones stand in the instruction.
func operand(v uint32) int {
	if v < 1<<8 {
		return 0
	}
	return load(v)
}

func offset(v int) int {
	if 0 <= v && v < 1<<7 {
		return 0
	}
	return load(uint32(v))
}

// insn counts an instruction.
func (c *counter) insn(slot int, in bpf.Insn) {
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64:
		c.arith(slot, in)
	case bpf.ClassLD:
		c.constant(slot, in)
	case bpf.ClassLDX, bpf.ClassST, bpf.ClassSTX:
		c.memory(slot, in)
	default:
		c.jump(slot, in)
	}
}

// constant counts 64-bit constants and the old packet loads.
func (c *counter) constant(slot int, in bpf.Insn) {
	switch {
	case in.IsMapLoad():
		c.words(2) // the map's number on the card, and zero
		return
	case in.Wide():
		lo, hi := uint32(in.Imm), uint32(c.p.Insns[slot+1].Imm)
		c.words(load(lo))
		if hi == lo {
			c.words(1)
		} else {
			c.words(load(hi))
		}
		return
	case in.Mode() == bpf.ModeIND:
		c.words(operand(uint32(uint16(in.Imm))) + 4)
	default:
		at := int(uint16(in.Imm))
		c.words(operand(uint32(at+in.Bytes())) + 2 + offset(at))
	}
	c.words(2)
	c.upper(slot)
}

// jump counts jumps and calls.
func (c *counter) jump(slot int, in bpf.Insn) {
	fn := funcAt(c.funcs, slot)
	switch {
	case in.IsExit() && fn == 0, in.IsGoto():
		c.words(1)
	case in.IsExit():
		c.words(2)
	case in.IsFuncCall():
		if depth := round(uint32(c.frame4(fn)), frameUnit); depth > 0 {
			c.words(2*operand(uint32(depth)) + 2 + 5)
		}
		c.words(2)
		if c.saves(funcAt(c.funcs, in.FuncTarget(slot))) {
			c.words(1)
		}
	case in.IsCall():
		c.helper(slot, in, fn)
	default:
		c.words(compareWords(in))
	}
}

// frame4 is a function's frame as accesses see it.
func (c *counter) frame4(fn int) int { return round(uint32(c.depths[fn]), wordBytes) }

func compareWords(in bpf.Insn) int {
	wide, op := in.Class() == bpf.ClassJMP, in.JumpOp()
	if in.Source() == bpf.X {
		switch op {
		case bpf.JEq, bpf.JNe, bpf.JSet:
			if wide {
				return 4
			}
			return 2
		}
		if wide {
			return 3
		}
		return 2
	}
	imm := int64(in.Imm)
	switch op {
	case bpf.JGe, bpf.JSGe, bpf.JLt, bpf.JSLt:
		if in.Imm < 0 { // compared by adding
			imm = int64(-in.Imm)
		}
	}
	lo, hi := uint32(imm), uint32(uint64(imm)>>32)
	switch op {
	case bpf.JEq:
		if !wide {
			return operand(lo) + 2
		}
		n := 2
		if lo != 0 {
			n += operand(lo) + 1
		}
		if hi != 0 {
			n += operand(hi) + 1
		}
		return n
	case bpf.JNe:
		switch {
		case imm == 0:
			return 2
		case wide:
			return operand(lo) + operand(hi) + 4
		}
		return operand(lo) + 2
	case bpf.JSet:
		if wide && hi != 0 {
			return operand(lo) + 3
		}
		return operand(lo) + 2
	}
	if wide {
		return operand(lo) + operand(hi) + 3
	}
	return operand(lo) + 2
}

// helper counts a call of a helper.
func (c *counter) helper(slot int, in bpf.Insn, fn int) {
	n := &c.insns[slot]
	switch in.Helper() {
	case bpf.HelperXDPAdjustHead:
		// Moves by a constant that the firmware always allows need no checks.
		c.least += 5
		c.most += 16
	case bpf.HelperXDPAdjustTail:
		c.words(11)
	case bpf.HelperMapLookupElem, bpf.HelperMapDeleteElem, bpf.HelperMapUpdateElem:
		c.words(3)
		if in.Helper() == bpf.HelperMapUpdateElem {
			c.words(1)
		}
		if n.keyVaries || c.frame4(fn)+n.key != 0 {
			c.words(5)
		}
	default:
		c.words(3)
	}
}

// leaveOut marks what the compiler and the kernel leave out: jumps over nothing
// or to dead code, R6 = R1 at the start, and masks of what was loaded.
func (c *counter) leaveOut() {
	for slot, in := range c.p.Insns {
		if !c.insns[slot].visited || !in.IsJump() {
			continue
		}
		t := in.JumpTarget(slot)
		next := slot + 1
		switch {
		case c.dead(next, t):
			c.skipped[slot] = in.IsGoto() || !c.insns[min(next, len(c.insns)-1)].visited
		case in.IsConditional() && t < len(c.insns) && !c.insns[t].visited:
			c.skipped[slot] = true
		}
	}
	for slot, in := range c.p.Insns {
		start := in.Class() == bpf.ClassALU64 && in.Source() == bpf.X
		switch {
		case start && in.ALUOp() == bpf.Mov && in.Src == 1 && in.Dst == 6:
			c.skipped[slot] = true
			continue
		}
		break
	}
	for slot, in := range c.p.Insns {
		if in.Class() == bpf.ClassLD && !in.Wide() {
			c.afterLegacy(slot, in)
		}
	}
}

// dead reports whether nothing between two slots is ever executed.
func (c *counter) dead(from, to int) bool {
	if to < from {
		return false
	}
	for ; from < to; from++ {
		if c.insns[from].visited {
			return false
		}
	}
	return true
}

// afterLegacy marks what follows an old packet load and has no effect: a mask of
// its size, or shifts by 32 there and back.
func (c *counter) afterLegacy(slot int, in bpf.Insn) {
	at := func(n int, op bpf.ALUOp, imm int32) bool {
		if slot+n >= len(c.p.Insns) {
			return false
		}
		x := c.p.Insns[slot+n]
		return x.Class() == bpf.ClassALU64 && x.Source() == bpf.K && x.ALUOp() == op && x.Imm == imm && x.Dst == 0
	}
	mask := int32(uint32(1<<(8*uint64(in.Bytes())) - 1))
	if at(1, bpf.And, mask) && !c.target[slot+1] {
		c.skipped[slot+1] = true
	}
	if in.Bytes() == 4 && (at(1, bpf.Lsh, 32) && at(2, bpf.Rsh, 32) || at(1, bpf.Rsh, 32) && at(2, bpf.Lsh, 32)) && !c.target[slot+1] && !c.target[slot+2] {
		c.skipped[slot+1], c.skipped[slot+2] = true, true
	}
}

// reciprocal is a division by a constant as a multiplication.
type reciprocal struct {
	m    uint32
	sh   int
	exp  int
	wide bool
}

// reciprocalOf returns the multiplication that divides numbers of prec bits by
// d, which is at most 2^31. Source: Granlund and Montgomery, Division by
// Invariant Integers using Multiplication, figure 6.2.
func reciprocalOf(d uint32, prec int) (r reciprocal) {
	r.exp = bits.Len32(d - 1)
	r.sh = r.exp
	lo, _ := bits.Div64(0, 1<<(32+r.exp), uint64(d))
	hi := (uint64(1)<<(32+r.exp) + uint64(1)<<(32+r.exp-prec)) / uint64(d)
	for ; r.sh > 0 && lo>>1 < hi>>1; r.sh-- {
		lo, hi = lo>>1, hi>>1
	}
	r.m, r.wide = uint32(hi), hi > maxU32
	return r
}
