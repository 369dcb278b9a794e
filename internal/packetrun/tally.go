package packetrun

import (
	"maps"
	"slices"
)

// tally counts how often each number of cycles came, so that quantiles are exact
// and memory is bounded by how different packets are, not by how many.
type tally struct {
	short [4096]uint64      // of the numbers below its length
	long  map[uint64]uint64 // of the others
	n     uint64
	sum   uint64
}

func (t *tally) add(v uint64) {
	t.n++
	t.sum += v
	if v < uint64(len(t.short)) {
		t.short[v]++
		return
	}
	if t.long == nil {
		t.long = map[uint64]uint64{}
	}
	t.long[v]++
}

// counts returns how often each number came.
func (t *tally) counts() map[uint64]uint64 {
	out := maps.Clone(t.long)
	if out == nil {
		out = map[uint64]uint64{}
	}
	for v, n := range t.short {
		if n > 0 {
			out[uint64(v)] = n
		}
	}
	return out
}

func (t *tally) distribution() Cycles {
	if t.n == 0 {
		return Cycles{}
	}
	c := Cycles{Mean: float64(t.sum) / float64(t.n)}
	// The rank of each quantile, counted from 0.
	p50, p99 := (t.n-1)/2, (t.n-1)*99/100
	seen := uint64(0)
	pass := func(v, count uint64) {
		if count == 0 {
			return
		}
		if seen == 0 {
			c.Min = v
		}
		if seen <= p50 {
			c.P50 = v
		}
		if seen <= p99 {
			c.P99 = v
		}
		c.Max = v
		seen += count
	}
	for v, count := range t.short {
		pass(uint64(v), count)
	}
	for _, v := range slices.Sorted(maps.Keys(t.long)) {
		pass(v, t.long[v])
	}
	return c
}
