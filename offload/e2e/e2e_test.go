// Package e2e runs the offload command against the kernel's own simulated
// device, each script in a kernel of its own.
package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/internal/vm/vmtest"
)

// binEnv tells the guest where the command is.
const binEnv = "SKIPSW_E2E_BIN"

// TestScripts runs testdata/script/*.txtar. Scripts see the command as
// `offload`, the host's ip and tc, the objects in $OBJ, and the files of the
// simulated device's driver.
func TestScripts(t *testing.T) {
	bin := command(t)
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			if !vm.InGuest() {
				t.Parallel()
			}
			if !vmtest.Inside(t, binEnv+"="+bin) {
				return
			}
			runScript(t, script)
		})
	}
}

func runScript(t *testing.T, script string) {
	objects, err := filepath.Abs("testdata/bpf")
	require.NoError(t, err)
	samples, err := filepath.Abs("../../testdata/bpf")
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Files: []string{script},
		Setup: func(env *testscript.Env) error {
			env.Setenv("OBJ", objects)
			env.Setenv("BPF", samples)
			env.Setenv("PATH", os.Getenv(binEnv)+":/usr/sbin:/usr/bin:/sbin:/bin")
			env.Setenv("BIN", os.Getenv(binEnv))
			env.Setenv("SIM", "/sys/bus/netdevsim")
			env.Setenv("DBG", "/sys/kernel/debug/netdevsim")
			return nil
		},
		Cmds: commands(),
	})
}

// command builds the command for the guests and returns its folder.
func command(t *testing.T) string {
	t.Helper()
	if vm.InGuest() {
		return os.Getenv(binEnv)
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	dir := filepath.Dir(exe) // the guest sees this folder
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "offload"), "github.com/skipsw/skipsw/cmd/offload")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return dir
}
