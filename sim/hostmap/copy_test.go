package hostmap_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/mem"
)

// TestCopyFrom copies every kind of map to one that lies alike, and to one at
// another address and with another order of bytes, both with other contents
// before.
func TestCopyFrom(t *testing.T) {
	make := func(im image.Map) *hostmap.Map {
		space := hostmap.NewSpace(mem.New(mem.Config{}), []hostmap.Room{{Region: target.MustBuiltin("agilio").Maps.Regions[0]}})
		m, err := space.Create(im)
		require.NoError(t, err)
		return m
	}
	all := goldens()
	require.ErrorContains(t, make(all["array"]).CopyFrom(make(all["hash"])), "another shape")
	for name, im := range all {
		t.Run(name, func(t *testing.T) {
			src := make(im)
			other := im
			other.Initial = nil
			for _, e := range im.Initial[:min(1, len(im.Initial))] {
				v := append([]byte(nil), e.Value...)
				v[0]++
				other.Initial = append(other.Initial, image.Entry{Key: e.Key, Value: v})
			}
			alike := make(other)
			require.NoError(t, alike.CopyFrom(src))
			require.Equal(t, src.Entries(), alike.Entries())
			if im.Layout != string(maplayout.KindFirmware) {
				require.Equal(t, src.Region().Data, alike.Region().Data)
				other.Base += 0x1000
				other.Swapped = !other.Swapped
			}
			apart := make(other)
			require.NoError(t, apart.CopyFrom(src))
			require.Equal(t, src.Entries(), apart.Entries())
			require.NoError(t, src.CopyFrom(apart), "and back")
			require.Equal(t, src.Entries(), apart.Entries())
		})
	}
}
