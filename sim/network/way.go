package network

import (
	"net/netip"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/tunnel"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Reasons why there is no way by which an interface sends to an address.
var (
	ErrNoTables    = &tunnel.Loss{Name: "no_tables", Text: "no program of the card looks into the network, so its memory has none"}
	ErrNoInterface = &tunnel.Loss{Name: "no_interface", Text: "the card's memory does not have the interface"}
	ErrNoRoute     = &tunnel.Loss{Name: "no_route", Text: "no route leads to the far end of a tunnel by the port"}
	ErrNoNeighbour = &tunnel.Loss{Name: "no_neighbour", Text: "the link address of the next hop to the far end of a tunnel is not known"}
)

// found are the maps of the network in card memory.
type found struct{ links, rules, routes4, routes6, neighbours *hostmap.Map }

// Way looks in card memory for the way of what an interface itself sends to an address,
// as programs do: rules by the mark, the route of the longest prefix, its next hop. What
// IPv4 has no route for is taken to be on the link.
func Way(maps []*hostmap.Map, out uint32, to netip.Addr, mark uint32) (w tunnel.Way, lost *tunnel.Loss) {
	f := found{
		named(maps, maplayout.LinksMap), named(maps, maplayout.RulesMap), named(maps, maplayout.Routes4Map), named(maps, maplayout.Routes6Map),
		named(maps, maplayout.NeighboursMap),
	}
	if f.links == nil || f.rules == nil || f.routes4 == nil || f.routes6 == nil || f.neighbours == nil {
		return w, ErrNoTables
	}
	link, ok := f.links.Lookup(word(out))
	if !ok {
		return w, ErrNoInterface
	}
	w.From = [6]byte(link[maplayout.LinkMAC:])
	w.MTU = int(le.Uint32(link[maplayout.LinkMTU:]))
	hop := to
	route, answer := f.byRules(out, to, mark)
	switch six := to.Is6(); {
	case answer == bpf.FIBLkupRetSuccess && (!six || le.Uint32(route[maplayout.RouteOut:]) == out):
		if m := int(le.Uint32(route[maplayout.RouteMTU:])); m > 0 {
			w.MTU = m
		}
		if le.Uint32(route[maplayout.RouteFlags:])&maplayout.RouteNoSource == 0 {
			w.Source = addressAt(route[maplayout.RouteSource:], six)
		}
		if family := le.Uint32(route[maplayout.RouteGateway:]); family != 0 {
			hop = addressAt(route[maplayout.RouteHop:], family == familyIPv6)
		}
	case six || route != nil:
		return w, ErrNoRoute
	}
	n, ok := f.neighbours.Lookup(neighbourKey(out, hop))
	if !ok {
		return w, ErrNoNeighbour
	}
	w.To = [6]byte(n[maplayout.NeighbourMAC:])
	return w, nil
}

// byRules searches the tables that the rules name, in their order. The answer of a
// search that found nothing is that of a packet that is not forwarded.
func (f *found) byRules(out uint32, to netip.Addr, mark uint32) (route []byte, answer uint32) {
	first := uint32(0)
	if to.Is6() {
		first = maplayout.RulesEach
	}
	for k := range uint32(maplayout.RulesEach) {
		r, ok := f.rules.Lookup(word(first + k))
		if !ok || le.Uint32(r[maplayout.RuleLeft:]) == 0 {
			break
		}
		const loopback = 1 // what the host itself sends
		in := le.Uint32(r[maplayout.RuleIn:])
		if (mark^le.Uint32(r[maplayout.RuleMark:]))&le.Uint32(r[maplayout.RuleMask:]) != 0 || in != 0 && in != loopback {
			continue
		}
		if answer = le.Uint32(r[maplayout.RuleAnswer:]); answer != maplayout.RuleLookUp {
			return nil, answer
		}
		if route, ok = f.in(le.Uint32(r[maplayout.RuleTable:]), out, to); !ok {
			continue
		}
		if answer = le.Uint32(route[maplayout.RouteAnswer:]); answer != maplayout.RouteThrow {
			return route, answer
		}
		if k+1 == le.Uint32(r[maplayout.RuleLeft:]) {
			break
		}
	}
	return nil, bpf.FIBLkupRetNotFwded
}

// in looks into a table.
func (f *found) in(table, out uint32, to netip.Addr) ([]byte, bool) {
	if to.Is6() {
		key := append(word(8*(maplayout.Routes6Shape.KeySize-maplayout.LPMLengthSize)), word(table)...)
		return f.routes6.Lookup(append(key, to.AsSlice()...))
	}
	key := append(word(8*(maplayout.Routes4Shape.KeySize-maplayout.LPMLengthSize)), word(table)...)
	return f.routes4.Lookup(append(append(key, word(out)...), to.AsSlice()...))
}

func addressAt(b []byte, six bool) netip.Addr {
	if six {
		return netip.AddrFrom16([16]byte(b))
	}
	return netip.AddrFrom4([4]byte(b))
}

// Ends returns the addresses at which tunnels of a host end, and the link address of one
// of its interfaces, the zero one where it is not known.
func (t *Tables) Ends(index uint32) (local []netip.Addr, mac [6]byte) {
	for k := range t.Links {
		for _, a := range t.Links[k].Addresses {
			local = append(local, a.Addr())
		}
	}
	if l := t.link(index); l != nil {
		mac = l.MAC
	}
	return local, mac
}
