package regalloc

import "math/bits"

// roomToPass is the number of registers that must be free in a bank before a
// value is copied there for edges to come.
const roomToPass = 4

// passEarly copies values, before the branches of block b, to the registers of
// the parameters they are passed to, if they are passed on again later: the
// edges to come then find them in place.
func (a *Allocator) passEarly(b int32) {
	c := &a.code
	if c.firstEdge[b+1]-c.firstEdge[b] < 2 {
		return
	}
	read := a.branchReads(b)
	first := int32(len(a.res.moves))
	for e := c.firstEdge[b]; e < c.firstEdge[b+1]; e++ {
		t := c.to[e]
		if t <= b || !c.critical(e) {
			continue
		}
		args := c.edgeArgs(int(e))
		lone := 0 // constants to be made for this edge
		for _, v := range args {
			if at := &a.st.places[v]; c.loose[v] && at.reg[A]|at.reg[B] == 0 {
				lone++
			}
		}
		branch := lone <= maxHoist && e != c.fallThrough(b)
		for j, v := range args {
			k := int(c.paramStart[t]) + j
			if a.live.paramNext[k] == never {
				continue
			}
			if c.passed[v] > 1 && a.passedOn(b, e, v) || branch && c.loose[v] {
				a.copyEarly(v, c.params[k], &read)
			}
		}
	}
	if n := int32(len(a.res.moves)); n > first {
		a.res.atEnd[b] = span{first, n}
	}
}

// branchReads returns the registers that the branches of block b read.
func (a *Allocator) branchReads(b int32) RegSet {
	c := &a.code
	var read RegSet
	for i := c.hi[b] - 1; i >= c.lo[b] && c.flags[i]&Branch != 0; i-- {
		for _, l := range a.res.Locs(int(i)) {
			read.add(l)
		}
	}
	return read
}

// passedOn tells that v lives into a successor of b other than by edge e.
func (a *Allocator) passedOn(b, e int32, v VReg) bool {
	c := &a.code
	for o := c.firstEdge[b]; o < c.firstEdge[b+1]; o++ {
		if o != e && a.live.livesInto(v, c.to[o]) {
			return true
		}
	}
	return false
}

// fallThrough returns the edge from b that needs no branch: to the next block
// if there is one, else the first.
func (c *code) fallThrough(b int32) int32 {
	for e := c.firstEdge[b]; e < c.firstEdge[b+1]; e++ {
		if c.to[e] == b+1 {
			return e
		}
	}
	return c.firstEdge[b]
}

// copyEarly copies v to the register of parameter p, if v has none in a bank
// and that one is free.
func (a *Allocator) copyEarly(v, p VReg, read *RegSet) {
	at := &a.st.places[v]
	if at.reg[A] != 0 || at.reg[B] != 0 || a.code.info[v].Pinned || a.code.outOnly(v) {
		return
	}
	l := a.hint.classLoc[a.hint.kin.class(p)]
	if l.File == Both {
		l.File = A
	}
	a.displace(v, p, l, read)
	if l.File == None || (a.free(l.File)&^read[l.File])>>l.Num&1 == 0 {
		o := Operand{V: p, Files: GPRSet}
		var ok bool
		if l, ok = a.pick(&o, *read, None); !ok {
			return
		}
	}
	if bits.OnesCount64(a.free(l.File)) < roomToPass {
		return
	}
	a.move(v, l)
	a.st.put(v, l)
	a.hint.placed(p, l)
}

// displace takes register l from a constant that stood for parameter p so far,
// if v is to stand for it now and sooner.
func (a *Allocator) displace(v, p VReg, l Loc, read *RegSet) {
	if read.has(l) {
		return
	}
	if w := a.standIn(p, l); w != NoVReg && w != v && (!a.code.loose[v] || a.next[w] > a.next[v]) {
		a.st.drop(w, l.File)
	}
}

// standIn returns the constant in register l that stands for the parameter
// that p, or a value like p, is passed to.
func (a *Allocator) standIn(p VReg, l Loc) VReg {
	if l.File != A && l.File != B || a.st.busy[l.File]>>l.Num&1 == 0 {
		return NoVReg
	}
	w := a.st.occ[l.File][l.Num]
	if w == NoVReg || !a.code.loose[w] || a.hint.kin.class(w) != a.hint.kin.class(p) {
		return NoVReg
	}
	return w
}
