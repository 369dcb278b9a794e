package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/internal/vm"
)

// tools are the programs that the scripts of TestTools run, and the Debian
// packages that have them.
var tools = map[string]string{"bpftool": "bpftool", "ethtool": "ethtool", "ping": "iputils-ping", "ip": "iproute2", "tc": "iproute2"}

// toolPath is where they are.
const toolPath = "/usr/sbin:/usr/bin:/sbin:/bin"

// TestTools runs the scripts of testdata/tools: the distribution's own tools on
// the card's ports. `unbind` and `bind` take the card from the driver and give it back.
func TestTools(t *testing.T) {
	t.Setenv("PATH", toolPath+":"+os.Getenv("PATH"))
	for name, deb := range tools {
		_, err := exec.LookPath(name)
		require.NoError(t, err, "as root: apt-get install %s", deb)
	}
	if !inGuest(t, testbed.Spec{}, hosts, func(g *vm.Guest) { g.Timeout = 20 * time.Minute }) {
		return
	}
	objects, err := filepath.Abs("../../../offload/e2e/testdata/bpf")
	require.NoError(t, err)
	device, err := filepath.EvalSymlinks("/sys/class/net/eth0/device")
	require.NoError(t, err)
	driver := func(verb string) func(*testscript.TestScript, bool, []string) {
		return func(ts *testscript.TestScript, _ bool, _ []string) {
			ts.Check(os.WriteFile("/sys/bus/pci/drivers/nfp/"+verb, []byte(filepath.Base(device)), 0))
		}
	}
	require.NoError(t, addAddress(port(t, 0), near))
	testscript.Run(t, testscript.Params{
		Dir: "testdata/tools",
		Setup: func(env *testscript.Env) error {
			env.Setenv("OBJ", objects)
			env.Setenv("BPFFS", "/sys/fs/bpf")
			env.Setenv("PATH", toolPath)
			return bringUp(port(t, 0))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"unbind": driver("unbind"), "bind": driver("bind")},
	})
	noKernelTrouble(t)
}
