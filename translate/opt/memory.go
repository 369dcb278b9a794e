package opt

import "github.com/skipsw/skipsw/translate/ssa"

// lowerMemory turns loads and stores into memory commands.
func lowerMemory(f *ssa.Func) {
	repl := map[ssa.ID]ssa.ID{}
	for _, b := range f.RPO() {
		old := f.B(b).Values
		list := make([]ssa.ID, 0, len(old))
		m := ssa.Maker{F: f, Block: b, Out: &list}
		for _, id := range old {
			v := *f.V(id)
			m.Slot = v.Slot
			switch v.Op {
			case ssa.Load:
				repl[id] = load(&m, v)
			case ssa.Store:
				store(&m, v)
			default:
				list = append(list, id)
			}
		}
		f.B(b).Values = list
	}
	for b := range f.Blocks {
		f.Uses(ssa.BlockID(b), func(p *ssa.ID) {
			if n, ok := repl[*p]; ok {
				*p = n
			}
		})
	}
}

// load makes the command for one load and takes the value out of its word.
// Pieces of packet words are cut out of a whole word, since memory behind the
// packet can be read; map values are read to the byte.
func load(m *ssa.Maker, v ssa.Value) ssa.ID {
	read := ssa.Value{Op: ssa.Read, Space: v.Space, Aux: v.Aux, Order: v.Order, Size: 4, Imm: v.Imm, Args: v.Args}
	bytes := v.Size < 4 && v.Space == ssa.MapValue
	if bytes {
		read.Size, read.Order = v.Size, ssa.Big
	}
	r := m.Add(read)
	w := m.Add(ssa.Value{Op: ssa.Word, Args: []ssa.ID{r}})
	if v.Size == 4 {
		return w
	}
	top := uint32(32 - 8*v.Size)
	switch {
	case bytes && v.Order == ssa.Little && v.Size == 2:
		return m.Op(ssa.Bswap16, 0, m.Shift(ssa.Shr, w, top))
	case bytes || v.Order == ssa.Big:
		return m.Shift(ssa.Shr, w, top)
	}
	return m.And(w, 1<<(8*v.Size)-1)
}

// store makes the command for one store.
func store(m *ssa.Maker, v ssa.Value) {
	last := len(v.Args) - 1
	args := append([]ssa.ID(nil), v.Args...)
	if v.Order == ssa.Big && v.Size < 4 {
		args[last] = m.Shift(ssa.Shl, args[last], uint32(32-8*v.Size))
	}
	m.Add(ssa.Value{Op: ssa.Write, Space: v.Space, Aux: v.Aux, Order: v.Order, Size: v.Size, Imm: v.Imm, Args: args})
}
