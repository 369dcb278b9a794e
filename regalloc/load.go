package regalloc

import "fmt"

// code is the function in flat arrays, read once from a Function. Values that
// are plain copies of others stand under the name of what they copy.
type code struct {
	nv, nb int

	info    []VRegInfo
	defInst []int32 // by value: defining instruction, or -1-block for a parameter
	defOp   []int32 // by value: defining operand, -1 for a parameter
	root    []VReg  // by value: what it is a copy of, or itself

	ops     []Operand
	tie     []int32 // by operand: 1 + the definition tied to it, 0 if none
	opStart []int32
	flags   []InstrFlags
	clobber []*RegSet
	removed []bool

	kin    classes // parameters and what is passed to them
	loose  []bool  // by value: never defined, created where it is wanted
	passed []int32 // by value: edges that pass it on
	cands  []constant

	lo, hi     []int32 // by block
	weight     []int32
	firstEdge  []int32 // by block, nb+1 long
	paramStart []int32 // by block, nb+1 long
	params     []VReg
	from, to   []int32 // by edge
	argStart   []int32 // by edge, edges+1 long
	args       []VReg
	predStart  []int32 // by block, nb+1 long
	preds      []int32 // edges, by target block
	blockOf    []int32 // by instruction
	fill       []int32 // scratch of the counting sort
}

// grow returns s with length n, zeroed, in the same memory if it is enough.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	s = s[:n]
	clear(s)
	return s
}

// load reads f and checks the rules of Function.
func (c *code) load(f Function) error {
	c.nv, c.nb = f.NumVRegs(), f.NumBlocks()
	if c.nb < 1 {
		return fmt.Errorf("regalloc: the function has no block")
	}
	c.info = grow(c.info, c.nv)
	c.defInst = grow(c.defInst, c.nv)
	c.defOp = grow(c.defOp, c.nv)
	c.root = grow(c.root, c.nv)
	for v := range c.nv {
		c.info[v] = f.VReg(VReg(v))
		c.root[v] = VReg(v)
		c.defOp[v] = -2
	}
	if err := c.loadBlocks(f); err != nil {
		return err
	}
	if err := c.loadInstrs(f); err != nil {
		return err
	}
	if err := c.checkOut(); err != nil {
		return err
	}
	c.removeCopies()
	c.unify()
	return nil
}

// checkOut checks that values defined in Out are read there and nowhere else.
func (c *code) checkOut() error {
	for k := range c.ops {
		o := &c.ops[k]
		if o.Flags&Def == 0 && c.defOp[o.V] >= 0 && c.outOnly(o.V) && !readsOut(o) {
			return fmt.Errorf("regalloc: v%d is defined in Out, but read by an operand that is not", o.V)
		}
	}
	for _, v := range c.args {
		if c.outOnly(v) {
			return fmt.Errorf("regalloc: v%d is defined in Out, but passed to a parameter", v)
		}
	}
	return nil
}

func (c *code) loadBlocks(f Function) error {
	c.lo, c.hi = grow(c.lo, c.nb), grow(c.hi, c.nb)
	c.weight = grow(c.weight, c.nb)
	c.firstEdge = grow(c.firstEdge, c.nb+1)
	c.paramStart = grow(c.paramStart, c.nb+1)
	c.predStart = grow(c.predStart, c.nb+1)
	c.params, c.args = c.params[:0], c.args[:0]
	c.from, c.to, c.argStart = c.from[:0], c.to[:0], c.argStart[:0]
	at := 0
	for b := range c.nb {
		lo, hi := f.Instrs(b)
		if lo != at || hi < lo {
			return fmt.Errorf("regalloc: block %d has instructions %d..%d, but the blocks before it end at %d", b, lo, hi, at)
		}
		at = hi
		c.lo[b], c.hi[b] = int32(lo), int32(hi)
		c.weight[b] = int32(max(1, min(f.Weight(b), 1<<20)))
		c.firstEdge[b] = int32(len(c.to))
		for s, t := range f.Succs(b) {
			if t <= 0 || t >= c.nb {
				return fmt.Errorf("regalloc: block %d has successor %d: want 1..%d, the entry has no predecessor", b, t, c.nb-1)
			}
			c.from, c.to = append(c.from, int32(b)), append(c.to, int32(t))
			c.argStart = append(c.argStart, int32(len(c.args)))
			c.args = append(c.args, f.Args(b, s)...)
			c.predStart[t+1]++
		}
		c.paramStart[b] = int32(len(c.params))
		c.params = append(c.params, f.Params(b)...)
		for _, v := range c.params[c.paramStart[b]:] {
			if err := c.define(v, -1-int32(b), -1); err != nil {
				return err
			}
		}
	}
	c.firstEdge[c.nb], c.paramStart[c.nb] = int32(len(c.to)), int32(len(c.params))
	c.argStart = append(c.argStart, int32(len(c.args)))
	if c.paramStart[1] != 0 {
		return fmt.Errorf("regalloc: the entry block has parameters")
	}
	for b := range c.nb {
		if b > 0 && c.predStart[b+1] == 0 {
			return fmt.Errorf("regalloc: block %d has no predecessor", b)
		}
		c.predStart[b+1] += c.predStart[b]
	}
	c.preds, c.fill = grow(c.preds, len(c.to)), grow(c.fill, c.nb)
	for e, t := range c.to {
		c.preds[c.predStart[t]+c.fill[t]] = int32(e)
		c.fill[t]++
	}
	return c.checkEdges()
}

