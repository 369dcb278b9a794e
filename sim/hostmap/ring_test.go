package hostmap_test

import (
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/mem"
)

// TestRing drives queues and stacks from the host beside a slice, with the
// kernel's rules: a full one takes no value but with UpdateExist, which throws
// the oldest out.
func TestRing(t *testing.T) {
	for _, typ := range []string{"queue", "stack"} {
		t.Run(typ, func(t *testing.T) {
			stack := typ == "stack"
			s := shape(0, 4, 3)
			space := hostmap.NewSpace(mem.New(mem.Config{}), []hostmap.Room{{Region: target.MustBuiltin("skipsw").Maps.Regions[0]}})
			m, err := space.Create(info(typ, maplayout.NewRing(s, stack), s))
			require.NoError(t, err)
			var model [][]byte // oldest first
			next := func() int {
				if stack {
					return len(model) - 1
				}
				return 0
			}
			rng := rand.New(rand.NewPCG(1, 2))
			for i := range 4000 {
				switch flags := uint64(rng.IntN(4)); {
				case rng.IntN(5) < 3:
					v := word(uint32(i))
					err := m.Update(nil, v, flags)
					switch {
					case flags&1 != 0 || flags > 2:
						require.ErrorIs(t, err, syscall.EINVAL)
						continue
					case len(model) == 3 && flags == 0:
						require.ErrorIs(t, err, syscall.E2BIG)
						continue
					case len(model) == 3:
						model = model[1:]
					}
					require.NoError(t, err)
					model = append(model, v)
				case len(model) == 0:
					_, err := m.Pop(nil)
					require.ErrorIs(t, err, syscall.ENOENT)
					_, ok := m.Lookup(nil)
					require.False(t, ok)
				default:
					k := next()
					v, ok := m.Lookup(nil)
					require.True(t, ok)
					require.Equal(t, model[k], v)
					v, err := m.Pop(nil)
					require.NoError(t, err)
					require.Equal(t, model[k], v)
					model = append(model[:k:k], model[k+1:]...)
				}
				want := []image.Entry(nil)
				for k := range model {
					at := k
					if stack {
						at = len(model) - 1 - k
					}
					want = append(want, image.Entry{Value: model[at]})
				}
				require.Equal(t, want, m.Entries())
			}
			require.ErrorIs(t, m.Delete(nil), syscall.EINVAL)
		})
	}
}
