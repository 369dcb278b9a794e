package nic

import "math/bits"

// fine is how finely a histogram counts: values up to 2^fine are exact, others
// are rounded down by less than one part in 2^(fine-1).
const fine = 8

// histogram counts values in bounded memory.
type histogram struct {
	counts [(66 - fine) << (fine - 1)]uint64
	total  uint64
}

// bucket returns where a value is counted.
func bucket(v uint64) int {
	shift := max(bits.Len64(v)-fine, 0)
	return shift<<(fine-1) + int(v>>shift)
}

// least returns the least value of a bucket.
func least(b int) uint64 {
	shift := max(b>>(fine-1)-1, 0)
	return uint64(b-shift<<(fine-1)) << shift
}

func (h *histogram) add(v uint64) {
	h.counts[bucket(v)]++
	h.total++
}

// quantile returns the value that a share of n thousandths does not exceed.
func (h *histogram) quantile(n uint64) uint64 {
	if h.total == 0 {
		return 0
	}
	rank := (h.total*n + 999) / 1000
	seen := uint64(0)
	for b, c := range h.counts {
		if seen += c; seen >= rank && c > 0 {
			return least(b)
		}
	}
	panic("BUG: a histogram has fewer values than it counted")
}
