package regalloc

import (
	"cmp"
	"slices"
)

// unify makes one value of the constants that are equal and passed to the same
// parameters on several edges, and drops their definitions. Where the value is wanted first, the
// scan creates it, and may then find it in place on many edges.
func (c *code) unify() {
	c.loose, c.cands = grow(c.loose, c.nv), c.cands[:0]
	c.passed = grow(c.passed, c.nv)
	for _, v := range c.args {
		c.passed[v]++
	}
	if len(c.args) == 0 {
		return
	}
	c.kin.reset(c.nv)
	for e, t := range c.to {
		args := c.edgeArgs(e)
		for j, p := range c.blockParams(int(t)) {
			c.kin.join(args[j], p)
		}
	}
	for v := range c.nv {
		if c.passed[v] > 0 && c.info[v].Key != 0 && c.removable(VReg(v)) {
			c.loose[v] = true
		}
	}
	for k := range c.ops {
		if o := &c.ops[k]; o.Flags&Def == 0 {
			c.loose[o.V] = false
		}
	}
	for v, ok := range c.loose {
		if ok {
			c.cands = append(c.cands, constant{c.info[v].Key, c.kin.class(VReg(v)), VReg(v)})
		}
	}
	slices.SortFunc(c.cands, func(x, y constant) int {
		return cmp.Or(cmp.Compare(x.class, y.class), cmp.Compare(x.key, y.key), cmp.Compare(x.v, y.v))
	})
	room := maxLoose / c.nb
	for lo := 0; lo < len(c.cands); {
		hi, passed := lo, int32(0)
		for hi < len(c.cands) && c.cands[hi].class == c.cands[lo].class && c.cands[hi].key == c.cands[lo].key {
			passed += c.passed[c.cands[hi].v]
			hi++
		}
		same := c.cands[lo:hi]
		lo = hi
		for _, x := range same {
			c.loose[x.v] = passed > 1 && room > 0
		}
		if passed < 2 || room == 0 {
			continue
		}
		room--
		for _, x := range same {
			c.removed[c.defInst[x.v]] = true
			c.root[x.v] = same[0].v
		}
		c.passed[same[0].v] = passed
	}
	for k, v := range c.args {
		if c.loose[v] {
			c.args[k] = c.root[v]
		}
	}
	for _, x := range c.cands {
		if c.loose[x.v] {
			c.defOp[x.v] = looseDef
		}
	}
}

// maxLoose bounds the number of constants that live from the entry on, times
// the number of blocks.
const maxLoose = 1 << 20

// constant is a value that unify may join with others.
type constant struct {
	key   uint64
	class int32
	v     VReg
}

// looseDef is the defining operand of a value that is never defined, but
// created where it is wanted.
const looseDef = -3

// removable tells that v can be created anew and that its definition is an
// instruction with nothing else to it.
func (c *code) removable(v VReg) bool {
	d := c.defOp[v]
	if c.info[v].Remat == 0 || c.info[v].Pinned || d < 0 || c.ops[d].Flags != Def {
		return false
	}
	i := c.defInst[v]
	alone := c.flags[i] == 0 && c.clobber[i] == nil && c.opStart[i+1]-c.opStart[i] == 1
	glued := int(i)+1 < len(c.flags) && c.flags[i+1]&Glued != 0
	return alone && !glued && !c.removed[i]
}

// classes is a union-find over values.
type classes struct{ parent []int32 }

func (k *classes) reset(n int) {
	k.parent = grow(k.parent, n)
	for v := range k.parent {
		k.parent[v] = int32(v)
	}
}

func (k *classes) class(v VReg) int32 {
	r := int32(v)
	for k.parent[r] != r {
		k.parent[r] = k.parent[k.parent[r]]
		r = k.parent[r]
	}
	return r
}

func (k *classes) join(u, v VReg) { k.parent[k.class(u)] = k.class(v) }
