//go:build linux

package hostnet_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/internal/oracle/testnet"
	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/offload/card/hostnet"
	"github.com/skipsw/skipsw/sim/network"
)

// watch opens a watcher of a namespace.
func watch(t *testing.T, ns *oracle.Namespace, number hostnet.Number) *hostnet.Watcher {
	var w *hostnet.Watcher
	require.NoError(t, ns.Do(func() (err error) {
		w, err = hostnet.Open(number)
		return err
	}))
	t.Cleanup(w.Close)
	return w
}

// TestTables: what netlink tells is what ip prints, with what ip leaves out.
func TestTables(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	ns := oracletest.Namespace(t, "")
	got, err := watch(t, ns, nil).Tables()
	require.NoError(t, err)
	want := testnet.Tables()
	// ip does not print neighbours that are none, such as groups.
	got.Neighbours = slices.DeleteFunc(got.Neighbours, func(n network.Neighbour) bool {
		return n.Address.IsMulticast() || n.MAC == [6]byte{}
	})
	for _, x := range []*network.Tables{got, want} {
		slices.SortFunc(x.Links, func(a, b network.Link) int { return cmp.Compare(a.Index, b.Index) })
		slices.SortFunc(x.Neighbours, func(a, b network.Neighbour) int {
			return cmp.Or(cmp.Compare(a.Link, b.Link), a.Address.Compare(b.Address))
		})
		// ip puts the tables of IPv4 and IPv6 one behind the other, too, in an order of its own.
		slices.SortStableFunc(x.Routes, func(a, b network.Route) int {
			return cmp.Or(cmp.Compare(a.To.Addr().BitLen(), b.To.Addr().BitLen()), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
		})
	}
	text := func(list any) string { return fmt.Sprintf("%+v", list) }
	require.Equal(t, text(want.Links), text(got.Links))
	require.Equal(t, text(want.Routes), text(got.Routes))
	require.Equal(t, text(want.Neighbours), text(got.Neighbours))
	for _, six := range []bool{false, true} {
		require.Equal(t, text(want.Rules(six)), text(got.Rules(six)))
	}
	require.True(t, got.Merged())
}

// TestRefused: what a card cannot hold is refused by name.
func TestRefused(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	ns := small(t)
	w := watch(t, ns, nil)
	for _, c := range []struct{ object, what string }{
		{"route %s 198.51.100.0/24 nexthop via 10.0.0.7 dev v0 nexthop via 10.0.0.8 dev v0", "several next hops"},
		{"route %s 198.51.100.0/24 tos 8 via 10.0.0.7", "a type of service"},
		{"rule %s from 198.51.100.0/24 table 100", "a source"},
		{"rule %s fwmark 5 goto 32766", "action 2"},
		{"rule %s oif v0 table 100", "attribute 17"},
		{"rule %s table 100 suppress_prefixlength 0", "a suppressor"},
	} {
		for _, verb := range []string{"add", "del"} {
			_, err := ns.Output("ip", strings.Fields(fmt.Sprintf(c.object, verb))...)
			require.NoError(t, err, c.object)
			_, err = w.Tables()
			if verb == "del" {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, unsupported.Err, c.object)
			require.ErrorContains(t, err, c.what, c.object)
		}
	}
}

// small makes a namespace with one network.
func small(t *testing.T) *oracle.Namespace {
	ns, err := oracle.NewNamespace(`
ip link add v0 type veth peer name p0
ip link set v0 address 02:00:00:00:00:10 up
ip link set p0 up
ip addr add 10.0.0.1/24 dev v0
ip addr add 2001:db8::1/64 dev v0 nodad
`)
	require.NoError(t, err)
	t.Cleanup(ns.Close)
	return ns
}

// TestNumbers: interfaces get the numbers that are asked for, wherever they are named.
func TestNumbers(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	ns := small(t)
	_, err := ns.Output("ip", "rule", "add", "iif", "v0", "table", "77")
	require.NoError(t, err)
	plain, err := watch(t, ns, nil).Tables()
	require.NoError(t, err)
	moved, err := watch(t, ns, func(_ string, index uint32) uint32 { return index + 1000 }).Tables()
	require.NoError(t, err)
	for k := range plain.Links {
		plain.Links[k].Index += 1000
	}
	for k := range plain.Neighbours {
		plain.Neighbours[k].Link += 1000
	}
	for k := range plain.Routes {
		if plain.Routes[k].Out != 0 {
			plain.Routes[k].Out += 1000
		}
	}
	for k := range plain.Rules4 {
		if plain.Rules4[k].In != 0 {
			plain.Rules4[k].In += 1000
		}
	}
	require.Equal(t, plain, moved)
	_, err = watch(t, ns, func(string, uint32) uint32 { return 1 }).Tables()
	require.ErrorContains(t, err, "have one number, 1")
}

// TestRun: each change of what tables are made of is told, and nothing while nothing
// changes; so many that messages are lost leave the tables as the kernel has them.
func TestRun(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	ns := small(t)
	w := watch(t, ns, nil)
	first, err := w.Tables()
	require.NoError(t, err)
	told, late := make(chan *network.Tables, 1000), make(chan error, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- w.Run(ctx, first, func(t *network.Tables) error { told <- t; return nil }, func(err error) { late <- err })
	}()
	change := func(line string) {
		out, err := ns.Output("sh", "-ec", line)
		require.NoError(t, err, "%s: %s", line, out)
	}
	// until waits for tables of which something is so.
	until := func(so func(t *network.Tables) bool) {
		for {
			select {
			case got := <-told:
				if so(got) {
					return
				}
			case err := <-ended:
				require.NoError(t, err)
				require.Fail(t, "it ends")
			}
		}
	}
	route := func(to string, want int) func(*network.Tables) bool {
		return func(t *network.Tables) bool {
			return len(slices.DeleteFunc(slices.Clone(t.Routes), func(r network.Route) bool { return r.To.String() != to })) == want
		}
	}
	link := func(name string, is func(*network.Link) bool) func(*network.Tables) bool {
		return func(t *network.Tables) bool {
			return slices.ContainsFunc(t.Links, func(l network.Link) bool { return l.Name == name && is(&l) })
		}
	}
	change("ip route add 198.51.100.0/24 via 10.0.0.7")
	until(route("198.51.100.0/24", 1))
	change("ip -6 route add 2001:db8:77::/48 via 2001:db8:0::7")
	until(route("2001:db8:77::/48", 1))
	change("ip route del 198.51.100.0/24")
	until(route("198.51.100.0/24", 0))
	change("ip neigh add 10.0.0.77 lladdr 02:00:00:00:77:77 dev v0")
	until(func(t *network.Tables) bool {
		return slices.ContainsFunc(t.Neighbours, func(n network.Neighbour) bool { return n.Address.String() == "10.0.0.77" })
	})
	change("ip link set v0 mtu 1444")
	until(link("v0", func(l *network.Link) bool { return l.MTU == 1444 }))
	change("echo 1 >/proc/sys/net/ipv4/conf/v0/forwarding")
	until(link("v0", func(l *network.Link) bool { return l.Forwards4 && !l.Forwards6 }))
	change("ip addr add 10.0.5.1/24 dev v0")
	until(link("v0", func(l *network.Link) bool {
		return slices.ContainsFunc(l.Addresses, func(a network.Address) bool { return a.String() == "10.0.5.1/24" })
	}))
	change("ip rule add fwmark 7 table 100")
	until(func(t *network.Tables) bool {
		return slices.ContainsFunc(t.Rules4, func(r network.Rule) bool { return r.Mark == 7 })
	})
	change("ip link add v9 type veth peer name p9; ip link set v9 up")
	until(link("v9", func(l *network.Link) bool { return l.Up }))
	change("ip route add 198.51.100.0/24 nexthop via 10.0.0.7 dev v0 nexthop via 10.0.0.8 dev v0")
	for err := range late {
		if err != nil {
			require.ErrorIs(t, err, unsupported.Err)
			break
		}
	}
	change("ip route del 198.51.100.0/24")
	for err := range late {
		if err == nil {
			break // the newest again, which are those from before
		}
	}
	cancel()
	require.NoError(t, <-ended)
}

// TestLost: when there were so many messages that the kernel has dropped some, the tables
// are the kernel's all the same.
func TestLost(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	ns := small(t)
	w := watch(t, ns, nil)
	require.NoError(t, w.Shrink())
	first, err := w.Tables()
	require.NoError(t, err)
	const routes = 200
	out, err := ns.Output("sh", "-ec", fmt.Sprintf("for k in $(seq 1 %d); do echo route add 198.51.100.$k/32 via 10.0.0.7; done | ip -batch -", routes))
	require.NoError(t, err, "%s", out)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, w.Run(ctx, first, func(got *network.Tables) error {
		if len(got.Routes) == len(first.Routes)+routes {
			cancel()
		}
		return nil
	}, func(err error) { require.NoError(t, err) }))
	require.Positive(t, w.Lost())
}
