package network

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/translate/bpf"
)

var le = binary.LittleEndian

// The families of addresses in keys and routes.
const (
	familyIPv4 = 2
	familyIPv6 = 10
)

// Reads reports whether a program of an image looks into the network.
func Reads(img *image.Image) bool {
	return slices.ContainsFunc(img.Maps, func(m image.Map) bool { return m.Name == maplayout.LinksMap })
}

func named(maps []*hostmap.Map, name string) *hostmap.Map {
	for _, m := range maps {
		if m.Info().Name == name {
			return m
		}
	}
	return nil
}

// Fill makes those of an image's maps that are for the network hold the tables and
// nothing else. Others stay as they are. An error says what a card cannot hold.
func (t *Tables) Fill(maps []*hostmap.Map) error {
	for _, part := range []struct {
		name string
		fill func(put) error
	}{
		{maplayout.LinksMap, t.fillLinks},
		{maplayout.RulesMap, t.fillRules},
		{maplayout.Routes4Map, t.fillRoutes4},
		{maplayout.Routes6Map, t.fillRoutes6},
		{maplayout.NeighboursMap, t.fillNeighbours},
	} {
		m := named(maps, part.name)
		if m == nil {
			continue
		}
		if err := m.Reset(); err != nil {
			return err
		}
		if err := part.fill(func(key, value []byte) error { return m.Update(key, value, hostmap.UpdateAny) }); err != nil {
			return err
		}
	}
	return nil
}

// put stores an entry.
type put func(key, value []byte) error

func word(n uint32) []byte { return le.AppendUint32(nil, n) }

// record is a value that is written member by member.
type record []byte

func newRecord(size maplayout.Offset) record { return make(record, size) }

func (r record) set(at maplayout.Offset, n uint32) { le.PutUint32(r[at:], n) }

func (r record) bytes(at maplayout.Offset, b []byte) { copy(r[at:], b) }

func (t *Tables) fillLinks(put put) error {
	for k := range t.Links {
		l := &t.Links[k]
		r := newRecord(maplayout.LinkSize)
		flags := uint32(0)
		for bit, is := range map[uint32]bool{maplayout.LinkUp: l.Up, maplayout.LinkForwards4: l.Forwards4, maplayout.LinkForwards6: l.Forwards6} {
			if is {
				flags |= bit
			}
		}
		r.set(maplayout.LinkFlags, flags)
		r.set(maplayout.LinkMTU, l.MTU)
		r.set(maplayout.LinkHeader, l.Header)
		r.bytes(maplayout.LinkMAC, l.MAC[:])
		if err := put(word(l.Index), r); err != nil {
			return err
		}
	}
	return nil
}

// Merged reports whether the tables local and main of IPv4 are one, as the kernel
// keeps them until there are rules of somebody's own.
func (t *Tables) Merged() bool { return t.Rules4 == nil || slices.Equal(t.Rules4, defaultRules4) }

// Rules returns the rules of a family.
func (t *Tables) Rules(six bool) []Rule {
	switch {
	case six && t.Rules6 != nil:
		return t.Rules6
	case six:
		return defaultRules6
	case t.Rules4 != nil:
		return t.Rules4
	}
	return defaultRules4
}

// searched returns the rules of both families as a card goes through them: tables without
// routes are left out.
func (t *Tables) searched() (four, six []Rule) {
	four, six = t.Rules(false), t.Rules(true)
	used := func(table uint32, is6 bool) bool {
		return slices.ContainsFunc(t.Routes, func(r Route) bool { return r.To.Addr().Is6() == is6 && r.Table == table })
	}
	merged := t.Merged()
	four = slices.DeleteFunc(slices.Clone(four), func(r Rule) bool {
		if merged {
			// Routes of the local table stand in the main one.
			return r.Table == TableLocal || r.Table == TableDefault && !used(r.Table, false)
		}
		return r.Answer == Unicast && !used(r.Table, false)
	})
	six = slices.DeleteFunc(slices.Clone(six), func(r Rule) bool { return r.Answer == Unicast && !used(r.Table, true) })
	return four, six
}

