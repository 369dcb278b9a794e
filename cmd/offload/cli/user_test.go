//go:build linux

package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ordinary runs command lines as a user without rights: nobody, if the tests are
// root's.
type ordinary struct {
	dir, binary string
}

// nobody is the number of the user and the group without rights.
const nobody = 65534

func newOrdinary(t *testing.T) *ordinary {
	// Not t.TempDir, which only its owner may enter.
	dir, err := os.MkdirTemp("", "ordinary")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	o := &ordinary{dir: filepath.Join(dir, "home"), binary: filepath.Join(dir, "offload")}
	require.NoError(t, os.Mkdir(o.dir, 0o700))
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(o.dir, nobody, nobody))
	}
	// The test's binary is the command under this name.
	self, err := os.Open("/proc/self/exe")
	require.NoError(t, err)
	defer self.Close()
	b, err := os.OpenFile(o.binary, os.O_CREATE|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(b, self)
	require.NoError(t, err)
	require.NoError(t, b.Close())
	return o
}

func (o *ordinary) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, o.binary, args...)
	cmd.Dir = o.dir
	cmd.Env = []string{"HOME=" + o.dir, "TMPDIR=" + o.dir, "SKIPSW_RUNTIME_DIR=" + filepath.Join(o.dir, "cards")}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}

// TestOrdinaryUser runs two cards that are joined by a socket, attaches a program
// and maps, saves and goes on, all without rights.
func TestOrdinaryUser(t *testing.T) {
	o := newOrdinary(t)
	object, err := os.ReadFile("../../../testdata/bpf/count_by_proto.o")
	require.NoError(t, err)
	say := func(args ...string) string {
		t.Helper()
		cmd := o.command(t.Context(), args...)
		cmd.Stdin = bytes.NewReader(object)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	run := func(args ...string) *exec.Cmd {
		t.Helper()
		cmd := o.command(t.Context(), append([]string{"card", "run"}, args...)...)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		var text strings.Builder
		one := make([]byte, 1)
		for !strings.Contains(text.String(), "is ready") {
			_, err := out.Read(one)
			require.NoError(t, err, text.String())
			text.Write(one)
		}
		return cmd
	}
	eventually := func(want, device string) {
		t.Helper()
		re := regexp.MustCompile(want)
		require.Eventually(t, func() bool { return re.MatchString(say("stats", device)) }, 20*time.Second, 50*time.Millisecond)
	}
	two := run("--name", "two", "--port", "unix:wire")
	say("attach", "sim:two", "-")
	one := run("--name", "one", "--port", "gen:packets=500,flows=9", "--port", "unix:wire,client", "--fast")
	say("attach", "sim:one", "-")
	eventually("port 1 tx_packets +500", "sim:one")
	eventually("port 0 rx_packets +500", "sim:two")
	require.Contains(t, say("map", "dump", "counters", "--dev", "sim:two"), "500")
	say("card", "save", "two", "saved")
	say("card", "stop", "one")
	say("card", "stop", "two")
	require.NoError(t, one.Wait())
	require.NoError(t, two.Wait())
	again := run("--name", "two", "--port", "gen:packets=0", "--restore", "saved")
	require.Contains(t, say("map", "dump", "counters", "--dev", "sim:two"), "500")
	// What takes rights says so, in one line.
	for _, port := range []string{"tap:ordinary0", "netdev:lo"} {
		out, err := o.command(t.Context(), "card", "run", "--name", "none", "--port", port, "--force").CombinedOutput()
		require.Error(t, err, port)
		require.Equal(t, 1, strings.Count(string(out), "\n"), string(out))
		require.Regexp(t, "permi", string(out))
	}
	say("card", "stop", "two")
	require.NoError(t, again.Wait())
}
