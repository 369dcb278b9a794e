package card_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"

	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/card"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/sim/tunnel"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// edge is a program at the edge of VXLAN tunnels, for a card whose port 0 is the
// customer's and whose port 1 has the tunnels: what the customer sends goes to tunnel
// 4096 with the far end 10.0.0.7, or to 10.0.0.8 if the third byte of its destination is
// not 0.
func edge(t *testing.T) *offload.Program {
	t.Helper()
	l, err := bpf.Parse(`
		r6 = r1
		r2 = r10
		r2 += -48
		r3 = 44
		r4 = 0
		call skb_get_tunnel_key
		if r0 == 0 goto inside
		r7 = 0
		*(u64 *)(r10 -48) = r7
		*(u64 *)(r10 -40) = r7
		*(u64 *)(r10 -32) = r7
		*(u64 *)(r10 -24) = r7
		*(u64 *)(r10 -16) = r7
		*(u64 *)(r10 -8) = r7
		r1 = r6
		r2 = 32
		r3 = r10
		r3 += -4
		r4 = 1
		call skb_load_bytes
		if r0 != 0 goto shot
		r1 = *(u8 *)(r10 -4)
		r2 = 0x0a000007
		if r1 == 0 goto near
		r2 = 0x0a000008
	near:	*(u32 *)(r10 -44) = r2
		r1 = 4096
		*(u32 *)(r10 -48) = r1
		r1 = r6
		r2 = r10
		r2 += -48
		r3 = 44
		r4 = 0
		call skb_set_tunnel_key
		if r0 != 0 goto shot
		r1 = 2
		r2 = 0
		call redirect
		exit
	inside:	r1 = *(u32 *)(r10 -48)
		if r1 != 4096 goto shot
		r1 = 1
		r2 = 0
		call redirect
		exit
	shot:	r0 = 2
		exit`)
	require.NoError(t, err)
	return &offload.Program{Program: &object.Program{
		Name: "edge", Type: object.TC, License: "GPL", Insns: l.Insns, Funcs: []object.Func{{Name: "edge"}}, Section: "tc",
	}}
}

// edgeTables is what the host of such a card knows: it is 10.0.0.1 on the tunnels' side,
// where 10.0.0.7 has a link address.
func edgeTables(t *testing.T) *network.Tables {
	t.Helper()
	type list = []map[string]any
	b, err := json.Marshal(map[string]any{
		"links": list{
			{"ifindex": 1, "ifname": "p0", "mtu": 1500, "address": "02:00:00:00:01:01", "flags": []string{"UP"}, "link_type": "ether"},
			{
				"ifindex": 2, "ifname": "p1", "mtu": 1500, "address": "02:00:00:00:01:02", "flags": []string{"UP"}, "link_type": "ether",
				"addr_info": list{{"family": "inet", "local": "10.0.0.1", "prefixlen": 24, "scope": "global"}},
			},
		},
		"routes":     list{{"dst": "10.0.0.0/24", "dev": "p1", "prefsrc": "10.0.0.1"}},
		"neighbours": list{{"dst": "10.0.0.7", "dev": "p1", "lladdr": "02:00:00:00:07:07", "state": []string{"PERMANENT"}}},
	})
	require.NoError(t, err)
	tables, err := network.Read(b)
	require.NoError(t, err)
	return tables
}

// TestTunnelPort: a host behind a card whose other port is in tunnel mode and a host
// with the kernel's own device for VXLAN reach each other.
func TestTunnelPort(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	near, far := newSpace(t), newSpace(t)
	one, two := near.port("tap:ta"), far.port("tap:tb")
	sh := func(s *space, lines string) {
		t.Helper()
		s.do(func() error {
			out, err := exec.Command("sh", "-e", "-c", lines).CombinedOutput()
			require.NoError(t, err, string(out))
			return nil
		})
	}
	near.do(func() error { return up("ta", "10.9.0.1/24") })
	far.do(func() error { return up("tb", "10.0.0.7/24") })
	sh(near, `
ip link set dev ta address 02:00:00:00:00:0a
ip neigh add 10.9.0.5 lladdr 02:00:00:00:07:0a dev ta`)
	sh(far, `
ip link set dev tb address 02:00:00:00:07:07
ip neigh add 10.0.0.1 lladdr 02:00:00:00:01:02 dev tb
ip link add name vx address 02:00:00:00:07:0a type vxlan id 4096 local 10.0.0.7 remote 10.0.0.1 dstport 4789
ip addr add 10.9.0.5/24 dev vx
ip link set dev vx addrgenmode none
ip link set dev vx up
ip neigh add 10.9.0.1 lladdr 02:00:00:00:00:0a dev vx`)
	port, err := tunnel.ParsePort("vxlan")
	require.NoError(t, err)
	c, err := card.New(card.Spec{
		Name: "card0", Log: card.NewLog(testLog{t}), Network: edgeTables(t),
		Ports: []card.Port{{Wire: one, Name: "one", Bridge: -1}, {Wire: two, Name: "two", Bridge: -1, Tunnel: port}},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { require.NoError(t, c.Run(ctx, false)) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	_, err = offload.Attach(t.Context(), c.Device(), offload.Request{Program: edge(t)})
	require.NoError(t, err)
	near.ping(net.IPv4(10, 9, 0, 5), 64, 10)
	far.do(func() error {
		l, err := netlink.LinkByName("vx")
		require.NoError(t, err)
		require.GreaterOrEqual(t, l.Attrs().Statistics.RxPackets, uint64(10))
		return nil
	})
	s := stats(t, c.Device().(offload.Counting))
	require.GreaterOrEqual(t, s["fate redirected"], uint64(20))
	require.Zero(t, s["fate fault"])
	require.Zero(t, s["fate broken_tunnel"])
	// A site that nobody knows the way to.
	sh(near, "ip route add 10.9.2.0/24 via 10.9.0.5; ping -c 1 -W 1 10.9.2.5 > /dev/null || :")
	s = stats(t, c.Device().(offload.Counting))
	require.Equal(t, uint64(1), s["fate not_sent_by_tunnel"])
	require.Equal(t, uint64(1), s["lost at tunnel no_neighbour"])
}

// TestTunnelRefused: a card without a port in tunnel mode says so.
func TestTunnelRefused(t *testing.T) {
	home(t)
	r := run(t, "card0", card.Limits{}, "unix:"+t.TempDir()+"/a", "unix:"+t.TempDir()+"/b")
	_, err := offload.Attach(t.Context(), r.client, offload.Request{Program: edge(t)})
	require.ErrorContains(t, err, "no port of sim:card0 is in tunnel mode (card run --port WHAT,tunnel=vxlan)")
	require.ErrorContains(t, err, "skb_get_tunnel_key")
	require.ErrorIs(t, err, errors.ErrUnsupported)
}
