package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
)

// Registers by what becomes of them.
const (
	valueRegs bpf.RegSet = 1<<bpf.FP - 1               // all but the frame pointer
	savedRegs            = valueRegs &^ bpf.CallerRegs // that live through calls
)

// usesOf returns the registers that an instruction reads. Calls of functions are
// completed by liveness.
func (c *code) usesOf(in bpf.Insn) bpf.RegSet {
	if in.IsKfuncCall() {
		return in.Kfunc().Args()
	}
	if !in.IsHelperCall() {
		return in.Uses()
	}
	if h, _ := rules.Helper(in.Helper(), c.typ); h != nil {
		return h.Uses()
	}
	return 0
}

// liveness computes the registers that are live before each instruction.
func (c *code) liveness() {
	for i, in := range c.insns {
		if c.flags[i]&second == 0 {
			c.uses[i], c.defs[i] = c.usesOf(in), in.Defs()
		}
	}
	c.live = c.solve(func(int) uint8 { return 3 })
}

// solve computes live registers over the ways that branches reports: bit 0
// fall through, bit 1 taken.
func (c *code) solve(branches func(int) uint8) []bpf.RegSet {
	live := make([]bpf.RegSet, len(c.insns))
	c.ways.backward(func(i int) (changed bool) {
		if c.flags[i]&second != 0 {
			return false
		}
		uses := c.uses[i]
		if in := c.insns[i]; in.IsFuncCall() {
			uses = live[in.FuncTarget(i)] & bpf.ArgRegs
		}
		l := uses | c.liveAfter(live, i, branches)&^c.defs[i]
		changed = l != live[i]
		live[i] = l
		return changed
	})
	return live
}

func (c *code) liveAfter(live []bpf.RegSet, i int, branches func(int) uint8) bpf.RegSet {
	in := c.insns[i]
	jump, cond := in.IsJump(), in.IsConditional()
	switch {
	case in.IsExit():
		return 0
	case jump && !cond:
		return live[in.JumpTarget(i)]
	case jump:
		var l bpf.RegSet
		b := branches(i)
		if b&1 != 0 {
			l |= live[i+1]
		}
		if b&2 != 0 {
			l |= live[in.JumpTarget(i)]
		}
		return l
	case in.Wide():
		return live[i+2]
	}
	return live[i+1]
}
