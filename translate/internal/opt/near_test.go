package opt

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// TestNearValues says which loads of a map value the lookup returns, and which go to
// memory.
func TestNearValues(t *testing.T) {
	load := func(m *ssa.Maker, low ssa.ID, at uint32) ssa.ID {
		return m.Add(ssa.Value{Op: ssa.Load, Space: ssa.MapValue, Size: 4, Imm: at, Args: []ssa.ID{low, m.Const(0x20)}})
	}
	add := func(m *ssa.Maker, low ssa.ID) {
		m.Add(ssa.Value{Op: ssa.AtomicAdd, Space: ssa.MapValue, Size: 4, Args: []ssa.ID{low, m.Const(0x20), m.Const(1)}})
	}
	store := func(m *ssa.Maker, low ssa.ID, at uint32, x ssa.ID) {
		m.Add(ssa.Value{Op: ssa.Store, Space: ssa.MapValue, Size: 4, Imm: at, Args: []ssa.ID{low, m.Const(0x20), x}})
	}
	for _, c := range []struct {
		name         string
		build        func(m *ssa.Maker, low ssa.ID) ssa.ID
		reads, words int
	}{
		{"a word of the value", func(m *ssa.Maker, low ssa.ID) ssa.ID { return load(m, low, 4) }, 0, 1},
		{"words that are far from each other", func(m *ssa.Maker, low ssa.ID) ssa.ID {
			return m.Op(ssa.Xor, 0, load(m, low, 0), load(m, low, 12))
		}, 0, 2},
		{"bytes of two words", func(m *ssa.Maker, low ssa.ID) ssa.ID { return load(m, low, 6) }, 0, 2},
		{"what the lookup does not reach", func(m *ssa.Maker, low ssa.ID) ssa.ID { return load(m, low, 16) }, 1, 0},
		{"half of it beyond", func(m *ssa.Maker, low ssa.ID) ssa.ID { return load(m, low, 14) }, 1, 0},
		{"behind an atomic operation, as that of a lock", func(m *ssa.Maker, low ssa.ID) ssa.ID {
			add(m, low)
			return load(m, low, 4)
		}, 1, 0},
		{"before an atomic operation", func(m *ssa.Maker, low ssa.ID) ssa.ID {
			x := load(m, low, 4)
			add(m, low)
			return x
		}, 0, 1},
		{"behind a store to another word", func(m *ssa.Maker, low ssa.ID) ssa.ID {
			store(m, low, 0, m.Const(1))
			return load(m, low, 4)
		}, 0, 1},
		{"behind a store to some of its bytes", func(m *ssa.Maker, low ssa.ID) ssa.ID {
			store(m, low, 2, m.Const(1))
			return load(m, low, 4)
		}, 1, 0},
		{"behind a store to anywhere", func(m *ssa.Maker, low ssa.ID) ssa.ID {
			store(m, m.Add(ssa.Value{Op: ssa.PktPtr}), 0, m.Const(1))
			return load(m, low, 4)
		}, 1, 0},
		{"behind another call", func(m *ssa.Maker, low ssa.ID) ssa.ID {
			m.AddCall(ssa.CallSite{Helper: bpf.HelperMapUpdateElem, Number: true}, []ssa.ID{m.Const(1)})
			return load(m, low, 4)
		}, 1, 0},
		{"where a load comes before those that follow", func(m *ssa.Maker, low ssa.ID) ssa.ID {
			m.F.Acquires = true
			return load(m, low, 4)
		}, 1, 0},
		{"in a loop that waits for a word", func(m *ssa.Maker, low ssa.ID) ssa.ID {
			loop, end := m.F.NewBlock(), m.F.NewBlock()
			m.F.B(m.Block).Term = ssa.Term{Kind: ssa.Jump, Succs: []ssa.Edge{{To: loop}}}
			m.Block = loop
			x := load(m, low, 4)
			m.F.B(loop).Term = ssa.Term{Kind: ssa.Branch, Cond: ssa.EQ, X: x, Y: m.Const(0), Succs: []ssa.Edge{{To: loop}, {To: end}}}
			m.Block = end
			return x
		}, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := ssa.NewFunc("t")
			m := &ssa.Maker{F: f, Block: 0}
			call := m.AddCall(ssa.CallSite{Helper: bpf.HelperMapLookupElem, Near: ssa.Near{Words: 4}}, nil)
			x := c.build(m, m.Result(call, 0))
			f.B(m.Block).Term = ssa.Term{Kind: ssa.Exit, X: x}
			Run(f, nil, []Pass{Memory(Widths{Read: 128, Write: 128})})
			reads, words := 0, 0
			for _, b := range f.RPO() {
				for _, id := range f.B(b).Values {
					switch v := f.V(id); {
					case v.Op == ssa.Read:
						reads++
					case v.Op == ssa.Result && v.Imm >= ssa.ResultValue:
						words++
					}
				}
			}
			require.Equal(t, []int{c.reads, c.words}, []int{reads, words}, "%s", f)
		})
	}
}
