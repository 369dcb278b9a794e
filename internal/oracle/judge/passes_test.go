package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
)

// TestPassesAlone switches each pass off that can be left out, alone, and from
// nothing each on, alone: every sample still gives the interpreter's answers on
// its capture, for both targets. The interpreter is held against the kernel in
// TestSamples.
func TestPassesAlone(t *testing.T) {
	v := &judge.Verifier{}
	var cards []oracle.Judge
	optional := 0
	for _, name := range target.Names() {
		tg, err := target.Builtin(name)
		require.NoError(t, err)
		for _, p := range translate.Passes() {
			if p.Required {
				continue
			}
			optional++
			cards = append(cards,
				&judge.Card{Target: tg, Verifier: v, Label: name + " without " + p.Name, Passes: map[string]bool{p.Name: false}},
				&judge.Card{Target: tg, Verifier: v, Label: name + " only " + p.Name, Level: translate.LevelNone, Passes: map[string]bool{p.Name: true}})
		}
	}
	require.Greater(t, optional, 10)
	h := oracle.Harness{Reference: judge.Interpreter{}, Judges: cards}
	compared := 0
	overSamples(t, &h, func(p *object.Program, rep *oracle.Report) {
		require.True(t, rep.Accepted, "%s: %s", p.Name, rep.Why)
		require.Empty(t, rep.Mismatches, p.Name)
		for _, n := range rep.Compared {
			compared += n
		}
	})
	require.Greater(t, compared, 1000)
	t.Logf("%d runs compared", compared)
}
