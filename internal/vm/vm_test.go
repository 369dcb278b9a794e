package vm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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

// TestSmallRoot: the guest sees programs and what it was given, and no more; run
// by root, its kernel has another user's rights.
func TestSmallRoot(t *testing.T) {
	k, err := FindUserMode(t.Context(), "")
	require.NoError(t, err)
	see, write := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(see+"/f", []byte("seen\n"), 0o644))
	g := &Guest{
		Args: []string{"/bin/sh", "-c", "cat " + see + "/f; ls /; ls /root; touch " + see + "/x || echo ro; echo hello > " + write + "/out; wc -l < /etc/passwd"},
		Dir:  "/", Env: []string{"PATH=/usr/bin:/bin"}, Small: true, See: []string{see}, Share: []string{write},
	}
	if os.Geteuid() == 0 {
		g.User = &User{UID: 65534, GID: 65534}
		require.NoError(t, os.Chown(write, 65534, 65534))
		for _, dir := range []string{see, write} { // the test's folder above them is root's own
			for d := dir; d != "/tmp" && d != "/"; d = filepath.Dir(d) {
				require.NoError(t, os.Chmod(d, 0o755))
			}
		}
	}
	var out, errs strings.Builder
	g.Stdout, g.Stderr = &out, &errs
	require.NoError(t, k.Run(t.Context(), g), errs.String())
	lines := strings.Fields(out.String())
	require.Equal(t, "seen", lines[0])
	require.Contains(t, lines, "ro")
	require.Contains(t, lines, "usr")
	require.NotContains(t, lines, "home")
	require.Equal(t, "1", lines[len(lines)-1])
	require.ErrorContains(t, (&Kernel{Init: k.Init, Base: "x"}).Run(t.Context(), g), "not supported: a card, a small root")
	b, err := os.ReadFile(write + "/out")
	require.NoError(t, err)
	require.Equal(t, "hello\n", string(b))
	if g.User != nil {
		st, err := os.Stat(write + "/out")
		require.NoError(t, err)
		require.EqualValues(t, 65534, st.Sys().(*syscall.Stat_t).Uid)
	}
}
