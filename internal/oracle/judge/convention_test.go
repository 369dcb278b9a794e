package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/object"
)

// conventions change what a target says of registers, index registers and
// places, one thing at a time.
var conventions = []struct {
	name   string
	direct bool // for targets whose programs have routines linked to them
	change func(t *target.Target)
}{
	{"stack and vector by the other index", false, func(t *target.Target) {
		t.Entry.StackIndex, t.Entry.VectorIndex, t.Calls.Key.Index = 1, 0, 1
	}},
	{"return in A3", false, func(t *target.Target) { t.Calls.Return = target.Reg{Num: 3} }},
	{"return in B3", false, func(t *target.Target) { t.Calls.Return = target.Reg{Bank: nfpisa.BankB, Num: 3} }},
	{"flags in 6", false, func(t *target.Target) { t.Calls.Flags = 6 }},
	{"result in 2", false, func(t *target.Target) { t.Calls.Result = 2 }},
	{"key by an index of its own", false, func(t *target.Target) { t.Calls.Key = target.LMPlace{Index: 3, Word: 32} }},
	{"value by index 3", false, func(t *target.Target) { t.Calls.Value = target.LMPlace{Index: 3, Word: 48} }},
	{"fewer registers kept", false, func(t *target.Target) { t.Calls.Kept = []target.GPR{13, 15, 22} }},
	{"other registers kept", false, func(t *target.Target) { t.Calls.Kept = []target.GPR{10, 11, 12, 13} }},
	{"exit in B7", false, func(t *target.Target) { t.Exit.Register = target.Reg{Bank: nfpisa.BankB, Num: 7} }},
	{"length of 16 bits", false, func(t *target.Target) { t.PacketVector.Length.Bits = 16 }},
	{"length higher in its word", false, func(t *target.Target) { t.PacketVector.Length.Low = 4 }},
	{"pointer in another word", false, func(t *target.Target) { t.PacketVector.Pointer.Word = 3 }},
	{"stack base in A20", false, func(t *target.Target) { t.Entry.Stack = target.Reg{Num: 20} }},
	{"stack base in B20", false, func(t *target.Target) { t.Entry.Stack = target.Reg{Bank: nfpisa.BankB, Num: 20} }},
	{"keeps registers of bank A", false, func(t *target.Target) { t.Registers.KeepA = []target.GPR{12, 13, 14} }},
	{"other signal", false, func(t *target.Target) { t.Registers.Signals[0] = 9 }},
	{"registers kept from routines", true, func(t *target.Target) { t.Registers.KeepA, t.Registers.KeepB = []target.GPR{2, 3}, []target.GPR{1, 31} }},
	{"no more registers than needed", true, func(t *target.Target) { t.Registers.GPRs = 24 }},
	{"other signals", true, func(t *target.Target) { t.Registers.Signals = []target.Signal{5, 9, 2, 15} }},
	{"other index registers kept", true, func(t *target.Target) {
		t.Calls.KeptIndexes, t.Calls.Value = []target.LMIndex{0, 1, 2}, target.LMPlace{Index: 3, Word: 16}
		t.Calls.Key = target.LMPlace{}
	}},
}

// TestConventions runs the samples compiled for targets with other conventions:
// each target is refused by name, or all samples that compile give the
// interpreter's answers.
func TestConventions(t *testing.T) {
	v := &judge.Verifier{}
	var cards []oracle.Judge
	for _, name := range target.Names() {
		for _, c := range conventions {
			tg, err := target.Builtin(name)
			require.NoError(t, err)
			if c.direct && !tg.Direct() {
				continue
			}
			c.change(tg)
			if err := tg.Check(); err != nil {
				t.Logf("%s, %s: %v", name, c.name, err)
				continue
			}
			cards = append(cards, &judge.Card{Target: tg, Verifier: v, Label: name + " " + c.name})
		}
	}
	h := oracle.Harness{Reference: judge.Interpreter{}, Judges: cards}
	compared := map[string]int{}
	overSamples(t, &h, func(p *object.Program, rep *oracle.Report) {
		require.Empty(t, rep.Mismatches, p.Name)
		for name, n := range rep.Compared {
			compared[name] += n
		}
	})
	for _, c := range cards {
		require.Greater(t, compared[c.Name()], 100, c.Name())
	}
}
