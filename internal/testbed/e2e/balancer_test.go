package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
)

// TestBalancer has the driver translate the load balancer that the model of the
// card is calibrated with. The words must be those of l4lb.json. SKIPSW_RECORD
// names a file to write them to.
func TestBalancer(t *testing.T) {
	g := &gate{}
	spec := testbed.Spec{
		Options: nfp.Options{Ports: 1, Ran: g.ran}, Change: corpusFirmware,
		Wrap: func(f nfp.Firmware) nfp.Firmware { g.Firmware = f; return g },
	}
	if !inGuest(t, spec, g.orders) {
		if path := os.Getenv("SKIPSW_RECORD"); path != "" {
			var out []string
			for _, w := range g.words {
				out = append(out, fmt.Sprintf("%016x", w))
			}
			b, err := json.Marshal(out)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, b, 0o600))
		}
		return
	}
	cases, err := peer.LoadFile(corpusDir + "/l4lb.json")
	require.NoError(t, err)
	l := port(t, 0)
	up(t, l)
	classifiers(t, l)
	c := &corpusRun{t: t, link: l, shared: map[uint32]int{}}
	fds := c.maps(&cases[0])
	for _, fd := range fds {
		closeFD(t, fd)
	}
	typ, insns := code(t, &cases[0], fds)
	require.NoError(t, attachXDP(l, mustLoad(t, typ, insns, l)))
	c.compareWords(&cases[0])
	require.Equal(t, 1, c.sameWords)
	require.NoError(t, attachXDP(l, -1))
}
