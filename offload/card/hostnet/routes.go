//go:build linux

package hostnet

import (
	"fmt"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/sim/network"
)

// syscallAttr is an attribute as the netlink library parses it.
type syscallAttr = syscall.NetlinkRouteAttr

// types are those of routes; others do not forward.
var types = map[int]network.Type{
	unix.RTN_UNICAST: network.Unicast, unix.RTN_BLACKHOLE: network.Blackhole, unix.RTN_UNREACHABLE: network.Unreachable, unix.RTN_PROHIBIT: network.Prohibit,
	unix.RTN_THROW: network.Throw,
}

func (r *reader) routes() error {
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		if family == unix.AF_INET6 {
			if err := r.noSources(); err != nil {
				return err
			}
		}
		all, err := r.w.handle.RouteListFiltered(family, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
		if err != nil {
			return err
		}
		for k := range all {
			if err := r.route(&all[k], family == unix.AF_INET6); err != nil {
				return err
			}
		}
	}
	return nil
}

// noSources refuses routes of IPv6 that have a prefix of the source, which the netlink
// library does not tell.
func (r *reader) noSources() error {
	all, err := r.w.dump(unix.RTM_GETROUTE, unix.RTM_NEWROUTE, unix.AF_INET6)
	if err != nil {
		return err
	}
	for _, m := range all {
		if len(m) >= unix.SizeofRtMsg && nl.DeserializeRtMsg(m).Src_len != 0 {
			return unsupported.New("a route for a prefix of the source", "a card searches by destination, mark and interface")
		}
	}
	return nil
}

func (r *reader) route(from *netlink.Route, six bool) error {
	if from.Flags&unix.RTNH_F_DEAD != 0 {
		return nil
	}
	to := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if six {
		to = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	if from.Dst != nil {
		var err error
		if to, err = prefix(from.Dst); err != nil {
			return err
		}
	}
	no := func(what string) error {
		return unsupported.New(fmt.Sprintf("the route to %v with %s", to, what), "a card has one next hop for a destination, and nothing but link headers before a packet")
	}
	switch {
	case len(from.MultiPath) > 0:
		return no("several next hops")
	case from.Encap != nil || from.MPLSDst != nil || from.NewDst != nil:
		return no("an encapsulation")
	case from.Tos != 0:
		return no("a type of service")
	}
	typ, ok := types[from.Type]
	if !ok {
		typ = network.Other
	}
	route := network.Route{Type: typ, To: to.Masked(), Table: uint32(from.Table), Metric: uint32(from.Priority), Hop: address(from.Gw, six), Source: address(from.Src, six)}
	if via, ok := from.Via.(*netlink.Via); ok {
		route.Hop = address(via.Addr, via.AddrFamily == unix.AF_INET6)
	}
	if from.MTULock {
		route.MTU = uint32(from.MTU)
	}
	if from.LinkIndex != 0 {
		l := r.link(from.LinkIndex)
		if l == nil {
			return nil // it goes with its interface
		}
		route.Out = l.Index
	}
	if typ == network.Unicast && route.Out == 0 {
		return no("no interface")
	}
	r.t.Routes = append(r.t.Routes, route)
	return nil
}
