package verify

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTnumSound draws numbers that operands stand for, and looks whether the
// result of each operation is one that its tnum stands for.
func TestTnumSound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(x Tnum) uint64 { return x.Value | r.Uint64()&x.Mask }
	any := func() Tnum {
		m := r.Uint64() & r.Uint64() & r.Uint64()
		return Tnum{r.Uint64() &^ m, m}
	}
	for range 20_000 {
		a, b := any(), any()
		x, y := draw(a), draw(b)
		n := uint(r.IntN(64))
		require.True(t, a.add(b).Contains(x+y))
		require.True(t, a.sub(b).Contains(x-y))
		require.True(t, a.mul(b).Contains(x*y), "%v * %v", a, b)
		require.True(t, a.and(b).Contains(x&y))
		require.True(t, a.or(b).Contains(x|y))
		require.True(t, a.xor(b).Contains(x^y))
		require.True(t, a.lsh(n).Contains(x<<n))
		require.True(t, a.rsh(n).Contains(x>>n))
		require.True(t, a.arsh(n).Contains(uint64(int64(x)>>n)))
		require.True(t, a.union(b).Contains(x) && a.union(b).Contains(y))
		require.True(t, a.sext(2).Contains(uint64(int64(int16(x)))))
	}
}
