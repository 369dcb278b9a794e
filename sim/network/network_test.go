package network_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/network"
)

// asPrinted is what "ip -j addr", "ip -j route show table all" and "ip -j neigh"
// print, one after the other.
const asPrinted = `
[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP"],"mtu":65536,"link_type":"loopback","address":"00:00:00:00:00:00"},
 {"ifindex":7,"ifname":"eth0","flags":["BROADCAST","UP"],"mtu":1500,"link_type":"ether","address":"02:00:00:00:00:0a",
  "addr_info":[{"family":"inet","local":"10.0.0.1","prefixlen":24,"scope":"global"},{"family":"inet6","local":"fe80::a","prefixlen":64,"scope":"link"}]}]
[{"dst":"default","gateway":"10.0.0.7","dev":"eth0","flags":[]},{"dst":"default","gateway":"fe80::7","dev":"eth0","metric":1024,"flags":[],"pref":"medium"},
 {"dst":"10.8.0.0/16","via":{"family":"inet6","host":"fe80::7"},"dev":"eth0","metrics":[{"mtu":1400}],"table":"100"},
 {"type":"blackhole","dst":"10.66.0.0/16","flags":[]},{"dst":"10.77.0.0/16","dev":"eth0","flags":["dead","linkdown"]},
 {"type":"local","dst":"10.0.0.1","dev":"eth0","table":"local","scope":"host","prefsrc":"10.0.0.1"}]
[{"dst":"10.0.0.7","dev":"eth0","lladdr":"02:00:00:00:00:77","state":["REACHABLE"]},{"dst":"10.0.0.8","dev":"eth0","state":["FAILED"]}]
`

func TestRead(t *testing.T) {
	got, err := network.Read([]byte(asPrinted))
	require.NoError(t, err)
	require.Equal(t, []network.Link{
		{Index: 1, Name: "lo", Up: true, MTU: 65536, Header: 14, Forwards4: true, Forwards6: true},
		{
			Index: 7, Name: "eth0", Up: true, MTU: 1500, Header: 14, MAC: [6]byte{2, 0, 0, 0, 0, 10}, Forwards4: true, Forwards6: true,
			Addresses: []network.Address{{Prefix: netip.MustParsePrefix("10.0.0.1/24"), Global: true}, {Prefix: netip.MustParsePrefix("fe80::a/64")}},
		},
	}, got.Links)
	hop := netip.MustParseAddr
	require.Equal(t, []network.Route{
		{To: netip.MustParsePrefix("0.0.0.0/0"), Table: 254, Out: 7, Hop: hop("10.0.0.7")},
		{To: netip.MustParsePrefix("::/0"), Table: 254, Out: 7, Hop: hop("fe80::7"), Metric: 1024},
		{To: netip.MustParsePrefix("10.8.0.0/16"), Table: 100, Out: 7, Hop: hop("fe80::7")},
		{Type: network.Blackhole, To: netip.MustParsePrefix("10.66.0.0/16"), Table: 254},
		{Type: network.Other, To: netip.MustParsePrefix("10.0.0.1/32"), Table: 255, Out: 7, Source: hop("10.0.0.1")},
	}, got.Routes)
	require.Equal(t, []network.Neighbour{{Link: 7, Address: hop("10.0.0.7"), MAC: [6]byte{2, 0, 0, 0, 0, 0x77}}}, got.Neighbours)
	require.Equal(t, hop("10.0.0.1"), got.Source(&got.Routes[0]))
	require.False(t, got.Source(&got.Routes[1]).IsValid(), "an address of the link is none to speak to others from")
}

