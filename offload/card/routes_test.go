package card_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/card"
	"github.com/skipsw/skipsw/offload/card/hostnet"
	"github.com/skipsw/skipsw/sim/ports"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// sought is where a packet has the 64 bytes of struct bpf_fib_lookup.
const sought = 16

// seeking is an XDP program that calls bpf_fib_lookup with the parameters in the packet,
// writes back what it filled in, and returns the answer.
func seeking() *object.Program {
	insns := []bpf.Insn{
		bpf.Mov.Reg(6, 1), bpf.Load(bpf.SizeW, 7, 1, int16(bpf.XDPMdData)), bpf.Load(bpf.SizeW, 3, 1, int16(bpf.XDPMdDataEnd)), bpf.Mov.Reg(4, 7), bpf.Add.Imm(4, sought+64),
		bpf.Mov.Imm(0, 1), bpf.JLe.Reg(4, 3, 1), bpf.Return(),
	}
	for at := int16(0); at < 64; at += 4 {
		insns = append(insns, bpf.Load(bpf.SizeW, 1, 7, sought+at), bpf.Store(bpf.SizeW, 10, at-64, 1))
	}
	insns = append(insns, bpf.Mov.Reg(1, 6), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -64), bpf.Mov.Imm(3, 64), bpf.Mov.Imm(4, 0), bpf.CallHelper(bpf.HelperFIBLookup))
	for at := int16(0); at < 64; at += 4 {
		insns = append(insns, bpf.Load(bpf.SizeW, 1, 10, at-64), bpf.Store(bpf.SizeW, 7, sought+at, 1))
	}
	insns = append(insns, bpf.Return())
	return &object.Program{Name: "seek", Type: object.XDP, License: "GPL", Funcs: []object.Func{{Name: "seek"}}, Insns: insns}
}

// seek is a packet that asks for the way to an address from the interface of number 2.
func seek(to string) []byte {
	p := make([]byte, sought+64)
	q := p[sought:]
	a := netip.MustParseAddr(to)
	q[0] = 2
	if a.Is6() {
		q[0] = 10
		from := netip.MustParseAddr("2001:db8::99").As16()
		copy(q[16:], from[:])
	} else {
		copy(q[16:], []byte{10, 0, 0, 99})
	}
	binary.LittleEndian.PutUint16(q[6:], 60)
	binary.LittleEndian.PutUint32(q[8:], 2)
	copy(q[32:], a.AsSlice())
	return p
}

