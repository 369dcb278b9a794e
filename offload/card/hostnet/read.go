//go:build linux

package hostnet

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/sim/network"
)

// reader makes tables of the kernel's answers.
type reader struct {
	w      *Watcher
	t      network.Tables
	number map[int]uint32    // by the kernel's
	named  map[string]uint32 // by name
}

func (w *Watcher) read() (*network.Tables, error) {
	r := reader{w: w, number: map[int]uint32{}, named: map[string]uint32{}}
	for _, part := range []func() error{r.links, r.addresses, r.forwarding, r.routes, r.neighbours, r.rules} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return &r.t, nil
}

// etherHeader is the link header's size of all interfaces but those without any.
const etherHeader = 14

func (r *reader) links() error {
	all, err := r.w.handle.LinkList()
	if err != nil {
		return err
	}
	for _, one := range all {
		a := one.Attrs()
		l := network.Link{Index: r.w.number(a.Name, uint32(a.Index)), Name: a.Name, Up: a.Flags&net.FlagUp != 0, MTU: uint32(a.MTU), Header: etherHeader}
		if a.EncapType == "none" {
			l.Header = 0
		}
		if len(a.HardwareAddr) == len(l.MAC) {
			copy(l.MAC[:], a.HardwareAddr)
		}
		r.number[a.Index], r.named[a.Name] = l.Index, l.Index
		r.t.Links = append(r.t.Links, l)
	}
	slices.SortFunc(r.t.Links, func(a, b network.Link) int { return cmp.Compare(a.Index, b.Index) })
	for k := 1; k < len(r.t.Links); k++ {
		if a, b := &r.t.Links[k-1], &r.t.Links[k]; a.Index == b.Index {
			return fmt.Errorf("interfaces %s and %s have one number, %d", a.Name, b.Name, a.Index)
		}
	}
	return nil
}

// link returns the interface of a kernel's number, nil for one that has gone meanwhile.
func (r *reader) link(index int) *network.Link {
	n, ok := r.number[index]
	k := slices.IndexFunc(r.t.Links, func(l network.Link) bool { return l.Index == n })
	if !ok || k < 0 {
		return nil
	}
	return &r.t.Links[k]
}

func (r *reader) addresses() error {
	all, err := r.w.handle.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return err
	}
	for _, a := range all {
		if l := r.link(a.LinkIndex); l != nil {
			p, err := prefix(a.IPNet)
			if err != nil {
				return err
			}
			l.Addresses = append(l.Addresses, network.Address{Prefix: p, Global: a.Scope == int(netlink.SCOPE_UNIVERSE)})
		}
	}
	return nil
}

// prefix turns a network into one of ours; its address stays whole.
func prefix(n *net.IPNet) (netip.Prefix, error) {
	a, ok := netip.AddrFromSlice(n.IP)
	ones, bits := n.Mask.Size()
	if bits == 32 {
		a = a.Unmap()
	}
	if !ok || bits != a.BitLen() {
		return netip.Prefix{}, fmt.Errorf("%v is no network", n)
	}
	return netip.PrefixFrom(a, ones), nil
}

// address turns an address of a family into one of ours.
func address(ip net.IP, six bool) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	if !six {
		a = a.Unmap()
	}
	return a
}

// Attributes of RTM_GETNETCONF, as linux/netconf.h numbers them.
const (
	netconfIfindex    = 1
	netconfForwarding = 2
)

// forwarding reads of each interface whether frames that come by it are forwarded.
func (r *reader) forwarding() error {
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		all, err := r.w.dump(unix.RTM_GETNETCONF, unix.RTM_NEWNETCONF, family)
		if err != nil {
			return err
		}
		for _, m := range all {
			const header = 4 // a byte of the family, aligned
			attrs, err := nl.ParseRouteAttrAsMap(m[min(header, len(m)):])
			if err != nil {
				return err
			}
			on := word(attrs, netconfForwarding) != 0
			l := r.link(int(int32(word(attrs, netconfIfindex))))
			switch {
			case l == nil: // the settings for all, and for new ones
			case family == unix.AF_INET:
				l.Forwards4 = on
			default:
				l.Forwards6 = on
			}
		}
	}
	return nil
}

// word is an attribute of four bytes, 0 where it is not.
func word(attrs map[uint16]syscallAttr, typ uint16) uint32 {
	if v := attrs[typ].Value; len(v) >= 4 {
		return binary.NativeEndian.Uint32(v)
	}
	return 0
}

