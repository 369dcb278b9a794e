package regalloc

import "fmt"

// useOut fills the blocks of Out registers that the bundle reads. What it wrote
// there stays noted: a value that is read from Out again needs no move then,
// unless the register was given away. Fixed registers come first, so that the
// blocks that may be anywhere stay clear of them; a plain bundle has none.
func (a *Allocator) useOut(plain bool) error {
	if !plain {
		for i := a.bun.lo; i < a.bun.hi; i++ {
			if err := a.fillOut(i, Fixed); err != nil {
				return err
			}
		}
	}
	for i := a.bun.lo; i < a.bun.hi; i++ {
		if err := a.fillOut(i, 0); err != nil {
			return err
		}
	}
	return nil
}

// fillOut brings the values that instruction i reads from Out there: those of
// its operands that have the flag Fixed, or those that have not.
func (a *Allocator) fillOut(i int32, fixed OperandFlags) error {
	c, g := &a.code, &a.out
	for k := c.opStart[i]; k < c.opStart[i+1]; k++ {
		id := g.of[k]
		if id == 0 || c.ops[k].Flags&Fixed != fixed {
			continue
		}
		v := c.ops[k].V
		if c.inBundle(v, a.bun.lo) {
			return a.fail(i, "not supported: an Out operand that reads v%d, which is defined in the same glued group", v)
		}
		gr := &g.group[id-1]
		if !gr.open {
			if err := a.openGroup(id, RegSet{}); err != nil {
				return err
			}
		}
		l := Loc{Out, uint8(gr.base + g.member(c.opStart[i], k))}
		a.res.locs[k] = l
		a.bun.lock.add(l)
		if !a.st.places[v].has(l) {
			if c.outOnly(v) {
				return a.fail(i, "not supported: v%d is defined in Out, but not read once and by a group of the same block", v)
			}
			a.move(v, l)
			if a.st.places[v].reg[Out] != 0 || !a.survives(v) {
				a.bun.passing = append(a.bun.passing, l)
				continue
			}
			a.st.put(v, l)
		}
		if !c.outOnly(v) {
			a.st.spareOut |= 1 << l.Num
		}
	}
	return nil
}

// openGroup finds registers for group id and keeps them for it. They stay
// clear of avoid.
func (a *Allocator) openGroup(id int32, avoid RegSet) error {
	c, gr := &a.code, &a.out.group[id-1]
	if gr.base < 0 {
		base, ok := a.groupBase(id, avoid[Out])
		if !ok {
			return fmt.Errorf("regalloc: instruction %d: %d are needed: %w", gr.inst, gr.n, errOutFull)
		}
		gr.base = base
	}
	gr.open = true
	for k := c.opStart[gr.inst]; k < c.opStart[gr.inst+1]; k++ {
		if a.out.of[k] != id {
			continue
		}
		n := gr.base + a.out.member(c.opStart[gr.inst], k)
		if a.st.busy[Out]>>n&1 != 0 {
			v := a.st.occ[Out][n]
			if v == c.ops[k].V {
				a.st.spareOut &^= 1 << n
				continue
			}
			if a.bun.lock[Out]>>n&1 != 0 {
				return a.fail(gr.inst, "two operands are to be read from register %d of file %v", n, Out)
			}
			if a.st.spareOut>>n&1 == 0 {
				return fmt.Errorf("regalloc: instruction %d: register %d of file %v: %w", gr.inst, n, Out, errOutTaken)
			}
			a.st.drop(v, Out)
		}
		a.st.busy[Out] |= 1 << n
		a.st.occ[Out][n] = NoVReg
	}
	return nil
}

// groupBase returns the first of consecutive Out registers for group id: where
// most of its values are already, else where nothing is, else where only copies
// are.
func (a *Allocator) groupBase(id int32, avoid uint64) (int32, bool) {
	c, gr := &a.code, &a.out.group[id-1]
	start := c.opStart[gr.inst]
	best, bestScore := int32(-1), 0
	for k := start; k < c.opStart[gr.inst+1]; k++ {
		if a.out.of[k] != id {
			continue
		}
		n, ok := a.st.places[c.ops[k].V].in(Out)
		if !ok {
			continue
		}
		base := int32(n) - a.out.member(start, k)
		if score := a.groupScore(id, base, avoid); score > bestScore {
			best, bestScore = base, score
		}
	}
	if best >= 0 {
		return best, true
	}
	n, ok := window(a.free(Out)&^avoid, int(gr.n))
	if !ok {
		n, ok = window((a.free(Out)|a.st.spareOut&a.m.Usable[Out])&^(avoid|a.bun.lock[Out]), int(gr.n))
	}
	return int32(n), ok
}

// groupScore counts the values of group id that are in place if its registers
// start at base, 0 if they cannot.
func (a *Allocator) groupScore(id, base int32, avoid uint64) int {
	c, gr := &a.code, &a.out.group[id-1]
	start, score := c.opStart[gr.inst], 0
	for k := start; k < c.opStart[gr.inst+1]; k++ {
		if a.out.of[k] != id {
			continue
		}
		n := base + a.out.member(start, k)
		if n < 0 || n > 63 || avoid>>n&1 != 0 {
			return 0
		}
		switch {
		case a.st.busy[Out]>>n&1 == 0:
			if a.m.Usable[Out]>>n&1 == 0 {
				return 0
			}
		case a.st.occ[Out][n] == c.ops[k].V:
			score++
		case a.st.spareOut>>n&1 == 0 || a.bun.lock[Out]>>n&1 != 0:
			return 0
		}
	}
	return score
}