func (t *Tables) fillRules(put put) error {
	four, six := t.searched()
	for f, list := range [][]Rule{four, six} {
		if len(list) > maplayout.RulesEach {
			return unsupported.New(fmt.Sprintf("%d rules of a family", len(list)), fmt.Sprintf("a card has room for %d", maplayout.RulesEach))
		}
		for k, rule := range list {
			r := newRecord(maplayout.RuleSize)
			r.set(maplayout.RuleLeft, uint32(len(list)-k))
			r.set(maplayout.RuleTable, rule.Table)
			r.set(maplayout.RuleMark, rule.Mark)
			r.set(maplayout.RuleMask, rule.Mask)
			r.set(maplayout.RuleIn, rule.In)
			r.set(maplayout.RuleAnswer, ruleAnswer(rule.Answer, f == 1))
			if err := put(word(uint32(f*maplayout.RulesEach+k)), r); err != nil {
				return err
			}
		}
	}
	return nil
}

// ruleAnswer is the answer of bpf_fib_lookup to a rule that names no table. The
// kernel has an error number for it, which the helper tells apart from that of a
// route.
func ruleAnswer(t Type, six bool) uint32 {
	switch {
	case t == Unicast:
		return maplayout.RuleLookUp
	case six || t == Unreachable:
		return bpf.FIBLkupRetNotFwded
	}
	return answer(t)
}

func answer(t Type) uint32 {
	switch t {
	case Unicast:
		return bpf.FIBLkupRetSuccess
	case Blackhole:
		return bpf.FIBLkupRetBlackhole
	case Unreachable:
		return bpf.FIBLkupRetUnreachable
	case Prohibit:
		return bpf.FIBLkupRetProhibit
	case Throw:
		return maplayout.RouteThrow
	}
	return bpf.FIBLkupRetNotFwded
}

// byDestination returns the routes of a family in groups of one table and
// destination, each in the order in which the kernel would take them.
func (t *Tables) byDestination(six bool) [][]*Route {
	type at struct {
		table uint32
		to    netip.Prefix
	}
	groups := map[at][]*Route{}
	var order []at
	add := func(table uint32, r *Route) {
		k := at{table, r.To}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], r)
	}
	for k := range t.Routes {
		r := &t.Routes[k]
		if r.To.Addr().Is6() != six {
			continue
		}
		add(r.Table, r)
		if other := TableMain + TableLocal - r.Table; !six && t.Merged() && (other == TableMain || other == TableLocal) {
			add(other, r)
		}
	}
	var out [][]*Route
	for _, k := range order {
		list := groups[k]
		slices.SortStableFunc(list, func(a, b *Route) int {
			return cmp.Or(cmp.Compare(b.Table, a.Table), cmp.Compare(a.Metric, b.Metric))
		})
		out = append(out, append([]*Route{{Table: k.table}}, list...))
	}
	return out
}

func (t *Tables) fillRoutes4(put put) error {
	for _, group := range t.byDestination(false) {
		table, list := group[0].Table, group[1:]
		for _, out := range t.outs() {
			k := slices.IndexFunc(list, func(r *Route) bool { return out == 0 || r.Out == out || rejects(r.Type) })
			if k < 0 {
				continue
			}
			key := append(word(uint32(maplayout.Routes4Before+list[k].To.Bits())), word(table)...)
			key = append(append(key, word(out)...), list[k].To.Addr().AsSlice()...)
			if err := put(key, t.route(list[k])); err != nil {
				return err
			}
		}
	}
	return nil
}

// rejects reports whether the kernel takes a route whatever interface is asked for.
func rejects(t Type) bool { return t == Blackhole || t == Unreachable || t == Prohibit || t == Throw }

// outs returns the interfaces that a search can be bound to, 0 for none first.
func (t *Tables) outs() []uint32 {
	out := []uint32{0}
	for k := range t.Links {
		out = append(out, t.Links[k].Index)
	}
	return out
}

