package firmware

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVerdicts pins the meaning of exit codes.
func TestVerdicts(t *testing.T) {
	f := &Agilio{}
	for _, tc := range []struct {
		typ  string
		code uint32
		want uint32
		ok   bool
	}{
		{"xdp", 0x820000, xdpAborted, true},
		{"xdp", 0x220000, xdpDrop, true},
		{"xdp", 0x110000, xdpPass, true},
		{"xdp", 0x440000, xdpTX, true},
		{"tc", 0x220000, tcShot, true},
		{"tc", 0x020000, tcStolen, true},
		{"tc", 0x110000, tcOK, true},
		{"tc", 0x440000, tcRedirect, true},
		{"xdp", 0x020000, 0, false},
		{"tc", 0x820000, 0, false},
		{"xdp", 0x110001, 0, false},
		{"xdp", 0, 0, false},
	} {
		v, ok := f.verdict(tc.typ, tc.code)
		require.Equal(t, tc.ok, ok, "%s %#x", tc.typ, tc.code)
		if ok {
			require.Equal(t, tc.want, v, "%s %#x", tc.typ, tc.code)
		}
	}
}
