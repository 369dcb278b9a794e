package nfp

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// assemble selects a function, checks the allocation, encodes every word and
// returns the text of the instructions.
func assemble(t testing.TB, f *ssa.Func, name string) []string {
	tg, err := target.Builtin(name)
	require.NoError(t, err)
	require.NoError(t, f.Check(), "%s", f)
	apart := func(p pass.Info) bool { return p.Name != leaving.Name } // ends stand where they can be left out
	out, err := Generate(f, tg, pass.NewRun(Stages(), apart, nil), Wants{Check: true})
	require.NoError(t, err)
	out.Link(Links{Done: 1000, Routine: func(*ssa.CallSite) target.CodeAddr { return 2000 }})
	var text []string
	for _, w := range out.Words {
		word, err := nfpisa.Encode(w.I, nfpisa.Ctx4)
		require.NoError(t, err)
		i, err := nfpisa.Decode(word, nfpisa.Ctx4)
		require.NoError(t, err)
		text = append(text, fmt.Sprint(i))
	}
	return text
}

// fn is a function under construction: two unknown words x and y that come from
// packet memory, and the packet pointer.
type fn struct {
	*ssa.Maker
	p, x, y ssa.ID
}

func newFn() *fn {
	f := ssa.NewFunc("t")
	m := &ssa.Maker{F: f, Block: 0}
	w := &fn{Maker: m}
	w.p = m.Add(ssa.Value{Op: ssa.PktPtr})
	w.x = m.Add(ssa.Value{Op: ssa.VecWord, Imm: 8})
	w.y = m.Add(ssa.Value{Op: ssa.VecWord, Imm: 9})
	return w
}

// raw makes an operation without simplifying it.
func (f *fn) raw(op ssa.Op, imm uint32, args ...ssa.ID) ssa.ID {
	return f.Add(ssa.Value{Op: op, Imm: imm, Args: args})
}

func (f *fn) exit(x ssa.ID) *ssa.Func {
	f.F.B(0).Term = ssa.Term{Kind: ssa.Exit, X: x}
	return f.F
}

// branch ends the function in verdict 2 if the comparison holds, else 1.
func (f *fn) branch(c ssa.Cond, x, y ssa.ID) *ssa.Func {
	return f.branchWide(c, x, 0, y, 0)
}

func (f *fn) branchWide(c ssa.Cond, xl, xh, yl, yh ssa.ID) *ssa.Func {
	no, yes := f.F.NewBlock(), f.F.NewBlock()
	f.F.B(no).Term = ssa.Term{Kind: ssa.Exit, X: f.Const(1)}
	f.F.B(yes).Term = ssa.Term{Kind: ssa.Exit, X: f.Const(2)}
	f.F.B(0).Term = ssa.Term{
		Kind: ssa.Branch, Cond: c, Wide: xh != 0, X: xl, XH: xh, Y: yl, YH: yh,
		Succs: []ssa.Edge{{To: no}, {To: yes}},
	}
	return f.F
}

// register matches a general-purpose register: which one it is, is the
// allocator's choice.
var register = regexp.MustCompile(`gpr[AB]_\d+`)

// TestRules pins the instructions of each selection rule. The two loads of
// operands and the exits are left out of the lists.
func TestRules(t *testing.T) {
	for _, c := range rules {
		t.Run(c.name, func(t *testing.T) {
			lines := assemble(t, c.build(newFn()), "skipsw")
			var got []string
			for _, l := range lines {
				switch {
				case strings.Contains(l, "*l$index1[8]") && strings.HasPrefix(l, "alu[") && strings.Contains(l, "--, B,"):
				case strings.Contains(l, "*l$index1[9]") && strings.HasPrefix(l, "alu[") && strings.Contains(l, "--, B,"):
				case strings.HasPrefix(l, "br[.1000]"):
				default:
					got = append(got, register.ReplaceAllString(l, "r"))
				}
			}
			require.Equal(t, c.want, strings.Join(got, "\n"))
		})
	}
}
