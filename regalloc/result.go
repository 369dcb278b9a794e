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

// Stats are figures about one allocation.
type Stats struct {
	Moves    int // register moves inserted
	Loads    int // moves from a slot to a register
	Stores   int // moves to a slot
	Remats   int // values created anew
	Removed  int // copies removed
	Both     int // definitions written to both banks
	Cost     int // sum over inserted moves of block weight times cost
	Slots    int // spill slots used
	SlotUses int // operands read directly from a slot
}

// Locs returns the places of instruction i's operands, in operand order.
func (r *Result) Locs(i int) []Loc { return r.locs[r.opStart[i]:r.opStart[i+1]] }

// Removed tells that instruction i is a copy that is not needed: the client
// drops it.
func (r *Result) Removed(i int) bool { return r.removed[i] }

// Before returns the moves to insert right before instruction i; empty when i
// is Glued.
func (r *Result) Before(i int) []Move { return r.span(r.before[i]) }

// AtStart returns the moves to insert before the first instruction of block b
// and the moves before it.
func (r *Result) AtStart(b int) []Move { return r.span(r.atStart[b]) }

// AtEnd returns the moves to insert at the end of block b, before its Branch
// instructions.
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
