package hostmap_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/translate/bpf"
)

func space(memory *mem.System) *hostmap.Space {
	return hostmap.NewSpace(memory, []hostmap.Room{{Region: target.MustBuiltin("skipsw").Maps.Regions[0]}})
}

// TestGraceNodes: a node that was taken out of a trie stays as it is until all contexts
// that had a packet then have ended it, and is used again then.
func TestGraceNodes(t *testing.T) {
	s := space(mem.New(mem.Config{}))
	sh := shape(8, 4, 3)
	m, err := s.Create(info("lpm_trie", maplayout.NewLPM(sh), sh))
	require.NoError(t, err)
	key := append(word(8), 10, 0, 0, 0)
	at := func() uint64 {
		require.NoError(t, m.Update(key, word(7), 0))
		a, ok := m.Find(append(word(32), 10, 1, 2, 3))
		require.True(t, ok)
		return a
	}
	first := at()
	require.NoError(t, m.Delete(key))
	require.Equal(t, first, at(), "nobody has a packet")

	from := s.Join(3)
	s.Begin(from)
	s.Begin(from + 1)
	require.NoError(t, m.Delete(key))
	require.Equal(t, word(7), m.Region().Data[first-m.Region().Base:][:4])
	second := at()
	require.NotEqual(t, first, second)
	s.Begin(from + 2) // it came later, and is not waited for
	s.End(from)
	s.Begin(from)
	require.NoError(t, m.Delete(key)) // the second one waits for the next period
	third := at()
	require.NotContains(t, []uint64{first, second}, third)
	s.End(from + 1)
	require.NoError(t, m.Delete(key))
	require.Equal(t, first, at(), "contexts 0 and 1 have ended what they had")
	s.End(from)
	s.End(from + 2)
	require.NoError(t, m.Delete(key))
	require.Contains(t, []uint64{first, second, third}, at())

	s.Begin(from)
	for range 30 { // nodes go while nobody ends a packet
		if err = m.Delete(key); err == nil {
			err = m.Update(key, word(7), 0)
		}
		if err != nil {
			break
		}
	}
	require.ErrorContains(t, err, "cannot allocate memory")
	s.End(from)
	require.NoError(t, m.Update(key, word(7), 0))
}

// TestGraceInner: the memory of an inner map is there until packets have ended that were
// under way when it was freed.
func TestGraceInner(t *testing.T) {
	memory := mem.New(mem.Config{})
	s := space(memory)
	arr, outer := shape(4, 8, 4), shape(4, 4, 2)
	in := info("array", maplayout.NewArray(arr), arr)
	in.ID = 1
	out := info("array_of_maps", maplayout.NewNested(outer), outer)
	out.ID, out.Base, out.Params = 2, in.Base+0x1000, map[string]uint64{maplayout.ParamInner: 1}
	var all []*hostmap.Map
	for _, im := range []image.Map{in, out} {
		m, err := s.Create(im)
		require.NoError(t, err)
		all = append(all, m)
	}
	require.NoError(t, s.Link(all))
	from := s.Join(2)
	inner, err := all[1].NewInner("b")
	require.NoError(t, err)
	base := inner.Region().Base
	require.NoError(t, all[1].Update(word(0), word(inner.Number()), bpf.Any))
	s.Begin(from)
	require.ErrorContains(t, inner.FreeInner(), "holds it")
	require.NoError(t, all[1].Delete(word(0)))
	require.NoError(t, inner.FreeInner())
	require.NotNil(t, memory.Map.Find(base), "context 0 may have it")
	other, err := all[1].NewInner("b")
	require.NoError(t, err)
	require.NotEqual(t, base, other.Region().Base)
	s.Begin(from + 1)
	s.End(from)
	require.Nil(t, memory.Map.Find(base))
	third, err := all[1].NewInner("c")
	require.NoError(t, err)
	require.Equal(t, base, third.Region().Base, "its memory is used again")
}