// checkEdges checks the order of the blocks and what is passed along the edges.
func (c *code) checkEdges() error {
	for e, t := range c.to {
		args, params := c.edgeArgs(e), c.blockParams(int(t))
		if len(args) != len(params) {
			return fmt.Errorf("regalloc: edge from block %d to %d passes %d values to %d parameters", c.from[e], t, len(args), len(params))
		}
		for _, v := range args {
			if int(v) >= c.nv {
				return fmt.Errorf("regalloc: edge from block %d to %d passes v%d, there are %d", c.from[e], t, v, c.nv)
			}
		}
	}
	for b := 1; b < c.nb; b++ {
		ok := false
		for _, e := range c.blockPreds(b) {
			ok = ok || int(c.from[e]) < b
		}
		if !ok {
			return fmt.Errorf("regalloc: block %d comes before all its predecessors: blocks must be in reverse postorder", b)
		}
	}
	return nil
}

func (c *code) edgeArgs(e int) []VReg     { return c.args[c.argStart[e]:c.argStart[e+1]] }
func (c *code) blockParams(b int) []VReg  { return c.params[c.paramStart[b]:c.paramStart[b+1]] }
func (c *code) blockPreds(b int) []int32  { return c.preds[c.predStart[b]:c.predStart[b+1]] }
func (c *code) instOps(i int32) []Operand { return c.ops[c.opStart[i]:c.opStart[i+1]] }

func (c *code) define(v VReg, inst, op int32) error {
	if int(v) >= c.nv {
		return fmt.Errorf("regalloc: v%d is defined, but there are only %d virtual registers", v, c.nv)
	}
	if c.defOp[v] != -2 {
		return fmt.Errorf("regalloc: v%d is defined twice", v)
	}
	c.defInst[v], c.defOp[v] = inst, op
	return nil
}

func (c *code) loadInstrs(f Function) error {
	n := int(c.hi[c.nb-1])
	c.opStart = grow(c.opStart, n+1)
	c.flags = grow(c.flags, n)
	c.clobber = grow(c.clobber, n)
	c.removed = grow(c.removed, n)
	c.blockOf = grow(c.blockOf, n)
	c.ops = c.ops[:0]
	for b := range c.nb {
		branch := false
		for i := c.lo[b]; i < c.hi[b]; i++ {
			info := f.Instr(int(i))
			c.flags[i], c.clobber[i], c.blockOf[i] = info.Flags, info.Clobbers, int32(b)
			if info.Flags&Branch != 0 {
				if branch {
					c.flags[i] |= Glued
				}
				branch = true
			} else if branch {
				return fmt.Errorf("regalloc: instruction %d follows a branch of block %d", i, b)
			}
			if info.Flags&Glued != 0 && i == c.lo[b] {
				return fmt.Errorf("regalloc: instruction %d is glued, but the first of block %d", i, b)
			}
			c.opStart[i] = int32(len(c.ops))
			c.ops = append(c.ops, f.Operands(int(i))...)
			if err := c.checkOperands(i, c.ops[c.opStart[i]:]); err != nil {
				return err
			}
		}
	}
	c.opStart[n] = int32(len(c.ops))
	c.tie = grow(c.tie, len(c.ops))
	for i := range c.flags {
		for k := c.opStart[i]; k < c.opStart[i+1]; k++ {
			if o := &c.ops[k]; o.Flags&Tied != 0 {
				c.tie[c.opStart[i]+int32(o.Tie)] = k + 1
			}
		}
	}
	return nil
}

