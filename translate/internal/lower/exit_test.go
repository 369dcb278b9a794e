package lower_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/lower"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

// result follows the lowered end of a program for one verdict.
func result(t *testing.T, f *ssa.Func, param ssa.ID, verdict uint32) uint32 {
	var eval func(id ssa.ID) uint32
	eval = func(id ssa.ID) uint32 {
		if id == param {
			return verdict
		}
		v := f.V(id)
		if v.Op == ssa.Const {
			return v.Imm
		}
		var c [4]uint32
		for k, a := range v.Args {
			c[k] = eval(a)
		}
		r, ok := ssa.Fold(v.Op, v.Imm, c)
		require.True(t, ok, "%s", v.Op)
		return r
	}
	b := ssa.BlockID(0)
	for {
		switch term := &f.B(b).Term; term.Kind {
		case ssa.Exit:
			return eval(term.X)
		case ssa.Branch:
			e := term.Succs[0]
			if term.Cond.Eval(eval(term.X), eval(term.Y)) {
				e = term.Succs[1]
			}
			b = e.To
		default:
			t.Fatalf("unexpected end of b%d", b)
		}
	}
}

// TestExitCodes holds the result word of every verdict, constant and computed,
// against the target's table.
func TestExitCodes(t *testing.T) {
	tg, err := target.Builtin("agilio")
	require.NoError(t, err)
	for _, typ := range []object.Type{object.XDP, object.TC} {
		codes, other := tg.Exit.Codes(typ == object.TC)
		for _, verdict := range []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 0x7fffffff, 0xffffffff} {
			want := other
			if int64(verdict) < int64(len(codes)) {
				want = codes[verdict]
			}
			t.Run(fmt.Sprintf("%s/%d", typ, verdict), func(t *testing.T) {
				f := ssa.NewFunc("t")
				m := ssa.Maker{F: f, Block: 0}
				x := m.Add(ssa.Value{Op: ssa.VecWord, Imm: 8})
				f.B(0).Term = ssa.Term{Kind: ssa.Exit, X: x}
				lower.LowerExits(f, tg, typ)
				require.Equal(t, uint32(want)<<16, result(t, f, x, verdict))

				f = ssa.NewFunc("t")
				f.B(0).Term = ssa.Term{Kind: ssa.Exit, X: f.Const(verdict)}
				lower.LowerExits(f, tg, typ)
				require.Equal(t, uint32(want)<<16, result(t, f, 0, verdict))
			})
		}
	}
}

func ExampleLowerExits() {
	tg, err := target.Builtin("agilio")
	if err != nil {
		fmt.Println(err)
		return
	}
	f := ssa.NewFunc("pass")
	f.B(0).Term = ssa.Term{Kind: ssa.Exit, X: f.Const(2)}
	lower.LowerExits(f, tg, object.XDP)
	fmt.Print(f)
	// Output:
	// b0():
	//   exit 0x110000
}
