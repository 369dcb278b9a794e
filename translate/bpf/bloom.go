package bpf

import "math/bits"

// bloomHashes is the number of hash functions where a map names none.
const bloomHashes = 5

// BloomExtra are the bits that the map_extra of a Bloom filter may have: the number of
// its hash functions, 0 for the usual one.
const BloomExtra = 0xf

// Bloom returns how many hash functions a Bloom filter has and how many bits, a power
// of two, as the kernel chooses them.
func Bloom(entries uint32, extra uint64) (hashes uint32, size uint64) {
	hashes = uint32(extra & BloomExtra)
	if hashes == 0 {
		hashes = bloomHashes
	}
	// The best number is entries x hashes / ln 2; the kernel takes 7/5 for 1/ln 2, and
	// all there may be where 32 bits do not hold it.
	const most, word = 1 << 31, 64
	n := uint64(entries) * uint64(hashes)
	if want := n / 5 * 7; n < 1<<32 && want <= most {
		return hashes, 1 << bits.Len64(max(want, word)-1)
	}
	return hashes, 1 << 32
}
