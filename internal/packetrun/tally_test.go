package packetrun

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTally compares quantiles with those of the sorted list.
func TestTally(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 99, 100, 101, 1000} {
		for _, most := range []uint64{1, 50, 5000, 1 << 40} {
			var c tally
			var list []uint64
			sum := 0.0
			for range n {
				v := r.Uint64N(most)
				c.add(v)
				list = append(list, v)
				sum += float64(v)
			}
			slices.Sort(list)
			got := c.distribution()
			require.Equal(t, Cycles{Min: list[0], P50: list[(n-1)/2], P99: list[(n-1)*99/100], Max: list[n-1], Mean: got.Mean}, got)
			require.InEpsilon(t, sum/float64(n)+1, got.Mean+1, 1e-9)
		}
	}
	var none tally
	require.Zero(t, none.distribution())
}
