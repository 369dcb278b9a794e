package target_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
)

// TestSchema1 holds that the built-in files as they were before files had a
// schema are the same targets, apart from map types, atomic operations, sizes of keys and values, helpers and
// the clock, which came since.
func TestSchema1(t *testing.T) {
	for _, name := range target.Names() {
		got, err := target.Load(filepath.Join("testdata", name+"_schema1.yaml"))
		require.NoError(t, err)
		want := target.MustBuiltin(name)
		require.Subset(t, want.Maps.Types, got.Maps.Types)
		for helper, by := range got.Helpers {
			require.Equal(t, want.Helper(helper), by, helper)
		}
		require.GreaterOrEqual(t, want.Maps.MaxValue, got.Maps.MaxValue)
		require.GreaterOrEqual(t, want.Maps.MaxKey, got.Maps.MaxKey)
		want.Maps.MaxKey, want.Maps.MaxValue, want.Maps.MaxElement = got.Maps.MaxKey, got.Maps.MaxValue, got.Maps.MaxElement
		require.Subset(t, want.Maps.Atomics, got.Maps.Atomics)
		want.Maps.Types, want.Maps.Atomics, want.Helpers, want.Clock = got.Maps.Types, got.Maps.Atomics, got.Helpers, nil
		require.Equal(t, want, got)
	}
}

func TestBadSchema1(t *testing.T) {
	for _, c := range []struct{ name, target, from, to, want string }{
		{"unknown field", "agilio", "abi: 2", "abi: 2\nfirmware: agilio", `read as a file without schema: `},
		{"field that is missing", "agilio", "  padding: 8\n", "", "core.padding is missing"},
		{"latency that nobody reads", "skipsw", "ctm: 75", "ctm: 80", "latency is map"},
		{"word beyond the vector", "skipsw", "rx_queue: 9", "rx_queue: 16", "packet_vector.rx_queue is 16"},
		{"no pointer", "skipsw", "pointer: 2", "pointer: -1", "packet_vector.length and packet_vector.pointer must be there"},
		{"code of more than 8 bits", "agilio", "xdp: [0x82", "xdp: [0x182", "exit.xdp has 0x182"},
		{"too many codes", "agilio", "xdp: [0x82, 0x22, 0x11, 0x44]", "xdp: [1, 2, 3, 4, 5, 6]", "exit.xdp has 6 codes"},
		{"two words in one place", "skipsw", "rx_queue: 9", "rx_queue: 8", "packet_vector.rx_queue is in word 8"},
		{"negative limit", "skipsw", "max_maps: 64", "max_maps: -1", "maps.max_maps is -1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			good, err := os.ReadFile(filepath.Join("testdata", c.target+"_schema1.yaml"))
			require.NoError(t, err)
			require.Contains(t, string(good), c.from)
			_, err = target.Parse("x.yaml", []byte(strings.Replace(string(good), c.from, c.to, 1)))
			require.ErrorContains(t, err, c.want)
		})
	}
}
