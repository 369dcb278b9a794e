package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// callerSaved are the registers that a call leaves undefined: R0 to R5.
const callerSaved = 0x3f

// accesses returns the registers that an instruction reads and writes. Calls
// of functions are completed by liveness.
func accesses(in bpf.Insn, typ object.Type) (uses, defs uint16) {
	dst, src := uint16(1)<<in.Dst, uint16(1)<<in.Src
	switch in.Class() {
	case bpf.ClassLD:
		if in.Wide() {
			return 0, dst
		}
		uses = 1 << 6
		if in.Op&0xe0 == bpf.ModeIND {
			uses |= src
		}
		return uses, callerSaved
	case bpf.ClassLDX:
		return src, dst
	case bpf.ClassST:
		return dst, 0
	case bpf.ClassSTX:
		if in.Op&0xe0 != bpf.ModeATOMIC {
			return dst | src, 0
		}
		switch {
		case in.Imm == bpf.AtomicLoadAcq:
			return src, dst
		case in.Imm == bpf.AtomicStoreRel:
			return dst | src, 0
		case in.Imm == bpf.AtomicCmpXchg:
			return dst | src | 1, 1
		case in.Imm&bpf.AtomicFetch != 0:
			return dst | src, src
		}
		return dst | src, 0
	case bpf.ClassALU, bpf.ClassALU64:
		op := in.Op & 0xf0
		if op == bpf.MOV {
			if in.Op&bpf.X != 0 {
				return src, dst
			}
			return 0, dst
		}
		if op == bpf.NEG || op == bpf.END || in.Op&bpf.X == 0 {
			return dst, dst
		}
		return dst | src, dst
	}
	switch in.Op & 0xf0 {
	case bpf.JA, bpf.JCOND:
		return 0, 0
	case bpf.EXIT:
		return 1, 0
	case bpf.CALL:
		if in.Src != 0 {
			return 0x3e, callerSaved
		}
		return argUses(in.Imm, typ), callerSaved
	}
	if in.Op&bpf.X != 0 {
		return dst | src, 0
	}
	return dst, 0
}

// liveness computes the registers that are live before each instruction.
func (c *code) liveness() {
	for i, in := range c.insns {
		if c.flags[i]&second == 0 {
			c.uses[i], c.defs[i] = accesses(in, c.p.Type)
		}
	}
	c.live = c.solve(func(int) uint8 { return 3 })
}

// solve computes live registers over the ways that branches reports: bit 0
// fall through, bit 1 taken.
func (c *code) solve(branches func(int) uint8) []uint16 {
	live := make([]uint16, len(c.insns))
	for changed := true; changed; {
		changed = false
		for i := len(c.insns) - 1; i >= 0; i-- {
			if c.flags[i]&second != 0 {
				continue
			}
			in := c.insns[i]
			uses := c.uses[i]
			if isCall(in) && in.Src == bpf.PseudoCall {
				uses = live[i+1+int(in.Imm)] & 0x3e
			}
			if l := uses | c.liveAfter(live, i, branches)&^c.defs[i]; l != live[i] {
				live[i] = l
				changed = true
			}
		}
	}
	return live
}

func (c *code) liveAfter(live []uint16, i int, branches func(int) uint8) uint16 {
	in := c.insns[i]
	jump, cond := isJump(in)
	switch {
	case isExit(in):
		return 0
	case jump && !cond:
		return live[target(c.insns, i)]
	case jump:
		var l uint16
		b := branches(i)
		if b&1 != 0 {
			l |= live[i+1]
		}
		if b&2 != 0 {
			l |= live[target(c.insns, i)]
		}
		return l
	case in.Wide():
		return live[i+2]
	}
	return live[i+1]
}
