package answers

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// TestRecorded: there is an answer to each program, and to no other one, and they
// are what they are to show.
func TestRecorded(t *testing.T) {
	programs, err := Programs(root)
	require.NoError(t, err)
	kernel, all, err := Read(root)
	require.NoError(t, err)
	require.Equal(t, "6.1.192", kernel)
	require.Len(t, all, len(programs))
	refused := 0
	kinds := map[string]bool{}
	for _, p := range programs {
		a, ok := all[p.Name]
		require.True(t, ok, p.Name)
		if !a.Taken() {
			refused++
			kinds[a.Kind()] = true
		}
	}
	require.GreaterOrEqual(t, len(programs), 300)
	require.GreaterOrEqual(t, refused, 100)
	require.GreaterOrEqual(t, len(kinds), 20)
	t.Logf("%d programs, %d refused in %d kinds", len(programs), refused, len(kinds))
}

func TestAnswer(t *testing.T) {
	for _, a := range []Answer{
		{Name: "a/b", Words: 7},
		{Name: "a/b", Stage: Map, Errno: "EINVAL"},
		{Name: "a/b", Stage: Load, Errno: "ENOTSUP", Says: "[nfp] value at: 3/7"},
	} {
		got, err := parse(a.String())
		require.NoError(t, err)
		require.Equal(t, a, got)
	}
	for _, s := range []string{"", "taken a", "refused a", "maybe a: 3 words"} {
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
