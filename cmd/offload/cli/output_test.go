package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLostOutput tests that output that cannot be written is an error of every
// verb that prints.
func TestLostOutput(t *testing.T) {
	const bpf, pcap = "../../../testdata/bpf/", "../../../testdata/pcap/"
	for _, args := range [][]string{
		{"--help"},
		{"--version"},
		{"compile", bpf + "count_by_proto.o"},
		{"compile", "--json", bpf + "count_by_proto.o"},
		{"disasm", "--source", bpf + "count_by_proto.o"},
		{"run", "--pcap", pcap + "count_by_proto.pcap", bpf + "count_by_proto.o"},
		{"run", "--hot", "3", "--pcap", pcap + "count_by_proto.pcap", bpf + "count_by_proto.o"},
		{"check", bpf + "count_by_proto.o"},
		{"diff", "--no-kernel", "--n", "1"},
		{"attach", "sim:card0", bpf + "count_by_proto.o"},
		{"attach", "sim:card0", bpf + "count_by_proto.o", "--dry-run"},
		{"show", "sim:card0"},
		{"features", "sim:card0"},
		{"stats", "sim:card0"},
		{"map", "list", "sim:card0"},
		{"prog", "list", "sim:card0"},
		{"dev", "list"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			require.NoError(t, err)
			defer full.Close()
			var says strings.Builder
			c := Default()
			c.Args, c.Stdin, c.Stdout, c.Stderr = args, strings.NewReader(""), full, &says
			require.Equal(t, exitInput, Main(c))
			require.Contains(t, says.String(), "no space left on device")
		})
	}
}

// TestOutputFiles writes images, captures and assembled code to what is no
// regular file: it is written through, and stays what it is.
func TestOutputFiles(t *testing.T) {
	const bpf, pcap = "../../../testdata/bpf/", "../../../testdata/pcap/"
	src := filepath.Join(t.TempDir(), "a.s")
	require.NoError(t, os.WriteFile(src, []byte(".ctx 4\n.entry start xdp\nstart: nop\n"), 0o600))
	link := filepath.Join(t.TempDir(), "null")
	require.NoError(t, os.Symlink("/dev/null", link))
	for _, args := range [][]string{
		{"compile", "-o", link, bpf + "count_by_proto.o"},
		{"run", "--out", link, "--pcap", pcap + "count_by_proto.pcap", bpf + "count_by_proto.o"},
		{"asm", "-o", link, src},
	} {
		t.Run(args[0], func(t *testing.T) {
			var out, says strings.Builder
			c := Default()
			c.Args, c.Stdin, c.Stdout, c.Stderr = args, strings.NewReader(""), &out, &says
			require.Equal(t, exitDone, Main(c), says.String())
			info, err := os.Lstat(link)
			require.NoError(t, err)
			require.NotZero(t, info.Mode()&os.ModeSymlink)
			info, err = os.Stat("/dev/null")
			require.NoError(t, err)
			require.NotZero(t, info.Mode()&os.ModeCharDevice)
			c.Args = append([]string{args[0], args[1], "/dev/full"}, args[3:]...)
			says.Reset()
			require.Equal(t, exitInput, Main(c))
			require.Contains(t, says.String(), "no space left on device")
		})
	}
}
