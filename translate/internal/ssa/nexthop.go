package ssa

// NextHop is who gets a frame that a tc program redirects to a neighbour, whose
// link address is looked up when the program ends.
type NextHop struct {
	Kind      ID // one of the kinds
	Interface ID
	// Family and Address are those of the neighbour that the program names.
	Family  ID
	Address [4]ID
}

// The kinds of next hops.
const (
	NoNextHop    = 0
	HopByRoute   = 1 // of the route to the frame's destination
	HopByAddress = 2
)

// NextHop returns what the last redirect to a neighbour said, nothing if another
// followed it.
func (b *Builder) NextHop() NextHop {
	read := func(k variable) ID { return b.read(varHop + k) }
	return NextHop{read(0), read(1), read(2), [4]ID{read(3), read(4), read(5), read(6)}}
}

// SetNextHop says who gets the frame.
func (b *Builder) SetNextHop(h NextHop) {
	for k, id := range append([]ID{h.Kind, h.Interface, h.Family}, h.Address[:]...) {
		if id == 0 {
			id = b.Const(0)
		}
		b.write(varHop+variable(k), id)
	}
}

// Words are those of a next hop, for ways that meet.
func (h NextHop) Words() []ID { return append([]ID{h.Kind, h.Interface, h.Family}, h.Address[:]...) }

// HopOf makes a next hop of its words.
func HopOf(w []ID) NextHop { return NextHop{w[0], w[1], w[2], [4]ID(w[3:7])} }
