package maplayout_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
)

// TestRings checks which queues and stacks can be laid out, and what images may
// say of them.
func TestRings(t *testing.T) {
	const base = 0x20_0000_0100
	require.NoError(t, maplayout.CheckRing(shape(0, 64, 1), false, base))
	for want, s := range map[string]maplayout.Shape{
		"keys of 4 bytes": shape(4, 4, 1), "values of 0 bytes": shape(0, 0, 1), "values of 65 bytes": shape(0, 65, 1), "0 entries": shape(0, 4, 0),
	} {
		require.ErrorContains(t, maplayout.CheckRing(s, true, base), want)
	}
	require.ErrorContains(t, maplayout.CheckRing(shape(0, 4, 1), true, base+4), "multiple of 8")

	l, err := maplayout.Parse(maplayout.KindStack, shape(0, 6, 3), 16, nil)
	require.NoError(t, err)
	require.Equal(t, maplayout.Ring{Slots: 4, Stride: 16, Stack: true}, l)
	for _, c := range []struct {
		name   string
		s      maplayout.Shape
		step   uint32
		params map[string]uint64
		want   string
	}{
		{"key", shape(4, 6, 3), 8, nil, "key of 4 bytes"},
		{"no entries", shape(0, 6, 0), 8, nil, "0 entries"},
		{"narrow slots", shape(0, 12, 3), 8, nil, "value of 12 bytes in slots of 8"},
		{"odd slots", shape(0, 6, 3), 12, nil, "slots of 12"},
		{"parameter", shape(0, 6, 3), 8, map[string]uint64{"head": 1}, `parameter "head"`},
	} {
		_, err := maplayout.Parse(maplayout.KindQueue, c.s, c.step, c.params)
		require.ErrorContains(t, err, c.want, c.name)
	}
}
