package hostmap_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/mem"
)

// newTargets makes an empty map of targets of redirects.
func newTargets(t *testing.T, typ string, value uint32) *hostmap.Map {
	s := shape(4, value, 4)
	var l maplayout.Layout = maplayout.NewSlots(s)
	if typ == "devmap_hash" {
		l = maplayout.NewHash(s, false)
	}
	space := hostmap.NewSpace(mem.New(mem.Config{}), []hostmap.Room{{Region: target.MustBuiltin("skipsw").Maps.Regions[0]}})
	m, err := space.Create(info(typ, l, s))
	require.NoError(t, err)
	return m
}

// TestTargets puts entries into maps of targets by the rules of the kernel's
// dev_map_update_elem, cpu_map_update_elem and xsk_map_update_elem.
func TestTargets(t *testing.T) {
	pair := func(first uint32, program int32) []byte { return append(word(first), word(uint32(program))...) }
	for _, c := range []struct {
		name       string
		typ        string
		value      []byte
		key, flags uint32
		before     []byte // value at key 1
		want       error
		after      []image.Entry
	}{
		{name: "new", typ: "devmap", value: word(7), key: 1, after: []image.Entry{{Key: word(1), Value: word(7)}}},
		{name: "replaced", typ: "devmap", before: word(6), value: word(7), key: 1, after: []image.Entry{{Key: word(1), Value: word(7)}}},
		{name: "outside", typ: "devmap", value: word(7), key: 4, want: syscall.E2BIG},
		{name: "outside, not to replace", typ: "devmap", value: word(7), key: 4, flags: 1, want: syscall.E2BIG},
		{name: "never to replace", typ: "devmap", value: word(7), key: 1, flags: 1, want: syscall.EEXIST},
		{name: "only to replace, empty", typ: "devmap", value: word(7), key: 1, flags: 2, after: []image.Entry{{Key: word(1), Value: word(7)}}},
		{name: "unknown flags", typ: "devmap", value: word(7), key: 1, flags: 4, want: syscall.EINVAL},
		{name: "interface 0 takes out", typ: "devmap", before: word(6), value: word(0), key: 1},
		{name: "no program", typ: "devmap", value: pair(7, -1), key: 1, after: []image.Entry{{Key: word(1), Value: pair(7, 0)}}},
		{name: "a program", typ: "devmap", value: pair(7, 5), key: 1, want: unsupported.Err},
		{name: "hash", typ: "devmap_hash", value: word(7), key: 1 << 31, after: []image.Entry{{Key: word(1 << 31), Value: word(7)}}},
		{name: "hash, interface 0", typ: "devmap_hash", value: word(0), key: 1, want: syscall.EINVAL},
		{name: "hash, taken", typ: "devmap_hash", before: word(6), value: word(7), key: 1, flags: 1, want: syscall.EEXIST, after: []image.Entry{{Key: word(1), Value: word(6)}}},
		{name: "hash, only to replace", typ: "devmap_hash", value: word(7), key: 1, flags: 2, after: []image.Entry{{Key: word(1), Value: word(7)}}},
		{name: "cpu", typ: "cpumap", value: pair(2048, 0), key: 3, after: []image.Entry{{Key: word(3), Value: pair(2048, 0)}}},
		{name: "cpu with a program", typ: "cpumap", value: pair(2048, 9), key: 3, want: unsupported.Err},
		{name: "cpu, never to replace", typ: "cpumap", value: word(2048), key: 3, flags: 1, want: syscall.EEXIST},
		{name: "socket", typ: "xskmap", value: word(4), key: 0, flags: 1, after: []image.Entry{{Key: word(0), Value: word(4)}}},
		{name: "socket, taken", typ: "xskmap", before: word(4), value: word(5), key: 1, flags: 1, want: syscall.EEXIST, after: []image.Entry{{Key: word(1), Value: word(4)}}},
		{name: "socket, only to replace", typ: "xskmap", value: word(5), key: 1, flags: 2, want: syscall.ENOENT},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newTargets(t, c.typ, uint32(len(c.value)))
			if c.before != nil {
				require.NoError(t, m.Update(word(1), c.before, hostmap.UpdateAny))
			}
			require.ErrorIs(t, m.Update(word(c.key), c.value, uint64(c.flags)), c.want)
			if c.want == unsupported.Err {
				c.after = nil
			}
			require.Equal(t, c.after, m.Entries())
			for _, e := range c.after {
				v, ok := m.Lookup(e.Key)
				require.True(t, ok)
				require.Equal(t, e.Value, v)
			}
		})
	}
}

// TestTargetsTakenOut: an array takes out what is not there, but nothing
// outside.
func TestTargetsTakenOut(t *testing.T) {
	m := newTargets(t, "devmap", 8)
	require.NoError(t, m.Update(word(2), append(word(7), word(0)...), hostmap.UpdateAny))
	require.NoError(t, m.Delete(word(2)))
	require.NoError(t, m.Delete(word(2)))
	require.ErrorIs(t, m.Delete(word(4)), syscall.EINVAL)
	_, ok := m.Lookup(word(2))
	require.False(t, ok)
	_, ok = m.Lookup(word(1 << 31))
	require.False(t, ok)
	require.Empty(t, m.Entries())
}
