package core

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestIndexRegisters pins the write pipeline: each write takes effect on its
// own.
func TestIndexRegisters(t *testing.T) {
	var x indexReg
	x.addr = 4
	x.write(8, 10)
	x.write(12, 11)
	x.write(16, 12)
	for now, want := range map[uint64]uint32{8: 4, 9: 4, 10: 8, 11: 12, 12: 16, 20: 16} {
		require.Equal(t, want, x.at(now), "cycle %d", now)
	}
}
