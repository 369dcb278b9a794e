package hashmap_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/maplayout/layouttest"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/internal/microcode/hashmap"
)

// TestGoldenBytes holds what the routines make of a table against the bytes
// that were written by hand, and lets them find the keys there.
func TestGoldenBytes(t *testing.T) {
	for name, c := range map[string]struct {
		m       hashmap.Map
		entries [][2]string
		at      []uint64 // where they are
	}{
		"hash": {hashmap.Map{Shape: shape(4, 6, 4), Target: skipsw, Base: layouttest.Base}, [][2]string{
			{"\x02\x00\x00\x00", "abcdef"}, {"\x05\x00\x00\x00", "ghijkl"}, {"\x01\x00\x00\x00", "mnopqr"},
		}, []uint64{32, 128, 104}},
		"hash_lru": {hashmap.Map{Shape: shape(5, 8, 2), Target: skipsw, Base: layouttest.Base, LRU: true, Swapped: true}, [][2]string{
			{"abcde", "\x01\x02\x03\x04\x05\x06\x07\x08"}, {"ABCDE", "\x11\x12\x13\x14\x15\x16\x17\x18"},
		}, []uint64{32, 64}},
	} {
		t.Run(name, func(t *testing.T) {
			mach, err := sim.New(driver(t, c.m), sim.DefaultSpec())
			require.NoError(t, err)
			host, _ := mach.Map("h")
			run := func(op int, key, value string) (result uint32) {
				res := mach.Run(sim.Input{Packet: request(op, 0, []byte(key), []byte(value))})
				require.Nil(t, res.Fault)
				return binary.LittleEndian.Uint32(res.Packet)
			}
			for _, e := range c.entries {
				require.Zero(t, run(opUpdate, e[0], e[1]))
			}
			want := layouttest.Golden(t, name)
			require.Equal(t, want, host.Region().Data)

			require.NoError(t, mach.Reset())
			copy(host.Region().Data, want)
			l := c.m.Layout()
			for i, e := range c.entries {
				at := uint64(run(opLookup, e[0], "")) - uint64(uint32(c.m.Base))
				require.Equal(t, c.at[i]+uint64(l.Value), at)
			}
			require.Zero(t, run(opLookup, "\x09\x09\x09\x09\x09", ""))
		})
	}
}
