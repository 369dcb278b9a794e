package traffic

import (
	"fmt"
	"strconv"
	"strings"
)

// Size is a frame size and how often it comes.
type Size struct {
	Bytes  int // on the wire, with the check sequence
	Weight int
}

// IMIX is the simple mix of internet traffic: seven short frames to four of a
// middle size and one long one. Its IP packets have 40, 576 and 1500 bytes.
func IMIX() []Size { return []Size{{64, 7}, {594, 4}, {1518, 1}} }

// sweepSteps is the number of sizes of a range.
const sweepSteps = 16

// ParseSizes reads "64", "imix", or a range "64..1518", which stands for 16
// sizes from end to end.
func ParseSizes(s string) ([]Size, error) {
	if s == "imix" {
		return IMIX(), nil
	}
	from, to, ranged := strings.Cut(s, "..")
	if !ranged {
		to = from
	}
	lo, err1 := strconv.Atoi(from)
	hi, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || lo > hi {
		return nil, fmt.Errorf("frame size %q: want a number of bytes, imix, or a range like 64..1518", s)
	}
	if hi > MaxFrame || lo < MinFrame {
		return nil, fmt.Errorf("frame size %q: Ethernet has %d to %d bytes with the check sequence", s, MinFrame, MaxFrame)
	}
	var out []Size
	for i := range sweepSteps {
		n := lo + (hi-lo)*i/(sweepSteps-1)
		if len(out) == 0 || n > out[len(out)-1].Bytes {
			out = append(out, Size{n, 1})
		}
	}
	return out, nil
}

// turns gives sizes in the proportion of their weights, as evenly as can be:
// each gains its weight a turn, the one with the most is next and pays the sum.
type turns struct {
	sizes []Size
	have  []int
	sum   int
}

func newTurns(sizes []Size) turns {
	t := turns{sizes: sizes, have: make([]int, len(sizes))}
	for _, z := range sizes {
		t.sum += z.Weight
	}
	return t
}

func (t *turns) next() int {
	if len(t.sizes) == 1 {
		return t.sizes[0].Bytes
	}
	best := 0
	for i, z := range t.sizes {
		t.have[i] += z.Weight
		if t.have[i] > t.have[best] {
			best = i
		}
	}
	t.have[best] -= t.sum
	return t.sizes[best].Bytes
}
