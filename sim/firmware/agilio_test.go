package firmware

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
)

// TestVerdicts pins the meaning of exit codes.
func TestVerdicts(t *testing.T) {
	m, err := NewAgilio(Config{Image: &image.Image{Target: target.MustBuiltin("agilio")}})
	require.NoError(t, err)
	f := m.(*Agilio)
	for _, tc := range []struct {
		typ  string
		code uint32
		want uint32
		ok   bool
	}{
		{"xdp", 0x820000, uint32(bpf.XDPAborted), true},
		{"xdp", 0x220000, uint32(bpf.XDPDrop), true},
		{"xdp", 0x110000, uint32(bpf.XDPPass), true},
		{"xdp", 0x440000, uint32(bpf.XDPTX), true},
		{"tc", 0x220000, uint32(bpf.TCActShot), true},
		{"tc", 0x020000, uint32(bpf.TCActStolen), true},
		{"tc", 0x110000, uint32(bpf.TCActOK), true},
		{"tc", 0x440000, uint32(bpf.TCActRedirect), true},
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
