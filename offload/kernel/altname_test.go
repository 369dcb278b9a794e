package kernel

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestAlternativeNames opens an interface by its other names, short and long.
func TestAlternativeNames(t *testing.T) {
	vethPair(t)
	long := "enp1s0np0_by_its_slot_and_" + strings.Repeat("x", 60)
	for _, name := range []string{"uplink", long} {
		out, err := exec.Command("ip", "link", "property", "add", "dev", "v0", "altname", name).CombinedOutput()
		require.NoError(t, err, string(out))
		d, err := Open(name, Options{})
		require.NoError(t, err)
		require.Equal(t, "v0", d.Name())
		require.NoError(t, d.Close())
	}
	for _, name := range []string{"nosuch", strings.Repeat("y", 40), strings.Repeat("z", 200)} {
		_, err := Open(name, Options{})
		require.ErrorIs(t, err, unix.ENODEV)
	}
}