// TestRoutesFollow: while a card runs, routes, neighbours, links and rules of its network
// namespace change; bpf_fib_lookup then answers on the card what it answers in the
// kernel.
func TestRoutesFollow(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	ns, err := oracle.NewNamespace(`
ip link add v0 index 2 type veth peer name p0 index 12
ip link add v1 index 3 type veth peer name p1 index 13
for n in v0 p0 v1 p1; do ip link set $n up; done
ip link set v0 address 02:00:00:00:00:10
ip link set v1 address 02:00:00:00:00:11
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
ip addr add 10.0.0.1/24 dev v0
ip addr add 10.1.0.1/24 dev v1
ip addr add 2001:db8::1/64 dev v0 nodad
ip addr add 2001:db8:1::1/64 dev v1 nodad
ip neigh add 10.1.0.7 lladdr 02:00:00:00:01:07 dev v1
ip neigh add 2001:db8:1::7 lladdr 02:00:00:00:01:17 dev v1
`)
	require.NoError(t, err)
	t.Cleanup(ns.Close)
	// Port 0 has nothing of the kernel at it, so that numbers are the kernel's own.
	all := []card.Port{{Name: "gen:packets=0"}, {Name: "netdev:v0"}, {Name: "netdev:v1"}}
	for n := range all {
		all[n].Bridge = -1
		all[n].Wire, err = ports.Open("gen:packets=0", ports.Options{UID: -1, GID: -1, Log: t.Logf})
		require.NoError(t, err)
	}
	var w *hostnet.Watcher
	require.NoError(t, ns.Do(func() (err error) {
		w, err = hostnet.Open(func(name string, index uint32) uint32 { return card.Interface(all, name, index) })
		return err
	}))
	t.Cleanup(w.Close)
	first, err := w.Tables()
	require.NoError(t, err)
	c, err := card.New(card.Spec{Name: "card0", Ports: all, Network: first, Log: card.NewLog(testLog{t})})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- c.Run(ctx, false) }()
	go func() { ended <- w.Run(ctx, first, c.SetNetwork, c.RoutesLate) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, <-ended)
	})
	_, err = offload.Attach(t.Context(), c.Device(), offload.Request{Program: &offload.Program{Program: seeking()}})
	require.NoError(t, err)
	onCard, err := offload.AsPacketRunner(c.Device())
	require.NoError(t, err)
	inKernel, err := oracle.Kernel{Namespace: ns}.Load(seeking())
	require.NoError(t, err)
	defer inKernel.Close()

	answers := map[uint32]bool{}
	tos := []string{"198.51.100.7", "198.51.100.77", "10.1.0.7", "10.1.0.8", "203.0.113.1", "2001:db8:77::1", "2001:db8:1::7", "2001:db8:1::8"}
	// same reports whether all answers are the kernel's.
	same := func() (why string) {
		for _, to := range tos {
			want, err := inKernel.Run(seek(to))
			require.NoError(t, err)
			got, err := onCard.RunPacket(t.Context(), offload.Packet{Data: seek(to), Port: 1})
			require.NoError(t, err)
			answers[want.Verdict] = true
			if got.Verdict != want.Verdict || !slices.Equal(got.Data, want.Packet) {
				return fmt.Sprintf("way to %s: the kernel says %d %x, the card %d %x", to, want.Verdict, want.Packet, got.Verdict, got.Data)
			}
		}
		return ""
	}
	seen := ""
	for _, line := range []string{
		"true",
		"ip route add 198.51.100.0/24 via 10.1.0.7",
		"ip route add 198.51.100.64/26 via 10.1.0.8",
		"ip neigh add 10.1.0.8 lladdr 02:00:00:00:01:08 dev v1",
		"ip neigh change 10.1.0.7 lladdr 02:00:00:00:01:99 dev v1",
		"ip route change 198.51.100.0/24 via 10.1.0.8",
		"ip route add blackhole 203.0.113.0/24",
		"ip route replace unreachable 203.0.113.0/24",
		"ip -6 route add 2001:db8:77::/48 via 2001:db8:1::7",
		"ip link set v1 mtu 1400",
		"ip rule add iif v0 table 77; ip route add 198.51.100.0/24 via 10.0.0.7 dev v0 table 77",
		"ip rule del iif v0 table 77",
		"echo 0 >/proc/sys/net/ipv4/conf/v0/forwarding",
		"echo 1 >/proc/sys/net/ipv4/conf/v0/forwarding",
		"ip neigh del 10.1.0.8 dev v1",
		"ip route del 198.51.100.0/24",
		"ip link set v1 down",
	} {
		out, err := ns.Output("sh", "-ec", line)
		require.NoError(t, err, "%s: %s", line, out)
		deadline := time.Now().Add(time.Minute)
		for {
			if seen = same(); seen == "" {
				break
			}
			require.True(t, time.Now().Before(deadline), "%s: %s", line, seen)
			time.Sleep(10 * time.Millisecond)
		}
	}
	require.Empty(t, c.Status().RoutesLate)
	_, err = ns.Output("ip", "route", "add", "192.0.2.0/24", "nexthop", "via", "10.0.0.7", "nexthop", "via", "10.0.0.8")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains(c.Status().RoutesLate, "several next hops") }, time.Minute, 10*time.Millisecond)
	require.GreaterOrEqual(t, len(answers), 5, "answers of many kinds: %v", answers)
}
