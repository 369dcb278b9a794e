package nfp_test

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/nfp"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

func ExampleGenerate() {
	f := ssa.NewFunc("drop_short")
	m := &ssa.Maker{F: f, Block: 0}
	n := m.Add(ssa.Value{Op: ssa.PktLen})
	pass, drop := f.NewBlock(), f.NewBlock()
	f.B(0).Term = ssa.Term{Kind: ssa.Branch, Cond: ssa.ULT, X: n, Y: f.Const(60), Succs: []ssa.Edge{{To: pass}, {To: drop}}}
	f.B(pass).Term = ssa.Term{Kind: ssa.Exit, X: f.Const(2)}
	f.B(drop).Term = ssa.Term{Kind: ssa.Exit, X: f.Const(1)}

	t, err := target.Builtin("skipsw")
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := nfp.Generate(f, t, nil, nfp.Wants{Check: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	out.Link(nfp.Links{Start: t.Core.CodeStart, Done: t.Core.Done})
	for _, w := range out.Words {
		fmt.Println(w.I)
	}
	// Output:
	// alu[gprA_0, *l$index1, +, 0x4]
	// alu_shf[--, 0xff, AND, gprA_0, >>6]
	// beq[.1], defer[1]
	// immed[gprA_0, 0x1]
	// br[.1], defer[1]
	// immed[gprA_0, 0x2]
}
