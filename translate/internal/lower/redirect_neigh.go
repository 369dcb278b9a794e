package lower

import (
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var _ = register(&Helper{ID: bpf.HelperRedirectNeigh, Inline: redirectNeigh})

// neighWords are the words of struct bpf_redir_neigh: a family and an address.
const neighWords = 5

// redirectNeigh makes bpf_redirect_neigh: the frame goes out of the interface in R1
// with the link addresses of it and of a neighbour, which R2 names or the route to
// the frame's destination. They are looked up when the program ends, as in the
// kernel.
func redirectNeigh(c *Call) error {
	index, _ := c.Reg(1)
	size, _ := c.Reg(3)
	flags, flagsHi := c.Reg(4)
	n, ok := c.F.IsConst(size)
	switch {
	case !ok:
		return c.Unsupported("bpf_redirect_neigh with parameters of a size known at run time only", "they are kept in registers")
	}
	hop := ssa.NextHop{Kind: c.Const(ssa.HopByRoute), Interface: index, Family: c.Const(0), Address: [4]ssa.ID{c.Const(0), c.Const(0), c.Const(0), c.Const(0)}}
	wrong := int32(n) != 0 && int32(n) < 4*neighWords
	if !wrong && n != 0 {
		words, err := c.Behind(2, 4*neighWords)
		if err != nil {
			return err
		}
		hop.Kind, hop.Family, hop.Address = c.Const(ssa.HopByAddress), c.family(words[0]), [4]ssa.ID(words[1:])
	}
	before := c.NextHop().Words()
	shot := func() []ssa.ID { return append([]ssa.ID{c.Const(uint32(bpf.TCActShot))}, before...) }
	words := shot()
	if !wrong {
		none := ssa.Compare{Cond: ssa.EQ, XL: flags, XH: flagsHi, YL: c.Const(0), YH: c.Const(0)}
		words = either(c, none, func() []ssa.ID {
			c.to(target.RedirectPort, index)
			return append([]ssa.ID{c.Const(uint32(bpf.TCActRedirect))}, hop.Words()...)
		}, shot)
	}
	c.SetNextHop(ssa.HopOf(words[1:]))
	c.SetReg(0, words[0], c.Const(0))
	return nil
}

// Leave implements ssa.Helpers: a frame that is redirected to a neighbour gets the
// link addresses, or goes nowhere when they are not known.
func (h *Helpers) Leave(b *ssa.Builder, verdict ssa.ID) {
	if c := b.Env.Chain; !ssa.SendsToNeighbours(b.Prog) && (c == nil || c.Hop == nil) {
		return
	}
	hop := b.NextHop()
	if b.F.Is(hop.Kind, ssa.NoNextHop) {
		return
	}
	c := &Call{Builder: b, T: h.Target, ID: bpf.HelperRedirectNeigh, K: -1}
	nothing := func() []ssa.ID { return nil }
	redirects := ssa.Compare{Cond: ssa.EQ, XL: verdict, YL: c.Const(uint32(bpf.TCActRedirect))}
	b.Outermost(func() {
		either(c, redirects, func() []ssa.ID {
			return either(c, isZero(c, hop.Kind), nothing, func() []ssa.ID {
				c.toNeighbour(hop)
				return nil
			})
		}, nothing)
	})
}

// family returns a family as programs that go on with each other pass it on: 0 for
// those that are neither IPv4 nor IPv6, of which nobody is a neighbour.
func (c *Call) family(f ssa.ID) ssa.ID {
	if chain := c.Env.Chain; chain == nil || chain.Hop == nil {
		return f
	}
	is := func(n uint32, not func() []ssa.ID) []ssa.ID {
		return c.Choose(ssa.Compare{Cond: ssa.EQ, XL: f, YL: c.Const(n)}, one(c.Const(n)), not)
	}
	return is(familyIPv4, func() []ssa.ID { return is(familyIPv6, one(c.Const(0))) })[0]
}

// toNeighbour writes the link addresses of a frame's next hop.
func (c *Call) toNeighbour(hop ssa.NextHop) {
	ptr, length := c.Packet()
	nowhere := func() []ssa.ID {
		c.to("", c.Const(0))
		return nil
	}
	load := func(at uint32) ssa.ID {
		return c.Add(ssa.Value{Op: ssa.Load, Space: ssa.Packet, Size: 4, Imm: at, Args: []ssa.ID{ptr}})
	}
	protocol := c.Protocol()
	// of makes the ways of a family, whose destination is at a place in the frame.
	of := func(six bool, header, at uint32) func() []ssa.ID {
		return func() []ssa.ID {
			return c.Choose(ssa.Compare{Cond: ssa.ULT, XL: length, YL: c.Const(etherHeader + header)}, nowhere, func() []ssa.ID {
				group := c.Add(ssa.Value{Op: ssa.Load, Space: ssa.Packet, Size: 1, Args: []ssa.ID{ptr}})
				return c.Choose(isZero(c, c.And(group, 1)), func() []ssa.ID {
					to := [4]ssa.ID{load(at), c.Const(0), c.Const(0), c.Const(0)}
					if six {
						to = [4]ssa.ID{load(at), load(at + 4), load(at + 8), load(at + 12)}
					}
					c.byHop(hop, six, to, ptr, nowhere)
					return nil
				}, nowhere)
			})
		}
	}
	is := func(n uint32) ssa.Compare { return ssa.Compare{Cond: ssa.EQ, XL: protocol, YL: c.Const(n)} }
	c.Choose(is(ethIPv4), of(false, ipv4Header, etherHeader+16), func() []ssa.ID {
		return c.Choose(is(ethIPv6), of(true, ipv6Header, etherHeader+24), nowhere)
	})
}

// byHop finds the neighbour of a frame to an address and writes its link address
// and the interface's.
func (c *Call) byHop(hop ssa.NextHop, six bool, to [4]ssa.ID, ptr ssa.ID, nowhere func() []ssa.ID) {
	family := uint32(familyIPv4)
	if six {
		family = familyIPv6
	}
	named := append([]ssa.ID{hop.Family}, hop.Address[:]...)
	itself := append([]ssa.ID{c.Const(family)}, to[:]...)
	none := []ssa.ID{c.Const(0), c.Const(0), c.Const(0), c.Const(0), c.Const(0)}
	next := either(c, ssa.Compare{Cond: ssa.EQ, XL: hop.Kind, YL: c.Const(ssa.HopByAddress)}, func() []ssa.ID { return named },
		func() []ssa.ID { return c.byRoute(hop.Interface, six, to, itself, none) })
	// Only the first word of an IPv4 address counts.
	four := ssa.Compare{Cond: ssa.EQ, XL: next[0], YL: c.Const(familyIPv4)}
	rest := either(c, four, func() []ssa.ID { return none[:3] }, func() []ssa.ID { return next[2:5] })
	neighbours, links := c.network(maplayout.NeighboursMap), c.network(maplayout.LinksMap)
	found := neighbours.find(hop.Interface, next[0], next[1], rest[0], rest[1], rest[2])
	c.Choose(isZero(c, found), nowhere, func() []ssa.ID {
		link := links.find(hop.Interface)
		return c.Choose(isZero(c, link), nowhere, func() []ssa.ID {
			put := func(at uint32, size uint8, v ssa.ID) {
				c.Add(ssa.Value{Op: ssa.Store, Space: ssa.Packet, Size: size, Imm: at, Args: []ssa.ID{ptr, v}})
			}
			put(0, 4, neighbours.load(found, maplayout.NeighbourMAC))
			put(4, 2, neighbours.load(found, maplayout.NeighbourMAC+4))
			put(6, 4, links.load(link, maplayout.LinkMAC))
			put(10, 2, links.load(link, maplayout.LinkMAC+4))
			return nil
		})
	})
}

// byRoute returns family and address of the next hop of the route to an address by
// an interface: the address itself where nothing else is known of IPv4, as for what
// a host sends, and family 0 for nobody.
func (c *Call) byRoute(index ssa.ID, six bool, to [4]ssa.ID, itself, none []ssa.ID) []ssa.ID {
	f := &fib{
		Call: c, flags: c.Const(bpf.FIBLookupOutput | bpf.FIBLookupMark), six: six,
		links: c.network(maplayout.LinksMap), rules: c.network(maplayout.RulesMap), routes: c.network(maplayout.Routes4Map),
	}
	if six {
		f.routes = c.network(maplayout.Routes6Map)
	}
	words := make([]ssa.ID, fibWords)
	for k := range words {
		words[k] = c.Const(0)
	}
	words = with(with(with(words, fibIfindex, index), fibTo, to[:]...), fibMark, c.Mark())
	got := f.byRules(words)
	code, route := got[0], got[1]
	failed := func() []ssa.ID { return none }
	if !six {
		// Of an answer without a route the kernel makes one of the link, of a route that
		// does not forward it makes nothing.
		failed = func() []ssa.ID {
			return c.Choose(isZero(c, route), func() []ssa.ID { return itself }, func() []ssa.ID {
				other := ssa.Compare{Cond: ssa.EQ, XL: code, YL: c.Const(bpf.FIBLkupRetNotFwded)}
				return c.Choose(other, func() []ssa.ID { return none }, func() []ssa.ID { return itself })
			})
		}
	}
	return c.Choose(isZero(c, code), func() []ssa.ID {
		load := func(at maplayout.Offset) ssa.ID { return f.routes.load(route, at) }
		by := func() []ssa.ID {
			gateway := load(maplayout.RouteGateway)
			return c.Choose(isZero(c, gateway), func() []ssa.ID { return itself }, func() []ssa.ID {
				hop := maplayout.RouteHop
				return []ssa.ID{gateway, load(hop), load(hop + 4), load(hop + 8), load(hop + 12)}
			})
		}
		if !six {
			return by()
		}
		return c.Choose(ssa.Compare{Cond: ssa.EQ, XL: load(maplayout.RouteOut), YL: index}, by, func() []ssa.ID { return none })
	}, failed)
}
