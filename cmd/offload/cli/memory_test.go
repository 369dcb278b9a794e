//go:build linux

package cli

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestLimitedMemory takes ever more memory under a limit: one line, and the exit code of
// an input that is too large.
func TestLimitedMemory(t *testing.T) {
	if os.Getenv("SKIPSW_TAKE_MEMORY") != "" {
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: 2 << 30, Max: 2 << 30}))
		defer watchMemory("offload", os.Stderr, os.Exit)()
		var taken [][]byte
		for {
			taken = append(taken, bytes.Repeat([]byte{1}, 1<<20))
			require.NotEmpty(t, taken)
			time.Sleep(time.Millisecond)
		}
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestLimitedMemory$")
	cmd.Env = append(os.Environ(), "SKIPSW_TAKE_MEMORY=1")
	var says bytes.Buffer
	cmd.Stderr = &says
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Run(), &exit)
	require.Equal(t, exitInput, exit.ExitCode(), says.String())
	require.Equal(t, "offload: out of memory: the process may take 2048 MiB of address space; allow it more (ulimit -v), or give it less to do\n", says.String())
}
