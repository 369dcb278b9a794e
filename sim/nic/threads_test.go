package nic

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/mem"
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

// TestApart shows that islands go apart, unless somebody wants to see commands in the
// order of time: then they come in it.
func TestApart(t *testing.T) {
	for name, hook := range map[string]func(*sim.MemoryHooks, func(*mem.Command, uint64, uint64)){
		"apart":    func(h *sim.MemoryHooks, see func(*mem.Command, uint64, uint64)) { h.Count = see },
		"together": func(h *sim.MemoryHooks, see func(*mem.Command, uint64, uint64)) { h.Serve = see },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(sample(t, "l2_swap_tx", "skipsw"), func(s *scene) { s.traffic.Packets, s.spec.Cores = 500, 12 })
			var last mem.Key
			all, back := 0, 0
			hook(&s.spec.Machine.MemoryHooks, func(c *mem.Command, _, _ uint64) {
				k := mem.Key{Cycle: c.Arrival, Source: int(c.Ticket.Source)}
				if all++; k.Before(last) {
					back++
				}
				last = k
			})
			card, err := New(s.img, s.spec)
			require.NoError(t, err)
			_, err = card.Run(context.Background(), s.inputs(t))
			require.NoError(t, err)
			require.Greater(t, all, 1000)
			require.Equal(t, name == "apart", back > 0, "%d of %d", back, all)
		})
	}
}
