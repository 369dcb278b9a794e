package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestWords counts the words of the programs for which the words of the driver's
// compiler are recorded.
func TestWords(t *testing.T) {
	cases, err := peer.Load("../../testdata/peer")
	require.NoError(t, err)
	exact, most, real := 0, 0, 0
	for i := range cases {
		pc := &cases[i]
		p, err := pc.Program()
		require.NoError(t, err)
		c := &checker{p: p, o: Options{NFP: true}, fw: DefaultFirmware()}
		require.NoError(t, c.walk(verify.Linux6_1))
		n := len(pc.NFP.Words)
		if c.size.Least > n || n > c.size.Most {
			t.Errorf("%s: %d to %d words foretold, the driver makes %d", pc.Name, c.size.Least, c.size.Most, n)
		}
		if c.size.Most == n {
			exact++
		}
		most += c.size.Most
		real += n
	}
	require.GreaterOrEqual(t, exact, 236)
	t.Logf("the most is exact for %d of %d, %d words for %d", exact, len(cases), most, real)
}
