package vmtest

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInside(t *testing.T) {
	if !Inside(t) {
		return
	}
	require.NoError(t, os.WriteFile("/sys/bus/netdevsim/new_device", []byte("10 1"), 0))
	b, err := os.ReadFile("/proc/version")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(b), "Linux version 6.1"), string(b))
	require.DirExists(t, "/sys/bus/netdevsim/devices/netdevsim10/net/eth0")
	require.DirExists(t, "/sys/kernel/debug/netdevsim/netdevsim10/ports/0")
}
