package ebpf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/peer"
)

// TestKernelCorpus runs every program of the corpus on every packet: verdict,
// packet and maps must be what the kernel answered when it was recorded.
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
				var out []peer.Entry
				for _, e := range vm.Map(name).Entries() {
					out = append(out, peer.Entry{Key: e.Key, Value: e.Value})
				}
				return out, true
			}
			for i, r := range c.Runs {
				require.NoError(t, vm.Reset())
				res, err := vm.Run(ebpf.Input{Packet: r.PacketIn})
				require.NoError(t, err, "run %d", i)
				require.Equal(t, r.Verdict, uint32(res.R0), "run %d", i)
				require.Empty(t, r.Differs(peer.Outcome{Packet: res.Packet, Map: entries}), "run %d", i)
				runs++
			}
		})
	}
	t.Logf("%d programs, %d runs", len(cases), runs)
}
