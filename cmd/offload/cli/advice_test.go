package cli

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
)

// TestAdviceWords tests that each advice of the library has words.
func TestAdviceWords(t *testing.T) {
	for a := offload.NoAdvice + 1; a <= offload.LastAdvice; a++ {
		require.NotEmpty(t, adviceWords[a], "advice %d", a)
	}
	require.Len(t, adviceWords, int(offload.LastAdvice))
	app := &app{name: "acme"}
	err := offload.Advise(offload.ErrBusy, offload.AdviseReplace)
	require.Equal(t, "use `acme replace`, or attach with --force", app.advice(err))
	require.Empty(t, app.advice(offload.ErrBusy))
	err = offload.Advise(offload.ErrBusy, offload.AdviseFeatures)
	require.Contains(t, app.advice(err), "`acme features DEV`")
	app.device = "eth0"
	require.Contains(t, app.advice(err), "`acme features eth0`")
}
