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
	// explains reports whether a mismatch is this difference, from the case and
	// what the reference did with the packet; nil where it is not about a run.
	explains func(c *Case, m Mismatch, want *Run) bool
}

// Differences is the list of known differences that can show as a mismatch.
// What never reaches the comparison is not here: packets below 14 bytes, which
// the kernel does not run and the interpreter is asked about, and the Agilio
// exit code, which keeps a class of verdicts only (Run.Class).
var Differences = []Difference{
	{
		Name: "growing tail",
		Why:  "target agilio cannot make packets longer at their end: bpf_xdp_adjust_tail refuses to, as it may when there is no room",
		explains: func(c *Case, m Mismatch, want *Run) bool {
			return ranOnCard(m, want) && strings.HasPrefix(m.Judge, "agilio") && len(want.Packet) > len(c.Packets[m.Packet]) &&
				calls(c, bpf.HelperXDPAdjustTail) && !calls(c, bpf.HelperXDPAdjustHead)
		},
	},
	{
		Name: "long loop",
		Why:  "a loop that nothing but may_goto ends goes round eight million times, which is beyond the simulator's budget for a packet",
		explains: func(c *Case, m Mismatch, _ *Run) bool {
			mayGoto := func(in bpf.Insn) bool { return in.IsConditional() && in.JumpOp() == bpf.JCond }
			return m.Kind == Faulted && strings.HasPrefix(m.Detail, "runaway") && anyInsn(c, mayGoto)
		},
	},
	{
		Name: "far head",
		Why:  "a packet's start moves less far in a card's buffer: bpf_xdp_adjust_head refuses to go on, as it may when there is no room",
		explains: func(c *Case, m Mismatch, want *Run) bool {
			if !ranOnCard(m, want) || !calls(c, bpf.HelperXDPAdjustHead) || calls(c, bpf.HelperXDPAdjustTail) {
				return false
			}
			moved := len(c.Packets[m.Packet]) - len(want.Packet)
			return moved < headMin || moved > headMax
		},
	},
}

// headMin and headMax bound, in bytes, how far the built-in targets let a
// packet's start move: offsets 44 to 248 in the buffer, where it begins at 128.
const headMin, headMax = 44 - 128, 248 - 128

// ranOnCard reports whether a card did something else than the reference did.
func ranOnCard(m Mismatch, want *Run) bool {
	return m.Kind == Differs && m.Judge != "interpreter" && want != nil
}

func calls(c *Case, helper bpf.HelperID) bool {
	return anyInsn(c, func(in bpf.Insn) bool { return in.IsCallOf(helper) })
}

// anyInsn reports whether an instruction of a program of the case is one that is
// asked for.
func anyInsn(c *Case, is func(bpf.Insn) bool) bool {
	for _, p := range append([]*object.Program{c.Program}, c.Program.Called...) {
		if slices.ContainsFunc(p.Insns, is) {
			return true
		}
	}
	return false
}
