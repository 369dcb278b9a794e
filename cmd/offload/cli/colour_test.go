//go:build linux

package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// onTerminal runs a command line whose output is a terminal, and returns what comes
// there.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	text := make(chan string)
	go func() {
		b, _ := io.ReadAll(master) // ends with an error when nobody has the other end
		text <- string(b)
	}()
	c := Default()
	c.Args, c.Stdin, c.Stdout, c.Stderr = args, strings.NewReader(""), slave, slave
	Main(c)
	require.NoError(t, slave.Close())
	defer master.Close()
	return <-text
}

func TestColours(t *testing.T) {
	const dir = "../../../testdata/bpf/"
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	check := []string{"check", "--target", "skipsw", dir + "pass.o"}
	require.Contains(t, onTerminal(t, check...), "pass: \x1b[32mok\x1b[0m")
	require.Contains(t, onTerminal(t, "nosuch"), "\x1b[31moffload:\x1b[0m unknown command")
	refused := onTerminal(t, "check", "--target", "skipsw", dir+"refused/null_value.o")
	require.Contains(t, refused, "\x1b[31m")
	// A name from outside stays text.
	require.Contains(t, onTerminal(t, "check", "no\x1b[31msuch"), `no\x1b[31msuch`)
	for _, off := range [][2]string{{"NO_COLOR", "1"}, {"TERM", "dumb"}} {
		t.Run(off[0], func(t *testing.T) {
			t.Setenv(off[0], off[1])
			require.NotContains(t, onTerminal(t, check...), "\x1b")
			require.NotContains(t, onTerminal(t, "nosuch"), "\x1b")
		})
	}
	var out, says strings.Builder
	c := Default()
	c.Args, c.Stdin, c.Stdout, c.Stderr = check, strings.NewReader(""), &out, &says
	require.Equal(t, exitDone, Main(c), says.String())
	require.NotContains(t, out.String(), "\x1b", "no terminal")
}
