package regalloc

// widening writes a value to the second bank after the fact: when an
// instruction needs a value of bank A from bank B, and the register of the same
// number in B has been free ever since the value was written in this block,
// then that write goes to both banks instead, which costs nothing.
type widening struct {
	// origin is, by value, what wrote its register in a bank: 1 + the defining
	// operand, or -1 - the inserted move; since is the instruction it belongs to.
	origin, since []int32
}

func (w *widening) reset(nv int) {
	w.origin, w.since = grow(w.origin, nv), grow(w.since, nv)
}

// noteDef notes that v was written by its definition, operand k of
// instruction i.
func (w *widening) noteDef(v VReg, i, k int32) { w.origin[v], w.since[v] = k+1, i }

// noteMove notes that v was written by the last inserted move, before the
// current bundle.
func (a *Allocator) noteMove(v VReg) {
	a.wide.origin[v], a.wide.since[v] = -int32(len(a.res.moves)), a.bun.lo
}

// widenable returns the register of the other bank than f that could be written
// in f too.
func (a *Allocator) widenable(v VReg, f File) (uint8, bool) {
	w, c := &a.wide, &a.code
	g := A + B - f
	n, ok := a.st.places[v].in(g)
	if !ok || w.origin[v] == 0 || w.since[v] < c.lo[c.blockOf[a.bun.lo]] || w.since[v] >= a.bun.lo && w.origin[v] > 0 {
		return 0, false
	}
	if _, has := a.st.places[v].in(f); has || a.free(f)>>n&1 == 0 || a.bun.fixed[f]>>n&1 != 0 {
		return 0, false
	}
	have := Loc{g, uint8(n)}
	first := w.since[v]
	if k := w.origin[v]; k > 0 {
		o := &c.ops[k-1]
		if a.res.locs[k-1] != have || o.Files&BothSet == 0 || o.Flags&Fixed != 0 {
			return 0, false
		}
		glued := c.flags[first]&Glued != 0 || first+1 < c.hi[c.blockOf[first]] && c.flags[first+1]&Glued != 0
		for c.flags[first]&Glued != 0 {
			first--
		}
		if o.Flags&Early == 0 && !glued {
			first++
		}
	} else if a.res.moves[-k-1].Dst != have {
		return 0, false
	}
	return have.Num, a.st.clean[f][n] < first
}

// widen writes v to bank f too, if it can be done after the fact.
func (a *Allocator) widen(v VReg, f File) bool {
	n, ok := a.widenable(v, f)
	if !ok {
		return false
	}
	both := Loc{Both, n}
	if k := a.wide.origin[v]; k > 0 {
		a.res.locs[k-1] = both
	} else {
		a.res.moves[-k-1].Dst = both
	}
	a.st.put(v, Loc{f, n})
	return true
}
