package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/packetrun"
)

// TestInterrupt sends Ctrl-C to a run that waits for packets, and to a measurement:
// both end with what there is, marked as such.
func TestInterrupt(t *testing.T) {
	bin := filepath.Join(command(t), "offload")
	file, err := os.ReadFile("../../../testdata/pcap/pass.pcap")
	require.NoError(t, err)
	program, err := filepath.Abs("../../../testdata/bpf/pass.o")
	require.NoError(t, err)

	cmd := exec.Command(bin, "run", "--json", "--pcap", "-", program)
	var out, says bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &says
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer cmd.Process.Kill()
	_, err = in.Write(file[:len(file)/2])
	require.NoError(t, err)
	time.Sleep(2 * time.Second) // it has read that, and waits
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, cmd.Wait(), says.String())
	var sum packetrun.Summary
	require.NoError(t, json.Unmarshal(out.Bytes(), &sum))
	require.True(t, sum.Partial)
	require.NotZero(t, sum.Packets)

	cmd = exec.Command(bin, "bench", "--packets", "100000000", program)
	out.Reset()
	cmd.Stdout = &out
	require.NoError(t, cmd.Start())
	time.Sleep(2 * time.Second)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, cmd.Wait(), says.String())
	require.Contains(t, out.String(), "interrupted: what follows is of a part of the packets")
	require.Regexp(t, `packets +[1-9]\d* in`, out.String())
}

// TestProgress draws a bar with rate and time left.
func TestProgress(t *testing.T) {
	var b strings.Builder
	p := drawProgress(&b, "bytes", 1000)
	p.watch("packets", func() int64 { return 250 }, func() int64 { return 40 })
	time.Sleep(4 * refresh)
	p.end()
	require.Regexp(t, `40 packets, \d+/s +25% .*250/1000`, b.String())
	require.Regexp(t, `\[\d+s:\d+s\]`, b.String(), "time gone and left")
	require.Nil(t, newProgress(&b, "bytes", 1000, false), "no terminal")
	var none *progress
	none.watch("x", nil, nil)
	none.set(1)
	none.end()
}
