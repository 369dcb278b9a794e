package regalloc

import (
	"fmt"
	"slices"
)

// never is the next use of a value that is not used again. Positions are
// instruction numbers; what lies beyond the block is the block's end plus a
// distance in instructions.
const never = int32(1) << 30

// leaveLoop is added to the distance across an edge to a block that runs much
// less often: what is used only there is the better one to give up here.
const leaveLoop = 1000

// liveness says for each block which values live into it and how far their
// next use is, and for each operand where its value is used next.
type liveness struct {
	start     []int32 // by block, nb+1 long, into value and dist
	value     []VReg
	dist      []int32  // from the start of the block to the next use
	first     []int32  // position of the first use in the block, or never
	after     []int32  // by operand: position of the next use of its value
	paramNext []int32  // parallel to code.params: position of the first use
	cross     []RegSet // by value: registers that are lost at some point of its life

	expV, expB []int32 // upward exposed uses, in pairs
	byV        []int32 // expB sorted by value
	vStart     []int32
	pairB      []int32 // live-in pairs, by value
	pairV      []VReg
	seen       []int32 // by value or block: last user of the mark
	stack      []int32
	fill       []int32

	next  []int32 // by value: next use while walking backward
	posIn []int32 // by value: 1 + index in live, 0 when absent
	live  []VReg
}

// find computes live-in sets: each use is followed up to its definition.
func (l *liveness) find(c *code) error {
	if err := l.exposed(c); err != nil {
		return err
	}
	l.pairB, l.pairV = l.pairB[:0], l.pairV[:0]
	l.seen = grow(l.seen, max(c.nb, c.nv))
	l.start = grow(l.start, c.nb+1)
	for v := range c.nv {
		d := c.defBlock(VReg(v))
		l.stack = l.stack[:0]
		mark := func(b int32) {
			if l.seen[b] != int32(v)+1 {
				l.seen[b] = int32(v) + 1
				l.stack = append(l.stack, b)
				l.pairB, l.pairV = append(l.pairB, b), append(l.pairV, VReg(v))
				l.start[b+1]++
			}
		}
		for _, b := range l.byV[l.vStart[v]:l.vStart[v+1]] {
			mark(b)
		}
		for len(l.stack) > 0 {
			b := l.stack[len(l.stack)-1]
			l.stack = l.stack[:len(l.stack)-1]
			if b == 0 && c.loose[v] {
				continue
			}
			if b == 0 {
				return fmt.Errorf("regalloc: v%d is used where its definition does not reach", v)
			}
			for _, e := range c.blockPreds(int(b)) {
				if p := c.from[e]; p != d {
					mark(p)
				}
			}
		}
	}
	for b := range c.nb {
		l.start[b+1] += l.start[b]
	}
	n := len(l.pairB)
	l.value, l.dist, l.first = grow(l.value, n), grow(l.dist, n), grow(l.first, n)
	l.fill = grow(l.fill, c.nb)
	for k, b := range l.pairB {
		l.value[l.start[b]+l.fill[b]] = l.pairV[k]
		l.fill[b]++
	}
	return nil
}

// exposed lists the blocks that use a value before they define it, by value.
func (l *liveness) exposed(c *code) error {
	l.expV, l.expB = l.expV[:0], l.expB[:0]
	l.seen = grow(l.seen, max(c.nb, c.nv))
	l.vStart = grow(l.vStart, c.nv+1)
	use := func(v VReg, b int32, pos int32) error {
		d := c.defBlock(v)
		if d < 0 && !c.loose[v] {
			return fmt.Errorf("regalloc: v%d is used in block %d, but never defined", v, b)
		}
		if d == b {
			if c.defInst[v] >= pos {
				return fmt.Errorf("regalloc: v%d is used by instruction %d before it is defined", v, pos)
			}
			return nil
		}
		if l.seen[v] != b+1 {
			l.seen[v] = b + 1
			l.expV, l.expB = append(l.expV, int32(v)), append(l.expB, b)
			l.vStart[v+1]++
		}
		return nil
	}
	for b := int32(0); b < int32(c.nb); b++ {
		for i := c.lo[b]; i < c.hi[b]; i++ {
			if c.removed[i] {
				continue
			}
			for k := range c.instOps(i) {
				o := &c.ops[c.opStart[i]+int32(k)]
				if o.Flags&Def == 0 {
					if err := use(o.V, b, i); err != nil {
						return err
					}
				}
			}
		}
		for e := c.firstEdge[b]; e < c.firstEdge[b+1]; e++ {
			for _, v := range c.edgeArgs(int(e)) {
				if err := use(v, b, c.hi[b]); err != nil {
					return err
				}
			}
		}
	}
	for v := range c.nv {
		l.vStart[v+1] += l.vStart[v]
	}
	l.byV = grow(l.byV, len(l.expV))
	l.fill = grow(l.fill, c.nv)
	for k, v := range l.expV {
		l.byV[l.vStart[v]+l.fill[v]] = l.expB[k]
		l.fill[v]++
	}
	return nil
}

