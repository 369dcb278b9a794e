package nic

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestThreads runs cards in one, two and three threads: everything that can be seen
// is the same, also behind a checkpoint of a run in another number of threads.
func TestThreads(t *testing.T) {
	for name, s := range stateScenes(t) {
		t.Run(name, func(t *testing.T) {
			var want witness
			tr, err := s.watched(t, &want).Start(s.inputs(t))
			require.NoError(t, err)
			want.ends(t, tr)
			for _, threads := range []int{2, 3} {
				other := *s
				other.spec.Machine.Threads = threads
				var got witness
				tr, err := other.watched(t, &got).Start(other.inputs(t))
				require.NoError(t, err)
				got.ends(t, tr)
				require.Equal(t, want, got, "%d threads", threads)
			}
		})
	}
}
