package opt

import (
	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// commands says what becomes of loads and stores: the switches of run whether
// neighbouring ones of a kind share a command, and how many bytes a command moves
// at most.
type commands struct {
	run         *pass.Run
	read, write int32
}

// Bytes that a command moves at most.
const (
	shortCommand = 64
	longCommand  = 128
)

// lowerMemory turns loads and stores into memory commands.
func lowerMemory(f *ssa.Func, c commands) {
	stores := c.run.On(mergeStores.Name)
	p := planLoads(f, c)
	repl := map[ssa.ID]ssa.ID{}
	resolve := func(id *ssa.ID) {
		if n, ok := repl[*id]; ok {
			*id = n
		}
	}
	for _, b := range f.RPO() {
		old := f.B(b).Values
		list := make([]ssa.ID, 0, len(old))
		m := &ssa.Maker{F: f, Block: b, Out: &list}
		held := pending{run: c.run, max: c.write}
		for _, id := range old {
			v := f.V(id)
			for k := range v.Args {
				resolve(&v.Args[k])
			}
			m.Slot = v.Slot
			switch {
			case v.Op == ssa.Load:
				repl[id] = p.load(m, &held, id)
				f.MadeFor(repl[id], m.Slot, f.V(id).Half)
				continue
			case v.Op == ssa.Store:
				held.add(m, v)
				if !stores {
					held.flush(m)
				}
				continue
			case v.Op == ssa.Call, v.Op == ssa.SetPkt, v.Op.Atomic():
				held.flush(m)
			}
			list = append(list, id)
			if g := p.near.found[id]; g != nil {
				g.emitNear(m, id)
			}
		}
		m.Slot = f.B(b).Term.Slot
		held.flush(m)
		f.B(b).Values = list
		f.B(b).Term.Uses(resolve)
	}
	// Arguments of back edges were read before their loads were replaced.
	for _, b := range f.RPO() {
		f.Uses(b, resolve)
	}
}

// load returns the value of a load: from the store that wrote it, or from its
// group's command, which the first load of the group makes.
func (p *plan) load(m *ssa.Maker, held *pending, id ssa.ID) ssa.ID {
	f := m.F
	v := *f.V(id)
	if st, ok := p.forward[id]; ok {
		return forward(m, &v, f.V(st))
	}
	if call, ok := p.near.of[id]; ok {
		return p.near.found[call].take(m, &v)
	}
	g := p.of[id]
	if g.leader == id {
		for _, member := range g.members {
			a := access(f.V(member))
			a.base = access(&v).base
			if held.touches(v.Space, a) {
				held.readBy(v.Slot, a)
				held.flush(m)
				break
			}
		}
		g.emit(m, &v)
	}
	return g.take(m, &v)
}

// forward takes the bytes of a load out of the value that a store has written.
func forward(m *ssa.Maker, v, st *ssa.Value) ssa.ID {
	var word [4]byteSource
	src := st.Args[len(st.Args)-1]
	for k := range int32(v.Size) {
		at := int32(v.Imm) + k - int32(st.Imm)
		if st.Order == ssa.Big {
			at = int32(st.Size) - 1 - at
		}
		to := k
		if v.Order == ssa.Big {
			to = int32(v.Size) - 1 - k
		}
		word[to] = byteOf(m.F, src, uint8(at))
	}
	return assemble(m, word)
}
