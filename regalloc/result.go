package regalloc

// Result is the writing half: where every operand is, and the moves to insert.
// It belongs to the Allocator and is valid until its next Allocate.
type Result struct {
	locs    []Loc   // all operands of all instructions
	opStart []int32 // first operand of instruction i in locs
	removed []bool

	moves     []Move
	before    []span // by instruction
	atStart   []span // by block
	atEnd     []span // by block
	onEdge    []span // by edge
	edgeStart []int32

	slots int
	stats Stats
}

// span is a range of Result.moves.
type span struct{ lo, hi int32 }

// begin makes the result empty for the function in c.
func (r *Result) begin(c *code) {
	n := len(c.flags)
	r.locs, r.opStart, r.removed = grow(r.locs, len(c.ops)), c.opStart, c.removed
	r.moves = r.moves[:0]
	r.before = grow(r.before, n)
	r.atStart, r.atEnd = grow(r.atStart, c.nb), grow(r.atEnd, c.nb)
	r.onEdge, r.edgeStart = grow(r.onEdge, len(c.to)), c.firstEdge
}

// place puts the moves of edge e where they run on that edge only.
func (r *Result) place(c *code, e int32, s span) {
	b, t := c.from[e], c.to[e]
	last := c.hi[b] - 1
	reads := last >= c.lo[b] && c.flags[last]&Branch != 0 && len(c.instOps(last)) > 0
	switch {
	case c.firstEdge[b+1]-c.firstEdge[b] == 1 && !reads:
		r.atEnd[b] = s
	case c.predStart[t+1]-c.predStart[t] == 1:
		r.atStart[t] = s
	default:
		r.onEdge[e] = s
	}
}

// finish computes the figures.
func (r *Result) finish(a *Allocator) {
	c := &a.code
	r.slots, r.stats = 0, Stats{}
	note := func(l Loc) {
		if l.File == Slot {
			r.slots = max(r.slots, int(l.Num)+1)
		}
	}
	count := func(s span, weight int32) {
		for _, m := range r.span(s) {
			cost := 1
			switch {
			case m.Src.File == Remat:
				r.stats.Remats++
				cost = int(c.info[m.V].Remat)
			case m.Dst.File == Slot:
				r.stats.Stores++
				cost = a.slotCost(int(m.Dst.Num))
			case m.Src.File == Slot:
				r.stats.Loads++
				cost = a.slotCost(int(m.Src.Num))
			default:
				r.stats.Moves++
			}
			note(m.Dst)
			r.stats.Cost += cost * int(weight)
		}
	}
	for b := range c.nb {
		count(r.atStart[b], c.weight[b])
		count(r.atEnd[b], c.weight[b])
		for i := c.lo[b]; i < c.hi[b]; i++ {
			count(r.before[i], c.weight[b])
			if c.removed[i] {
				r.stats.Removed++
			}
		}
	}
	for e, b := range c.from {
		count(r.onEdge[e], min(c.weight[b], c.weight[c.to[e]]))
	}
	for k := range c.ops {
		l := r.locs[k]
		note(l)
		switch {
		case l.File == Slot && c.ops[k].Flags&Def == 0:
			r.stats.SlotUses++
		case l.File == Both && c.ops[k].Flags&Def != 0:
			r.stats.Both++
		}
	}
	r.stats.Slots = r.slots
}

// Stats are figures about one allocation.
type Stats struct {
	Moves    int // register moves inserted
	Loads    int // moves from a slot to a register
	Stores   int // moves to a slot
	Remats   int // values created anew
	Removed  int // instructions removed
	Both     int // definitions written to both banks
	Cost     int // sum over inserted moves of block weight times cost
	Slots    int // spill slots used
	SlotUses int // operands read directly from a slot
}

// Locs returns the places of instruction i's operands, in operand order.
func (r *Result) Locs(i int) []Loc { return r.locs[r.opStart[i]:r.opStart[i+1]] }

// Removed tells that instruction i is not needed, and the client drops it: it is
// a copy, or it defines a value that moves create anew wherever it is wanted.
func (r *Result) Removed(i int) bool { return r.removed[i] }

// Before returns the moves to insert right before instruction i; empty when i
// is Glued.
func (r *Result) Before(i int) []Move { return r.span(r.before[i]) }

// AtStart returns the moves to insert at the start of block b, before those of
// its first instruction.
func (r *Result) AtStart(b int) []Move { return r.span(r.atStart[b]) }

// AtEnd returns the moves to insert at the end of block b: before its Branch
// instructions, after the moves before the first of these.
func (r *Result) AtEnd(b int) []Move { return r.span(r.atEnd[b]) }

// OnEdge returns the moves to insert on the edge from block b to its
// successor number s. It is empty unless the edge is critical (b has several
// successors and the successor several predecessors) or b's only branch reads
// operands; then the client makes a block for the moves.
func (r *Result) OnEdge(b, s int) []Move { return r.span(r.onEdge[int(r.edgeStart[b])+s]) }

// Slots returns the number of spill slots used: 0..Slots()-1.
func (r *Result) Slots() int { return r.slots }

// Stats returns figures about the allocation.
func (r *Result) Stats() Stats { return r.stats }

func (r *Result) span(s span) []Move { return r.moves[s.lo:s.hi:s.hi] }
