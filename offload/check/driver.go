package check

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// kernels are those whose verifiers are followed: the oldest with which the
// driver's answers were compared, and the newest that is known. What one of them
// has refused and another has not depends on the kernel.
var kernels = [...]verify.Kernel{verify.Linux6_1, verify.Linux6_18}

// driver is what the nfp driver notes about a program while a kernel's verifier
// walks it. The verifier asks before each instruction of each path that it walks,
// so the driver sees neither paths that were pruned nor what holds of all paths
// together.
type driver struct {
	*checker
	insns  []insnNote
	words  map[int][]wordUse // by map
	depths []int             // bytes of stack that functions use
	calls  [][]int           // by function, those that it calls
}

// insnNote is what the driver keeps of an instruction from one path to the next.
type insnNote struct {
	visited  bool
	ptr      verify.Reg // of an access
	notConst bool       // its offset on the stack differs between paths
	callers  bool       // it may be to the stack of a caller
	called   bool
	data     verify.Kind // of an event
	// ptrID is the same for packet pointers with the same variable part.
	ptrID uint32
	// key is where a helper's key is from the frame's end; keyVaries says that it
	// is elsewhere on another path.
	key       int
	keyVaries bool
	// whether an atomic addition may be of a number of 16 bits, or of a larger one
	addSmall, addLarge bool
	// ranges of the operands of arithmetic
	uminSrc, umaxSrc, umaxDst uint64
}

// wordUse is how a program uses one 4-byte word of a map's values.
type wordUse struct {
	use     use
	nonZero bool // an update may have made it something else than zero
}

type use uint8

const (
	unused use = iota
	read
	counted
)

func (u use) String() string { return [...]string{"unused", "read", "atomic"}[u] }

// driverRules walks the program as each kernel does, with the driver looking on.
// Findings that one kernel has and another has not are marked with its name.
func (c *checker) driverRules() error {
	before := c.found
	var by [len(kernels)][]Finding
	for i, k := range kernels {
		if c.o.Kernel != nil {
			k = *c.o.Kernel
		}
		c.found = nil
		if err := c.walk(k); err != nil {
			return err
		}
		by[i] = c.found
	}
	c.found = before
	if c.o.Size != nil {
		*c.o.Size = c.size
	}
	for i, all := range by {
		for _, f := range all {
			if !has(by[1-i], f) {
				f.Kernel = kernels[i].String()
			}
			if !has(c.found, f) {
				c.found = append(c.found, f)
			}
		}
	}
	return nil
}

// has reports whether a finding is among others, whatever its kernel.
func has(all []Finding, f Finding) bool {
	for _, g := range all {
		if g.By == f.By && g.Slot == f.Slot && g.Says == f.Says {
			return true
		}
	}
	return false
}

// walk adds what one kernel and the driver in it find.
func (c *checker) walk(k verify.Kernel) error {
	d := &driver{checker: c, insns: make([]insnNote, len(c.p.Insns)), words: map[int][]wordUse{}}
	for i := range d.insns {
		d.insns[i].uminSrc = 1<<64 - 1
	}
	w, err := verify.Watch(c.p, verify.Options{Offload: true, Kernel: k}, d.visit)
	var refused *verify.Error
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	if refused != nil {
		c.add("verifier", refused.Slot, refused.Reason, refused.Hint)
		d.unvisited()
		return nil
	}
	d.finish(w)
	return nil
}

// unvisited applies the rules that need no values where a walk that was refused
// has not come.
func (d *driver) unvisited() {
	for slot := 0; slot < len(d.p.Insns); slot++ {
		in := d.p.Insns[slot]
		if !d.insns[slot].visited {
			d.insn(slot, in)
		}
		if in.Wide() {
			slot++
		}
	}
}

// insn applies the rules that need no values: opcodes and helpers.
func (d *driver) insn(slot int, in bpf.Insn) (known bool) {
	if says, fix := nfpOpcode(in); says != "" {
		d.add(nfp, slot, says, fix)
		return false
	}
	if in.IsHelperCall() {
		d.nfpHelper(slot, in.Helper())
	}
	return true
}

// visit is what the driver does before an instruction.
func (d *driver) visit(v *verify.Visit) {
	slot := v.Slot
	in := d.p.Insns[slot]
	n := &d.insns[slot]
	defer func() { n.visited = true }()
	if !d.insn(slot, in) {
		return
	}
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64:
		d.arith(v, in, n)
	case bpf.ClassLDX:
		d.access(v, in, n, int(in.Src), false)
	case bpf.ClassST, bpf.ClassSTX:
		if in.IsAtomic() {
			d.atomic(v, in, n)
		} else {
			d.access(v, in, n, int(in.Dst), true)
		}
	case bpf.ClassJMP:
		switch {
		case in.IsHelperCall():
			d.call(v, in.Helper(), n)
		case in.IsExit() && d.p.Type == object.TC:
			d.verdict(v)
		}
	}
}

const maxU32 = 1<<32 - 1

