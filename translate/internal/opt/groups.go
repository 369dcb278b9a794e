package opt

import (
	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// maxGroup is the number of bytes that one command reads at most for loads of
// several blocks. Bytes of later loads are read at the first one, possibly behind
// a packet's end; this bounds how far. A word that nobody wants costs a cycle or
// two, another command a hundred.
const maxGroup = shortCommand

// group is a set of loads that one memory command serves, issued at the first.
type group struct {
	leader  ssa.ID
	members []ssa.ID
	base    [2]ssa.ID
	lo, hi  int32 // bytes that the loads want
	start   int32 // first byte of the command
	order   ssa.Order
	words   []ssa.ID // Word values by number, once the command has been made
	exact   bool     // reads its bytes and no more, first byte highest
}

// plan says how each load is served.
type plan struct {
	max     int32 // bytes of a command
	run     *pass.Run
	groups  []*group
	of      map[ssa.ID]*group
	forward map[ssa.ID]ssa.ID // loads of bytes that a store has just written
	near    *nearValues
}

// planLoads sorts loads into groups. A load joins a group if it has the same
// address but for a constant, comes after the group's first load on every path,
// and no store to its bytes lies between.
func planLoads(f *ssa.Func, c commands) *plan {
	p := &plan{run: c.run, max: c.read, of: map[ssa.ID]*group{}, forward: map[ssa.ID]ssa.ID{}, near: newNearValues(f)}
	merge := c.run.On(mergeLoads.Name)
	order := f.RPO()
	dom := f.Dominators(order)
	versions := map[ssa.Space]*versions{}
	for _, s := range []ssa.Space{ssa.Packet, ssa.MapValue, ssa.Fragment} {
		versions[s] = findVersions(f, s)
	}
	byBase := map[[2]ssa.ID][]*group{}
	for _, b := range order {
		for _, id := range f.B(b).Values {
			v := f.V(id)
			if v.Op != ssa.Load {
				continue
			}
			a, vs := access(v), versions[v.Space]
			if merge && !v.Exact {
				if st := vs.source(a, vs.at[id]); st != 0 {
					p.forward[id] = st
					p.remark(f, id, st, "taken from the register that was stored, without a read", "")
					continue
				}
				if c.run.On(NearValues.Name) {
					if call := p.near.serve(vs, id, a); call != 0 {
						p.remarkNear(f, id, call)
						continue
					}
				}
				if g := p.join(f, dom, vs, byBase[a.base], id, a); g != nil {
					p.remarkJoined(f, g, id)
					continue
				}
				p.remarkAlone(f, dom, vs, byBase[a.base], id, a)
			}
			g := &group{leader: id, members: []ssa.ID{id}, base: a.base, lo: a.lo, hi: a.lo + a.n}
			p.groups = append(p.groups, g)
			p.of[id] = g
			if !v.Exact {
				byBase[a.base] = append(byBase[a.base], g)
			}
		}
	}
	uses := usesOf(f)
	for _, g := range p.groups {
		g.shape(f, uses, p.max)
	}
	return p
}

// join adds a load to a group that it fits: the latest that has its bytes, or
// else the latest.
func (p *plan) join(f *ssa.Func, dom *ssa.Dom, vs *versions, list []*group, id ssa.ID, a bytesOf) *group {
	b := f.V(id).Block
	var found *group
	for k := len(list) - 1; k >= 0; k-- {
		g := list[k]
		lead := f.V(g.leader)
		first, end := g.with(a)
		switch {
		case lead.Space != f.V(id).Space || lead.Aux != f.V(id).Aux:
		case g.moved(f, first, end) > int64(p.most(lead, f.V(id))):
		case lead.Space == ssa.MapValue && (lead.Block != b || !mapAligned(f, g.base[0]) && !readable(end-first)):
			// Bytes of a map value may only be read where they are proven to be
			// there. What lies between two of them is.
		case !dom.Dominates(lead.Block, b):
		case !vs.same(a, vs.at[id], vs.at[g.leader]):
		case first == 0 && end == int64(g.hi-g.lo):
			return p.add(g, id, first, end)
		case found == nil:
			found = g
		}
	}
	if found != nil {
		first, end := found.with(a)
		p.add(found, id, first, end)
	}
	return found
}

// most returns the number of bytes that one command reads at most for two loads.
func (p *plan) most(x, y *ssa.Value) int32 {
	if x.Block == y.Block {
		return p.max
	}
	return min(p.max, maxGroup)
}

// add makes a load a member of a group, whose bytes are then those from first to
// end, counted from its first byte.
func (p *plan) add(g *group, id ssa.ID, first, end int64) *group {
	g.lo, g.hi = g.lo+int32(first), g.lo+int32(end)
	g.members = append(g.members, id)
	p.of[id] = g
	return g
}

// with returns the first byte and the end of the group's bytes together with
// those of a load, counted from the group's first byte.
func (g *group) with(a bytesOf) (first, end int64) {
	at := int64(a.lo - g.lo)
	return min(0, at), max(int64(g.hi-g.lo), at+int64(a.n))
}

// moved returns how many bytes the command moves for those from first to end, counted
// from the group's first byte, at least: of a map value the words that they are in.
func (g *group) moved(f *ssa.Func, first, end int64) int64 {
	if f.V(g.leader).Space == ssa.MapValue && mapAligned(f, g.base[0]) {
		lo, hi := int64(g.lo)+first, int64(g.lo)+end
		return (hi+3)&^3 - lo&^3
	}
	return end - first
}

// maxBytes is the number of bytes that one command reads at most if it does not
// read whole words.
const maxBytes = 32

// readable reports whether one command can read so many bytes and no more.
func readable(n int64) bool { return n%4 == 0 || n <= maxBytes }

// mapAligned reports whether words at multiples of 4 bytes from a base are words
// of the value.
func mapAligned(f *ssa.Func, base ssa.ID) bool {
	zero, _ := f.Known(base)
	return zero&3 == 3
}

// usesOf returns the operations that read each value.
func usesOf(f *ssa.Func) map[ssa.ID][]ssa.Op {
	out := map[ssa.ID][]ssa.Op{}
	for _, b := range f.RPO() {
		for _, id := range f.B(b).Values {
			for k, a := range f.V(id).Args {
				op := f.V(id).Op
				if op == ssa.Store && k != len(f.V(id).Args)-1 {
					op = ssa.Invalid
				}
				out[a] = append(out[a], op)
			}
		}
		t := &f.B(b).Term
		for k := range t.Succs {
			for _, a := range t.Succs[k].Args {
				out[a] = append(out[a], ssa.Invalid)
			}
		}
		op := ssa.Invalid
		if _, ok := f.IsConst(t.Y); ok && !t.Wide && (t.Cond == ssa.EQ || t.Cond == ssa.NE || t.Cond == ssa.TST || t.Cond == ssa.NTS) {
			op = ssa.Const // a comparison that does not mind the byte order
		}
		for _, a := range []ssa.ID{t.X, t.Y, t.XH, t.YH} {
			if a != 0 {
				out[a] = append(out[a], op)
			}
		}
	}
	return out
}

// shape chooses the byte order and the first byte of the command, which moves limit
// bytes at most.
func (g *group) shape(f *ssa.Func, uses map[ssa.ID][]ssa.Op, limit int32) {
	lead := f.V(g.leader)
	little, big := 0, 0
	for _, id := range g.members {
		v := f.V(id)
		if v.Size == 1 {
			continue
		}
		swapped, plain := false, false
		for _, op := range uses[id] {
			switch op {
			case ssa.Bswap, ssa.Bswap16:
				swapped = true
			case ssa.Const, ssa.Store:
			default:
				plain = true
			}
		}
		if v.Order == ssa.Big {
			swapped, plain = plain, swapped
		}
		if swapped {
			little += 2
		}
		if plain {
			big += 2
		}
	}
	if big < little {
		g.order = ssa.Big
	}
	if lead.Exact {
		g.shapeExact()
		return
	}
	if lead.Space == ssa.MapValue {
		g.shapeMap(f)
		return
	}
	best := 1 << 30
	for back := range int32(4) {
		start := g.lo - back
		if back > 0 && g.hi-start > limit {
			break
		}
		cost := 0
		for _, id := range g.members {
			v := f.V(id)
			at := (int32(v.Imm) - start) & 3
			switch {
			case v.Size == 4 && at != 0, v.Size == 2 && at == 3:
				cost += 2
			case v.Size < 4:
				cost++
			}
		}
		if start < 0 && g.lo >= 0 {
			cost++
		}
		if g.hi-start > 32 {
			cost++
		}
		if cost < best {
			best, g.start = cost, start
		}
	}
}

// shapeMap places the command on words of the map value, or makes it read its
// bytes alone if it is not known where the words begin.
func (g *group) shapeMap(f *ssa.Func) {
	if mapAligned(f, g.base[0]) {
		g.start = g.lo &^ 3
		return
	}
	g.shapeExact()
}

// shapeExact makes the command read its bytes alone.
func (g *group) shapeExact() {
	g.start = g.lo
	if (g.hi-g.lo)%4 != 0 {
		g.exact, g.order = true, ssa.Big
	}
}

// emit makes the command and its words.
func (g *group) emit(m *ssa.Maker, lead *ssa.Value) {
	n := (g.hi - g.start + 3) &^ 3
	if g.exact {
		n = g.hi - g.start
	}
	args := append([]ssa.ID(nil), lead.Args...)
	r := m.Add(ssa.Value{Op: ssa.Read, Space: lead.Space, Aux: lead.Aux, Order: g.order, Exact: lead.Exact, Size: uint8(n), Imm: uint32(g.start), Args: args})
	for k := range (n + 3) / 4 {
		g.words = append(g.words, m.Add(ssa.Value{Op: ssa.Word, Imm: uint32(k), Args: []ssa.ID{r}}))
	}
}

// take returns the value of a load of the group.
func (g *group) take(m *ssa.Maker, v *ssa.Value) ssa.ID {
	at := int32(v.Imm) - g.start
	k, within := at/4, uint32(at%4)
	word := func(j int32) ssa.ID {
		if int(j) < len(g.words) {
			return g.words[j]
		}
		return m.Const(0)
	}
	mask := uint32(uint64(1)<<(8*v.Size) - 1)
	straddles := within+uint32(v.Size) > 4
	var x ssa.ID
	if g.order == ssa.Little {
		x = m.Shift(ssa.Shr, word(k), 8*within)
		if straddles {
			x = m.Op(ssa.Funnel, 8*within, word(k+1), word(k))
		}
	} else {
		if straddles {
			x = m.Op(ssa.Funnel, 64-8*(within+uint32(v.Size)), word(k), word(k+1))
		} else {
			x = m.Shift(ssa.Shr, word(k), 32-8*(within+uint32(v.Size)))
		}
	}
	if v.Size < 4 {
		x = m.And(x, mask)
	}
	if v.Order != g.order {
		switch v.Size {
		case 2:
			x = m.Op(ssa.Bswap16, 0, x)
		case 4:
			x = m.Op(ssa.Bswap, 0, x)
		}
	}
	return x
}
