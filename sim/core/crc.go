package core

import (
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
)

// crcPoly describes a CRC: the polynomial without its top bit, and the width.
type crcPoly struct {
	poly  uint32
	width uint8
}

var crcPolys = [8]crcPoly{
	nfpisa.CRCCCITT >> 5: {0x1021, 16},
	nfpisa.CRC32 >> 5:    {0x04c11db7, 32},
	nfpisa.CRCiSCSI >> 5: {0x1edc6f41, 32},
	nfpisa.CRC10 >> 5:    {0x233, 10},
	nfpisa.CRC5 >> 5:     {0x05, 5},
}

// crcTables have what a byte does to a remainder, for polynomials of at least a byte.
var crcTables = func() (out [len(crcPolys)][256]uint32) {
	for i, p := range crcPolys {
		if p.width < 8 {
			continue
		}
		for b := range out[i] {
			out[i][b] = p.feed(uint32(b)<<(p.width-8), 0)
		}
	}
	return out
}()

// feed feeds a byte into a remainder, bit by bit.
func (p crcPoly) feed(rem uint32, by uint8) uint32 {
	top := uint32(1) << (p.width - 1)
	mask := top<<1 - 1
	for i := 7; i >= 0; i-- {
		fb := rem>>(p.width-1)&1 ^ uint32(by>>i&1)
		rem = rem << 1 & mask
		if fb != 0 {
			rem ^= p.poly
		}
	}
	return rem
}

// crcStep is one step of the CRC unit: first byte in bits 1:0, last byte 3:2, reversed
// bits 4, little-endian 5, nfpisa's type above.
type crcStep uint32

// Parts of a crcStep.
const (
	crcReverse crcStep = 1 << 4
	crcLittle  crcStep = 1 << 5
)

// crcBytes returns the step over bytes first to last of a word, of type typ, one
// of nfpisa's.
func crcBytes(typ nfpisa.CRC, first, last uint32) crcStep {
	return crcStep(first | last<<2 | uint32(typ>>5)<<8)
}

// next feeds bytes of w into the remainder. Byte 0 is the most significant byte
// in big-endian order and the least significant one in little-endian order.
func (s crcStep) next(rem, w uint32) uint32 {
	p := crcPolys[s>>8&7]
	if p.width == 0 {
		return rem
	}
	mask := uint32(1)<<(p.width-1)<<1 - 1
	for k := s & 3; k <= s>>2&3; k++ {
		by := uint8(w >> (24 - 8*k))
		if s&crcLittle != 0 {
			by = uint8(w >> (8 * k))
		}
		if s&crcReverse != 0 {
			by = bits.Reverse8(by)
		}
		if p.width < 8 {
			rem = p.feed(rem, by)
			continue
		}
		rem = rem<<8&mask ^ crcTables[s>>8&7][uint8(rem>>(p.width-8))^by]
	}
	return rem
}
