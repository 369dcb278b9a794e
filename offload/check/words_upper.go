package check

import "github.com/skipsw/skipsw/translate/bpf"

// upperHalves tells of which instructions' results of 32 bits the upper half may
// be read: backwards along all ways, calls included.
func (c *counter) upperHalves() []bool {
	n := len(c.p.Insns)
	after := make([]bpf.RegSet, n) // registers whose upper half may be read behind a slot
	exits := make([]bpf.RegSet, len(c.funcs))
	before := func(slot int) bpf.RegSet {
		if slot < 0 || slot >= n {
			return 0
		}
		in := c.p.Insns[slot]
		return after[slot]&^in.Defs() | c.reads(slot, in)
	}
	for changed := true; changed; {
		changed = false
		for slot := n - 1; slot >= 0; slot-- {
			in := c.p.Insns[slot]
			if !c.insns[slot].visited {
				continue
			}
			var out bpf.RegSet
			fn := funcAt(c.funcs, slot)
			switch {
			case in.IsExit():
				out = exits[fn]
			case in.IsFuncCall():
				callee := funcAt(c.funcs, in.FuncTarget(slot))
				out = before(slot + 1)
				if more := exits[callee] | out&1; more != exits[callee] {
					exits[callee], changed = more, true
				}
			case in.IsGoto():
				out = before(in.JumpTarget(slot))
			default:
				out = before(slot + in.Slots())
				if in.IsConditional() {
					out |= before(in.JumpTarget(slot))
				}
			}
			if out|after[slot] != after[slot] {
				after[slot] |= out
				changed = true
			}
		}
	}
	clear := make([]bool, n)
	for slot, in := range c.p.Insns {
		clear[slot] = narrowResult(in) && after[slot]>>resultOf(in)&1 != 0
	}
	return clear
}

// narrowResult reports whether an instruction sets 32 bits or fewer.
func narrowResult(in bpf.Insn) bool {
	switch in.Class() {
	case bpf.ClassALU:
		return in.ALUOp() != bpf.End || in.Imm != 64
	case bpf.ClassLDX:
		return in.Bytes() < 8
	case bpf.ClassLD:
		return !in.Wide()
	}
	return false
}

func resultOf(in bpf.Insn) uint8 {
	if in.Class() == bpf.ClassLD {
		return 0
	}
	return in.Dst
}

// reads returns the registers that an instruction reads with all their bits.
func (c *counter) reads(slot int, in bpf.Insn) bpf.RegSet {
	one := func(r uint8) bpf.RegSet { return 1 << r }
	switch in.Class() {
	case bpf.ClassALU:
		if in.ALUOp() != bpf.End || in.Imm != 64 {
			return 0
		}
	case bpf.ClassJMP32:
		return 0
	case bpf.ClassLDX:
		return one(in.Src)
	case bpf.ClassSTX:
		if in.Bytes() < 8 {
			return one(in.Dst)
		}
	case bpf.ClassJMP:
		switch {
		case in.IsExit() && funcAt(c.funcs, slot) == 0:
			return 1
		case in.IsExit():
			return 0
		case in.IsFuncCall():
			return bpf.ArgRegs // whatever the function reads
		}
	}
	return in.Uses()
}
