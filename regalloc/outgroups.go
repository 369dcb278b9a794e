package regalloc

import "math/bits"

// outGroups finds the blocks of Out registers that instructions read, and
// the values that can be written there by their own definitions because nothing
// else reads them.
type outGroups struct {
	group  []outGroup
	direct []int32 // by value: 1 + operand that reads it from Out, 0 if not direct
	of     []int32 // by operand: 1 + group, 0 if in none
	uses   []int32 // by value: number of uses
}

// outGroup is one block of Out registers read by an instruction.
type outGroup struct {
	inst int32 // the instruction
	n    int32 // registers
	base int32 // first register, -1 while it has none
	open bool  // the registers are kept for it
}

// plan finds the blocks; with moved, no value is direct.
func (g *outGroups) plan(c *code, moved bool) {
	g.group = g.group[:0]
	g.direct, g.uses, g.of = grow(g.direct, c.nv), grow(g.uses, c.nv), grow(g.of, len(c.ops))
	any := false
	for k := range c.ops {
		if o := &c.ops[k]; o.Flags&Def == 0 {
			g.uses[o.V]++
			any = any || readsOut(o)
		}
	}
	for _, v := range c.args {
		g.uses[v]++
	}
	if !any {
		return
	}
	for i := range c.flags {
		if !c.removed[i] {
			continue
		}
		for _, o := range c.instOps(int32(i)) {
			if o.Flags&Def == 0 {
				g.uses[o.V]--
			}
		}
	}
	for i := range c.flags {
		if !c.removed[i] {
			g.planInstr(c, int32(i), moved)
		}
	}
}

// readsOut tells that o is read from an Out register.
func readsOut(o *Operand) bool {
	return o.Flags&Def == 0 && (o.Flags&Fixed != 0 && o.Loc.File == Out || o.Flags&Fixed == 0 && o.Files == OutSet)
}

func (g *outGroups) planInstr(c *code, i int32, moved bool) {
	ops := c.instOps(i)
	head := i
	for c.flags[head]&Glued != 0 {
		head--
	}
	for k := range ops {
		o, at := &ops[k], c.opStart[i]+int32(k)
		if !readsOut(o) || g.of[at] != 0 {
			continue
		}
		g.group = append(g.group, outGroup{inst: i, base: -1})
		id := int32(len(g.group))
		if o.Flags&Fixed != 0 {
			g.group[id-1].base = int32(o.Loc.Num)
		}
		for j := k; j < len(ops); j++ {
			p := &ops[j]
			if j != k && (o.Group == 0 || p.Group != o.Group || p.Flags&Def != 0) {
				continue
			}
			at = c.opStart[i] + int32(j)
			g.of[at] = id
			g.group[id-1].n++
			if o.Flags&Fixed == 0 && g.directDef(c, p.V, head) && !(moved && c.ops[c.defOp[p.V]].Files != OutSet) {
				g.direct[p.V] = at + 1
			}
		}
	}
}

// directDef tells that the definition of v, which one operand after head
// reads, can write an Out register.
func (g *outGroups) directDef(c *code, v VReg, head int32) bool {
	d := c.defOp[v]
	if d < 0 || g.uses[v] != 1 {
		return false
	}
	i := c.defInst[v]
	o := &c.ops[d]
	return i < head && c.blockOf[i] == c.blockOf[head] && o.Files&OutSet != 0 && o.Flags&(Fixed|Tied) == 0
}

// window returns the lowest n such that registers n..n+k-1 are all in m.
func window(m uint64, k int) (int, bool) {
	for j := 1; j < k && m != 0; {
		step := min(j, k-j)
		m &= m >> step
		j += step
	}
	return bits.TrailingZeros64(m), m != 0
}

// member returns the index of operand at in its group; start is the first
// operand of the instruction.
func (g *outGroups) member(start, at int32) int32 {
	n := int32(0)
	for k := start; k < at; k++ {
		if g.of[k] == g.of[at] {
			n++
		}
	}
	return n
}
