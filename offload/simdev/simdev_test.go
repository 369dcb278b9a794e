package simdev_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/devicetest"
	"github.com/skipsw/skipsw/offload/simdev"
)

// TestDevice runs the implementers' tests on cards of both targets.
func TestDevice(t *testing.T) {
	for _, name := range target.Names() {
		t.Run(name, func(t *testing.T) {
			tgt, err := target.Builtin(name)
			require.NoError(t, err)
			devicetest.Run(t, func(t *testing.T) offload.Device {
				d, err := simdev.New(simdev.Spec{Target: tgt}).Open("card0")
				require.NoError(t, err)
				return d
			})
		})
	}
}
