package unsupported_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestOneIdentity tests that the parts' errors are the same one.
func TestOneIdentity(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
	}{
		{"own", unsupported.New("maps of maps", "there is one level")},
		{"compiler", &translate.Unsupported{What: "helper 1", Why: "none"}},
		{"simulator", &sim.Fault{Kind: core.FaultUnsupported, Word: -1}},
		{"verifier", &verify.Error{Class: verify.Unsupported}},
		{"device", &offload.Error{Op: "load", Kind: offload.ErrNotSupported}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := fmt.Errorf("somewhere: %w", tt.err)
			for _, identity := range []error{unsupported.Err, offload.ErrNotSupported, translate.ErrNotSupported, sim.ErrNotSupported, errors.ErrUnsupported} {
				require.ErrorIs(t, err, identity)
			}
			require.NotErrorIs(t, err, offload.ErrBusy)
		})
	}
	require.EqualError(t, unsupported.New("maps of maps", "there is one level"), "not supported: maps of maps, because there is one level")
	require.EqualError(t, unsupported.New("maps of maps", ""), "not supported: maps of maps")
}
