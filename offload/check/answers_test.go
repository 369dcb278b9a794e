package check

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/answers"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestForetold: what is foretold of each program of package answers is what the
// kernel's driver answered.
func TestForetold(t *testing.T) {
	const root = "../.."
	programs, err := answers.Programs(root)
	require.NoError(t, err)
	_, recorded, err := answers.Read(root)
	require.NoError(t, err)
	counts := map[Outcome]int{}
	for _, p := range programs {
		a, ok := recorded[p.Name]
		require.True(t, ok, p.Name)
		found, err := Program(p.Program, Options{NFP: true})
		require.NoError(t, err)
		got := OutcomeOf(found)
		counts[got]++
		var says []string
		for _, f := range found {
			says = append(says, f.String())
		}
		want := Refused
		if a.Taken() {
			want = Taken
		}
		if got == Depends {
			t.Logf("depends: %s: %s\n\t%s", p.Name, a, strings.Join(says, "\n\t"))
			got = OutcomeOf(With(verify.Linux6_1, found))
		}
		if got != want {
			t.Errorf("%s: foretold %s, the driver: %s\n\t%s", p.Name, got, a, strings.Join(says, "\n\t"))
		}
	}
	t.Log(counts)
}
