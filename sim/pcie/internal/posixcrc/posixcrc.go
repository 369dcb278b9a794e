// Package posixcrc is the CRC-32 of the POSIX cksum utility, with which the
// NFP's tables are kept.
package posixcrc

const polynomial = 0x04c1_1db7

// Sum returns the checksum: most significant bit first, from 0, over the bytes
// and then their number (low byte first, as many as needed), inverted.
func Sum(p []byte) uint32 {
	var crc uint32
	for _, b := range p {
		crc = step(crc, b)
	}
	for n := len(p); n != 0; n >>= 8 {
		crc = step(crc, byte(n))
	}
	return ^crc
}

func step(crc uint32, b byte) uint32 {
	crc ^= uint32(b) << 24
	for range 8 {
		if crc>>31 != 0 {
			crc = crc<<1 ^ polynomial
		} else {
			crc <<= 1
		}
	}
	return crc
}
