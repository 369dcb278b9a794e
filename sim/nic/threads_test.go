package nic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/sim"
)

// TestThreads runs cards in one, two and three threads: everything that can be seen
// is the same.
func TestThreads(t *testing.T) {
	for name, s := range stateScenes(t) {
		t.Run(name, func(t *testing.T) {
			var want witness
			tr, err := s.watched(t, &want).Start(s.inputs(t))
			require.NoError(t, err)
			want.ends(t, tr)

			watching := *s
			watching.spec.Machine.Hooks.Exit = func(sim.Step) {}
			var seen witness
			tr, err = watching.watched(t, &seen).Start(watching.inputs(t))
			require.NoError(t, err)
			seen.ends(t, tr)
			require.Equal(t, want, seen, "with a hook, that wants all in the order of time")
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
