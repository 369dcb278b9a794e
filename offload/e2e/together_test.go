package e2e

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/internal/vm/vmtest"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/kernel"
)

// pair is two verbs that run as two processes at the same moment.
type pair struct {
	name   string
	before []string // what attaches a program first, nil for none
	verbs  [2][]string
	loser  string // what the one that fails says, "" where both must do
}

// pairs are all pairs of verbs on one hook, and of attachments to two hooks of a
// device that runs one program.
func pairs() []pair {
	var all []pair
	attached := map[string][]string{}
	for _, typ := range []string{"tc", "xdp"} {
		attach := []string{"attach", dev, objectFile("two_maps.o"), "--prog", "two_maps_" + typ, "--pin", pinDir}
		attached[typ] = attach
		replace := append([]string{"replace"}, attach[1:]...)
		detach := []string{"detach", dev}
		none := "nothing is attached"
		all = append(
			all,
			pair{typ + " attach and attach", nil, [2][]string{attach, attach}, `program \d+ two_maps_` + typ + ` was first`},
			pair{typ + " attach and replace", nil, [2][]string{attach, replace}, none},
			pair{typ + " attach and detach", nil, [2][]string{attach, detach}, ""},
			pair{typ + " replace and replace", attach, [2][]string{replace, replace}, ""},
			pair{typ + " replace and detach", attach, [2][]string{replace, detach}, none},
			pair{typ + " detach and detach", attach, [2][]string{detach, detach}, ""},
		)
	}
	other := func(typ string) []string {
		args := slices.Clone(attached[typ])
		args[len(args)-1] = pinDir + "-" + typ
		return args
	}
	// A filter's hw-tc-offload and clsact stay if the filter does.
	return append(
		all,
		pair{"attach xdp and attach tc", nil, [2][]string{other("xdp"), other("tc")}, "busy|already|one program"},
		pair{"attach tc and attach on the host", nil, [2][]string{
			other("tc"), {"attach", dev, objectFile("two_maps.o"), "--prog", "two_maps_tc", "--mode", "skip_hw", "--pref", "2"},
		}, ""},
	)
}

// TestTogether runs each pair of verbs as two processes at the same moment, five
// rounds or what SKIPSW_N says: at least one wins, a loser says why, and what is
// there in the end is whole.
func TestTogether(t *testing.T) {
	bin := command(t)
	for _, p := range pairs() {
		t.Run(p.name, func(t *testing.T) {
			if !vm.InGuest() {
				t.Parallel()
			}
			if !vmtest.InsideGuest(t, long, binEnv+"="+bin) {
				return
			}
			for range repetitions(t, 5) {
				p.run(t)
				cleanUp(t)
			}
		})
	}
}

// run is one round.
func (p *pair) run(t *testing.T) {
	newDevice(t)
	if p.before != nil {
		out, err := exec.Command(offloadBin(), p.before...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	var out [2]bytes.Buffer
	var cmds [2]*exec.Cmd
	for i, args := range p.verbs {
		cmds[i] = exec.Command(offloadBin(), args...)
		cmds[i].Stdout, cmds[i].Stderr = &out[i], &out[i]
		require.NoError(t, cmds[i].Start())
	}
	failed := 0
	for i := range cmds {
		if err := cmds[i].Wait(); err != nil {
			failed++
			require.NotEmpty(t, p.loser, out[i].String())
			require.Regexp(t, p.loser, out[i].String())
		}
	}
	require.LessOrEqual(t, failed, 1, "both failed: %s%s", &out[0], &out[1])
	now := snapshot(t)
	if strings.Contains(now.Filters, "two_maps_tc") && !strings.Contains(now.Filters, "skip_hw") {
		require.NoError(t, tcNew(func(_, now state) error { return nil })(state{}, now))
	}
	for _, path := range now.Pins {
		require.NotContains(t, path, "-new")
	}
	// What won is there: as many programs as were attached and not detached.
	if p.before == nil && p.loser != "" {
		require.Len(t, attachedTo(t), 1, "%s%s", &out[0], &out[1])
	}
}

// attachedTo lists what is attached to the device.
func attachedTo(t *testing.T) []offload.Attachment {
	t.Helper()
	d, err := kernel.Open(dev, kernel.Options{})
	require.NoError(t, err)
	defer d.Close()
	all, err := d.Attached(t.Context())
	require.NoError(t, err)
	return all
}