// arith applies the ranges of multiplication and division.
func (d *driver) arith(v *verify.Visit, in bpf.Insn, n *insnNote) {
	op := in.ALUOp()
	dst := v.Reg(int(in.Dst))
	n.umaxDst = max(n.umaxDst, dst.UMax)
	reg := in.Source() == bpf.X
	if reg {
		src := v.Reg(int(in.Src))
		n.uminSrc, n.umaxSrc = min(n.uminSrc, src.UMin), max(n.umaxSrc, src.UMax)
	}
	const narrow = "the card multiplies and divides 32-bit values; mask it or use a smaller type"
	switch op {
	case bpf.Mul:
		if n.umaxDst > maxU32 {
			d.add(nfp, v.Slot, "multiplier is not within u32 value range", narrow)
		}
		switch {
		case reg && n.umaxSrc > maxU32:
			d.add(nfp, v.Slot, "multiplicand is not within u32 value range", narrow)
		case !reg && in.Class() == bpf.ClassALU64 && in.Imm < 0:
			d.add(nfp, v.Slot, "sign extended multiplicand won't be within u32 value range", "multiply by the positive number and negate")
		}
	case bpf.Div:
		if n.umaxDst > maxU32 {
			d.add(nfp, v.Slot, "dividend is not within u32 value range", narrow)
		}
		switch {
		case reg && n.uminSrc != n.umaxSrc:
			d.add(nfp, v.Slot, "divisor is not constant", "divide by a constant, or shift by a power of two")
		case reg && n.umaxSrc > maxU32:
			d.add(nfp, v.Slot, "divisor is not within u32 value range", narrow)
		case reg && n.umaxSrc == 0:
			// Its reciprocal is computed without a look at the divisor.
			d.add(nfp, v.Slot, "the divisor is 0: the driver divides by it and stops the kernel", "leave the division out: its result is 0")
		case !reg && in.Imm < 0:
			d.addf(nfp, v.Slot, "divide by negative constant is not supported")
		}
	}
}

// place is the offset of a pointer without a variable part.
func place(r verify.Reg) int { return int(r.Off) + int(int64(r.Bits.Value)) }

// access applies the rules of loads and stores.
func (d *driver) access(v *verify.Visit, in bpf.Insn, n *insnNote, base int, store bool) {
	r := v.Reg(base)
	switch r.Kind {
	case verify.PtrCtx:
		d.nfpContext(v.Slot, in, int32(place(r))+int32(in.Off), store)
	case verify.PtrStack:
		if !d.stack(v, in, n, r) {
			return
		}
	case verify.PtrMapValue:
		if store {
			d.add(nfp, v.Slot, "map writes not supported", "count with __sync_fetch_and_add, or write a whole value with bpf_map_update_elem")
			return
		}
		d.mapWords(v, in, r, read)
	case verify.PtrPacket:
	default:
		d.add(nfp, v.Slot, "unsupported ptr type: the card accesses packet, stack, map values and the context only", "")
		return
	}
	if n.visited && n.ptr.Kind != verify.Uninit && n.ptr.Kind != r.Kind {
		d.add(nfp, v.Slot, "ptr type changed for instruction: it accesses different kinds of memory on different paths", "write the access once for each")
	}
	n.ptr, n.ptrID = r, v.PointerID(base)
}

// stack applies the rules of stack accesses.
func (d *driver) stack(v *verify.Visit, in bpf.Insn, n *insnNote, r verify.Reg) bool {
	n.callers = n.callers || r.Frame != v.Frame()
	if r.Bits.Mask != 0 {
		d.add(nfp, v.Slot, "variable ptr stack access", "index arrays on the stack with constants")
		return false
	}
	if n.ptr.Kind == verify.Uninit {
		return true
	}
	was, now := place(n.ptr), place(r)
	n.notConst = n.notConst || was != now
	if n.notConst && was%4 != now%4 {
		d.add(nfp, v.Slot, "stack access changed location was: its offsets on different paths are not aligned alike", "use one variable, or align both to 4 bytes")
		return false
	}
	return true
}

// atomic applies the rules of atomic additions.
func (d *driver) atomic(v *verify.Visit, in bpf.Insn, n *insnNote) {
	dst, src := v.Reg(int(in.Dst)), v.Reg(int(in.Src))
	switch {
	case dst.Kind != verify.PtrMapValue:
		d.add(nfp, v.Slot, "atomic add not to a map value pointer", "add without the atomic")
		return
	case src.Kind != verify.Scalar:
		d.addf(nfp, v.Slot, "atomic add not of a scalar")
		return
	}
	d.mapWords(v, in, dst, counted)
	n.ptr = dst
	const small = 1<<16 - 1
	n.addLarge = n.addLarge || src.Bits.Value > small || src.Bits.Mask > small
	n.addSmall = n.addSmall || src.Bits.Value <= small
}

// mapWords notes the use of the words of a map's values. Words that are counted
// are kept in another byte order: nothing else may touch them, and they must
// begin at zero.
func (d *driver) mapWords(v *verify.Visit, in bpf.Insn, r verify.Reg, u use) {
	if r.Bits.Mask != 0 {
		d.add(nfp, v.Slot, "map value offset is variable", "index arrays in map values with constants, or make more entries")
		return
	}
	start := place(r) + int(in.Off)
	words := d.wordsOf(r.Map)
	for off := start; off < start+in.Bytes(); off += 4 - off%4 {
		if off < 0 || off/4 >= len(words) {
			return // the verifier refuses it
		}
		w := &words[off/4]
		switch {
		case w.use != unused && w.use != u:
			d.add(nfp, v.Slot, fmt.Sprintf("map value use type conflict %s vs %s off: %d", w.use, u, off), "a counter cannot be read in the program; read it from the host")
			return
		case w.nonZero && u == counted:
			d.add(nfp, v.Slot, fmt.Sprintf("atomic counter in map value may already be initialized to non-zero value off: %d", off), zeroFix)
			return
		}
		w.use = u
	}
}

const zeroFix = "write zeros into the counters of the value, or use another map"

// wordsOf returns the uses of the words of a map's values.
func (d *driver) wordsOf(m int) []wordUse {
	if m < 0 {
		return nil
	}
	if d.words[m] == nil {
		d.words[m] = make([]wordUse, (d.p.Maps[m].ValueSize+3)/4)
	}
	return d.words[m]
}
