package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
)

// scheduling are the passes over final words.
var scheduling = []string{"spread-writes", "post-writes", "fill-commands", "fill-slots", "fill-branches", "fill-from-join", "wait-and-branch"}

// TestScheduling runs generated programs, SKIPSW_N of them, without any pass of
// the scheduler and with each of them alone.
func TestScheduling(t *testing.T) {
	known := map[string]bool{}
	for _, p := range translate.Passes() {
		known[p.Name] = !p.Required
	}
	v := &judge.Verifier{}
	var cards []oracle.Judge
	for _, name := range target.Names() {
		tg, err := target.Builtin(name)
		require.NoError(t, err)
		for _, only := range append([]string{"none"}, scheduling...) {
			set := map[string]bool{}
			for _, p := range scheduling {
				require.True(t, known[p], p)
				set[p] = p == only
			}
			cards = append(cards, &judge.Card{Target: tg, Verifier: v, Label: name + " only " + only, Passes: set})
		}
	}
	s := (&oracle.Campaign{
		Seed: uint64(number(t, "SKIPSW_SEED", 1)), N: number(t, "SKIPSW_N", 300), MaxFailures: 10,
		Harness: &oracle.Harness{Reference: judge.Interpreter{}, Judges: cards},
	}).Run(t.Context())
	for _, f := range s.Failures {
		t.Errorf("%s", f)
	}
	t.Logf("%d programs, runs compared: %v", s.Accepted, s.Runs)
}
