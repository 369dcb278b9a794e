package nfpisa

import "math/bits"

// A word carries seven check bits of a (52,45) Hsiao code: one flipped bit can
// be corrected, two are detected.
//
//	 63    52 51    45 44                   0
//	┌────────┬────────┬──────────────────────┐
//	│   0    │  ECC   │     instruction      │
//	└────────┴────────┴──────────────────────┘
const (
	eccBits  = 7
	wordBits = insnBits + eccBits
)

// eccMasks holds, for each check bit, the instruction bits whose parity it is.
// Source: Linux nfp driver.
var eccMasks = [eccBits]uint64{
	0x0ff800007fff,
	0x11f801ff801f,
	0x1e387e0781e1,
	0x17cb8e388e22,
	0x1af5b2c93244,
	0x1f56d5525488,
	0x0daf69a46910,
}

// eccBitOf maps a syndrome to 1 + the number of the one flipped bit that makes
// it, or to 0.
var eccBitOf = buildECCBitOf()

func buildECCBitOf() (t [1 << eccBits]uint8) {
	for b := range wordBits {
		t[syndrome(1<<b)] = uint8(b + 1)
	}
	return t
}

// parity returns the check bits of instruction bits x.
func parity(x uint64) uint64 {
	return uint64(bits.OnesCount64(x&eccMasks[0])&1) |
		uint64(bits.OnesCount64(x&eccMasks[1])&1)<<1 |
		uint64(bits.OnesCount64(x&eccMasks[2])&1)<<2 |
		uint64(bits.OnesCount64(x&eccMasks[3])&1)<<3 |
		uint64(bits.OnesCount64(x&eccMasks[4])&1)<<4 |
		uint64(bits.OnesCount64(x&eccMasks[5])&1)<<5 |
		uint64(bits.OnesCount64(x&eccMasks[6])&1)<<6
}

func syndrome(w uint64) uint64 {
	return parity(w&insnMask) ^ w>>insnBits&(1<<eccBits-1)
}

// WithECC returns w with the check bits that its instruction bits (44:0) need
// and with bits 63:52 cleared.
func (w Word) WithECC() Word {
	x := uint64(w) & insnMask
	return Word(x | parity(x)<<insnBits)
}

// Bare returns the instruction bits (44:0) of w.
func (w Word) Bare() Word { return w & insnMask }

// CheckECC reports whether w's check bits are right and bits 63:52 are zero.
func CheckECC(w Word) bool {
	return uint64(w)>>wordBits == 0 && syndrome(uint64(w)) == 0
}

// ECCStatus is what a check of the error-correcting code found.
type ECCStatus uint8

// The findings of Correct.
const (
	ECCClean         ECCStatus = iota // nothing to do
	ECCCorrected                      // one bit was flipped and is repaired
	ECCUncorrectable                  // more than one bit is wrong
)

// Correct repairs one flipped bit of bits 51:0. With ECCUncorrectable, which
// also stands for a word with a bit above 51, w is returned as it was.
func Correct(w Word) (Word, ECCStatus) {
	if uint64(w)>>wordBits != 0 {
		return w, ECCUncorrectable
	}
	s := syndrome(uint64(w))
	if s == 0 {
		return w, ECCClean
	}
	if b := eccBitOf[s]; b != 0 {
		return w ^ 1<<(b-1), ECCCorrected
	}
	return w, ECCUncorrectable
}
