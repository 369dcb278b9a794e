package answers

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// TestRecorded: the answers are to programs that there are, and to as many as are
// to be shown.
func TestRecorded(t *testing.T) {
	programs, err := Programs(root)
	require.NoError(t, err)
	kernel, all, err := Read(root)
	require.NoError(t, err)
	require.Equal(t, "6.1.192", kernel)
	recorded, refused := 0, 0
	kinds := map[string]bool{}
	for _, p := range programs {
		a, ok := all[p.Name]
		if !ok || a.Tag != p.Tag() {
			continue // newer than the answers
		}
		recorded++
		if !a.Taken() {
			refused++
			kinds[a.Kind()] = true
		}
	}
	require.GreaterOrEqual(t, recorded, 500)
	require.GreaterOrEqual(t, refused, 100)
	require.GreaterOrEqual(t, len(kinds), 20)
	t.Logf("%d programs, %d refused in %d kinds", recorded, refused, len(kinds))
}

func TestAnswer(t *testing.T) {
	for _, a := range []Answer{
		{Tag: "01ab", Name: "a/b", Words: 7},
		{Tag: "01ab", Name: "a/b", Stage: Map, Errno: "EINVAL"},
		{Tag: "01ab", Name: "a/b", Stage: Load, Errno: "ENOTSUP", Says: "[nfp] value at: 3/7"},
	} {
		got, err := parse(a.String())
		require.NoError(t, err)
		require.Equal(t, a, got)
	}
	for _, s := range []string{"", "1 taken a", "1 refused a", "1 maybe a: 3 words"} {
		_, err := parse(s)
		require.Error(t, err, s)
	}
}

func TestParse(t *testing.T) {
	all, err := Parse("x", "map a array 4 8 2\nmap b hash 4 8 2\ndef two = r0 = 2; exit\ntc one: r1 = map[b]; 2 times (r2 = 1;)times $two\n")
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, "x/one", all[0].Name)
	require.Len(t, all[0].Insns, 6)
	require.Len(t, all[0].Maps, 1)
	require.Equal(t, "b", all[0].Maps[0].Name)
	for _, s := range []string{"map a", "map a b 1 2 3", "map a array x 8 2", "xdp a: $no", "xdp a: nonsense", "xdp a: x times (r0 = 1)times", "what"} {
		_, err := Parse("x", s)
		require.ErrorContains(t, err, "line 1", s)
	}
}
