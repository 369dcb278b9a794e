package remote_test

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/devicetest"
	"github.com/skipsw/skipsw/offload/remote"
	"github.com/skipsw/skipsw/offload/simdev"
)

// serve serves a simulated card on a socket until the test ends.
func serve(t *testing.T, tgt *target.Target) remote.Dialer {
	d, err := simdev.New(simdev.Spec{Target: tgt}).Open("card0")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "control")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	s := remote.NewServer(d, nil)
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { _ = s.Serve(conn) })
		}
	})
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
}

// TestDevice runs the implementers' tests on cards of both targets at the other
// end of a socket.
func TestDevice(t *testing.T) {
	for _, name := range target.Names() {
		t.Run(name, func(t *testing.T) {
			tgt, err := target.Builtin(name)
			require.NoError(t, err)
			devicetest.Run(t, func(t *testing.T) offload.Device {
				c, err := remote.Open(t.Context(), serve(t, tgt))
				require.NoError(t, err)
				return c
			})
		})
	}
}
