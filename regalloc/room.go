package regalloc

import "math/bits"

// free returns the registers of f that can be handed out now.
func (a *Allocator) free(f File) uint64 { return a.m.Usable[f] &^ a.st.busy[f] }

// shun returns the registers of f that what outlives the bundle stays clear of.
func (a *Allocator) shun(f File) uint64 {
	return a.bun.lock[f] | a.bun.kill[f] | a.bun.fixed[f]
}

// refuge returns a free place for v, which loses its place in f: a register
// of a bank, of both, or a slot. keep tells that the bundle may still read it
// where it is.
func (a *Allocator) refuge(i int32, v VReg, f File, keep bool) (Loc, error) {
	want := a.bank.wanted(v)
	if want == None {
		want = A
		if bits.OnesCount64(a.free(B)) > bits.OnesCount64(a.free(A)) {
			want = B
		}
	}
	cross := &a.live.cross[v]
	if a.bank.both[v] && a.gone(v, A, f, keep) && a.gone(v, B, f, keep) {
		if m := a.free(A) & a.free(B) &^ (a.shun(A) | a.shun(B) | cross[A] | cross[B]); m != 0 {
			return Loc{Both, uint8(bits.TrailingZeros64(m))}, nil
		}
	}
	for _, calm := range [2]bool{true, false} {
		for _, g := range [2]File{want, A + B - want} {
			if _, has := a.st.places[v].in(g); has && g != f {
				continue
			}
			m := a.free(g) &^ a.shun(g)
			if calm {
				m &^= cross[g]
			}
			if m != 0 {
				return Loc{g, a.number(g, m)}, nil
			}
		}
	}
	n, ok := a.st.slots.lowestFree(&a.bun.lockS, a.m.Slots)
	if !ok {
		return Loc{}, noSlot{a.fail(i, "no place is left for v%d: all registers and all %d spill slots hold values", v, a.m.Slots)}
	}
	return Loc{Slot, uint8(n)}, nil
}

// number picks one of the registers m of bank f: rather one that no parameter
// waits for, and whose counterpart in the other bank is taken, so that pairs
// stay free.
func (a *Allocator) number(f File, m uint64) uint8 {
	if open := m &^ a.hint.claimed[f]; open != 0 {
		m = open
	}
	if alone := m &^ a.free(A+B-f); alone != 0 {
		m = alone
	}
	if c := m & a.hint.clobbered[f]; c != 0 {
		m = c
	}
	return uint8(bits.TrailingZeros64(m))
}

// evict takes v's place in f away.
func (a *Allocator) evict(i int32, v VReg, f File) error {
	if a.spare(v, f) {
		a.st.drop(v, f)
		return nil
	}
	if a.code.info[v].Pinned || f == Out {
		return a.fail(i, "pinned v%d cannot leave its register", v)
	}
	to, err := a.refuge(i, v, f, false)
	if err != nil {
		return err
	}
	a.shift(v, f, to, false)
	return nil
}

// gone tells that v has no register in g, or loses it: because that is what it
// gives up, or, with keep, in the bundle.
func (a *Allocator) gone(v VReg, g, f File, keep bool) bool {
	n, ok := a.st.places[v].in(g)
	return !ok || g == f || keep && a.bun.kill[g]>>n&1 != 0
}

// shift moves v to the free place to because it loses its place in f; with
// keep the bundle may still read it there.
func (a *Allocator) shift(v VReg, f File, to Loc, keep bool) {
	a.move(v, to)
	a.noteMove(v)
	if !keep {
		a.st.drop(v, f)
	}
	for g := A; g <= B; g++ {
		if n, ok := a.st.places[v].in(g); ok && (to.File == g || to.File == Both) {
			a.st.detach(v, g)
			a.bun.passing = append(a.bun.passing, Loc{g, uint8(n)})
		}
	}
	a.st.put(v, to)
}

// makeRoom empties a register of bank f that is not in avoid: one whose value
// is elsewhere too, else the one needed last.
func (a *Allocator) makeRoom(i int32, f File, avoid uint64) (uint8, error) {
	n, key := a.victim(f, avoid)
	if key < 0 {
		return 0, a.fail(i, "not supported: more values in one instruction than registers in file %v", f)
	}
	return uint8(n), a.evict(i, a.st.occ[f][n], f)
}

// victim returns the register of bank f that is best given up, and how good
// that is: a negative key for not at all, freeKey or more for at no cost.
func (a *Allocator) victim(f File, avoid uint64) (int, int64) {
	best, bestKey := 0, int64(-1)
	for m := a.m.Usable[f] & a.st.busy[f] &^ (avoid | a.bun.lock[f]); m != 0; m &= m - 1 {
		n := bits.TrailingZeros64(m)
		v := a.st.occ[f][n]
		if v == NoVReg || a.code.info[v].Pinned || a.code.inBundle(v, a.bun.lo) {
			continue
		}
		key := int64(a.next[v])
		if a.next[v] == a.bun.lo {
			key = 0
		} else if a.spare(v, f) {
			key += freeKey
		}
		if key > bestKey {
			best, bestKey = n, key
		}
	}
	return best, bestKey
}

// freeKey is added to a victim's next use when it is elsewhere too.
const freeKey = int64(never) * 2
