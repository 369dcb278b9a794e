package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/vm"
)

// TestWithoutDriver runs the command on the host's own kernel, which has no
// device that can offload: one line each, and exit status 1.
func TestWithoutDriver(t *testing.T) {
	if vm.InGuest() {
		return // guests have the driver
	}
	if _, err := os.Stat("/sys/bus/netdevsim"); err == nil {
		return // so has this host
	}
	bin := filepath.Join(command(t), "offload")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no netdevsim", []string{"dev", "add", "netdevsim", "--id", "3"}, "^offload: add netdevsim 3: .*no netdevsim driver, or it is not loaded: try `modprobe netdevsim`\\)\n$"},
		{"no such device", []string{"show", "nosuch0"}, "^offload: look up interface nosuch0: no such device \\(.*\\); .*\n$"},
		{"tc on lo", []string{"attach", "lo", objectFile("pass.o"), "--prog", "tc_pass"}, "^offload: .*lo.*\\)\n$"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command(bin, tt.args...)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			require.True(t, errors.As(err, &exit), "%v: %s", err, out)
			require.Equal(t, 1, exit.ExitCode())
			require.Regexp(t, tt.want, string(out))
		})
	}
}
