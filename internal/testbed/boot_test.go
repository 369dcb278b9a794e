package testbed_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/internal/vm"
)

// spent is the processor time of this process and of those that it waited for.
func spent(t *testing.T) (all time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		require.NoError(t, syscall.Getrusage(who, &u))
		all += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return all
}

// TestBoot takes the processor time of a guest, its card included, from nothing
// to the answer to its first packet and the end: below two seconds of a core that
// does nothing else, below twice that of one that is shared.
func TestBoot(t *testing.T) {
	const ping = "ip link set eth0 up; ip addr add 10.9.0.1/24 dev eth0; ping -q -c 1 -W 10 10.9.0.2"
	boot := func() time.Duration {
		var out strings.Builder
		before := spent(t)
		require.NoError(t, testbed.RunGuest(t.Context(), &testbed.Guest{
			Ports: []testbed.Plug{"host"},
			Guest: vm.Guest{Args: []string{"/bin/sh", "-c", ping}, Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, Dir: "/", Stdout: &out, Stderr: &out},
		}), out.String())
		require.Contains(t, out.String(), "1 received")
		return spent(t) - before
	}
	boot() // builds what it needs
	cpu := boot()
	t.Logf("%.2f s of processor time", cpu.Seconds())
	require.Less(t, cpu, 4*time.Second)
}