// TestReadObject reads what ip does not print: rules of a family, locked MTUs, and
// interfaces that do not forward.
func TestReadObject(t *testing.T) {
	got, err := network.Read([]byte(`{
		"links": [{"ifindex": 2, "ifname": "e", "mtu": 1500, "forwarding": false}],
		"routes": [{"dst": "default", "family": "inet6", "dev": "e", "mtu_lock": 1300}],
		"rules": [{"priority": 5, "fwmark": "0x5", "fwmask": "0xff", "table": "100"}, {"priority": 4, "iif": "e", "action": "prohibit"}, {"fwmark": "7"}],
		"rules6": []}`))
	require.NoError(t, err)
	require.False(t, got.Links[0].Forwards4 || got.Links[0].Forwards6 || got.Links[0].Up)
	require.Equal(t, network.Route{To: netip.MustParsePrefix("::/0"), Table: 254, Out: 2, MTU: 1300}, got.Routes[0])
	require.Equal(t, []network.Rule{
		{Mark: 7, Mask: 1<<32 - 1, Table: 254}, {Priority: 4, In: 2, Answer: network.Prohibit}, {Priority: 5, Mark: 5, Mask: 255, Table: 100},
	}, got.Rules4)
	require.Empty(t, got.Rules(true))
	require.False(t, got.Merged())
}

