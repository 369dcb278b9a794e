package testbed_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
)

// TestRunGuest replays a capture into a port of a guest. As root, the guest's
// kernel has the rights of nobody: it cannot read what only root can.
func TestRunGuest(t *testing.T) {
	dir := t.TempDir()
	for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		require.NoError(t, os.Chmod(d, 0o755)) // the folders above are the test's own
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o600))
	in, out := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "out.pcap")
	var frames []pcap.Packet
	for i := range 20 {
		f := make([]byte, 60+i)
		copy(f, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5})
		frames = append(frames, pcap.Packet{Data: f, Time: time.Unix(int64(i), 0)})
	}
	require.NoError(t, pcap.WriteFile(in, frames))

	var text, errs strings.Builder
	g := &testbed.Guest{
		Ports: []testbed.Plug{testbed.Plug("pcap:" + in + "," + out), "host"},
		Guest: vm.Guest{
			Args: []string{"/bin/sh", "-c", "ls -1 /sys/class/net; cat secret || echo no secret; touch x || echo no writing; cat /etc/shadow || echo no shadow; exit 3"},
			Env:  []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin"}, Dir: dir, See: []string{dir}, Stdout: &text, Stderr: &errs,
		},
	}
	err := testbed.RunGuest(t.Context(), g)
	var exit *vm.ExitError
	require.ErrorAs(t, err, &exit, "%s%s", text.String(), errs.String())
	require.Equal(t, 3, exit.Status)
	require.Contains(t, text.String(), "eth0\neth1\n")
	require.Contains(t, text.String(), "no writing\nno shadow\n")
	if os.Geteuid() == 0 {
		require.Contains(t, text.String(), "no secret\n")
	}
	got, err := pcap.ReadFile(out)
	require.NoError(t, err)
	require.Empty(t, got, "no program, no replay")

	_, err = testbed.NewPlugs(g.Ports)
	require.ErrorContains(t, err, "out.pcap: file exists", "nothing is overwritten")
}

// TestPlugs starts what brings frames with a program and stops it without.
func TestPlugs(t *testing.T) {
	p, err := testbed.NewPlugs([]testbed.Plug{"gen:5,100", "none", "cable", "cable", "host:10.1.2.3"})
	require.NoError(t, err)
	b, err := testbed.New(testbed.Spec{Options: nfp.Options{Ports: 5, Changed: p.Changed}})
	require.NoError(t, err)
	p.Attach(b.Card)
	p.Changed(0, nfp.PortState{Up: true})
	p.Changed(0, nfp.PortState{Up: true, Program: true})
	p.Changed(0, nfp.PortState{Up: true, Program: true})
	p.Changed(0, nfp.PortState{})
	p.Changed(1, nfp.PortState{Up: true, Program: true})
	require.NoError(t, p.Close())
	require.NoError(t, b.Close())
	_, err = os.Stat(b.Socket())
	require.ErrorIs(t, err, os.ErrNotExist)

	for words, says := range map[testbed.Plug]string{
		"host:x": "unable to parse IP", "gen:": "number of frames", "gen:3,59": "60 to 8064", "gen:3,9000": "60 to 8064",
		"tap:a0": "none, host, cable, pcap or gen", "cable": "two ends",
	} {
		_, err := testbed.NewPlugs([]testbed.Plug{words})
		require.ErrorContains(t, err, says, words)
	}
	_, err = testbed.Folders([]string{"testbed_test.go"})
	require.Error(t, err)
}

// TestFaultPlan reads faults, and says what is none.
func TestFaultPlan(t *testing.T) {
	p, err := testbed.NewFaultPlan([]string{"refuse-program", "lose-replies=2", "late-updates=10ms", "flap=1s", "events=3", "without=hash", "without=reload"})
	require.NoError(t, err)
	c := nfp.Capabilities{Reload: true, Maps: nfp.MapLimits{Types: 6}}
	p.Change(&c)
	require.False(t, c.Reload)
	require.EqualValues(t, 4, c.Maps.Types)
	for word, says := range map[string]string{
		"break": "there are refuse-program", "lose-replies": "a number above 0", "lose-replies=-1": "a number above 0", "flap=x": "a time",
		"without=wings": "a card can be without adjust-head",
	} {
		_, err := testbed.NewFaultPlan([]string{word})
		require.ErrorContains(t, err, says, word)
	}
}
