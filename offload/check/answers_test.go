package check

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/answers"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestForetold: what is foretold of each program of package answers is what the
// kernel's driver answered, for the driver's reason, and a program that was taken
// has as many words as were counted. With the verifier of the kernel that answered
// that is so of all; without one, few depend on the kernel.
func TestForetold(t *testing.T) {
	const root = "../.."
	programs, err := answers.Programs(root)
	require.NoError(t, err)
	_, recorded, err := answers.Read(root)
	require.NoError(t, err)
	counts := map[Outcome]int{}
	k := verify.Linux6_1
	for _, p := range programs {
		a, ok := recorded[p.Name]
		if !ok || a.Tag != p.Tag() {
			continue // newer than the answers
		}
		found, err := Program(p.Program, Options{NFP: true})
		require.NoError(t, err)
		counts[OutcomeOf(found)]++
		var size Size
		_, err = Program(p.Program, Options{NFP: true, Kernel: &k, Size: &size})
		require.NoError(t, err)
		want := Refused
		if a.Taken() {
			want = Taken
			require.LessOrEqual(t, size.Least, a.Words, p.Name)
			require.GreaterOrEqual(t, size.Most, a.Words, p.Name)
		}
		got := OutcomeOf(found)
		if got == Depends {
			found = With(k, found)
			got = OutcomeOf(found)
		}
		if got != want || !reasonFound(a.Says, found) {
			t.Errorf("foretold %s %v\nthe driver: %s", got, found, a)
		}
	}
	t.Log(counts)
	require.LessOrEqual(t, (counts[Depends]+counts[Unsure])*100, 3*(counts[Taken]+counts[Refused]))
}

// reasonFound reports whether the driver's reason is among the findings, or
// another one that the verifier would have come to right behind it.
func reasonFound(says string, found []Finding) bool {
	words, ours := strings.CutPrefix(says, "[nfp] ")
	if !ours {
		return true
	}
	if i := strings.IndexAny(words, "0123456789:"); i > 0 && !strings.Contains(words, "u32") {
		words = words[:i]
	}
	for _, f := range found {
		if f.By == "verifier" || strings.Contains(f.Says, strings.TrimSpace(words)) {
			return true
		}
	}
	return false
}