// defBlock returns the block that defines v, -1 if none does.
func (c *code) defBlock(v VReg) int32 {
	switch d := c.defInst[v]; {
	case c.defOp[v] == -2 || c.loose[v]:
		return -1
	case d < 0:
		return -1 - d
	default:
		return c.blockOf[d]
	}
}

// blockLive returns the values that live into block b.
func (l *liveness) blockLive(b int32) []VReg { return l.value[l.start[b]:l.start[b+1]] }

// livesInto tells that v lives into block b.
func (l *liveness) livesInto(v VReg, b int32) bool {
	_, ok := slices.BinarySearch(l.blockLive(b), v)
	return ok
}

// enterEnd sets next and live to what is live at the end of block b.
func (l *liveness) enterEnd(c *code, b int32) {
	for _, v := range l.live {
		l.posIn[v], l.next[v] = 0, never
	}
	l.live = l.live[:0]
	for e := c.firstEdge[b]; e < c.firstEdge[b+1]; e++ {
		t := c.to[e]
		extra := int32(0)
		if c.weight[t]*4 <= c.weight[b] {
			extra = leaveLoop
		}
		for k := l.start[t]; k < l.start[t+1]; k++ {
			l.use(l.value[k], min(never-1, c.hi[b]+l.dist[k]+extra))
		}
		for _, v := range c.edgeArgs(int(e)) {
			l.use(v, c.hi[b]+extra)
		}
	}
}

// use notes a use of v at pos, keeping the nearest.
func (l *liveness) use(v VReg, pos int32) {
	if l.posIn[v] == 0 {
		l.live = append(l.live, v)
		l.posIn[v] = int32(len(l.live))
		l.next[v] = pos
	} else if pos < l.next[v] {
		l.next[v] = pos
	}
}

// kill notes the definition of v.
func (l *liveness) kill(v VReg) {
	p := l.posIn[v]
	if p == 0 {
		return
	}
	last := l.live[len(l.live)-1]
	l.live[p-1], l.posIn[last] = last, p
	l.live = l.live[:len(l.live)-1]
	l.posIn[v], l.next[v] = 0, never
}

// measure computes the distances, what follows each operand, and the
// registers that are lost during each value's life.
func (l *liveness) measure(c *code) {
	l.next, l.posIn, l.live = grow(l.next, c.nv), grow(l.posIn, c.nv), l.live[:0]
	l.after = grow(l.after, len(c.ops))
	l.paramNext = grow(l.paramNext, len(c.params))
	l.cross = grow(l.cross, c.nv)
	for v := range l.next {
		l.next[v] = never
	}
	for k := range l.dist {
		l.dist[k] = never / 2
	}
	for range 3 {
		for b := int32(c.nb) - 1; b >= 0; b-- {
			l.enterEnd(c, b)
			l.walk(c, b)
			for k := l.start[b]; k < l.start[b+1]; k++ {
				l.dist[k] = min(l.next[l.value[k]]-c.lo[b], never/2)
			}
		}
	}
}

// walk goes backward through block b from the state that enterEnd made.
func (l *liveness) walk(c *code, b int32) {
	for i := c.hi[b] - 1; i >= c.lo[b]; i-- {
		if c.removed[i] {
			continue
		}
		ops := c.instOps(i)
		lost, any := RegSet{}, false
		if s := c.clobber[i]; s != nil {
			lost, any = *s, true
		}
		for k := range ops {
			o := &ops[k]
			if o.Flags&Fixed != 0 {
				lost.add(o.Loc)
				any = true
			}
			if o.Flags&Def != 0 && o.V != NoVReg {
				l.after[c.opStart[i]+int32(k)] = l.next[o.V]
				l.kill(o.V)
			}
		}
		if any {
			for _, v := range l.live {
				for f := range l.cross[v] {
					l.cross[v][f] |= lost[f]
				}
			}
		}
		for k := len(ops) - 1; k >= 0; k-- {
			if o := &ops[k]; o.Flags&Def == 0 {
				l.after[c.opStart[i]+int32(k)] = l.next[o.V]
				l.use(o.V, i)
			}
		}
	}
	for k := c.paramStart[b]; k < c.paramStart[b+1]; k++ {
		l.paramNext[k] = l.next[c.params[k]]
		l.kill(c.params[k])
	}
}

// add adds the registers of l to the set.
func (s *RegSet) add(l Loc) {
	switch l.File {
	case A, B, In, Out:
		s[l.File] |= 1 << l.Num
	case Both:
		s[A] |= 1 << l.Num
		s[B] |= 1 << l.Num
	}
}
