package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/skipsw/skipsw/internal/unsupported"
)

const etherHeader = 14

// link reads an object of "ip -j link" or "ip -j addr". Of its own it may have
// forwarding, whether frames that come by it are forwarded; they are if it is not
// said.
func (r *reader) link(f *fields) error {
	l := Link{Index: f.number("ifindex"), Name: f.text("ifname"), MTU: f.number("mtu"), Header: etherHeader, MAC: f.mac("address")}
	var flags []string
	f.get("flags", &flags)
	l.Up = slices.Contains(flags, "UP")
	forwards := true
	f.get("forwarding", &forwards)
	l.Forwards4, l.Forwards6 = forwards, forwards
	if typ := f.text("link_type"); typ == "none" {
		l.Header = 0
	}
	switch {
	case l.Index == 0 || l.Name == "":
		return fmt.Errorf("a link needs ifindex and ifname")
	case r.t.link(l.Index) != nil || r.index[l.Name] != 0:
		return fmt.Errorf("link %s (%d) is there twice", l.Name, l.Index)
	}
	var list []entry
	f.get("addr_info", &list)
	for _, e := range list {
		a := &fields{e: e}
		addr := a.address("local")
		p, err := addr.Prefix(int(a.number("prefixlen")))
		if err != nil || a.err != nil {
			return fmt.Errorf("addr_info: an address needs local and prefixlen")
		}
		l.Addresses = append(l.Addresses, Address{netip.PrefixFrom(addr, p.Bits()), a.text("scope") == "global" || a.e["scope"] == nil})
	}
	r.index[l.Name] = l.Index
	r.t.Links = append(r.t.Links, l)
	return nil
}

// device returns the number of the interface that a member names, 0 without it.
func (r *reader) device(f *fields, name string) (uint32, error) {
	s := f.text(name)
	if s == "" {
		return 0, nil
	}
	if n := r.index[s]; n != 0 {
		return n, nil
	}
	return 0, fmt.Errorf("%s %s is not among the links", name, s)
}

// types are those of routes by name; others do not forward.
var types = map[string]Type{
	"": Unicast, "unicast": Unicast, "blackhole": Blackhole, "unreachable": Unreachable, "prohibit": Prohibit, "throw": Throw,
	"local": Other, "broadcast": Other, "multicast": Other, "anycast": Other,
}

// table reads the number or name of a table, the main one if it is not said.
func table(f *fields) (uint32, error) {
	switch s := f.text("table"); s {
	case "", "main":
		return TableMain, nil
	case "local":
		return TableLocal, nil
	case "default":
		return TableDefault, nil
	default:
		n, err := strconv.ParseUint(s, 0, 32)
		if err != nil {
			return 0, fmt.Errorf("table %q, must be main, local, default or a number", s)
		}
		return uint32(n), nil
	}
}

// route reads an object of "ip -j route". Of its own it may have family, inet or
// inet6, for a default route that has no address; and mtu_lock, a locked MTU, which
// ip does not tell from others.
func (r *reader) route(f *fields) error {
	err := f.only("a route", "type", "dst", "gateway", "via", "dev", "table", "protocol", "scope", "prefsrc", "metric", "flags", "metrics",
		"pref", "family", "mtu_lock", "cache", "expires", "nhid")
	if err != nil {
		return err
	}
	var flags []string
	if f.get("flags", &flags); slices.Contains(flags, "dead") {
		return nil
	}
	typ, ok := types[f.text("type")]
	if !ok {
		return fmt.Errorf("route type %q is none of the kernel's", f.text("type"))
	}
	route := Route{Type: typ, Metric: f.number("metric"), MTU: f.number("mtu_lock"), Hop: f.address("gateway"), Source: f.address("prefsrc")}
	if via := (entry{}); f.get("via", &via) {
		host := &fields{e: via}
		route.Hop = host.address("host")
		if host.err != nil {
			return host.err
		}
	}
	if route.Out, err = r.device(f, "dev"); err != nil {
		return err
	}
	if route.Table, err = table(f); err != nil {
		return err
	}
	if route.To, err = destination(f, &route); err != nil {
		return err
	}
	if route.Type == Unicast && route.Out == 0 {
		return fmt.Errorf("route to %v has no dev", route.To)
	}
	r.t.Routes = append(r.t.Routes, route)
	return nil
}

// destination reads the destination of a route.
func destination(f *fields, r *Route) (netip.Prefix, error) {
	s := f.text("dst")
	if s == "default" {
		family := f.text("family")
		six := family == "inet6" || family == "" && (f.e["pref"] != nil || r.Hop.Is6() && f.e["via"] == nil || r.Source.Is6())
		if six {
			return netip.PrefixFrom(netip.IPv6Unspecified(), 0), nil
		}
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0), nil
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("dst %q is neither default, an address nor a prefix", s)
	}
	return p.Masked(), nil
}

// neighbour reads an object of "ip -j neigh". Those whose link address nobody has
// confirmed yet are left out.
func (r *reader) neighbour(f *fields) error {
	var state []string
	f.get("state", &state)
	usable := f.e["state"] == nil
	for _, s := range state {
		usable = usable || slices.Contains([]string{"PERMANENT", "NOARP", "REACHABLE", "PROBE", "STALE", "DELAY"}, s)
	}
	n := Neighbour{Address: f.address("dst"), MAC: f.mac("lladdr")}
	var err error
	if n.Link, err = r.device(f, "dev"); err != nil || !usable {
		return err
	}
	if !n.Address.IsValid() || n.Link == 0 {
		return fmt.Errorf("a neighbour needs dst, dev and lladdr")
	}
	r.t.Neighbours = append(r.t.Neighbours, n)
	return nil
}

// rule reads an object of "ip -j rule".
func (r *reader) rule(f *fields) (Rule, error) {
	rule := Rule{Priority: f.number("priority"), Mark: f.hex("fwmark"), Mask: f.hex("fwmask")}
	if err := f.only("a rule", "priority", "src", "fwmark", "fwmask", "iif", "table", "action", "protocol"); err != nil {
		return rule, err
	}
	if s := f.text("src"); s != "" && s != "all" {
		return rule, unsupported.New("a rule with src "+s, "a card searches by destination, mark and interface")
	}
	if f.e["fwmark"] != nil && f.e["fwmask"] == nil {
		rule.Mask = ^uint32(0)
	}
	var err error
	if rule.In, err = r.device(f, "iif"); err != nil {
		return rule, err
	}
	switch action := f.text("action"); action {
	case "", "to_tbl":
		rule.Table, err = table(f)
	case "blackhole", "unreachable", "prohibit":
		rule.Answer = types[action]
	default:
		err = fmt.Errorf("rule action %q, must be blackhole, unreachable or prohibit", action)
	}
	return rule, err
}