func (c *code) checkOperands(i int32, ops []Operand) error {
	bad := func(k int, format string, args ...any) error {
		return fmt.Errorf("regalloc: instruction %d, operand %d: %s", i, k, fmt.Sprintf(format, args...))
	}
	for k := range ops {
		o := &ops[k]
		def := o.Flags&Def != 0
		if int(o.V) >= c.nv && (o.V != NoVReg || !def || o.Group == 0) {
			return bad(k, "v%d, but there are only %d virtual registers", o.V, c.nv)
		}
		if !def && o.Flags&(Early|Tied) != 0 {
			return bad(k, "Early or Tied on an operand that is read")
		}
		if def && c.flags[i]&Branch != 0 {
			return bad(k, "a branch defines a value")
		}
		if def && o.V != NoVReg {
			if err := c.define(o.V, i, c.opStart[i]+int32(k)); err != nil {
				return err
			}
		}
		switch {
		case o.Flags&Fixed != 0:
			l := o.Loc
			ok := l.Num < 64 && (l.File == A || l.File == B || l.File == Both || l.File == In && def || l.File == Out && !def)
			if !ok || o.Flags&Tied != 0 || o.Group != 0 {
				return bad(k, "not supported: fixed in file %d number %d, because only single registers in A, B, Both, In (written) and Out (read) can be", l.File, l.Num)
			}
		case o.Flags&Tied != 0:
			if o.Group != 0 {
				return bad(k, "not supported: tied and in a group, because one decides the place")
			}
			if int(o.Tie) >= len(ops) || ops[o.Tie].Flags&Def != 0 {
				return bad(k, "tied to operand %d, which is not read", o.Tie)
			}
			for j := range k {
				if ops[j].Flags&Tied != 0 && ops[j].Tie == o.Tie {
					return bad(k, "tied to operand %d, as operand %d is", o.Tie, j)
				}
			}
		case o.Group != 0:
			if def && o.Files != InSet || !def && o.Files != OutSet {
				return bad(k, "not supported: a group in files %#x, because groups are In (written) or Out (read)", o.Files)
			}
		case o.Files == 0:
			return bad(k, "no file is allowed")
		case !def && o.Files&OutSet != 0 && o.Files != OutSet:
			return bad(k, "not supported: Out beside other files, because no register can be both")
		case def && o.Files&InSet != 0 && o.Files != InSet:
			return bad(k, "not supported: In beside other files for a definition")
		}
	}
	return nil
}

// removeCopies finds the copies whose result can stand under the name of
// their source everywhere, which SSA form makes right.
func (c *code) removeCopies() {
	for i := range c.flags {
		if c.flags[i]&Copy == 0 || c.flags[i]&Glued != 0 || i+1 < len(c.flags) && c.flags[i+1]&Glued != 0 {
			continue
		}
		ops := c.instOps(int32(i))
		if len(ops) != 2 || ops[0].Flags != Def || ops[1].Flags&^Paired != 0 || ops[0].Group != 0 || ops[1].Group != 0 || c.clobber[i] != nil {
			continue
		}
		d, s := ops[0].V, ops[1].V
		if c.info[d].Pinned || c.info[s].Pinned || ops[1].Files == OutSet || ops[0].Files == InSet || c.outOnly(c.root[s]) {
			continue
		}
		c.root[d] = c.root[s]
		c.removed[i] = true
	}
	find := func(v VReg) VReg {
		r := v
		for c.root[r] != r {
			r = c.root[r]
		}
		c.root[v] = r
		return r
	}
	for k := range c.ops {
		if o := &c.ops[k]; o.V != NoVReg && o.Flags&Def == 0 {
			o.V = find(o.V)
		}
	}
	for k, v := range c.args {
		c.args[k] = find(v)
	}
}

// outOnly tells that v is defined in an Out register and nowhere else.
func (c *code) outOnly(v VReg) bool {
	d := c.defOp[v]
	if d < 0 {
		return false
	}
	o := &c.ops[d]
	if o.Flags&Tied != 0 {
		t := c.opStart[c.defInst[v]] + int32(o.Tie)
		return c.ops[t].Files == OutSet || c.ops[t].Flags&Fixed != 0 && c.ops[t].Loc.File == Out
	}
	return o.Flags&Fixed == 0 && o.Files == OutSet
}
