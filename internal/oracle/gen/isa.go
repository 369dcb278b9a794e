package gen

import "github.com/skipsw/skipsw/translate/bpf"

// ISAOf returns the level of the instruction set, 1 to 4, that first has an
// instruction.
func ISAOf(in bpf.Insn) int {
	switch in.Class() {
	case bpf.ClassJMP32:
		if in.IsGoto() {
			return 4
		}
		return 3
	case bpf.ClassJMP:
		switch in.JumpOp() {
		case bpf.JLt, bpf.JLe, bpf.JSLt, bpf.JSLe:
			return 2
		}
	case bpf.ClassALU, bpf.ClassALU64:
		if in.Off != 0 || in.Class() == bpf.ClassALU64 && in.ALUOp() == bpf.End {
			return 4
		}
	case bpf.ClassLDX:
		if in.Mode() == bpf.ModeMEMSX {
			return 4
		}
	case bpf.ClassSTX:
		switch {
		case !in.IsAtomic() || in.AtomicOp() == bpf.AtomicAdd:
		case in.AtomicOp() >= bpf.AtomicLoadAcq:
			return 4
		default:
			return 3
		}
	}
	return 1
}
