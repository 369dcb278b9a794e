package gen

import "github.com/skipsw/skipsw/translate/bpf"

// ISAOf returns the level of the instruction set, 1 to 4, that first has an
// instruction.
func ISAOf(in bpf.Insn) int {
	switch in.Class() {
	case bpf.ClassJMP32:
		if in.Op&0xf0 == bpf.JA {
			return 4
		}
		return 3
	case bpf.ClassJMP:
		if op := in.Op & 0xf0; op == bpf.JLT || op == bpf.JLE || op == bpf.JSLT || op == bpf.JSLE {
			return 2
		}
	case bpf.ClassALU, bpf.ClassALU64:
		if in.Off != 0 || in.Op == bpf.ClassALU64|bpf.END {
			return 4
		}
	case bpf.ClassLDX:
		if in.Op&0xe0 == bpf.ModeMEMSX {
			return 4
		}
	case bpf.ClassSTX:
		if in.Op&0xe0 == bpf.ModeATOMIC && in.Imm != bpf.AtomicAdd {
			if in.Imm >= bpf.AtomicLoadAcq {
				return 4
			}
			return 3
		}
	}
	return 1
}
