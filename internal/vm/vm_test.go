package vm

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestInside(t *testing.T) {
	if !Inside(t) {
		return
	}
	require.NoError(t, os.WriteFile("/sys/bus/netdevsim/new_device", []byte("10 1"), 0))
	b, err := os.ReadFile("/proc/version")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(b), "Linux version 6.1"), string(b))
	require.DirExists(t, "/sys/bus/netdevsim/devices/netdevsim10/net/eth0")
	require.DirExists(t, "/sys/kernel/debug/netdevsim/netdevsim10/ports/0")
}

func TestRun(t *testing.T) {
	k, err := Find(t.Context())
	require.NoError(t, err)
	dir := t.TempDir()
	tests := []struct {
		name, script string
		timeout      time.Duration
		stdout       string
		status       int
		err          string
	}{
		{name: "output", script: "echo out; echo err >&2; pwd", stdout: "out\n/\n"},
		{name: "status", script: "exit 42", status: 42},
		{name: "signal", script: "kill -9 $$", status: 137},
		{name: "shared folder", script: "seq 100000 > " + dir + "/seq; echo $0 $V", stdout: "/bin/sh value\n"},
		{name: "rest is read-only", script: "touch /usr/x 2>/dev/null || echo no", stdout: "no\n"},
		{name: "much output", script: "yes | head -c 500000", stdout: strings.Repeat("y\n", 250000)},
		{name: "timeout", script: "sleep 60", timeout: 2 * time.Second, err: "guest ended after 2s"},
		{name: "panic", script: "kill -QUIT 1; sleep 5", err: "without a status"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs strings.Builder
			err := k.Run(t.Context(), &Guest{
				Args: []string{"/bin/sh", "-c", tt.script}, Dir: "/", Env: []string{"PATH=/usr/bin:/bin", "V=value"},
				Share: []string{dir}, Stdout: &out, Stderr: &errs, Timeout: tt.timeout,
			})
			switch {
			case tt.err != "":
				require.ErrorContains(t, err, tt.err)
			case tt.status != 0:
				var exit *ExitError
				require.ErrorAs(t, err, &exit)
				require.Equal(t, tt.status, exit.Status)
			default:
				require.NoError(t, err)
				require.Equal(t, tt.stdout, out.String())
			}
		})
	}
	b, err := os.ReadFile(dir + "/seq")
	require.NoError(t, err)
	require.Equal(t, 100000, strings.Count(string(b), "\n"))
}

func TestFirstProcessMissing(t *testing.T) {
	k, err := Find(t.Context())
	require.NoError(t, err)
	err = k.Run(t.Context(), &Guest{Args: []string{"/bin/sh"}, Dir: "/does-not-exist"})
	require.ErrorContains(t, err, "does-not-exist")
	err = k.Run(t.Context(), &Guest{Args: []string{"no-such-command"}})
	require.ErrorContains(t, err, "no-such-command")
}

// TestRunner runs the command for `go test -exec`.
func TestRunner(t *testing.T) {
	bin := t.TempDir() + "/runner"
	out, err := exec.Command("go", "build", "-o", bin, "./runner").CombinedOutput()
	require.NoError(t, err, string(out))
	dir := t.TempDir()
	cmd := exec.Command(bin, "-mem", "128", "-share", dir, "/bin/sh", "-c", "uname -n; echo x > "+dir+"/f; exit 3")
	out, err = cmd.Output()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 3, exit.ExitCode())
	require.Equal(t, "guest\n", string(out))
	require.FileExists(t, dir+"/f")
}