func (t *Tables) fillRoutes6(put put) error {
	for _, group := range t.byDestination(true) {
		table, list := group[0].Table, group[1:]
		to := list[0].To
		if a := to.Addr(); a.IsLinkLocalUnicast() || a.IsMulticast() {
			continue // addresses of a link and of groups are never searched for
		}
		if len(list) > 1 && list[0].Metric == list[1].Metric && list[0].Type == Unicast {
			return unsupported.New(fmt.Sprintf("several routes to %v with metric %d", to, list[0].Metric), "the kernel chooses among them by a random key")
		}
		key := append(word(uint32(maplayout.Routes6Before+to.Bits())), word(table)...)
		if err := put(append(key, to.Addr().AsSlice()...), t.route(list[0])); err != nil {
			return err
		}
	}
	return nil
}

// route makes the value of a route.
func (t *Tables) route(r *Route) []byte {
	v := newRecord(maplayout.RouteSize)
	v.set(maplayout.RouteAnswer, answer(r.Type))
	if r.Type != Unicast {
		return v
	}
	v.set(maplayout.RouteOut, r.Out)
	v.set(maplayout.RouteMetric, r.Metric)
	if r.Hop.IsValid() {
		family := uint32(familyIPv4)
		if r.Hop.Is6() {
			family = familyIPv6
		}
		v.set(maplayout.RouteGateway, family)
		v.bytes(maplayout.RouteHop, r.Hop.AsSlice())
	}
	l := t.link(r.Out)
	if l == nil {
		l = &Link{}
	}
	v.set(maplayout.RouteMTU, mtu(l, r, r.To.Addr().Is6()))
	v.bytes(maplayout.RouteMAC, l.MAC[:])
	if from := t.Source(r); from.IsValid() {
		v.bytes(maplayout.RouteSource, from.AsSlice())
	} else {
		v.set(maplayout.RouteFlags, maplayout.RouteNoSource)
	}
	return v
}

// mtu returns the MTU of a route: a locked one of its own, or the interface's, as
// far as packets of the family may have it.
func mtu(l *Link, r *Route, six bool) uint32 {
	const (
		most4         = 0xffff
		least6, most6 = 1280, 40 + 0xffff
	)
	switch {
	case r.MTU != 0:
		return r.MTU
	case six:
		return min(max(l.MTU, least6), most6)
	}
	return min(l.MTU, most4)
}

// Source returns the address that packets are sent from by a route: the one that it
// names, or the interface's on the next hop's network, or its first; the zero one
// where there is none.
func (t *Tables) Source(r *Route) netip.Addr {
	if r.Source.IsValid() {
		return r.Source
	}
	l := t.link(r.Out)
	if l == nil {
		return netip.Addr{}
	}
	var first netip.Addr
	for _, a := range l.Addresses {
		if a.Addr().Is6() != r.To.Addr().Is6() || !a.Global {
			continue
		}
		if r.Hop.IsValid() && a.Masked().Contains(r.Hop) {
			return a.Addr()
		}
		if !first.IsValid() {
			first = a.Addr()
		}
	}
	return first
}

func (t *Tables) fillNeighbours(put put) error {
	for _, n := range t.Neighbours {
		value := make([]byte, maplayout.NeighboursShape.ValueSize)
		copy(value[maplayout.NeighbourMAC:], n.MAC[:])
		if err := put(neighbourKey(n.Link, n.Address), value); err != nil {
			return err
		}
	}
	return nil
}

// neighbourKey is the key of a neighbour of an interface.
func neighbourKey(link uint32, a netip.Addr) []byte {
	family := uint32(familyIPv4)
	if a.Is6() {
		family = familyIPv6
	}
	key := make([]byte, maplayout.NeighboursShape.KeySize)
	copy(key, word(link))
	copy(key[4:], word(family))
	copy(key[8:], a.AsSlice())
	return key
}
