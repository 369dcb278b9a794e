package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/internal/vm/vmtest"
)

// TestTogether runs each pair of verbs as two processes at the same moment, ten
// rounds or what SKIPSW_N says: at least one wins, a loser says why, and what is
// there in the end is whole.
func TestTogether(t *testing.T) {
	bin := command(t)
	attach := []string{"attach", dev, objectFile("two_maps.o"), "--prog", "two_maps_tc", "--pin", pinDir}
	replace := append([]string{"replace"}, attach[1:]...)
	detach := []string{"detach", dev}
	tests := []struct {
		name   string
		before bool // a program is attached
		verbs  [2][]string
		loser  string // what the one that fails says
	}{
		{"attach and attach", false, [2][]string{attach, attach}, `program \d+ two_maps_tc was first`},
		{"attach and replace", false, [2][]string{attach, replace}, "nothing is attached"},
		{"attach and detach", false, [2][]string{attach, detach}, ""},
		{"replace and replace", true, [2][]string{replace, replace}, ""},
		{"replace and detach", true, [2][]string{replace, detach}, "nothing is attached"},
		{"detach and detach", true, [2][]string{detach, detach}, ""},
	}
	rounds := 10
	if n, err := strconv.Atoi(os.Getenv("SKIPSW_N")); err == nil {
		rounds = n
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !vm.InGuest() {
				t.Parallel()
			}
			if !vmtest.Inside(t, binEnv+"="+bin, fmt.Sprintf("SKIPSW_N=%d", rounds)) {
				return
			}
			for range rounds {
				newDevice(t)
				if tt.before {
					out, err := exec.Command(offloadBin(), attach...).CombinedOutput()
					require.NoError(t, err, string(out))
				}
				var out [2]bytes.Buffer
				var cmds [2]*exec.Cmd
				for i, args := range tt.verbs {
					cmds[i] = exec.Command(offloadBin(), args...)
					cmds[i].Stdout, cmds[i].Stderr = &out[i], &out[i]
					require.NoError(t, cmds[i].Start())
				}
				failed := 0
				for i := range cmds {
					if err := cmds[i].Wait(); err != nil {
						failed++
						require.NotEmpty(t, tt.loser, out[i].String())
						require.Regexp(t, tt.loser, out[i].String())
					}
				}
				require.LessOrEqual(t, failed, 1, "both failed: %s%s", &out[0], &out[1])
				now := snapshot(t)
				if now.Filters != "" {
					require.NoError(t, tcNew(func(_, now state) error { return nil })(state{}, now))
				}
				for _, p := range now.Pins {
					require.NotContains(t, p, "-new")
				}
				cleanUp(t)
			}
		})
	}
}
