package ebpf

import (
	"net/netip"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Network is what the host knows of its network, for the helpers that look into
// it. The zero value has no interfaces.
type Network struct {
	Links      []Link
	Routes     []Route
	Neighbours []Neighbour
	// Rules of IPv4 and of IPv6 in their order. Merged says that the tables local and
	// main of IPv4 are searched as one, as long as there are no other rules.
	Rules  [2][]Rule
	Merged bool
}

// Link is an interface.
type Link struct {
	Index, MTU, Header uint32
	Up                 bool
	Forwards           [2]bool // IPv4, IPv6
	MAC                [6]byte
}

// Route is a route. Answer is what bpf_fib_lookup returns for it, RouteThrow for
// one that sends the search to the next rule.
type Route struct {
	Answer             uint32
	To                 netip.Prefix
	Table, Out, Metric uint32
	Hop, Source        netip.Addr
	MTU                uint32
}

// RouteThrow is the answer of a route that sends the search on.
const RouteThrow = 1 << 8

// Rule is a rule that names a table, or with Answer the helper's result.
type Rule struct {
	Mark, Mask, In, Table, Answer uint32
}

// Neighbour is a neighbour with its link address.
type Neighbour struct {
	Link    uint32
	Address netip.Addr
	MAC     [6]byte
}

// Numbers of tables.
const (
	tableMain  = 254
	tableLocal = 255
)

func (n *Network) link(index uint32) *Link {
	for k := range n.Links {
		if n.Links[k].Index == index {
			return &n.Links[k]
		}
	}
	return nil
}

func (n *Network) neighbour(link uint32, a netip.Addr) *Neighbour {
	for k := range n.Neighbours {
		if b := &n.Neighbours[k]; b.Link == link && b.Address == a {
			return b
		}
	}
	return nil
}

// search is what routes are looked for.
type search struct {
	to       netip.Addr
	mark, in uint32
	out      uint32 // interface that an IPv4 route must have, 0 for any
}

// family is 0 for IPv4 and 1 for IPv6.
func (s *search) family() int {
	if s.to.Is6() {
		return 1
	}
	return 0
}

// in looks into a table: it returns the best route, nil if there is none. The
// longest prefix comes first, then the least metric.
func (n *Network) in(table uint32, s search) *Route {
	var best *Route
	for k := range n.Routes {
		r := &n.Routes[k]
		inside := r.Table == table || n.Merged && s.family() == 0 && min(r.Table, table) >= tableMain
		rejects := r.Answer >= bpf.FIBLkupRetBlackhole && r.Answer <= bpf.FIBLkupRetProhibit || r.Answer == RouteThrow
		bound := s.family() == 1 || s.out == 0 || r.Out == s.out || rejects
		if !inside || !bound || !r.To.Contains(s.to) {
			continue
		}
		if best == nil || r.To.Bits() > best.To.Bits() ||
			r.To.Bits() == best.To.Bits() && (r.Table > best.Table || r.Table == best.Table && r.Metric < best.Metric) {
			best = r
		}
	}
	return best
}

// byRules searches as the rules say. The route is nil where the answer is not 0.
func (n *Network) byRules(s search) (*Route, uint32) {
	rules := n.Rules[s.family()]
	for _, r := range rules {
		if (s.mark^r.Mark)&r.Mask != 0 || r.In != 0 && r.In != s.in {
			continue
		}
		if r.Answer != 0 {
			return nil, r.Answer
		}
		if route := n.in(r.Table, s); route != nil && route.Answer != RouteThrow {
			return route, route.Answer
		}
	}
	return nil, bpf.FIBLkupRetNotFwded
}

// strict reports whether an IPv6 address is never forwarded.
func strict(a netip.Addr) bool {
	return a.IsMulticast() || a.IsLinkLocalUnicast() || a.IsLoopback()
}

// mtu is that of a route.
func (r *Route) mtu(l *Link) uint32 {
	switch {
	case r.MTU != 0:
		return r.MTU
	case r.To.Addr().Is6():
		return min(max(l.MTU, 1280), 0xffff+40)
	}
	return min(l.MTU, 0xffff)
}
