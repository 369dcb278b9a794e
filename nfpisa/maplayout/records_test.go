package maplayout_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
)

// TestRecords checks which queues of records can be laid out, and what images may
// say of them.
func TestRecords(t *testing.T) {
	const base = 0x20_0000_0100
	require.NoError(t, maplayout.CheckRecords(maplayout.NewEvents(), base))
	for want, n := range map[string]uint32{"ringbuf of 0 bytes": 0, "ringbuf of 32 bytes": 32, "ringbuf of 4100 bytes": 4100, "ringbuf of 1073741824 bytes": 1 << 30} {
		require.ErrorContains(t, maplayout.CheckRecords(maplayout.NewRingbuf(shape(0, 0, n)), base), want)
	}
	require.ErrorContains(t, maplayout.CheckRecords(maplayout.NewEvents(), base+4), "multiple of 8")

	l, err := maplayout.Parse(maplayout.KindEvents, shape(4, 4, 2), 8, map[string]uint64{"room": 128})
	require.NoError(t, err)
	require.Equal(t, maplayout.Records{Room: 128, Events: true}, l)
	for _, c := range []struct {
		name   string
		kind   maplayout.Kind
		step   uint32
		params map[string]uint64
		want   string
	}{
		{"no room", maplayout.KindEvents, 8, nil, "perf_events of 0 bytes"},
		{"odd room", maplayout.KindEvents, 8, map[string]uint64{"room": 100}, "perf_events of 100 bytes"},
		{"endless room", maplayout.KindEvents, 8, map[string]uint64{"room": 1<<32 + 128}, "of 4294967424 bytes"},
		{"step", maplayout.KindRingbuf, 16, nil, "step of 16"},
		{"parameter", maplayout.KindRingbuf, 8, map[string]uint64{"room": 4096}, `parameter "room"`},
	} {
		_, err := maplayout.Parse(c.kind, shape(0, 0, 4096), c.step, c.params)
		require.ErrorContains(t, err, c.want, c.name)
	}
}
