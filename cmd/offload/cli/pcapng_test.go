package cli

import (
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWiresharkReads has Wireshark's tools read the pcapng file of a run: comments,
// names of interfaces and nanoseconds.
func TestWiresharkReads(t *testing.T) {
	_, err := exec.LookPath("tshark")
	require.NoError(t, err, "make deps installs it")
	file := filepath.Join(t.TempDir(), "out.pcapng")
	var says strings.Builder
	c := Default()
	c.Args = []string{"run", "--out", file, "--out-dropped", "--pcap", "../../../testdata/pcap/l2_swap_tx.pcap", "../../../testdata/bpf/l2_swap_tx.o"}
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(""), io.Discard, &says
	require.Zero(t, Main(c), says.String())

	out, err := exec.Command("tshark", "-r", file, "-T", "fields", "-E", "separator=|", "-e", "frame.interface_name", "-e", "frame.comment").Output()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Len(t, lines, 200)
	require.Regexp(t, `^port 0\|packet 1: XDP_TX, \d+ cycles, l2_swap_tx.c:\d+$`, lines[0])
	dropped := 0
	for _, l := range lines {
		if strings.HasPrefix(l, "dropped|") {
			require.Regexp(t, `^dropped\|packet \d+: XDP_DROP, \d+ cycles, l2_swap_tx.c:\d+$`, l)
			dropped++
		}
	}
	require.Equal(t, 4, dropped)

	out, err = exec.Command("capinfos", file).Output()
	require.NoError(t, err)
	require.Contains(t, string(out), "nanoseconds (9)")
	require.Contains(t, string(out), "Name = dropped")
}
