package regalloc

import (
	"cmp"
	"slices"
)

// banks decides before the scan which values should be in different banks,
// which in the same, and which in both. It is advice: the scan repairs what
// does not come true.
type banks struct {
	both    []bool // by value: write both banks if possible
	sourced []bool // by value: defined in In or Out, in no bank until moved

	parent []int32 // union-find with parity; node nv stands for bank A
	parity []uint8 // relative to parent: 1 = the other bank
	side   []uint8 // by root: 0 undecided, 1 the root is in bank A, 2 in B
	wishes []wish
	open   []wish // wishes for different banks that did not come true
	degree []int32
}

// wish says that two values should be in different banks, or in the same.
type wish struct {
	u, v   int32
	differ uint8
	weight int32
}

// advise reads the constraints of the function.
func (k *banks) advise(c *code) {
	n := c.nv + 1
	k.both, k.sourced = grow(k.both, c.nv), grow(k.sourced, c.nv)
	k.parent, k.parity, k.side = grow(k.parent, n), grow(k.parity, n), grow(k.side, n)
	k.degree = grow(k.degree, c.nv)
	k.wishes, k.open = k.wishes[:0], k.open[:0]
	for v := range n {
		k.parent[v] = int32(v)
	}
	k.side[c.nv] = 1
	for v := range c.nv {
		f := c.defFile(VReg(v))
		k.sourced[v] = f == In || f == Out
	}
	for b := range c.nb {
		for i := c.lo[b]; i < c.hi[b]; i++ {
			if !c.removed[i] {
				k.collect(c, i, c.weight[b])
			}
		}
	}
	for e, t := range c.to {
		w := min(c.weight[c.from[e]], c.weight[t])
		for j, p := range c.blockParams(int(t)) {
			k.wish(c.edgeArgs(e)[j], p, 0, w)
		}
	}
	slices.SortStableFunc(k.wishes, func(x, y wish) int { return cmp.Compare(y.weight, x.weight) })
	for _, w := range k.wishes {
		if w.differ == 1 && k.doubled(c, w) {
			continue
		}
		ru, pu := k.find(w.u)
		rv, pv := k.find(w.v)
		if ru != rv {
			if k.side[ru] != 0 {
				ru, rv = rv, ru
			}
			k.parent[ru], k.parity[ru] = rv, pu^pv^w.differ
		} else if w.differ == 1 && pu == pv {
			k.open = append(k.open, w)
			k.count(c, w, 1)
		}
	}
	k.cover(c)
}

// defFile returns the file of the register that v's definition must be in, None
// if the allocator chooses.
func (c *code) defFile(v VReg) File {
	d := c.defOp[v]
	if d < 0 {
		return None
	}
	o := &c.ops[d]
	if o.Flags&Tied != 0 {
		o = &c.ops[c.opStart[c.defInst[v]]+int32(o.Tie)]
	}
	if o.Flags&Fixed != 0 {
		return o.Loc.File
	}
	switch o.Files {
	case InSet:
		return In
	case OutSet:
		return Out
	}
	return None
}

// collect adds the wishes of instruction i.
func (k *banks) collect(c *code, i, weight int32) {
	ops := c.instOps(i)
	for x := range ops {
		o := &ops[x]
		if o.V == NoVReg {
			continue
		}
		k.place(c, o, weight)
		if o.Flags&Tied != 0 {
			k.wish(ops[o.Tie].V, o.V, 0, weight)
		}
		if o.Flags&(Def|Paired) != Paired {
			continue
		}
		for y := range x {
			p := &ops[y]
			if p.Flags&(Def|Paired) != Paired {
				continue
			}
			if p.V == o.V {
				k.both[o.V] = k.both[o.V] || k.canBoth(c, o.V)
			} else {
				k.wish(p.V, o.V, 1, weight)
			}
		}
	}
}

// place adds the wish of an operand that takes one bank only.
func (k *banks) place(c *code, o *Operand, weight int32) {
	f := None
	switch {
	case o.Flags&Fixed != 0:
		f = o.Loc.File
	case o.Flags&Tied != 0:
	case o.Files&AnySource == ASet:
		f = A
	case o.Files&AnySource == BSet:
		f = B
	}
	switch f {
	case A:
		k.wish(o.V, VReg(c.nv), 0, weight)
	case B:
		k.wish(o.V, VReg(c.nv), 1, weight)
	case Both:
		k.both[o.V] = k.both[o.V] || k.canBoth(c, o.V)
	}
}

func (k *banks) wish(u, v VReg, differ uint8, weight int32) {
	for _, x := range [2]VReg{u, v} {
		if int(x) < len(k.sourced) && k.sourced[x] {
			return
		}
	}
	k.wishes = append(k.wishes, wish{int32(u), int32(v), differ, weight})
}

// canBoth tells that v's definition can write both banks.
func (k *banks) canBoth(c *code, v VReg) bool {
	d := c.defOp[v]
	if d < 0 {
		return true
	}
	return c.ops[d].Files&BothSet != 0 || c.ops[d].Flags&Fixed != 0 && c.ops[d].Loc.File == Both
}

func (k *banks) doubled(c *code, w wish) bool {
	return int(w.u) < c.nv && k.both[w.u] || int(w.v) < c.nv && k.both[w.v]
}

// count adds d to the number of open wishes of both values.
func (k *banks) count(c *code, w wish, d int32) {
	for _, x := range [2]int32{w.u, w.v} {
		if int(x) < c.nv {
			k.degree[x] += d
		}
	}
}

// cover writes values to both banks until no open wish is left that this can
// grant, those with the most open wishes first.
func (k *banks) cover(c *code) {
	for _, w := range k.open {
		if k.doubled(c, w) {
			continue
		}
		best := int32(-1)
		for _, x := range [2]int32{w.u, w.v} {
			if int(x) < c.nv && k.canBoth(c, VReg(x)) && (best < 0 || k.degree[x] > k.degree[best]) {
				best = x
			}
		}
		if best >= 0 {
			k.both[best] = true
		}
	}
}

// find returns the root of v and v's parity relative to it.
func (k *banks) find(v int32) (int32, uint8) {
	r, p := v, uint8(0)
	for k.parent[r] != r {
		p ^= k.parity[r]
		r = k.parent[r]
	}
	for q := p; k.parent[v] != r && v != r; {
		next, step := k.parent[v], k.parity[v]
		k.parent[v], k.parity[v] = r, q
		q ^= step
		v = next
	}
	return r, p
}

// wanted returns the bank that v should be in, None if that is open.
func (k *banks) wanted(v VReg) File {
	r, p := k.find(int32(v))
	switch {
	case k.side[r] == 0:
		return None
	case (k.side[r] == 1) == (p == 0):
		return A
	default:
		return B
	}
}

// settle fixes the side of v's class now that v is in bank f.
func (k *banks) settle(v VReg, f File) {
	r, p := k.find(int32(v))
	if k.side[r] != 0 {
		return
	}
	k.side[r] = 1
	if (f == A) == (p == 1) {
		k.side[r] = 2
	}
}
