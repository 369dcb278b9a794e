package translate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
)

// TestSettings: settings that no loader has set are told when they decide
// branches, and set ones change the code.
func TestSettings(t *testing.T) {
	compile := func(program string, set map[string]string) translate.Report {
		var r translate.Report
		_, err := translate.File("../testdata/bpf/odd/settings.o", translate.FileOptions{
			Program: program, Object: object.Options{Set: set}, Options: translate.Options{Report: &r},
		})
		require.NoError(t, err)
		return r
	}
	left := compile("block", nil)
	require.Equal(t, []string{"blocked_port=0"}, left.Settings)
	set := compile("block", map[string]string{"blocked_port": "3"})
	require.Empty(t, set.Settings)
	require.Greater(t, set.Words, left.Words)
	require.Equal(t, []string{"mode=0", "verbose=0"}, compile("all", nil).Settings)
	require.Equal(t, []string{"limits (0x0 at byte 29)", "verbose=0"}, compile("all", map[string]string{"mode": "BLOCK"}).Settings)
}
