package check

import (
	"fmt"
	"math"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// call applies the rules about arguments of helpers.
func (d *driver) call(v *verify.Visit, id bpf.HelperID, n *insnNote) {
	switch id {
	case bpf.HelperMapLookupElem:
		d.stackArg(v, "map_lookup", "key", 2)
	case bpf.HelperMapDeleteElem:
		d.stackArg(v, "map_delete", "key", 2)
	case bpf.HelperMapUpdateElem:
		key := d.stackArg(v, "map_update", "key", 2)
		if value := d.stackArg(v, "map_update", "value", 3); key && value {
			d.updated(v)
		}
	case bpf.HelperPerfEventOutput:
		d.event(v, n)
	}
	n.called = true
}

// stackArg applies the rules for a key or value: on the stack, at a constant
// offset, aligned to 4 bytes.
func (d *driver) stackArg(v *verify.Visit, helper, what string, reg int) bool {
	r := v.Reg(reg)
	switch {
	case r.Kind != verify.PtrStack:
		d.add(nfp, v.Slot, fmt.Sprintf("%s: unsupported ptr type: the %s is not on the stack", helper, what), "copy it to a variable first")
	case r.Bits.Mask != 0:
		d.add(nfp, v.Slot, fmt.Sprintf("%s: variable pointer to the %s", helper, what), "use one variable at a fixed place")
	case place(r)%4 != 0:
		d.add(nfp, v.Slot, fmt.Sprintf("%s: unaligned stack pointer to the %s", helper, what), "declare it __attribute__((aligned(4)))")
	default:
		if reg == 2 {
			n := &d.insns[v.Slot]
			n.keyVaries = n.keyVaries || n.called && n.key != place(r)
			n.key = place(r)
		}
		return true
	}
	return false
}

// updated notes which words of a map an update may set to something else than
// zero. What counts as zero is what the verifier knows of single bytes; a number
// that it keeps for the stack is none.
func (d *driver) updated(v *verify.Visit) {
	m, value := v.Reg(1), v.Reg(3)
	if m.Kind != verify.PtrMap || m.Map < 0 {
		return
	}
	words := d.wordsOf(m.Map)
	for i := range int(d.p.Maps[m.Map].ValueSize) {
		at := place(value) + i
		if at >= 0 {
			return // the verifier refuses it
		}
		if v.Zero(value.Frame, at) {
			continue
		}
		if words[i/4].use == counted {
			d.add(nfp, v.Slot, fmt.Sprintf("value at offset %d may be non-zero; a word that is counted atomically must be set to zero", i), zeroFix)
			return
		}
		words[i/4].nonZero = true
	}
}

// event applies the rules of bpf_perf_event_output.
func (d *driver) event(v *verify.Visit, n *insnNote) {
	flags, data := v.Reg(3), v.Reg(4)
	if flags.Bits.Mask&math.MaxUint32 != 0 || flags.Bits.Value&math.MaxUint32 != math.MaxUint32 {
		d.add(nfp, v.Slot, "event_output: must use BPF_F_CURRENT_CPU", "")
	}
	switch data.Kind {
	case verify.Scalar, verify.PtrMapValue, verify.PtrPacket:
	case verify.PtrStack:
		d.stackArg(v, "event_output", "data", 4)
	default:
		d.addf(nfp, v.Slot, "event_output: unsupported ptr type")
	}
	if n.called && n.data != data.Kind {
		d.add(nfp, v.Slot, "event_output: ptr type changed: the data is in different kinds of memory on different paths", "call it once for each")
	}
	n.data = data.Kind
}

// verdict applies the rule of tc programs: what functions return is a constant
// on each path, and one that the card knows. Functions that are called count too.
func (d *driver) verdict(v *verify.Visit) {
	if r := v.Reg(0); r.Kind != verify.Scalar || r.Bits.Mask != 0 || !knownVerdict(r.Bits.Value) {
		d.add(nfp, v.Slot, "unsupported exit state: the verdict is not a constant on every path, or is one that the card does not know",
			"return TC_ACT_SHOT, TC_ACT_STOLEN, TC_ACT_QUEUED or TC_ACT_UNSPEC, each as a constant, and let functions that are called be __always_inline")
	}
}

// knownVerdict reports whether the card knows a tc verdict.
func knownVerdict(v uint64) bool {
	if v > uint64(bpf.TCActRedirect) {
		return true // as the driver, which takes every number above the actions
	}
	switch bpf.TCAction(v) {
	case bpf.TCActShot, bpf.TCActStolen, bpf.TCActQueued:
		return true
	}
	return false
}

// finish applies what the driver does when the walk is over: the limit of the
// call chains' frames, and accesses that its compiler has no code for.
func (d *driver) finish(w *verify.Walked) {
	funcs := w.Funcs()
	d.depths, d.calls = make([]int, len(funcs)), make([][]int, len(funcs))
	for i := range funcs {
		d.depths[i] = d.frame(funcs, w, i)
	}
	for slot, in := range d.p.Insns {
		if d.insns[slot].visited && in.IsFuncCall() {
			i := funcAt(funcs, slot)
			d.calls[i] = append(d.calls[i], funcAt(funcs, in.FuncTarget(slot)))
		}
	}
	if used := d.deepest(0, 0); used > d.fw.LocalMemory.Stack/frameUnit*frameUnit {
		d.add(nfp, -1, fmt.Sprintf("stack too large: program %dB > FW stack %dB", used, d.fw.LocalMemory.Stack/frameUnit*frameUnit),
			"keep less on the stack, or make functions static __always_inline: each call takes a multiple of 64 bytes")
	}
	for slot, in := range d.p.Insns {
		d.callerAccess(funcs, slot, in)
		d.shiftAmount(slot, in)
	}
	if len(d.found) == 0 {
		d.tooLong(w)
	}
}

// slotBytes are what the verifier gives out of the stack at a time.
const slotBytes = 8

// frameUnit is what frames are rounded up to, in bytes.
const frameUnit = 64

// deepest returns the bytes of stack that a function takes with those it calls.
func (d *driver) deepest(i, level int) int {
	most := 0
	for _, callee := range d.calls[i] {
		if level < len(d.calls) {
			most = max(most, d.deepest(callee, level+1))
		}
	}
	return round(uint32(d.depths[i]), frameUnit) + most
}

// What a function that is called keeps on its stack: the return address, and
// four registers if it names one of them.
const (
	returnBytes = 4
	savedBytes  = 32
)

// frame returns the bytes of local memory that the driver gives a function.
func (d *driver) frame(funcs []object.Func, w *verify.Walked, i int) int {
	own := round(uint32(w.StackDepth(i)), slotBytes)
	if i == 0 {
		return own
	}
	own += returnBytes
	if d.saves(funcs, i) {
		own += savedBytes
	}
	return own
}

// callerAccess finds accesses of one or two bytes to a caller's frame of which the
// driver takes the offset modulo 4 as a negative number. It refuses those that do
// not end with a word.
func (d *driver) callerAccess(funcs []object.Func, slot int, in bpf.Insn) {
	r := d.insns[slot].ptr
	fn := funcAt(funcs, slot)
	if !d.insns[slot].callers || in.Bytes() >= wordBytes {
		return
	}
	if off := (round(uint32(d.depths[fn]), wordBytes) + place(r) + int(in.Off)) % wordBytes; off < 0 && off+in.Bytes() < 0 {
		d.add(nfp, slot, "an access of one or two bytes far up in the stack of a caller", "use 4 or 8 bytes, or make the function static __always_inline")
	}
}

// shiftAmount finds shifts by a constant in a register that is as large as what is
// shifted, which the driver takes for one that fits into the instruction.
func (d *driver) shiftAmount(slot int, in bpf.Insn) {
	n := &d.insns[slot]
	if !n.visited || !in.IsALU() || in.Source() != bpf.X || n.uminSrc != n.umaxSrc {
		return
	}
	switch in.ALUOp() {
	case bpf.Lsh, bpf.Rsh, bpf.Arsh:
		if by := uint8(n.uminSrc); int(by) >= in.Bits() {
			d.add(nfp, slot, fmt.Sprintf("a shift of %d bits by %d, for which the driver has no code", in.Bits(), by), "shift by less than the width")
		}
	}
}

func funcAt(funcs []object.Func, slot int) int {
	for i := len(funcs) - 1; i > 0; i-- {
		if funcs[i].Start <= slot {
			return i
		}
	}
	return 0
}

// round rounds up.
func round(n uint32, to int) int { return (int(n) + to - 1) / to * to }
