// Package network holds what a host knows of its network, as far as programs on a
// card look into it: interfaces, routes, rules that choose tables of routes, and
// neighbours. It reads them from JSON, the kernel's tools' among it, and fills the
// maps of an image that hold them in card memory.
//
// It never knows programs or how a search goes: routines of the card do that, over
// the layouts in nfpisa/maplayout. Read and Tables.Fill are the entry points.
//
// Not stable.
package network

import "net/netip"

// Tables is a host's network.
type Tables struct {
	Links      []Link
	Routes     []Route
	Neighbours []Neighbour
	// Rules4 and Rules6 choose tables, in the order of their priority; nil is what a
	// host begins with.
	Rules4, Rules6 []Rule
}

// Link is an interface.
type Link struct {
	Index uint32
	Name  string
	Up    bool
	MTU   uint32
	// Header is the size of its link header in bytes.
	Header uint32
	MAC    [6]byte
	// Forwards4 and Forwards6 say that frames that come by it may be forwarded.
	Forwards4, Forwards6 bool
	// Addresses are its own, in their order.
	Addresses []Address
}

// Address is an address of an interface with its network.
type Address struct {
	netip.Prefix
	// Global says that others than neighbours may be spoken to from it.
	Global bool
}

// Type is what becomes of packets to a route's destination.
type Type uint8

// The types, as the answers of bpf_fib_lookup tell them apart.
const (
	Unicast Type = iota
	Blackhole
	Unreachable
	Prohibit
	// Other is one that does not forward: local, broadcast, multicast, anycast.
	Other
	// Throw sends the search to the next rule.
	Throw
)

// Numbers of tables with names.
const (
	TableDefault = 253
	TableMain    = 254
	TableLocal   = 255
)

// Route is a route.
type Route struct {
	Type   Type
	To     netip.Prefix
	Table  uint32
	Out    uint32 // interface, 0 for routes that are no unicast and have none
	Hop    netip.Addr
	Metric uint32
	Source netip.Addr
	// MTU is that of the route if it is locked, else 0: then the interface's counts.
	MTU uint32
}

// Rule chooses a table, or gives an answer.
type Rule struct {
	Priority   uint32
	Mark, Mask uint32 // of packets that it is for
	In         uint32 // interface that they came by, 0 for any
	Answer     Type   // Unicast looks into the table
	Table      uint32
}

// Neighbour is a neighbour whose link address is known.
type Neighbour struct {
	Link    uint32
	Address netip.Addr
	MAC     [6]byte
}

// link returns the interface of a number, nil if there is none.
func (t *Tables) link(index uint32) *Link {
	for k := range t.Links {
		if t.Links[k].Index == index {
			return &t.Links[k]
		}
	}
	return nil
}

// Default rules, as a host begins with.
var (
	defaultRules4 = []Rule{{Priority: 0, Table: TableLocal}, {Priority: 32766, Table: TableMain}, {Priority: 32767, Table: TableDefault}}
	defaultRules6 = []Rule{{Priority: 0, Table: TableLocal}, {Priority: 32766, Table: TableMain}}
)
