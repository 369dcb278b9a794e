package oracle

import (
	"slices"
	"strings"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Difference is something in which the card and the kernel are known to
// differ, with the reason. docs/verification.md lists the same names.
type Difference struct {
	Name string
	Why  string
	// explains reports whether a mismatch is this difference; nil where a mismatch
	// alone does not show it.
	explains func(c *Case, m Mismatch) bool
}

// Differences is the list of known differences that can show as a mismatch.
// What never reaches the comparison is not here: packets below 14 bytes, which
// the kernel does not run and the interpreter is asked about, and the Agilio
// exit code, which keeps a class of verdicts only (Run.Class).
var Differences = []Difference{
	{
		Name: "long loop",
		Why:  "a loop that nothing but may_goto ends goes round eight million times, which is beyond the simulator's budget for a packet",
		explains: func(c *Case, m Mismatch) bool {
			mayGoto := func(in bpf.Insn) bool { return in.IsConditional() && in.JumpOp() == bpf.JCond }
			return m.Kind == Faulted && strings.HasPrefix(m.Detail, "runaway") && anyInsn(c.Program, mayGoto)
		},
	},
	{
		Name: packetBuffer,
		Why:  "the ends of a packet move less far in a card's buffer: the helpers refuse to go on, as they may when there is no room",
	},
}

// packetBuffer is counted by the harness: the interpreter, in a buffer like the
// card's, does what the card does (Confined).
const packetBuffer = "packet buffer"

// MovesEnds reports whether a program, or one that it calls, moves the ends of
// frames, or of what lies in front of them.
func MovesEnds(p *object.Program) bool {
	return anyInsn(p, func(in bpf.Insn) bool {
		return in.IsCallOf(bpf.HelperXDPAdjustHead) || in.IsCallOf(bpf.HelperXDPAdjustTail) || in.IsCallOf(bpf.HelperXDPAdjustMeta) ||
			in.IsCallOf(bpf.HelperSkbChangeHead) || in.IsCallOf(bpf.HelperSkbChangeTail)
	})
}

// anyInsn reports whether an instruction of a program, or of one that it calls, is
// one that is asked for.
func anyInsn(p *object.Program, is func(bpf.Insn) bool) bool {
	for _, q := range append([]*object.Program{p}, p.Called...) {
		if slices.ContainsFunc(q.Insns, is) {
			return true
		}
	}
	return false
}
