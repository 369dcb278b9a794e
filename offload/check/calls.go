package check

import (
	"fmt"
	"math"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// call applies the rules about arguments of helpers.
func (f *facts) call(slot int, id int32) {
	names := map[int32]string{helperLookup: "map_lookup", helperUpdate: "map_update", helperDelete: "map_delete"}
	switch id {
	case helperLookup, helperDelete:
		f.stackArg(slot, names[id], "key", 2)
	case helperUpdate:
		f.stackArg(slot, names[id], "key", 2)
		f.stackArg(slot, names[id], "value", 3)
	case helperEvent:
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
		case in.Op == bpf.ClassALU64|bpf.MOV|bpf.K:
			if !knownVerdict(uint64(int64(in.Imm))) {
				return false
			}
		case in.Op == bpf.ClassALU|bpf.MOV|bpf.K:
			if !knownVerdict(uint64(uint32(in.Imm))) {
				return false
			}
		case (in.Op == bpf.ClassALU64|bpf.MOV|bpf.X || in.Op == bpf.ClassALU|bpf.MOV|bpf.X) && in.Off == 0:
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
			case in.Op == bpf.ClassALU64|bpf.MOV|bpf.X:
				next = int(in.Src)
			case in.Op == bpf.ClassALU64|bpf.ADD|bpf.X, in.Op == bpf.ClassALU64|bpf.SUB|bpf.X:
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
	switch v {
	case 2, 4, 5: // SHOT, STOLEN, QUEUED
		return true
	}
	return v > 7
}

// writes reports whether an instruction writes a register.
func writes(in bpf.Insn, reg int) bool {
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64, bpf.ClassLDX:
		return int(in.Dst) == reg
	case bpf.ClassLD:
		return in.Wide() && int(in.Dst) == reg || !in.Wide() && reg <= 5
	case bpf.ClassJMP:
		return isCall(in) && reg <= 5
	case bpf.ClassSTX:
		return in.Op&0xe0 == bpf.ModeATOMIC && in.Imm&bpf.AtomicFetch != 0 && int(in.Src) == reg
	}
	return false
}

// predecessors returns the reached slots that control comes from.
func (f *facts) predecessors(slot int) []int {
	var all []int
	f.each(func(p int, in bpf.Insn) {
		next := p + 1
		if in.Wide() {
			next++
		}
		jump, ok := 0, false
		if c := in.Class(); c == bpf.ClassJMP || c == bpf.ClassJMP32 {
			switch in.Op & 0xf0 {
			case bpf.CALL:
			case bpf.EXIT:
				return
			case bpf.JA:
				next, ok = -1, true
				jump = p + 1 + int(in.Off)
				if c == bpf.ClassJMP32 {
					jump = p + 1 + int(in.Imm)
				}
			default:
				jump, ok = p+1+int(in.Off), true
				fall, taken := f.v.Branches(p)
				if !fall {
					next = -1
				}
				ok = taken
			}
		}
		if next == slot || ok && jump == slot {
			all = append(all, p)
		}
	})
	return all
}