func TestReadErrors(t *testing.T) {
	const link = `{"ifindex": 2, "ifname": "e"}`
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "no JSON"},
		{"no JSON", "routes", "invalid character"},
		{"half", `{"links": [`, "unexpected EOF"},
		{"a number", "7", "neither an object of lists nor a list"},
		{"a member", `{"addresses": []}`, `member "addresses", must be links`},
		{"an object of nothing", `[{"a": 1, "b": 2}]`, "an object with a, b, which is neither"},
		{"a list of rules", `[{"priority": 0, "src": "all", "table": "local"}]`, "does not say for which family"},
		{"a link without a number", `{"links": [{"ifname": "e"}]}`, "link 1: a link needs ifindex and ifname"},
		{"a link twice", `{"links": [` + link + `,` + link + `]}`, "link 2: link e (2) is there twice"},
		{"an address", `{"links": [{"ifindex": 2, "ifname": "e", "addr_info": [{"local": "x"}]}]}`, "an address needs local and prefixlen"},
		{"a number as text", `{"links": [{"ifindex": "2", "ifname": "e"}]}`, `ifindex "2"`},
		{"several next hops", `{"routes": [{"dst": "10.0.0.0/8", "nexthops": []}]}`, "not supported: a route with nexthops, because"},
		{"an encapsulating route", `{"routes": [{"dst": "10.0.0.0/8", "encap": "ip"}]}`, "not supported: a route with encap"},
		{"an unknown device", `{"routes": [{"dst": "10.0.0.0/8", "dev": "f"}]}`, "route 1: dev f is not among the links"},
		{"no device", `{"routes": [{"dst": "10.0.0.0/8"}]}`, "route to 10.0.0.0/8 has no dev"},
		{"a destination", `{"routes": [{"dst": "here", "dev": "e"}], "links": [` + link + `]}`, `dst "here" is neither`},
		{"a type", `{"routes": [{"type": "nat", "dst": "10.0.0.0/8"}]}`, `route type "nat" is none`},
		{"a table", `{"routes": [{"type": "blackhole", "dst": "10.0.0.0/8", "table": "x"}]}`, `table "x", must be main`},
		{"a gateway", `{"routes": [{"dst": "10.0.0.0/8", "gateway": "x", "dev": "e"}], "links": [` + link + `]}`, `gateway "x" is no address`},
		{"a neighbour", `{"neighbours": [{"dst": "10.0.0.1"}]}`, "a neighbour needs dst, dev and lladdr"},
		{"a rule by source", `{"rules": [{"src": "10.0.0.0", "srclen": 8}]}`, "not supported: a rule with srclen"},
		{"a rule's action", `{"rules": [{"action": "nop"}]}`, `rule action "nop", must be`},
		{"a mark", `{"rules": [{"fwmark": "x"}]}`, `fwmark "x" is no number`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := network.Read([]byte(c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
}

// machine has the maps of an image that looks into everything.
func machine(t *testing.T, shapes map[string]maplayout.Shape) *sim.Machine {
	img := &image.Image{Target: target.MustBuiltin("skipsw")}
	at := img.Target.Maps.Region().Base
	add := func(name, typ string, l maplayout.Layout) {
		s := shapes[name]
		img.Maps = append(img.Maps, image.Map{
			Name: name, Type: typ, KeySize: s.KeySize, ValueSize: s.ValueSize, MaxEntries: s.MaxEntries, ID: uint32(len(img.Maps) + 1),
			Layout: string(l.Kind()), Base: at + 64, Stride: l.Step(), Params: l.Params(),
		})
		at += (l.Size() + 127) &^ 63
	}
	add(maplayout.LinksMap, "hash", maplayout.NewHash(shapes[maplayout.LinksMap], false))
	add(maplayout.RulesMap, "array", maplayout.NewArray(shapes[maplayout.RulesMap]))
	add(maplayout.Routes4Map, "lpm_trie", maplayout.NewLPM(shapes[maplayout.Routes4Map]))
	add(maplayout.Routes6Map, "lpm_trie", maplayout.NewLPM(shapes[maplayout.Routes6Map]))
	add(maplayout.NeighboursMap, "hash", maplayout.NewHash(shapes[maplayout.NeighboursMap], false))
	img.Machine = image.Machine{CodeStart: uint16(img.Target.Core.CodeStart), Done: uint16(img.Target.Core.Done)}
	word, err := nfpisa.Encode(nfpisa.Br(int(img.Target.Core.Done)), nfpisa.Ctx4)
	require.NoError(t, err)
	img.Words = append(img.Words, word)
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err)
	require.True(t, network.Reads(img))
	return m
}

func allShapes() map[string]maplayout.Shape {
	return map[string]maplayout.Shape{
		maplayout.LinksMap: maplayout.LinksShape, maplayout.RulesMap: maplayout.RulesShape, maplayout.Routes4Map: maplayout.Routes4Shape,
		maplayout.Routes6Map: maplayout.Routes6Shape, maplayout.NeighboursMap: maplayout.NeighboursShape,
	}
}

// TestFill: the maps hold the tables, and after a second time nothing of the first.
func TestFill(t *testing.T) {
	tables, err := network.Read([]byte(asPrinted))
	require.NoError(t, err)
	m := machine(t, allShapes())
	require.NoError(t, tables.Fill(m.Maps()))
	count := func(name string) int {
		mp, ok := m.Map(name)
		require.True(t, ok)
		entries, _ := mp.Filled()
		return len(entries)
	}
	require.Equal(t, 2, count(maplayout.LinksMap))
	require.Equal(t, 2, count(maplayout.RulesMap), "the main tables, and none without routes")
	require.Equal(t, 1, count(maplayout.NeighboursMap))
	require.Equal(t, 1, count(maplayout.Routes6Map))
	routes, _ := m.Map(maplayout.Routes4Map)
	key := binary.LittleEndian.AppendUint32(nil, 96)
	key = binary.LittleEndian.AppendUint32(key, 254)
	key = binary.LittleEndian.AppendUint32(key, 0)
	v, ok := routes.Lookup(append(key, 192, 0, 2, 1))
	require.True(t, ok)
	require.Equal(t, uint32(7), binary.LittleEndian.Uint32(v[maplayout.RouteOut:]))
	require.Equal(t, []byte{10, 0, 0, 7}, v[maplayout.RouteHop:][:4])
	require.NoError(t, (&network.Tables{}).Fill(m.Maps()))
	for _, name := range []string{maplayout.LinksMap, maplayout.RulesMap, maplayout.Routes4Map, maplayout.Routes6Map, maplayout.NeighboursMap} {
		require.Equal(t, 0, count(name)-map[bool]int{true: 1}[name == maplayout.RulesMap], name)
	}
}

// TestTooMuch: what a card cannot hold is refused.
func TestTooMuch(t *testing.T) {
	shapes := allShapes()
	small := shapes[maplayout.LinksMap]
	small.MaxEntries = 1
	shapes[maplayout.LinksMap] = small
	tables, err := network.Read([]byte(asPrinted))
	require.NoError(t, err)
	require.ErrorContains(t, tables.Fill(machine(t, shapes).Maps()), `map ".links": update`)

	tables.Rules4 = make([]network.Rule, maplayout.RulesEach+1)
	for k := range tables.Rules4 {
		tables.Rules4[k].Table = 100
	}
	require.ErrorContains(t, tables.Fill(machine(t, allShapes()).Maps()), "not supported: 17 rules of a family, because a card has room for 16")

	tables.Rules4 = nil
	tables.Routes = append(tables.Routes, tables.Routes[1])
	require.ErrorContains(t, tables.Fill(machine(t, allShapes()).Maps()), "not supported: several routes to ::/0 with metric 1024")
}
