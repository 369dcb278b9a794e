package opt

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// TestSplitAdditions says which additions are done in two ways.
func TestSplitAdditions(t *testing.T) {
	for _, c := range []struct {
		name  string
		add   func(m *ssa.Maker, x, y ssa.ID) ssa.ID
		split bool
	}{
		{"a word of any size", func(m *ssa.Maker, x, _ ssa.ID) ssa.ID {
			return m.Add(ssa.Value{Op: ssa.AtomicAdd, Space: ssa.MapValue, Size: 4, Args: []ssa.ID{x, m.Const(0), x}})
		}, true},
		{"a double word", func(m *ssa.Maker, x, y ssa.ID) ssa.ID {
			return m.Add(ssa.Value{Op: ssa.AtomicAdd, Space: ssa.MapValue, Size: 8, Args: []ssa.ID{x, m.Const(0), x, y}})
		}, true},
		{"a small one", func(m *ssa.Maker, x, _ ssa.ID) ssa.ID {
			return m.Add(ssa.Value{Op: ssa.AtomicAdd, Space: ssa.MapValue, Size: 8, Args: []ssa.ID{x, m.Const(0), m.And(x, 0xffff), m.Const(0)}})
		}, false},
		{"one with a high word", func(m *ssa.Maker, x, _ ssa.ID) ssa.ID {
			return m.Add(ssa.Value{Op: ssa.AtomicAdd, Space: ssa.MapValue, Size: 8, Args: []ssa.ID{x, m.Const(0), x, m.Const(1)}})
		}, false},
		{"one whose old value is taken", func(m *ssa.Maker, x, _ ssa.ID) ssa.ID {
			a := m.Add(ssa.Value{Op: ssa.AtomicAdd, Space: ssa.MapValue, Size: 4, Args: []ssa.ID{x, m.Const(0), x}})
			return m.Add(ssa.Value{Op: ssa.Word, Args: []ssa.ID{a}})
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := ssa.NewFunc("t")
			m := &ssa.Maker{F: f, Block: 0}
			x, y := m.Add(ssa.Value{Op: ssa.VecWord, Imm: 8}), m.Add(ssa.Value{Op: ssa.VecWord, Imm: 9})
			c.add(m, x, y)
			last := c.add(m, x, y)
			z := m.Op(ssa.Xor, 0, x, y)
			if f.V(last).Op == ssa.Word {
				z = m.Op(ssa.Xor, 0, z, last)
			}
			f.B(0).Term = ssa.Term{Kind: ssa.Exit, X: z}
			require.Equal(t, c.split, splitAdditions(f, 16), "%s", f)
			require.NoError(t, f.Check())
			adds, short := 0, 0
			for _, b := range f.RPO() {
				for _, id := range f.B(b).Values {
					if v := f.V(id); v.Op == ssa.AtomicAdd {
						adds++
						if lo, hi := addend(v); f.UMax(lo) < 1<<16 && (hi == 0 || f.UMax(hi) == 0) {
							short++
						}
					}
				}
			}
			if c.split {
				require.Equal(t, []int{4, 2}, []int{adds, short}, "%s", f)
			} else {
				require.Equal(t, 2, adds, "%s", f)
			}
		})
	}
}
