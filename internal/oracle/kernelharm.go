package oracle

import (
	"errors"

	"github.com/skipsw/skipsw/translate/bpf"
)

// ErrHarmsKernel says why the kernel is not asked about a program. Where a load of classic
// BPF in a called function ends that function, the verifier of Linux 6.18 goes on behind
// the call; when it then looks back for what a number hangs on, it comes to the call
// without having come to an exit, counts itself out of the program's frames, and writes 16
// GiB behind its own memory (__mark_chain_precision). The kernel ends the thread, or
// somebody else's memory is changed.
var ErrHarmsKernel = errors.New("the kernel is not asked about classic loads in functions, for the verifier of Linux 6.18 writes to memory that is not its own")

// harmsKernel reports whether the kernel may come to harm by looking at the
// instructions.
func harmsKernel(insns []bpf.Insn) bool {
	first := len(insns) // function that is called
	for i, in := range insns {
		if in.IsFuncCall() || in.IsFuncLoad() {
			first = min(first, max(in.FuncTarget(i), 0))
		}
	}
	for _, in := range insns[first:] {
		if in.IsLegacyLoad() {
			return true
		}
	}
	return false
}
