package regalloc

// The costs of bringing an operand to a file, in tenths of a register move,
// so that preferences fit between.
const (
	moveCost  = 10
	evictCost = 6
	widenCost = 1
	hopeless  = 1 << 20
)

// maxPaired is the number of Paired operands an instruction may have: one for
// each file that can be read.
const maxPaired = 4

// useFree chooses the files of instruction i's read operands that are neither
// fixed nor Out, and brings them there.
func (a *Allocator) useFree(i int32) error {
	c := &a.code
	var paired [maxPaired]int32
	n := 0
	taken := FileSet(0)
	for k := c.opStart[i]; k < c.opStart[i+1]; k++ {
		o := &c.ops[k]
		if o.Flags&Def != 0 || readsOut(o) {
			continue
		}
		switch {
		case o.Flags&Fixed != 0:
			if o.Flags&Paired != 0 && o.Loc.File != Both {
				taken |= 1 << o.Loc.File
			}
		case o.Flags&Paired != 0:
			if n == maxPaired {
				return a.fail(i, "more than %d paired operands", maxPaired)
			}
			paired[n] = k
			n++
		default:
			if err := a.useOne(i, k); err != nil {
				return err
			}
		}
	}
	if n == 0 {
		return nil
	}
	var pick, best [maxPaired]File
	if cost := a.pair(i, paired[:n], taken, 0, hopeless, pick[:n], best[:n]); cost >= hopeless {
		return a.fail(i, "its paired operands cannot come from different files")
	}
	// Operands that are in place first, so that the moves for the others do not
	// take their registers.
	for _, ready := range [2]bool{true, false} {
		for j, k := range paired[:n] {
			if _, in := a.st.places[c.ops[k].V].in(best[j]); in == ready || c.inBundle(c.ops[k].V, a.bun.lo) {
				if a.res.locs[k].File == None {
					if err := a.bring(i, k, best[j]); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// pair tries all files for ops[len(done):] and returns the lowest cost, with
// the files in best.
func (a *Allocator) pair(i int32, ops []int32, taken FileSet, sum, limit int, pick, best []File) int {
	if len(ops) == 0 {
		return sum
	}
	at := len(pick) - len(ops)
	for f := A; f <= Slot; f++ {
		if taken>>f&1 != 0 {
			continue
		}
		cost := sum + a.cost(i, ops[0], f)
		if cost >= limit {
			continue
		}
		pick[at] = f
		if total := a.pair(i, ops[1:], taken|1<<f, cost, limit, pick, best); total < limit {
			limit = total
			if len(ops) == 1 {
				copy(best, pick)
			}
		}
	}
	return limit
}

// useOne brings an operand that is not paired to the cheapest file.
func (a *Allocator) useOne(i, k int32) error {
	best, cost := None, hopeless
	for f := A; f <= Slot; f++ {
		if x := a.cost(i, k, f); x < cost {
			best, cost = f, x
		}
	}
	if best == None {
		return a.fail(i, "v%d can be in none of the files that the operand takes", a.code.ops[k].V)
	}
	return a.bring(i, k, best)
}

// cost returns what it takes to read operand k from file f.
func (a *Allocator) cost(i, k int32, f File) int {
	c := &a.code
	o := &c.ops[k]
	if o.Files>>f&1 == 0 || f == Out && o.Files != OutSet {
		return hopeless
	}
	if c.inBundle(o.V, a.bun.lo) {
		return a.innerCost(o.V, f)
	}
	tied := c.tie[k] != 0
	p := &a.st.places[o.V]
	if n, ok := p.in(f); ok {
		switch {
		case f == Slot && (n >= int(o.Slots) || tied):
			return hopeless
		case tied && (f <= B && a.bun.kill[f]>>n&1 != 0 || a.neededBeside(i, k) && !a.spare(o.V, f)):
			if f != A && f != B {
				return hopeless
			}
			if _, ok := a.widenable(o.V, A+B-f); ok {
				return widenCost
			}
			return a.moveTo(o.V, f)
		}
		return 0
	}
	if f != A && f != B {
		return hopeless
	}
	return a.moveTo(o.V, f)
}

// moveTo returns the cost of a copy of v in bank f.
func (a *Allocator) moveTo(v VReg, f File) int {
	if _, ok := a.widenable(v, f); ok {
		return widenCost
	}
	cost := moveCost
	if src := a.source(v); src.File == Slot {
		cost *= a.slotCost(int(src.Num))
	} else if src.File == Remat {
		cost *= int(a.code.info[v].Remat)
	}
	if a.free(f) == 0 {
		cost += evictCost
	}
	if a.survives(v) {
		cost -= 2
	}
	if a.bank.wanted(v) == f || a.bank.both[v] {
		cost--
	}
	return cost
}

// neededBeside tells that the value of tied operand k is needed after the
// instruction that overwrites it.
func (a *Allocator) neededBeside(i, k int32) bool {
	c := &a.code
	v := c.ops[k].V
	if a.survives(v) {
		return true
	}
	for j := i + 1; j < a.bun.hi; j++ {
		for _, o := range c.instOps(j) {
			if o.V == v {
				return true
			}
		}
	}
	return false
}

// bring makes the value of operand k readable from file f.
func (a *Allocator) bring(i, k int32, f File) error {
	c, u := &a.code, &a.bun
	o := &c.ops[k]
	if c.inBundle(o.V, u.lo) {
		u.inner = append(u.inner, inner{k, c.defOp[o.V], f})
		a.innerWant(o.V, f)
		a.res.locs[k] = Loc{File: f}
		return nil
	}
	tied := c.tie[k] != 0
	beside := tied && a.neededBeside(i, k)
	if f <= B {
		if _, has := a.st.places[o.V].in(f); !has {
			a.widen(o.V, f)
		} else if beside && !a.spare(o.V, f) {
			a.widen(o.V, A+B-f)
		}
	}
	n, ok := a.st.places[o.V].in(f)
	if ok && tied && f <= B && a.bun.kill[f]>>n&1 != 0 {
		ok, beside = false, true
	}
	if ok && (!beside || a.spare(o.V, f)) {
		l := Loc{f, uint8(n)}
		a.res.locs[k] = l
		if f == Slot {
			u.lockS.add(n)
			return nil
		}
		u.lock.add(l)
		if beside {
			a.st.detach(o.V, f)
			u.passing = append(u.passing, l)
		}
		return nil
	}
	num, err := a.copyTarget(i, k, f)
	if err != nil {
		return err
	}
	l := Loc{f, num}
	a.move(o.V, l)
	if _, has := a.st.places[o.V].in(f); has || beside {
		u.passing = append(u.passing, l)
		a.st.busy[f] |= 1 << num
		a.st.occ[f][num] = NoVReg
	} else {
		a.st.put(o.V, l)
		a.noteMove(o.V)
	}
	a.res.locs[k] = l
	u.lock.add(l)
	return nil
}

// copyTarget returns a free register of bank f for a copy of operand k's value.
func (a *Allocator) copyTarget(i, k int32, f File) (uint8, error) {
	w, avoid := a.code.ops[k].V, a.bun.fixed[f]
	if t := a.code.tie[k]; t != 0 {
		w = a.code.ops[t-1].V
		avoid |= a.bun.kill[f]
	}
	m := a.free(f) &^ avoid
	if m == 0 {
		return a.makeRoom(i, f, avoid)
	}
	if w != NoVReg {
		for _, h := range a.hint.of(w) {
			if (h.File == f || h.File == Both) && m>>h.Num&1 != 0 && a.live.cross[w][f]>>h.Num&1 == 0 {
				return h.Num, nil
			}
		}
		if calm := m &^ (a.live.cross[w][f] | a.bun.kill[f]); calm != 0 {
			m = calm
		}
	}
	return a.number(f, m), nil
}

// innerCost returns what it takes that v, defined in the bundle, is read from f.
func (a *Allocator) innerCost(v VReg, f File) int {
	d := a.code.defOp[v]
	o := &a.code.ops[d]
	if o.Flags&Fixed != 0 {
		if o.Loc.File == f || o.Loc.File == Both && (f == A || f == B) {
			return 0
		}
		return hopeless
	}
	files := o.Files
	if o.Flags&Tied != 0 {
		// The place of what it is tied to; glued instructions come in order, so
		// that is known.
		files = 1<<a.res.locs[a.code.opStart[a.code.defInst[v]]+int32(o.Tie)].File | o.Files&BothSet
	}
	have := a.res.locs[d].File
	switch {
	case have == f || have == Both && (f == A || f == B):
		return 0
	case have == None && files>>f&1 != 0 && f != Slot && f != Out:
		if a.bank.wanted(v) == A+B-f {
			return 1
		}
		return 0
	case (have == A || have == B || files&GPRSet != 0) && (f == A || f == B) && files&BothSet != 0:
		return 2
	}
	return hopeless
}

// innerWant notes that v, defined in the bundle, is read from f.
func (a *Allocator) innerWant(v VReg, f File) {
	d := a.code.defOp[v]
	switch have := a.res.locs[d].File; {
	case a.code.ops[d].Flags&Fixed != 0:
	case have == None:
		a.res.locs[d].File = f
	case have != f:
		a.res.locs[d].File = Both
	}
}