// neighbours reads those whose link address may be used, as the kernel's NUD_VALID.
func (r *reader) neighbours() error {
	const valid = unix.NUD_PERMANENT | unix.NUD_NOARP | unix.NUD_REACHABLE | unix.NUD_PROBE | unix.NUD_STALE | unix.NUD_DELAY
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		all, err := r.w.handle.NeighList(0, family)
		if err != nil {
			return err
		}
		for _, n := range all {
			one := network.Neighbour{Address: address(n.IP, family == unix.AF_INET6)}
			l := r.link(n.LinkIndex)
			if l == nil || n.State&valid == 0 || n.Flags&unix.NTF_PROXY != 0 || len(n.HardwareAddr) != len(one.MAC) || !one.Address.IsValid() {
				continue
			}
			one.Link = l.Index
			copy(one.MAC[:], n.HardwareAddr)
			r.t.Neighbours = append(r.t.Neighbours, one)
		}
	}
	// The kernel has them in no order.
	slices.SortFunc(r.t.Neighbours, func(a, b network.Neighbour) int {
		return cmp.Or(cmp.Compare(a.Link, b.Link), a.Address.Compare(b.Address))
	})
	return nil
}

// rules reads what chooses tables.
func (r *reader) rules() error {
	for k, family := range []int{unix.AF_INET, unix.AF_INET6} {
		all, err := r.w.dump(unix.RTM_GETRULE, unix.RTM_NEWRULE, family)
		if err != nil {
			return err
		}
		out := []network.Rule{}
		for _, m := range all {
			rule, ok, err := r.rule(m)
			if err != nil {
				return err
			}
			if ok {
				out = append(out, rule)
			}
		}
		slices.SortStableFunc(out, func(a, b network.Rule) int { return cmp.Compare(a.Priority, b.Priority) })
		if k == 0 {
			r.t.Rules4 = out
		} else {
			r.t.Rules6 = out
		}
	}
	return nil
}

// Actions of rules, as linux/fib_rules.h numbers them.
var actions = map[uint8]network.Type{1: network.Unicast, 6: network.Blackhole, 7: network.Unreachable, 8: network.Prohibit}

// rule reads a rule; false is one that holds for no frame.
func (r *reader) rule(m []byte) (rule network.Rule, ok bool, err error) {
	if len(m) < unix.SizeofRtMsg {
		return rule, false, fmt.Errorf("a rule of %d bytes", len(m))
	}
	h := nl.DeserializeRtMsg(m)
	attrs, err := nl.ParseRouteAttrAsMap(m[unix.SizeofRtMsg:])
	if err != nil {
		return rule, false, err
	}
	rule = network.Rule{Priority: word(attrs, nl.FRA_PRIORITY), Mark: word(attrs, nl.FRA_FWMARK), Mask: word(attrs, nl.FRA_FWMASK)}
	no := func(what string) (network.Rule, bool, error) {
		return rule, false, unsupported.New(fmt.Sprintf("rule %d with %s", rule.Priority, what), "a card searches by destination, mark and interface")
	}
	if rule.Answer, ok = actions[h.Type]; !ok {
		return no(fmt.Sprintf("action %d", h.Type))
	}
	if h.Src_len != 0 || h.Dst_len != 0 || h.Tos != 0 || h.Flags&netlink.FibRuleInvert != 0 {
		return no("a source, a destination, a type of service or not")
	}
	for typ, a := range attrs {
		switch typ {
		case nl.FRA_PRIORITY, nl.FRA_FWMARK, nl.FRA_FWMASK, nl.FRA_TABLE, nl.FRA_IIFNAME, nl.FRA_PROTOCOL:
		case nl.FRA_SUPPRESS_PREFIXLEN, nl.FRA_SUPPRESS_IFGROUP:
			if word(attrs, typ) != ^uint32(0) {
				return no("a suppressor")
			}
		default:
			if slices.ContainsFunc(a.Value, func(b byte) bool { return b != 0 }) {
				return no(fmt.Sprintf("attribute %d", typ))
			}
		}
	}
	if rule.Answer == network.Unicast {
		rule.Table = word(attrs, nl.FRA_TABLE)
	}
	if name := string(zeroEnd(attrs[nl.FRA_IIFNAME].Value)); name != "" {
		if rule.In, ok = r.named[name]; !ok {
			return rule, false, nil // there is no such interface
		}
	}
	return rule, true, nil
}

// zeroEnd is a text up to its zero byte.
func zeroEnd(b []byte) []byte {
	if k := slices.Index(b, 0); k >= 0 {
		return b[:k]
	}
	return b
}
