package regalloc

import "math/bits"

// define gives the values that the bundle defines their places: what is fixed
// first, then what is tied, then blocks, then the others.
func (a *Allocator) define() error {
	c, u := &a.code, &a.bun
	for f := A; f <= Out; f++ {
		for m := u.kill[f] & a.st.busy[f]; m != 0; m &= m - 1 {
			if v := a.st.occ[f][bits.TrailingZeros64(m)]; v != NoVReg {
				if a.survives(v) && !a.spare(v, f) {
					return a.fail(u.lo, "v%d cannot leave register %d of file %d, which is lost", v, bits.TrailingZeros64(m), f)
				}
				a.st.drop(v, f)
			}
		}
	}
	for i := u.lo; i < u.hi; i++ {
		last := i == u.hi-1
		for _, in := range u.inner {
			if in.op >= c.opStart[i] && in.op < c.opStart[i+1] {
				n, ok := a.st.places[c.ops[in.op].V].in(in.f)
				if !ok {
					return a.fail(i, "not supported: v%d is in the wrong bank for a glued instruction", c.ops[in.op].V)
				}
				a.res.locs[in.op] = Loc{in.f, uint8(n)}
			}
		}
		if last {
			a.releaseDying()
		}
		for step := range 4 {
			for k := c.opStart[i]; k < c.opStart[i+1]; k++ {
				o := &c.ops[k]
				if o.Flags&Def == 0 || defStep(o) != step {
					continue
				}
				var err error
				switch step {
				case 0:
					err = a.defineFixed(i, k)
				case 1:
					err = a.defineTied(i, k)
				case 2:
					err = a.defineGroup(i, k, last)
				default:
					err = a.defineFree(i, k, last)
				}
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// defStep returns when a defined operand has its turn.
func defStep(o *Operand) int {
	switch {
	case o.Flags&Fixed != 0:
		return 0
	case o.Flags&Tied != 0:
		return 1
	case o.Files == InSet:
		return 2
	}
	return 3
}

// releaseDying frees the places of values that the bundle uses last.
func (a *Allocator) releaseDying() {
	c, u := &a.code, &a.bun
	for k := c.opStart[u.lo]; k < c.opStart[u.hi]; k++ {
		if o := &c.ops[k]; o.Flags&Def == 0 && !a.survives(o.V) {
			a.st.release(o.V)
		}
	}
}

// claim notes that l, which may be passing, now holds v.
func (a *Allocator) claim(v VReg, l Loc) {
	u := &a.bun
	a.st.strict.add(l)
	for j, p := range u.passing {
		if p == l {
			u.passing = append(u.passing[:j], u.passing[j+1:]...)
			break
		}
	}
	a.st.put(v, l)
}

func (a *Allocator) defineFixed(i, k int32) error {
	o := &a.code.ops[k]
	a.res.locs[k] = o.Loc
	if o.V == NoVReg {
		return nil
	}
	for f := A; f <= In; f++ {
		if o.Loc.File != f && (o.Loc.File != Both || f == In) {
			continue
		}
		l := Loc{f, o.Loc.Num}
		if s := a.code.clobber[a.bun.hi-1]; s != nil && i != a.bun.hi-1 && s.has(l) {
			return a.fail(i, "not supported: it writes %v, which a glued instruction loses", l)
		}
		if (i != a.bun.hi-1 || o.Flags&Early != 0) && a.bun.lock.has(l) {
			return a.fail(i, "not supported: it writes %v early, or with a glued instruction after it, and %v is read", l, l)
		}
		if a.st.busy[f]>>l.Num&1 != 0 && a.st.occ[f][l.Num] != NoVReg {
			return a.fail(i, "register %d of file %d is written for two values", l.Num, f)
		}
		a.claim(o.V, l)
	}
	a.hint.placed(o.V, o.Loc)
	return nil
}

func (a *Allocator) defineTied(i, k int32) error {
	c := &a.code
	o := &c.ops[k]
	t := c.opStart[i] + int32(o.Tie)
	use, l := c.ops[t].V, a.res.locs[t]
	if l.File == Slot || l.File == Both {
		return a.fail(i, "not supported: an operand tied to one in file %d", l.File)
	}
	if s := c.clobber[a.bun.hi-1]; s != nil && i != a.bun.hi-1 && s.has(l) {
		return a.fail(i, "not supported: v%d is in %v, which a glued instruction loses", o.V, l)
	}
	if a.st.places[use].has(l) {
		if a.neededBeside(i, t) && !a.spare(use, l.File) {
			return a.fail(i, "not supported: v%d is overwritten in a glued group, but needed after it", use)
		}
		a.st.drop(use, l.File)
	}
	if w := a.st.occ[l.File][l.Num]; a.st.busy[l.File]>>l.Num&1 != 0 && w != NoVReg {
		return a.fail(i, "not supported: v%d and v%d are tied to one value in %v", w, o.V, l)
	}
	a.claim(o.V, l)
	want := a.res.locs[k].File == Both || a.bank.both[o.V]
	a.res.locs[k] = l
	if want && o.Files&BothSet != 0 && (l.File == A || l.File == B) {
		g := A + B - l.File
		late := i != a.bun.hi-1 || o.Flags&Early != 0
		if a.free(g)>>l.Num&1 != 0 && !(late && a.bun.lock[g]>>l.Num&1 != 0) {
			a.st.put(o.V, Loc{g, l.Num})
			a.st.strict.add(Loc{g, l.Num})
			a.res.locs[k].File = Both
		}
	}
	a.wide.noteDef(o.V, i, k)
	a.hint.placed(o.V, a.res.locs[k])
	return nil
}

// defineGroup finds consecutive In registers for operand k and those in its
// group.
func (a *Allocator) defineGroup(i, k int32, last bool) error {
	c := &a.code
	o := &c.ops[k]
	if o.Group != 0 && a.groupHead(i, k) != k {
		return nil
	}
	n, avoid := 0, uint64(0)
	for j := k; j < c.opStart[i+1]; j++ {
		p := &c.ops[j]
		if j != k && (o.Group == 0 || p.Group != o.Group || p.Flags&Def == 0) {
			continue
		}
		n++
		if p.V != NoVReg {
			avoid |= a.live.cross[p.V][In]
		}
		if p.Flags&Early != 0 {
			last = false
		}
	}
	taken := a.bun.kill[In]
	if !last {
		taken |= a.bun.lock[In]
	}
	base, ok := window(a.free(In)&^taken&^avoid, n)
	if !ok {
		base, ok = window(a.free(In)&^taken, n)
	}
	if !ok {
		var err error
		if base, err = a.clearWindow(i, n, taken); err != nil {
			return err
		}
	}
	for j, at := k, base; j < c.opStart[i+1]; j++ {
		p := &c.ops[j]
		if j != k && (o.Group == 0 || p.Group != o.Group || p.Flags&Def == 0) {
			continue
		}
		l := Loc{In, uint8(at)}
		at++
		a.res.locs[j] = l
		if p.V != NoVReg {
			a.st.put(p.V, l)
		} else {
			a.st.busy[In] |= 1 << l.Num
			a.st.occ[In][l.Num] = NoVReg
			a.bun.passing = append(a.bun.passing, l)
		}
	}
	return nil
}

// groupHead returns the first defined operand of k's group.
func (a *Allocator) groupHead(i, k int32) int32 {
	c := &a.code
	for j := c.opStart[i]; j < k; j++ {
		if c.ops[j].Group == c.ops[k].Group && c.ops[j].Flags&Def != 0 {
			return j
		}
	}
	return k
}

// clearWindow empties n consecutive In registers at the lowest cost.
func (a *Allocator) clearWindow(i int32, n int, taken uint64) (int, error) {
	best, bestCost := -1, hopeless
	for base := 0; base+n <= 64; base++ {
		m := (uint64(1)<<n - 1) << base
		if n == 64 {
			m = ^uint64(0)
		}
		if a.m.Usable[In]&m != m || taken&m != 0 {
			continue
		}
		cost := 0
		for r := a.st.busy[In] & m; r != 0; r &= r - 1 {
			v := a.st.occ[In][bits.TrailingZeros64(r)]
			switch {
			case v == NoVReg || a.code.info[v].Pinned || a.code.inBundle(v, a.bun.lo) || a.bun.lock[In]&r&-r != 0:
				cost += hopeless
			case !a.spare(v, In):
				cost += moveCost
			}
		}
		if cost < bestCost {
			best, bestCost = base, cost
		}
	}
	if best < 0 {
		return 0, noBlock{a.fail(i, "no %d consecutive In registers can be freed", n)}
	}
	for r := best; r < best+n; r++ {
		if a.st.busy[In]>>r&1 != 0 {
			if err := a.evict(i, a.st.occ[In][r], In); err != nil {
				return 0, err
			}
		}
	}
	return best, nil
}

// defineFree picks the place of a value that may be anywhere in its operand's
// files.
func (a *Allocator) defineFree(i, k int32, last bool) error {
	c, u := &a.code, &a.bun
	o := &c.ops[k]
	if d := a.out.direct[o.V]; d != 0 {
		gr := &a.out.group[a.out.of[d-1]-1]
		if gr.open || a.openGroup(a.out.of[d-1], a.live.cross[o.V]) == nil {
			l := Loc{Out, uint8(gr.base + a.out.member(c.opStart[gr.inst], d-1))}
			lost := a.live.cross[o.V][Out] | u.kill[Out]
			if !last || o.Flags&Early != 0 {
				lost |= u.lock[Out]
			}
			if lost>>l.Num&1 == 0 {
				a.st.put(o.V, l)
				a.res.locs[k] = l
				return nil
			}
		}
	}
	taken := u.kill
	if !last || o.Flags&Early != 0 {
		for f := range taken {
			taken[f] |= u.lock[f]
		}
	}
	want := a.res.locs[k].File // set when the bundle itself reads the value
	if h := a.hint.classLoc[a.hint.kin.class(o.V)]; h.File == A || h.File == B {
		if w := a.standIn(o.V, h); w != NoVReg {
			a.st.drop(w, h.File)
		}
	}
	l, ok := a.pick(o, taken, want)
	if !ok {
		var err error
		if l, err = a.forceDef(i, o, taken, want); err != nil {
			return err
		}
	}
	a.st.put(o.V, l)
	a.st.strict.add(l)
	a.res.locs[k] = l
	a.wide.noteDef(o.V, i, k)
	a.hint.placed(o.V, l)
	if l.File == A || l.File == B {
		a.bank.settle(o.V, l.File)
	}
	return nil
}

// pick chooses a free place for the value that o defines. want, if not None, is
// the file that it must be in.
func (a *Allocator) pick(o *Operand, taken RegSet, want File) (Loc, bool) {
	freeA, freeB := a.free(A)&^taken[A], a.free(B)&^taken[B]
	cross, kin := &a.live.cross[o.V], a.hint.shun(o.V)
	if o.Files&BothSet != 0 && (want == Both || want == None && a.bank.both[o.V]) {
		m := freeA & freeB
		for _, h := range a.hint.of(o.V) {
			if h.File != None && m>>h.Num&1 != 0 && (cross[A]|cross[B])>>h.Num&1 == 0 {
				return Loc{Both, h.Num}, true
			}
		}
		if calm := m &^ (cross[A] | cross[B]); calm != 0 {
			m = calm
		}
		if calm := m &^ (kin[A] | kin[B]); calm != 0 {
			m = calm
		}
		if c := m & a.hint.clobbered[A]; c != 0 {
			m = c
		}
		if m != 0 {
			return Loc{Both, uint8(bits.TrailingZeros64(m))}, true
		}
		if want == Both {
			return Loc{}, false
		}
	}
	free := [2]uint64{freeA, freeB}
	for f := A; f <= B; f++ {
		if o.Files>>f&1 == 0 || want != None && want != f {
			free[f-A] = 0
		}
	}
	first := a.bank.wanted(o.V)
	if first == None {
		first = A
		if bits.OnesCount64(free[1]) > bits.OnesCount64(free[0]) {
			first = B
		}
		for _, h := range a.hint.of(o.V) {
			if h.File == A || h.File == B {
				first = h.File
				break
			}
		}
	}
	for calm := range 3 {
		for _, f := range [2]File{first, A + B - first} {
			m := free[f-A]
			switch calm {
			case 0:
				m &^= kin[f] | cross[f]
			case 1:
				m &^= cross[f]
			}
			if m == 0 {
				continue
			}
			for _, h := range a.hint.of(o.V) {
				if (h.File == f || h.File == Both) && m>>h.Num&1 != 0 {
					return Loc{f, h.Num}, true
				}
			}
			return Loc{f, a.number(f, m)}, true
		}
	}
	return Loc{}, false
}

// forceDef makes room for the value that o defines.
func (a *Allocator) forceDef(i int32, o *Operand, taken RegSet, want File) (Loc, error) {
	if want == Both {
		return Loc{}, a.fail(i, "not supported: no register number is free in both banks for v%d, which glued instructions read from both", o.V)
	}
	if o.Files&SlotSet != 0 && want == None {
		if n, ok := a.st.slots.lowestFree(&a.bun.lockS, a.m.Slots); ok && n < int(o.Slots) {
			return Loc{Slot, uint8(n)}, nil
		}
	}
	f := a.bank.wanted(o.V)
	if want != None {
		f = want
	}
	if f == None || o.Files>>f&1 == 0 {
		f = A
		if o.Files&ASet == 0 {
			f = B
		}
	}
	if o.Files>>f&1 == 0 {
		return Loc{}, a.fail(i, "not supported: v%d can be written to none of its files (%#x)", o.V, o.Files)
	}
	if g := A + B - f; want == None && o.Files>>g&1 != 0 {
		_, key := a.victim(f, taken[f])
		_, other := a.victim(g, taken[g])
		if other >= freeKey && key < freeKey || a.bank.wanted(o.V) == None && other > key {
			f = g
		}
	}
	n, err := a.makeRoom(i, f, taken[f])
	return Loc{f, n}, err
}
