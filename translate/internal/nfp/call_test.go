package nfp

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// lookup makes a function that calls a firmware's lookup with a key of two
// words, and returns its result.
func lookup(value int) *ssa.Func {
	f := newFn()
	site := ssa.CallSite{Helper: bpf.HelperMapLookupElem, Map: -1, Number: true, Key: 2}
	args := []ssa.ID{f.Const(3), f.x, f.y}
	if value > 0 {
		site = ssa.CallSite{Helper: bpf.HelperMapUpdateElem, Map: -1, Number: true, Pairs: []uint8{8}, Key: 2, Value: value, Base: true}
		args = []ssa.ID{f.Const(3), f.Const(0), f.Const(0), f.x, f.y}
		for range value {
			args = append(args, f.x)
		}
		args = append(args, f.Add(ssa.Value{Op: ssa.StackBase}))
	}
	f.F.B(0).Term = ssa.Term{Kind: ssa.Exit, X: f.Result(f.AddCall(site, args), 0)}
	return f.F
}

// TestConvention changes the places that a target's calling convention names,
// one at a time, and looks for them in the code of a call.
func TestConvention(t *testing.T) {
	for _, c := range []struct {
		name   string
		value  int // words, for an update
		change func(tg *target.Target)
		want   []string // lines of the listing
		refuse string
	}{
		{"as it is", 0, func(*target.Target) {}, []string{"immed[gprB_0, 0x", "immed[gprA_0, 0x3]", "*l$index0[1]"}, ""},
		{"return", 0, func(tg *target.Target) { tg.Calls.Return = target.Reg{Num: 5} }, []string{"immed[gprA_5, 0x"}, ""},
		{"map", 0, func(tg *target.Target) { tg.Calls.Map = &target.Reg{Bank: nfpisa.BankB, Num: 7} }, []string{"immed[gprB_7, 0x3]"}, ""},
		{"key by an index of its own", 0, func(tg *target.Target) { tg.Calls.Key = target.LMPlace{Index: 3, Word: 8} }, []string{"local_csr_wr[ActLMAddr3, ", "alu[*l$index3[1], --, B, "}, ""},
		{"stack and vector the other way round", 0, func(tg *target.Target) {
			tg.Entry.StackIndex, tg.Entry.VectorIndex, tg.Calls.Key.Index = 1, 0, 1
		}, []string{"alu[*l$index1[1], --, B, "}, ""},
		{"value", 2, func(tg *target.Target) { tg.Calls.Value = target.LMPlace{Index: 3, Word: 20} }, []string{", +, 0x50]", "local_csr_wr[ActLMAddr3, ", "alu[*l$index3[1], --, B, "}, ""},
		{"value among the key", 2, func(tg *target.Target) { tg.Calls.Value = target.LMPlace{Index: 3, Word: 1} }, nil, "calls has key or value at word 1 of them"},
		{"slow index registers", 2, func(tg *target.Target) { tg.LocalMemory.PointerDelay = 7 }, []string{"nop\nnop\nnop\nnop\nnop\n"}, ""},
		{"kept register", 2, func(tg *target.Target) { tg.Registers.KeepA = []target.GPR{8} }, nil, "calls.flags takes A8 and registers.keep_a has it"},
		{"few registers", 2, func(tg *target.Target) { tg.Registers.GPRs = 8 }, nil, "calls.flags takes A8 and registers.gprs is 8"},
		{"exit", 0, func(tg *target.Target) { tg.Exit.Register = target.Reg{Bank: nfpisa.BankB, Num: 9} }, []string{"alu[gprB_9, "}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tg, err := target.Builtin("agilio")
			require.NoError(t, err)
			c.change(tg)
			out, err := Generate(lookup(c.value), tg, nil, Wants{Check: true})
			if c.refuse != "" {
				require.ErrorContains(t, err, c.refuse)
				require.ErrorIs(t, err, ssa.ErrNotSupported)
				return
			}
			require.NoError(t, err)
			out.Link(Links{Start: tg.Core.CodeStart, Done: tg.Core.Done, Routine: func(*ssa.CallSite) target.CodeAddr { return 2000 }})
			text := ""
			for _, w := range out.Words {
				text += w.I.String() + "\n"
			}
			for _, line := range c.want {
				require.Contains(t, text, line)
			}
		})
	}
}
