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

// A host sees the values of all CPUs that work on a map, writes one to all or one to
// each, and a key that comes again begins with zeros.
func TestPerCPU(t *testing.T) {
	region := target.MustBuiltin("skipsw").Maps.Regions[0]
	for _, typ := range []string{"percpu_array", "percpu_hash", "lru_percpu_hash"} {
		t.Run(typ, func(t *testing.T) {
			s := maplayout.Shape{KeySize: 4, ValueSize: 4, MaxEntries: 3, CPUs: 8}
			var l maplayout.Layout = maplayout.NewArray(s)
			if typ != "percpu_array" {
				l = maplayout.NewHash(s, typ == "lru_percpu_hash")
			}
			space := hostmap.NewSpace(mem.New(mem.Config{Units: make([]mem.Unit, 1)}), []hostmap.Room{{Region: region}})
			m, err := space.Create(image.Map{
				Name: "m", Type: typ, KeySize: 4, ValueSize: 4, MaxEntries: 3, Layout: string(l.Kind()), Params: l.Params(),
				Stride: l.Step(), Base: region.Base + region.Align,
			})
			require.NoError(t, err)
			key := []byte{2, 0, 0, 0}
			require.Equal(t, 4, m.ValueBytes())
			require.NoError(t, m.Update(key, []byte{9, 0, 0, 0}, hostmap.UpdateAny))
			v, ok := m.Lookup(key)
			require.True(t, ok)
			require.Equal(t, []byte{9, 0, 0, 0}, v)

			space.SetCPUs(3)
			require.Equal(t, 24, m.ValueBytes())
			v, _ = m.Lookup(key)
			require.Equal(t, []byte{9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, v)
			each := []byte{1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}
			require.NoError(t, m.Update(key, each, hostmap.UpdateAny))
			v, _ = m.Lookup(key)
			require.Equal(t, each, v)
			filled, _ := m.Filled()
			require.Equal(t, []image.Entry{{Key: key, Value: each}}, filled)
			require.NoError(t, m.Update(key, []byte{7, 0, 0, 0}, hostmap.UpdateAny))
			v, _ = m.Lookup(key)
			require.Equal(t, []byte{7, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0}, v)
			require.Error(t, m.Update(key, each[:16], hostmap.UpdateAny))

			if typ == "percpu_array" {
				return
			}
			require.NoError(t, m.Delete(key))
			space.SetCPUs(1)
			require.NoError(t, m.Update(key, []byte{5, 0, 0, 0}, hostmap.UpdateNoExist))
			space.SetCPUs(3)
			v, _ = m.Lookup(key)
			require.Equal(t, []byte{5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, v)
		})
	}
}
