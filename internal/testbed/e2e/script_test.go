package e2e

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
)

// binEnv tells the guest where the command is.
const binEnv = "SKIPSW_E2E_BIN"

// TestVerbs runs the scripts of testdata/script: our own command on the card's
// ports. `frames PORT HEX` brings a frame to a port, again and again in the
// background until the test ends.
func TestVerbs(t *testing.T) {
	if !inGuest(t, testbed.Spec{}, frames, func(g *vm.Guest) { g.Env = append(g.Env, binEnv+"="+offloadCommand(t)) }) {
		return
	}
	objects, err := filepath.Abs("../../../offload/e2e/testdata/bpf")
	require.NoError(t, err)
	samples, err := filepath.Abs("../../../testdata/bpf")
	require.NoError(t, err)
	up(t, port(t, 0))
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("OBJ", objects)
			env.Setenv("BPF", samples)
			env.Setenv("PATH", os.Getenv(binEnv)+":/usr/sbin:/usr/bin:/sbin:/bin")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"frames": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 2 {
					ts.Fatalf("usage: frames PORT HEX")
				}
				b, err := hex.DecodeString(args[1])
				ts.Check(err)
				ask(t, "frames", frameOrder{Port: int(args[0][0] - '0'), Frame: b}, nil)
			},
		},
	})
}

type frameOrder struct {
	Port  int
	Frame []byte
}

// frameEvery is the time between two frames that are brought again and again.
const frameEvery = 50 * time.Millisecond

// frames is hosts, with frames from the wire on demand.
func frames(b *testbed.Bed) orders {
	o := hosts(b)
	o["frames"] = func(arg json.RawMessage) (any, error) {
		var f frameOrder
		if err := json.Unmarshal(arg, &f); err != nil {
			return nil, err
		}
		go func() {
			for b.Card.Do(func(nfp.Firmware) {}) { // until the card is closed
				b.Card.Deliver(f.Port, bytes.Clone(f.Frame))
				time.Sleep(frameEvery)
			}
		}()
		return nil, nil
	}
	return o
}

// offloadCommand builds the command for the guest and returns its folder.
func offloadCommand(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	dir := filepath.Dir(exe) // the guest sees this folder
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "offload"), "github.com/skipsw/skipsw/cmd/offload")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return dir
}
