package maplayout

// WordUse is what becomes of a word of a value whose map the firmware keeps, in
// the numbers of the kernel's driver.
type WordUse uint8

// The uses.
const (
	WordUnused WordUse = 0
	WordRead   WordUse = 1
	WordAtomic WordUse = 3 // a counter, stored in the order of the atomic engine
)

// Place returns where byte i of a value, as the host has it, is stored. With
// reversed the bytes of its word stand in reverse order, that of the atomic
// engine.
func Place(i int, reversed bool) int {
	if reversed {
		return i ^ (wordBytes - 1)
	}
	return i
}

// Reversed says for each word of a value of size bytes whether its bytes are
// stored in reverse order: all words with swapped, else the counters of use.
func Reversed(size uint32, swapped bool, use []uint8) []bool {
	out := make([]bool, words(size))
	for w := range out {
		out[w] = swapped || w < len(use) && WordUse(use[w]) == WordAtomic
	}
	return out
}
