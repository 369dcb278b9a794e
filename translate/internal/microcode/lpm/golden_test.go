package lpm_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/maplayout/layouttest"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/internal/microcode/lpm"
)

// TestGoldenBytes lets the routine look up addresses in the bytes that were
// written by hand.
func TestGoldenBytes(t *testing.T) {
	m := lpm.Map{Shape: shape(8, 4, 3), Target: skipsw, Base: layouttest.Base}
	mach, err := sim.New(driver(t, m), sim.DefaultSpec())
	require.NoError(t, err)
	host, _ := mach.Map("m")
	copy(host.Region().Data, layouttest.Golden(t, "lpm_trie"))
	for _, c := range []struct {
		addr [4]byte
		want uint32
	}{
		{[4]byte{10, 1, 2, 3}, 1},
		{[4]byte{11, 255, 2, 3}, 2},
		{[4]byte{10, 200, 2, 3}, 3},
		{[4]byte{10, 128, 0, 0}, 3},
		{[4]byte{12, 0, 0, 0}, 0},
		{[4]byte{8, 0, 0, 0}, 0},
	} {
		res := mach.Run(sim.Input{Packet: request(opLookup, 0, append([]byte{32, 0, 0, 0}, c.addr[:]...), nil)})
		require.Nil(t, res.Fault)
		found := binary.LittleEndian.Uint32(res.Packet) != 0
		require.Equal(t, c.want != 0, found, "%v", c.addr)
		if found {
			require.Equal(t, c.want, binary.LittleEndian.Uint32(res.Packet[8:]), "%v", c.addr)
		}
	}
}
