package ebpf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/peer"
)

// cardQueue returns the byte that stands for a receive queue on the card that
// the corpus is for. What no byte holds becomes the number of its queues, which
// is none of them.
func cardQueue(q uint32) uint8 {
	if q > 0xff {
		return 64
	}
	return uint8(q)
}

// TestKernelCorpus runs every program of the corpus on every packet: verdict,
// packet, maps, events and queue must be what the kernel answered when it was
// recorded.
func TestKernelCorpus(t *testing.T) {
	cases, err := peer.Load(peerDir)
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	runs := 0
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			p, err := c.Program()
			require.NoError(t, err)
			vm, err := ebpf.New(p, ebpf.Options{})
			require.NoError(t, err)
			entries := func(name string) ([]peer.Entry, bool) {
				return peer.Entries(vm.Map(name).Entries()), true
			}
			for i, r := range c.Runs {
				require.NoError(t, vm.Reset())
				res, err := vm.Run(ebpf.Input{Packet: r.PacketIn})
				require.NoError(t, err, "run %d", i)
				require.Equal(t, r.Verdict, uint32(res.R0), "run %d", i)
				o := peer.Outcome{Packet: res.Packet, Map: entries, Queue: peer.Queue{Selected: res.QueueSet, Value: cardQueue(res.Queue)}}
				for _, e := range res.Events {
					o.Events = append(o.Events, peer.Event{Data: e.Data, Packet: e.Packet})
				}
				require.Empty(t, r.Differs(o), "run %d", i)
				runs++
			}
		})
	}
	t.Logf("%d programs, %d runs", len(cases), runs)
}
