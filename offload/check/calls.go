package check

import (
	"fmt"
	"math"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// call applies the rules about arguments of helpers.
func (f *facts) call(slot int, id bpf.HelperID) {
	switch id {
	case bpf.HelperMapLookupElem:
		f.stackArg(slot, "map_lookup", "key", 2)
	case bpf.HelperMapDeleteElem:
		f.stackArg(slot, "map_delete", "key", 2)
	case bpf.HelperMapUpdateElem:
		f.stackArg(slot, "map_update", "key", 2)
		f.stackArg(slot, "map_update", "value", 3)
	case bpf.HelperPerfEventOutput:
		f.event(slot)
	}
}

// stackArg applies the rules for a key or value: on the stack, at a constant
// offset, aligned to 4 bytes.
func (f *facts) stackArg(slot int, helper, what string, reg int) {
	r := f.v.Reg(slot, reg)
	switch {
	case r.Kind != verify.PtrStack:
		f.add(nfp, slot, fmt.Sprintf("%s: unsupported ptr type: the %s is not on the stack", helper, what), "copy it to a variable first")
	case !r.OffKnown && f.variable(slot, reg, map[[2]int]bool{}):
		f.add(nfp, slot, fmt.Sprintf("%s: variable pointer to the %s", helper, what), "use one variable at a fixed place")
	case !r.OffKnown && r.Bits.Mask&3 != 0, (uint64(int64(r.Off))+r.Bits.Value)&3 != 0:
		f.add(nfp, slot, fmt.Sprintf("%s: unaligned stack pointer to the %s", helper, what), "declare it __attribute__((aligned(4)))")
	}
}

// event applies the rules of bpf_perf_event_output.
func (f *facts) event(slot int) {
	flags, data := f.v.Reg(slot, 3), f.v.Reg(slot, 4)
	if flags.Bits.Mask&math.MaxUint32 != 0 || flags.Bits.Value&math.MaxUint32 != math.MaxUint32 {
		f.add(nfp, slot, "event_output: must use BPF_F_CURRENT_CPU", "")
	}
	switch data.Kind {
	case verify.Scalar, verify.PtrMapValue, verify.PtrPacket:
	case verify.PtrStack:
		f.stackArg(slot, "event_output", "data", 4)
	case verify.Mixed:
		f.add(nfp, slot, "event_output: ptr type changed: the data is in different kinds of memory on different paths", "call it once for each")
	default:
		f.addf(nfp, slot, "event_output: unsupported ptr type")
	}
}

// verdict applies the rule of tc programs: the verdict is a constant on every
// path, and one that the card knows. Functions that are called count too.
func (f *facts) verdict(slot int) {
	if !f.goodVerdicts(slot, 0, map[[2]int]bool{}) {
		f.add(nfp, slot, "unsupported exit state: the verdict is not a constant on every path, or is one that the card does not know",
			"return TC_ACT_SHOT, TC_ACT_STOLEN, TC_ACT_QUEUED or TC_ACT_UNSPEC, each as a constant, and let functions that are called be __always_inline")
	}
}

// goodVerdicts looks at every value that a register may hold before a slot. The
// driver sees each path with its own value, so a value that is only joined
// there is followed back to where it was set.
func (f *facts) goodVerdicts(slot, reg int, seen map[[2]int]bool) bool {
	at := [2]int{slot, reg}
	if seen[at] {
		return true
	}
	seen[at] = true
	if r := f.v.Reg(slot, reg); r.Kind == verify.Scalar && r.Bits.Mask == 0 {
		return knownVerdict(r.Bits.Value)
	}
	before := f.predecessors(slot)
	if len(before) == 0 {
		return false
	}
	for _, p := range before {
		in := f.p.Insns[p]
		switch {
		case !writes(in, reg):
			if !f.goodVerdicts(p, reg, seen) {
				return false
			}
		case !in.IsALU() || in.ALUOp() != bpf.Mov:
			return false
		case in.Source() == bpf.K && in.Class() == bpf.ClassALU64:
			if !knownVerdict(uint64(int64(in.Imm))) {
				return false
			}
		case in.Source() == bpf.K:
			if !knownVerdict(uint64(uint32(in.Imm))) {
				return false
			}
		case in.Off == 0:
			if !f.goodVerdicts(p, int(in.Src), seen) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// variable reports whether a pointer was made by adding a number that is not
// constant on its path. Different constants on different paths are no variable.
func (f *facts) variable(slot, reg int, seen map[[2]int]bool) bool {
	at := [2]int{slot, reg}
	if seen[at] || f.v.Reg(slot, reg).OffKnown {
		return false
	}
	seen[at] = true
	for _, p := range f.predecessors(slot) {
		in := f.p.Insns[p]
		next := reg
		if writes(in, reg) {
			switch {
			case in.Class() != bpf.ClassALU64:
				continue
			case in.Source() != bpf.X:
			case in.ALUOp() == bpf.Mov:
				next = int(in.Src)
			case in.ALUOp() == bpf.Add, in.ALUOp() == bpf.Sub:
				n := f.v.Reg(p, int(in.Src))
				if n.Kind != verify.Scalar { // the number is in the other register
					n, next = f.v.Reg(p, reg), int(in.Src)
				}
				if n.Bits.Mask != 0 {
					return true
				}
			}
		}
		if f.variable(p, next, seen) {
			return true
		}
	}
	return false
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

// writes reports whether an instruction writes a register.
func writes(in bpf.Insn, reg int) bool {
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64, bpf.ClassLDX:
		return int(in.Dst) == reg
	case bpf.ClassLD:
		return in.Wide() && int(in.Dst) == reg || !in.Wide() && reg <= 5
	case bpf.ClassJMP:
		return in.IsCall() && reg <= 5
	case bpf.ClassSTX:
		return in.IsAtomic() && in.AtomicOp()&bpf.AtomicFetch != 0 && int(in.Src) == reg
	}
	return false
}

// predecessors returns the reached slots that control comes from.
func (f *facts) predecessors(slot int) []int {
	var all []int
	f.each(func(p int, in bpf.Insn) {
		fall, taken := in.FallsThrough(), in.IsJump()
		if in.IsConditional() {
			fall, taken = f.v.Branches(p)
		}
		if fall && p+in.Slots() == slot || taken && in.JumpTarget(p) == slot {
			all = append(all, p)
		}
	})
	return all
}
