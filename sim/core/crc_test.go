package core

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCRCTables holds the tables against feeding bit by bit.
func TestCRCTables(t *testing.T) {
	for i, p := range crcPolys {
		if p.width == 0 {
			continue
		}
		rem, want := uint32(1), uint32(1)
		for w := range uint32(1000) {
			w *= 0x9e3779b9
			rem = crcStep(3<<2|i<<8).next(rem, w)
			for k := range 4 {
				want = p.feed(want, uint8(w>>(24-8*k)))
			}
			require.Equal(t, want, rem, "polynomial %#x", p.poly)
		}
	}
}
