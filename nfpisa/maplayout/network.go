package maplayout

// The maps with what a host knows of its network, which no object declares. A
// program has those that its helpers look into; the host fills them. Numbers are
// little-endian words; addresses are in network byte order.
const (
	// LinksMap is a hash map of interfaces by their number.
	LinksMap = ".links"
	// RulesMap is an array of the rules that choose tables: RulesEach for IPv4,
	// then as many for IPv6.
	RulesMap = ".rules"
	// Routes4Map is a trie of the routes of IPv4: a key is the table, the interface
	// that a frame must leave by (0 for any), and the destination.
	Routes4Map = ".routes4"
	// Routes6Map is the same of IPv6, without the interface.
	Routes6Map = ".routes6"
	// NeighboursMap is a hash map of link addresses: a key is an interface, the
	// address family, and the address with zeros behind it up to 16 bytes.
	NeighboursMap = ".neighbours"
)

// OfHost reports whether a map of that name is one that the host fills with its
// network, or reads prints from.
func OfHost(name string) bool {
	switch name {
	case LinksMap, RulesMap, Routes4Map, Routes6Map, NeighboursMap, PrintsMap:
		return true
	}
	return false
}

// Shapes of the network's maps. Sizes of keys of tries are with the length of the
// prefix.
var (
	LinksShape      = Shape{KeySize: 4, ValueSize: uint32(LinkSize), MaxEntries: 256}
	RulesShape      = Shape{KeySize: ArrayKey, ValueSize: uint32(RuleSize), MaxEntries: 2 * RulesEach}
	Routes4Shape    = Shape{KeySize: LPMLengthSize + 12, ValueSize: uint32(RouteSize), MaxEntries: 4096}
	Routes6Shape    = Shape{KeySize: LPMLengthSize + 20, ValueSize: uint32(RouteSize), MaxEntries: 2048}
	NeighboursShape = Shape{KeySize: 24, ValueSize: 8, MaxEntries: 1024}
)

// Bits in front of the destination in keys of routes.
const (
	Routes4Before = 64
	Routes6Before = 32
)

// RulesEach is the most rules of a family.
const RulesEach = 16

// Offsets in the value of an interface.
const (
	LinkFlags  Offset = 0 // LinkUp, LinkForwards4, LinkForwards6
	LinkMTU    Offset = 4
	LinkHeader Offset = 8  // bytes of its link header
	LinkMAC    Offset = 12 // 6 bytes
	LinkSize   Offset = 20
)

// Flags of an interface.
const (
	LinkUp        = 1 << 0
	LinkForwards4 = 1 << 1
	LinkForwards6 = 1 << 2
)

// Offsets in a rule.
const (
	RuleLeft   Offset = 0 // rules of the family from this one on
	RuleAnswer Offset = 4 // of bpf_fib_lookup, or RuleLookUp
	RuleTable  Offset = 8
	RuleMark   Offset = 12 // a mark matches in the bits of the mask
	RuleMask   Offset = 16
	RuleIn     Offset = 20 // the interface that the packet came by, 0 for any
	RuleSize   Offset = 24
)

// RuleLookUp says in a rule that its table is looked into.
const RuleLookUp = 0

// Offsets in a route.
const (
	RouteAnswer  Offset = 0 // of bpf_fib_lookup, 0 for one that forwards, or RouteThrow
	RouteOut     Offset = 4
	RouteGateway Offset = 8 // family of the next hop's address, 0 for the destination itself
	RouteHop     Offset = 12
	RouteMTU     Offset = 28
	RouteMetric  Offset = 32
	RouteSource  Offset = 36
	RouteFlags   Offset = 52 // RouteNoSource
	RouteMAC     Offset = 56 // of the interface, 6 bytes
	RouteSize    Offset = 64
)

// A neighbour.
const (
	NeighbourMAC Offset = 0 // 6 bytes
)

const (
	// RouteThrow is the answer of a route that sends the search to the next rule.
	RouteThrow = 0x100
	// RouteNoSource says that there is no address to send from.
	RouteNoSource = 1
)
