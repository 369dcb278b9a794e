package maplayout

import (
	"encoding/binary"
	"fmt"
)

// Bloom is a Bloom filter: bits, in words that the atomic engine sets bits in.
//
//	region   +0  word 0: bits 0 to 31
//	         +4  word 1, ...
//
// A value has Hashes bits: Sum(value) + i x Step(value) modulo Bits, i from 0 on.
type Bloom struct {
	Hashes uint32
	Bits   uint64 // a power of two
}

// KindBloom names the layout in images.
const KindBloom Kind = "bloom_filter"

var _ = register(KindBloom, parser{keyless: true, parse: parseBloom})

// Limits of a filter. Values pass through local memory.
const (
	BloomMaxValue  = 512 // bytes
	BloomMaxHashes = 15
	bloomMinBits   = 64
	bloomMaxBits   = 1 << 32
)

// CheckBloom refuses a filter that cannot be served at its place.
func CheckBloom(s Shape, b Bloom, base uint64) error {
	switch {
	case s.KeySize != 0:
		return fmt.Errorf("Bloom filter with keys of %d bytes; it has none", s.KeySize)
	case s.ValueSize == 0 || s.ValueSize > BloomMaxValue:
		return fmt.Errorf("Bloom filter with values of %d bytes; 1 to %d are possible", s.ValueSize, BloomMaxValue)
	}
	return CheckPlace(base, b.Size())
}

// parseBloom takes any filter that programs could ask, whoever made it.
func parseBloom(_ Shape, step uint32, params map[string]uint64) (Layout, error) {
	hashes, bits := params["hashes"], params["bits"]
	switch {
	case hashes == 0 || hashes > BloomMaxHashes:
		return nil, fmt.Errorf("layout bloom_filter with %d hash functions; 1 to %d are possible", hashes, BloomMaxHashes)
	case bits < bloomMinBits || bits > bloomMaxBits || bits&(bits-1) != 0:
		return nil, fmt.Errorf("layout bloom_filter with %d bits, which must be a power of two from %d on", bits, bloomMinBits)
	case step != wordBytes:
		return nil, fmt.Errorf("stride %d, a word of a Bloom filter has %d bytes", step, wordBytes)
	}
	return Bloom{uint32(hashes), bits}, known(KindBloom, params, "hashes", "bits")
}

// Bit returns the number of bit i of a value, whose bytes are in the order of memory.
func (b Bloom) Bit(value []byte, i uint32) uint64 {
	return uint64(Sum(value)+i*bloomStep(value)) & (b.Bits - 1)
}

// BloomOdd is set in every step, so that all bits of a value are different.
const BloomOdd = 1

// bloomStep returns the distance of the bits of a value: the CRC of the core's CRC unit
// with its polynomial CRC-32, like Sum.
func bloomStep(value []byte) uint32 { return sum(&stepTable, value) | BloomOdd }

// Word returns the offset of the word with a bit, and the bit in it.
func (b Bloom) Word(bit uint64) (at uint64, mask uint32) {
	return bit / 32 * wordBytes, 1 << (bit % 32)
}

// Has reports whether all bits of a value are set in a region.
func (b Bloom) Has(region, value []byte) bool {
	for i := range b.Hashes {
		at, mask := b.Word(b.Bit(value, i))
		if binary.BigEndian.Uint32(region[at:])&mask == 0 {
			return false
		}
	}
	return true
}

// Add sets all bits of a value in a region.
func (b Bloom) Add(region, value []byte) {
	for i := range b.Hashes {
		at, mask := b.Word(b.Bit(value, i))
		binary.BigEndian.PutUint32(region[at:], binary.BigEndian.Uint32(region[at:])|mask)
	}
}

// Kind implements Layout.
func (Bloom) Kind() Kind { return KindBloom }

// Size implements Layout.
func (b Bloom) Size() uint64 { return b.Bits / 8 }

// Step implements Layout.
func (Bloom) Step() uint32 { return wordBytes }

// Values implements Layout. Programs reach no word of a filter.
func (Bloom) Values() Values { return Values{Stride: wordBytes, Size: wordBytes} }

// Params implements Layout.
func (b Bloom) Params() map[string]uint64 {
	return map[string]uint64{"hashes": uint64(b.Hashes), "bits": b.Bits}
}
