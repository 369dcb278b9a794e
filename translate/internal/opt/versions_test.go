package opt

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// TestReadsWhereWaysMeet counts the reads of a program that loads a word of the
// packet, then does something on one way of two or in a loop, and loads the word
// beside it.
func TestReadsWhereWaysMeet(t *testing.T) {
	load := func(m *ssa.Maker, p ssa.ID, off uint32) ssa.ID {
		return m.Add(ssa.Value{Op: ssa.Load, Space: ssa.Packet, Size: 4, Imm: off, Args: []ssa.ID{p}})
	}
	store := func(m *ssa.Maker, p ssa.ID, off uint32) {
		m.Add(ssa.Value{Op: ssa.Store, Space: ssa.Packet, Size: 4, Imm: off, Args: []ssa.ID{p, m.Const(off)}})
	}
	for _, c := range []struct {
		name  string
		do    func(m *ssa.Maker, p ssa.ID)
		ways  int // reads if one of two ways does it
		loops int // reads if a loop does it behind the second load
	}{
		{"a store of other bytes", func(m *ssa.Maker, p ssa.ID) { store(m, p, 40) }, 1, 1},
		{"two stores of other bytes", func(m *ssa.Maker, p ssa.ID) { store(m, p, 40); store(m, p, 0) }, 1, 1},
		{"a store of the bytes", func(m *ssa.Maker, p ssa.ID) { store(m, p, 6) }, 2, 2},
		{"a store of the bytes and one of others", func(m *ssa.Maker, p ssa.ID) { store(m, p, 6); store(m, p, 40) }, 2, 2},
		{"a store by a pointer that may lead there", func(m *ssa.Maker, p ssa.ID) {
			store(m, m.Op(ssa.Add, 0, p, m.Add(ssa.Value{Op: ssa.VecWord, Imm: 9})), 40)
		}, 2, 2},
		{"a call", func(m *ssa.Maker, _ ssa.ID) {
			m.AddCall(ssa.CallSite{Helper: bpf.HelperMapLookupElem, Number: true}, []ssa.ID{m.Const(1)})
		}, 2, 2},
	} {
		for _, loops := range []bool{false, true} {
			f := ssa.NewFunc("t")
			body, on := f.NewBlock(), f.NewBlock()
			at := func(b ssa.BlockID) *ssa.Maker { return &ssa.Maker{F: f, Block: b} }
			m := at(0)
			p := m.Add(ssa.Value{Op: ssa.PktPtr})
			turn := m.Add(ssa.Value{Op: ssa.VecWord, Imm: 8})
			x := load(m, p, 0)
			branch := ssa.Term{Kind: ssa.Branch, Cond: ssa.ULT, X: x, Y: turn, Succs: []ssa.Edge{{To: on}, {To: body}}}
			want, verdict := c.ways, ssa.ID(0)
			if loops {
				// The body loads the word and goes round as long as it is below another.
				want = c.loops
				f.B(0).Term = ssa.Term{Kind: ssa.Jump, Succs: []ssa.Edge{{To: body}}}
				branch.X = load(at(body), p, 4)
				c.do(at(body), p)
				f.B(body).Term = branch
				verdict = x
			} else {
				f.B(0).Term = branch
				c.do(at(body), p)
				f.B(body).Term = ssa.Term{Kind: ssa.Jump, Succs: []ssa.Edge{{To: on}}}
				verdict = at(on).Op(ssa.Xor, 0, x, load(at(on), p, 4))
			}
			f.B(on).Term = ssa.Term{Kind: ssa.Exit, X: verdict}
			require.NoError(t, f.Check())
			Run(f, nil, []Pass{Memory(Widths{Read: 128, Write: 128})})
			reads := 0
			for _, b := range f.RPO() {
				for _, id := range f.B(b).Values {
					if f.V(id).Op == ssa.Read {
						reads++
					}
				}
			}
			require.Equal(t, want, reads, "%s, in a loop: %v\n%s", c.name, loops, f)
		}
	}
}
