package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/internal/vm"
)

// TestManagerFaults runs the scripts of testdata/faults: our own command on a card
// that goes wrong, each in a guest of its own.
func TestManagerFaults(t *testing.T) {
	for name, faults := range map[string][]string{
		"refused": {"refuse-program", "late-updates=50ms"},
		"replies": {"lose-replies=1", "late-replies=20ms", "late-updates=20ms", "flap=200ms"},
		"without": {"without=reload", "without=random", "without=hash", "events=20"},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := testbed.NewFaultPlan(faults)
			require.NoError(t, err)
			host := func(b *testbed.Bed) orders {
				t.Cleanup(plan.Start(b.Card))
				return hosts(b)
			}
			if !inGuest(t, testbed.Spec{Change: plan.Change}, host, func(g *vm.Guest) { g.Env = append(g.Env, binEnv+"="+offloadCommand(t)) }) {
				return
			}
			objects, err := filepath.Abs("../../../offload/e2e/testdata/bpf")
			require.NoError(t, err)
			samples, err := filepath.Abs("../../../testdata/bpf")
			require.NoError(t, err)
			require.NoError(t, bringUp(port(t, 0)))
			testscript.Run(t, testscript.Params{
				Files: []string{"testdata/faults/" + name + ".txtar"},
				Setup: func(env *testscript.Env) error {
					env.Setenv("OBJ", objects)
					env.Setenv("BPF", samples)
					env.Setenv("PATH", os.Getenv(binEnv)+":"+toolPath)
					return nil
				},
			})
		})
	}
}
