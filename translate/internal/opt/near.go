package opt

import "github.com/skipsw/skipsw/translate/internal/ssa"

// nearValues is the loads of map values that lookups return. A lookup reads the first
// words of a value with its entry, so that a load that sees memory as the call has left it
// need not read them again.
type nearValues struct {
	f     *ssa.Func
	of    map[ssa.ID]ssa.ID // Call by Load
	found map[ssa.ID]*group // words of the value by Call
	again map[[2]ssa.BlockID]bool
}

func newNearValues(f *ssa.Func) *nearValues {
	return &nearValues{f: f, of: map[ssa.ID]ssa.ID{}, found: map[ssa.ID]*group{}, again: map[[2]ssa.BlockID]bool{}}
}

// serve returns the lookup that returns the bytes of a load, 0 if none does. A load that
// is repeated after one lookup may wait for somebody to write: it goes to memory.
func (n *nearValues) serve(vs *versions, id ssa.ID, a bytesOf) ssa.ID {
	f, low := n.f, n.f.V(a.base[0])
	if vs.space != ssa.MapValue || f.Acquires || low.Op != ssa.Result || low.Imm != 0 {
		return 0
	}
	call := low.Args[0]
	end := int64(a.lo) + int64(a.n)
	if a.lo < 0 || end > 4*int64(f.Site(f.V(call)).Near.Words) || !vs.same(a, vs.at[id], vs.made[call]) || n.repeats(f.V(id).Block, f.V(call).Block) {
		return 0
	}
	g := n.found[call]
	if g == nil {
		g = &group{order: ssa.Little}
		n.found[call] = g
	}
	g.hi = max(g.hi, int32(end))
	n.of[id] = call
	return call
}

// repeats reports whether a way leads from the end of a block back to it that does not
// pass another.
func (n *nearValues) repeats(b, without ssa.BlockID) bool {
	key := [2]ssa.BlockID{b, without}
	if known, ok := n.again[key]; ok || b == without {
		return known
	}
	seen, todo := map[ssa.BlockID]bool{without: true}, []ssa.BlockID{b}
	for len(todo) > 0 && !seen[b] {
		from := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, e := range n.f.B(from).Term.Succs {
			if !seen[e.To] {
				seen[e.To] = true
				todo = append(todo, e.To)
			}
		}
	}
	n.again[key] = seen[b]
	return seen[b]
}

// emitNear makes the words of a value that a call returns. Those that nothing takes
// go away as dead.
func (g *group) emitNear(m *ssa.Maker, call ssa.ID) {
	for k := range int(g.hi+3) / 4 {
		g.words = append(g.words, m.Result(call, ssa.ResultValue+k))
	}
}
