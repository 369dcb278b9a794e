package regalloc

import "fmt"

// joinEdges makes the moves on all edges.
func (a *Allocator) joinEdges() error {
	c, f := &a.code, &a.flow
	for b := int32(0); b < int32(c.nb); b++ {
		if c.firstEdge[b] == c.firstEdge[b+1] {
			continue
		}
		f.load(b)
		f.hoisted, f.hoistedS = RegSet{}, slotSet{}
		for e := c.firstEdge[b]; e < c.firstEdge[b+1]; e++ {
			first := int32(len(a.res.moves))
			if err := a.joinEdge(e); err != nil {
				return err
			}
			s := span{first, int32(len(a.res.moves))}
			if s.lo == s.hi {
				continue
			}
			if !c.critical(e) || !a.hoist(e, s) {
				a.res.place(c, e, s)
			}
		}
	}
	return nil
}

// joinEdge makes the moves on edge e from the places in flow.at.
func (a *Allocator) joinEdge(e int32) error {
	c, f, l := &a.code, &a.flow, &a.live
	t := c.to[e]
	f.pm.begin()
	want := func(v, src VReg, p place) error {
		at := f.at[src]
		var need place
		for g := A; g <= Slot; g++ {
			n, ok := p.in(g)
			if !ok {
				continue
			}
			m, has := at.in(g)
			f.pm.aim(Loc{g, uint8(n)}, has && m == n)
			if has && m == n {
				if v != src {
					a.sink.read[src] = true
				}
				continue
			}
			if g == In || g == Out {
				if old := a.noIn[v]; g == Out || old != 0 && old < a.pass || c.info[v].Pinned {
					return fmt.Errorf("regalloc: edge from block %d to %d: v%d is not where it is read, and no move can bring it there", c.from[e], t, v)
				}
				a.failed = true
				a.noIn[v] = a.pass
				continue
			}
			need.set(Loc{g, uint8(n)})
		}
		f.pm.want(src, need)
		return nil
	}
	for k := l.start[t]; k < l.start[t+1]; k++ {
		if err := want(l.value[k], l.value[k], f.entry[k]); err != nil {
			return err
		}
	}
	for j, v := range c.edgeArgs(int(e)) {
		k := int(c.paramStart[t]) + j
		if err := want(c.params[k], v, f.param[k]); err != nil {
			return err
		}
	}
	if a.failed {
		return nil
	}
	return a.resolve(e)
}

// critical tells that moves on edge e need a block of their own.
func (c *code) critical(e int32) bool {
	b, t := c.from[e], c.to[e]
	return c.firstEdge[b+1]-c.firstEdge[b] > 1 && c.predStart[t+1]-c.predStart[t] > 1
}

// stubCost is what a block for the moves of a critical edge costs beside them,
// in moves: the branch to it and back.
const stubCost = 2

// maxHoist is the greatest number of moves made for one edge, but run for all.
const maxHoist = 3

// hoist makes the moves s of critical edge e before the branches of its block,
// if they are in nobody's way there: that saves a block, unless the edge is
// the one that needs no branch. It tells whether it did.
func (a *Allocator) hoist(e int32, s span) bool {
	c, f, r := &a.code, &a.flow, &a.res
	b := c.from[e]
	n := s.hi - s.lo
	if n > maxHoist || e == c.fallThrough(b) || c.weight[b]*n > min(c.weight[b], c.weight[c.to[e]])*(n+stubCost) {
		return false
	}
	busy, busyS := f.hoisted, f.hoistedS
	note := func(l Loc) {
		if l.File == Slot {
			busyS.add(int(l.Num))
		} else {
			busy.add(l)
		}
	}
	for i := c.hi[b] - 1; i >= c.lo[b] && c.flags[i]&Branch != 0; i-- {
		for k := c.opStart[i]; k < c.opStart[i+1]; k++ {
			note(r.locs[k])
		}
	}
	places := func(v VReg) {
		for g := A; g <= Slot; g++ {
			if m, ok := f.at[v].in(g); ok {
				note(Loc{g, uint8(m)})
			}
		}
	}
	for o := c.firstEdge[b]; o < c.firstEdge[b+1]; o++ {
		if o == e {
			continue
		}
		for _, v := range a.live.blockLive(c.to[o]) {
			places(v)
		}
		for _, v := range c.edgeArgs(int(o)) {
			places(v)
		}
	}
	for _, m := range r.moves[s.lo:s.hi] {
		if l := m.Dst; l.File == Slot && busyS.has(int(l.Num)) || l.File != Slot && busy.has(l) {
			return false
		}
	}
	if old := r.atEnd[b]; old.lo != old.hi {
		lo := int32(len(r.moves))
		r.moves = append(append(r.moves, r.moves[old.lo:old.hi]...), r.moves[s.lo:s.hi]...)
		s = span{lo, int32(len(r.moves))}
	}
	r.atEnd[b] = s
	for _, m := range r.moves[s.lo:s.hi] {
		if m.Dst.File == Slot {
			f.hoistedS.add(int(m.Dst.Num))
		} else {
			f.hoisted.add(m.Dst)
		}
	}
	return true
}

// has tells that a register of l is in the set.
func (s *RegSet) has(l Loc) bool {
	switch l.File {
	case A, B, In, Out:
		return s[l.File]>>l.Num&1 != 0
	case Both:
		return (s[A]|s[B])>>l.Num&1 != 0
	}
	return false
}
