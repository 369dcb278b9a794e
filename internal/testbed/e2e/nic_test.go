package e2e

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
	"github.com/skipsw/skipsw/sim/pcie/wire"
	"github.com/skipsw/skipsw/translate/bpf"
)

// far is the address of the host at the other end of a port's cable, near that
// of the guest.
var (
	far  = netip.MustParseAddr("10.9.0.2")
	near = "10.9.0.1/24"
)

// hosts plugs a host that answers ping into port 0, and lets the guest pull the
// cables.
func hosts(b *testbed.Bed) orders {
	b.Card.Attach(0, &wire.Host{MAC: [6]byte{2, 0, 0, 0, 0, 1}, Addr: far, To: func(f []byte) bool { return b.Card.Deliver(0, f) }})
	return orders{
		"link": func(arg json.RawMessage) (any, error) {
			var up bool
			err := json.Unmarshal(arg, &up)
			b.Card.SetLink(0, up)
			return nil, err
		},
	}
}

// TestNIC takes the card for a plain network card.
func TestNIC(t *testing.T) {
	if !inGuest(t, testbed.Spec{Options: nfp.Options{Ports: 2}}, hosts) {
		return
	}
	booted := uptime(t)
	l := port(t, 0)
	up(t, l)
	require.NoError(t, addAddress(l, near))
	p := newPinger(t, far)
	require.Zero(t, p.lost(1, answerWait))
	asked, err := strconv.ParseInt(os.Getenv(startEnv), 10, 64)
	require.NoError(t, err)
	t.Logf("first packet %.2f s after the kernel's start, of which %.2f s until this process; %.2f s after the guest was asked for",
		uptime(t), booted, time.Since(time.Unix(0, asked)).Seconds())

	t.Run("two ports of the driver", func(t *testing.T) {
		mac := port(t, 0).Attrs().HardwareAddr
		require.Equal(t, "00:15:4d:13:5d:58", mac.String())
		require.Equal(t, "00:15:4d:13:5d:59", port(t, 1).Attrs().HardwareAddr.String())
		for _, eth := range []string{"eth0", "eth1"} {
			driver, err := filepath.EvalSymlinks("/sys/class/net/" + eth + "/device/driver")
			require.NoError(t, err)
			require.Equal(t, "/sys/bus/pci/drivers/nfp", driver)
		}
		speed, err := os.ReadFile("/sys/class/net/eth0/speed")
		require.NoError(t, err)
		require.Equal(t, "10000\n", string(speed))
	})
	t.Run("flood of pings", func(t *testing.T) {
		start := time.Now()
		require.Zero(t, p.lost(2000, answerWait))
		t.Logf("2,000 pings in %v", time.Since(start).Round(time.Millisecond))
	})
	t.Run("link", func(t *testing.T) {
		for _, on := range []bool{false, true, false, true} {
			ask(t, "link", on, nil)
			want := "0\n"
			if on {
				want = "1\n"
			}
			require.Eventually(t, func() bool {
				b, err := os.ReadFile("/sys/class/net/eth0/carrier")
				return err == nil && string(b) == want
			}, answerWait, 5*time.Millisecond)
		}
		require.Zero(t, p.lost(1, answerWait))
	})
	t.Run("MTU", func(t *testing.T) {
		for _, mtu := range []int{68, 1500, 8046} {
			require.NoError(t, netlink.LinkSetMTU(l, mtu), mtu)
			if mtu >= 100 {
				require.Zero(t, p.lost(1, answerWait), mtu)
			}
		}
		require.ErrorIs(t, netlink.LinkSetMTU(l, 8047), unix.EINVAL)
		require.Zero(t, p.lostOf(10, 8000, answerWait))
		require.NoError(t, netlink.LinkSetMTU(l, 1500))
	})
	t.Run("rings", func(t *testing.T) {
		for _, n := range []uint32{256, 4096, 512} {
			setRings(t, "eth0", n)
			require.Zero(t, p.lost(300, answerWait), n)
		}
	})
	t.Run("down and up with a program", func(t *testing.T) {
		fd, log, err := load(bpf.ProgTypeXDP, returns(bpf.XDPDrop), l.Attrs().Index)
		require.NoError(t, err, log)
		closeFD(t, fd)
		require.NoError(t, attachXDP(l, fd))
		require.Equal(t, 1, p.lost(1, 100*time.Millisecond))
		require.NoError(t, netlink.LinkSetDown(l))
		up(t, l)
		require.Equal(t, 1, p.lost(1, 100*time.Millisecond), "the program is still there")
		require.NoError(t, attachXDP(l, -1))
		require.Zero(t, p.lost(1, answerWait))
	})
	t.Run("unbind and bind", func(t *testing.T) {
		const driver = "/sys/bus/pci/drivers/nfp/"
		device, err := filepath.EvalSymlinks("/sys/class/net/eth0/device")
		require.NoError(t, err)
		for range 3 {
			require.NoError(t, os.WriteFile(driver+"unbind", []byte(filepath.Base(device)), 0))
			require.NoFileExists(t, "/sys/class/net/eth0/address")
			require.NoError(t, os.WriteFile(driver+"bind", []byte(filepath.Base(device)), 0))
			l = port(t, 0)
			up(t, l)
			require.NoError(t, addAddress(l, near))
			require.Zero(t, newPinger(t, far).lost(5, answerWait))
		}
	})
	noKernelTrouble(t)
}

// noKernelTrouble fails the test if the kernel has complained. (A warning would
// have ended the guest already.)
func noKernelTrouble(t *testing.T) {
	t.Helper()
	buf := make([]byte, 1<<20)
	const readAll = 3
	n, err := unix.Klogctl(readAll, buf)
	require.NoError(t, err)
	for line := range strings.Lines(string(buf[:n])) {
		for _, bad := range []string{"ring corruption", "Reconfig error", "timeout waiting", "delay:", "Invalid rx"} {
			require.NotContains(t, line, bad)
		}
	}
}

// TestTCP sends bytes through both ports, which a cable joins, between two
// network namespaces.
func TestTCP(t *testing.T) {
	cable := func(b *testbed.Bed) orders {
		to := func(n int) wire.Deliver { return func(f []byte) bool { return b.Card.Deliver(n, f) } }
		a, z := wire.Cable(to(0), to(1))
		b.Card.Attach(0, a)
		b.Card.Attach(1, z)
		return nil
	}
	if !inGuest(t, testbed.Spec{}, cable) {
		return
	}
	other := newNamespace(t)
	l0, l1 := port(t, 0), port(t, 1)
	up(t, l0)
	require.NoError(t, addAddress(l0, near))
	require.NoError(t, netlink.LinkSetNsFd(l1, other.fd))
	require.NoError(t, other.do(func() error { return errors.Join(bringUp(l1), addAddress(l1, far.String()+"/24")) }))
	const size = 20 << 20
	for _, s := range []struct {
		name           string
		server, client place
		addr           string
	}{
		{"from port 0 to port 1", other.do, here, far.String()},
		{"from port 1 to port 0", here, other.do, "10.9.0.1"},
	} {
		t.Run(s.name, func(t *testing.T) {
			start := time.Now()
			transfer(t, s.server, s.client, s.addr, size)
			t.Logf("%.1f MB/s", float64(size)/1e6/time.Since(start).Seconds())
		})
	}
	noKernelTrouble(t)
}
