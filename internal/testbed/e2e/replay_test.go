package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/internal/vm"
)

// TestReplay has a sample's capture go through the sample on the card, and looks
// at what leaves the port: what the program sends, with its addresses swapped.
func TestReplay(t *testing.T) {
	if vm.InGuest() {
		return
	}
	samples, err := filepath.Abs("../../../testdata")
	require.NoError(t, err)
	bin := offloadCommand(t)
	for d := bin; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		require.NoError(t, os.Chmod(d, 0o755)) // the folders above are the test's own
	}
	in, out := filepath.Join(samples, "pcap/l2_swap_tx.pcap"), filepath.Join(t.TempDir(), "out.pcap")
	var text strings.Builder
	g := &testbed.Guest{
		Ports: []testbed.Plug{testbed.Plug("pcap:" + in + "," + out)},
		Guest: vm.Guest{
			Args: []string{"/bin/sh", "-ec", "ip link set eth0 up; ip link set eth0 mtu 8000; offload attach eth0 bpf/l2_swap_tx.o; sleep 3; offload stats eth0"},
			Env:  []string{"PATH=" + bin + ":/usr/bin:/bin:/usr/sbin:/sbin"}, Dir: samples, See: []string{samples, bin}, Stdout: &text, Stderr: &text,
		},
	}
	require.NoError(t, testbed.RunGuest(t.Context(), g), text.String())
	sent, err := pcap.ReadFile(in)
	require.NoError(t, err)
	got, err := pcap.ReadFile(out)
	require.NoError(t, err)
	require.NotEmpty(t, got, text.String())
	// What leaves, leaves in the order in which it came; the rest went elsewhere.
	for _, g := range got {
		i := 0
		for i < len(sent) && !swapped(sent[i].Data, g.Data) {
			i++
		}
		require.Less(t, i, len(sent), "%x came from nowhere", g.Data)
		sent = sent[i+1:]
	}
	t.Logf("%d packets came back", len(got))
}

// swapped reports whether b is a with the Ethernet addresses swapped.
func swapped(a, b []byte) bool {
	return len(a) == len(b) && len(a) >= minFrame && bytes.Equal(a[:6], b[6:12]) && bytes.Equal(a[6:12], b[:6]) && bytes.Equal(a[12:], b[12:])
}
