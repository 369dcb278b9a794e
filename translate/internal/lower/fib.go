package lower

import (
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

var _ = register(&Helper{ID: bpf.HelperFIBLookup, Inline: fibLookup})

// The words of struct bpf_fib_lookup, of which there are fibWords.
const (
	fibFamily  = 0 // byte 0: family
	fibLength  = 1 // bytes 2, 3: tot_len, then mtu_result
	fibIfindex = 2
	fibMetric  = 3
	fibSource  = 4
	fibTo      = 8
	fibTable   = 12 // tbid, then VLAN tag
	fibMark    = 13 // mark, then link addresses
	fibWords   = 16
)

// fibLookupFlags are the flags that the kernel knows.
const fibLookupFlags = bpf.FIBLookupDirect | bpf.FIBLookupOutput | bpf.FIBLookupSkipNeigh | bpf.FIBLookupTbid | bpf.FIBLookupSrc | bpf.FIBLookupMark

// Address families.
const (
	familyIPv4 = 2
	familyIPv6 = 10
)

// mainTable is the table of routes that a search without rules is in, RT_TABLE_MAIN.
const mainTable = 254

// searching is the answer of a search that goes on.
const searching = ^uint32(0)

// fib is a call of bpf_fib_lookup.
type fib struct {
	*Call
	flags ssa.ID
	links, rules, neighbours,
	routes network // of the family
	six bool
}

// fibLookup makes bpf_fib_lookup: it searches the routes that the host has for the
// parameters behind R2, which lie on the stack, and says how the frame goes on.
//
// All ways return the result and the words of the parameters as they are then.
func fibLookup(c *Call) error {
	size, _ := c.Reg(3)
	flags, _ := c.Reg(4)
	n, ok := c.F.IsConst(size)
	switch {
	case !ok:
		return c.Unsupported("bpf_fib_lookup with parameters of a size known at run time only", "stack bytes are kept in registers")
	case n < 4*fibWords:
		c.SetResult(c.Errno(bpf.EINVAL))
		return nil
	case c.Fact(2).Kind != verify.PtrStack:
		return c.Unsupported("bpf_fib_lookup with parameters outside the stack", "the compiler fills in those on the stack only")
	}
	words, err := c.Behind(2, 4*fibWords)
	if err != nil {
		return err
	}
	f := &fib{
		Call: c, flags: flags,
		links: c.network(maplayout.LinksMap), rules: c.network(maplayout.RulesMap), neighbours: c.network(maplayout.NeighboursMap),
	}
	fail := func(e bpf.Errno) func() []ssa.ID { return func() []ssa.ID { return answer(c.Errno(e), words) } }
	family := c.And(words[fibFamily], 0xff)
	is := func(n uint32) ssa.Compare { return ssa.Compare{Cond: ssa.EQ, XL: family, YL: c.Const(n)} }
	out := either(c, isZero(c, c.And(flags, ^uint32(fibLookupFlags))), func() []ssa.ID {
		return either(c, is(familyIPv4), func() []ssa.ID { return f.family(false, words) }, func() []ssa.ID {
			return either(c, is(familyIPv6), func() []ssa.ID { return f.strict(words) }, fail(bpf.EAFNOSUPPORT))
		})
	}, fail(bpf.EINVAL))
	if err := c.Fill(2, 4*fibWords, out[1:]); err != nil {
		return err
	}
	c.SetResult(out[0])
	return nil
}

// answer is a result with parameters.
func answer(code ssa.ID, words []ssa.ID) []ssa.ID { return append([]ssa.ID{code}, words...) }

// with returns the words with one of them changed.
func with(words []ssa.ID, k int, to ...ssa.ID) []ssa.ID {
	out := append([]ssa.ID(nil), words...)
	copy(out[k:], to)
	return out
}

// code is an answer of the helper's own.
func (f *fib) code(n uint32, words []ssa.ID) func() []ssa.ID {
	return func() []ssa.ID { return answer(f.Const(n), words) }
}

// asked makes the ways of a flag.
func (f *fib) asked(flag uint32, yes, no func() []ssa.ID) []ssa.ID {
	return either(f.Call, isZero(f.Call, f.And(f.flags, flag)), no, yes)
}

// strict makes the search of IPv6: addresses of a link, of a group or of the
// loopback device are never forwarded.
func (f *fib) strict(words []ssa.ID) []ssa.ID {
	c := f.Call
	no := f.code(bpf.FIBLkupRetNotFwded, words)
	equal := func(x ssa.ID, n uint32) ssa.Compare { return ssa.Compare{Cond: ssa.EQ, XL: x, YL: c.Const(n)} }
	forwarded := func(a []ssa.ID, yes func() []ssa.ID) []ssa.ID {
		return either(c, equal(c.And(a[0], 0xff), 0xff), no, func() []ssa.ID {
			return either(c, equal(c.And(a[0], 0xc0ff), 0x80fe), no, func() []ssa.ID {
				rest := c.Op(ssa.Or, 0, c.Op(ssa.Or, 0, a[0], a[1]), c.Op(ssa.Or, 0, a[2], c.Op(ssa.Xor, 0, a[3], c.Const(1<<24))))
				return either(c, isZero(c, rest), no, yes)
			})
		})
	}
	return forwarded(words[fibTo:fibTo+4], func() []ssa.ID {
		return forwarded(words[fibSource:fibSource+4], func() []ssa.ID { return f.family(true, words) })
	})
}

// family makes the search of a family.
func (f *fib) family(six bool, words []ssa.ID) []ssa.ID {
	c := f.Call
	f.six, f.routes = six, c.network(maplayout.Routes4Map)
	forwards := uint32(maplayout.LinkForwards4)
	if six {
		f.routes, forwards = c.network(maplayout.Routes6Map), maplayout.LinkForwards6
	}
	link := f.links.find(words[fibIfindex])
	return c.Choose(isZero(c, link), func() []ssa.ID { return answer(c.Errno(bpf.ENODEV), words) }, func() []ssa.ID {
		flag := c.And(f.links.load(link, maplayout.LinkFlags), forwards)
		return c.Choose(isZero(c, flag), f.code(bpf.FIBLkupRetFwdDisabled, words), func() []ssa.ID {
			// The search's answer, the route, and the word that the kernel clears for a table.
			got := f.asked(bpf.FIBLookupDirect, func() []ssa.ID { return f.direct(words) }, func() []ssa.ID {
				return append(f.byRules(words), words[fibTable])
			})
			words := with(words, fibTable, got[2])
			return c.Choose(isZero(c, got[0]), func() []ssa.ID { return f.found(got[1], words) }, func() []ssa.ID { return answer(got[0], words) })
		})
	})
}

// direct searches one table.
func (f *fib) direct(words []ssa.ID) []ssa.ID {
	c := f.Call
	main := c.Const(mainTable)
	table := f.asked(bpf.FIBLookupTbid, func() []ssa.ID {
		id := words[fibTable]
		return []ssa.ID{either(c, isZero(c, id), one(main), one(id))[0], c.Const(0)}
	}, func() []ssa.ID { return []ssa.ID{main, words[fibTable]} })
	got := f.in(table[0], words)
	return []ssa.ID{f.ended(got[0]), got[1], table[1]}
}

// ended makes an answer of one that was still searching.
func (f *fib) ended(code ssa.ID) ssa.ID {
	still := ssa.Compare{Cond: ssa.EQ, XL: code, YL: f.Const(searching)}
	return f.Choose(still, one(f.Const(bpf.FIBLkupRetNotFwded)), one(code))[0]
}

// in looks into a table. It returns the route's answer, or searching, and the
// route.
func (f *fib) in(table ssa.ID, words []ssa.ID) []ssa.ID {
	c := f.Call
	key := []ssa.ID{c.Const(8 * (f.keySize() - maplayout.LPMLengthSize)), table}
	if f.six {
		key = append(key, words[fibTo:fibTo+4]...)
	} else {
		by := f.asked(bpf.FIBLookupOutput, one(words[fibIfindex]), one(c.Const(0)))[0]
		key = append(key, by, words[fibTo])
	}
	route := f.routes.find(key...)
	return c.Choose(isZero(c, route), func() []ssa.ID { return []ssa.ID{c.Const(searching), route} }, func() []ssa.ID {
		got := f.routes.load(route, maplayout.RouteAnswer)
		throws := ssa.Compare{Cond: ssa.EQ, XL: got, YL: c.Const(maplayout.RouteThrow)}
		return []ssa.ID{c.Choose(throws, one(c.Const(searching)), one(got))[0], route}
	})
}

func (f *fib) keySize() uint32 {
	if f.six {
		return maplayout.Routes6Shape.KeySize
	}
	return maplayout.Routes4Shape.KeySize
}

// byRules searches the tables that the rules name, in their order. It returns the
// answer and the route.
func (f *fib) byRules(words []ssa.ID) []ssa.ID {
	c := f.Call
	mark := f.asked(bpf.FIBLookupMark, one(words[fibMark]), one(c.Const(0)))[0]
	const loopback = 1 // what is sent by the host itself
	in := f.asked(bpf.FIBLookupOutput, one(c.Const(loopback)), one(words[fibIfindex]))[0]
	place := &c.Env.Maps[f.rules.k]
	first := uint32(place.Base)
	if f.six {
		first += maplayout.RulesEach * place.Stride
	}
	at := c.Const(first)
	left := f.rules.load(at, maplayout.RuleLeft)
	none := []ssa.ID{c.Const(searching), c.Const(0)}
	got := c.Choose(isZero(c, left), func() []ssa.ID { return none }, func() []ssa.ID {
		return c.Repeat(left, append([]ssa.ID{at}, none...), func(w []ssa.ID) []ssa.ID {
			at, so := w[0], w[1:3]
			still := ssa.Compare{Cond: ssa.EQ, XL: so[0], YL: c.Const(searching)}
			got := c.Choose(still, func() []ssa.ID { return f.rule(at, mark, in, words) }, func() []ssa.ID { return so })
			return append([]ssa.ID{c.AddConst(at, place.Stride)}, got...)
		})[1:]
	})
	return []ssa.ID{f.ended(got[0]), got[1]}
}

// rule searches where the rule at an address says, if it matches.
func (f *fib) rule(at, mark, in ssa.ID, words []ssa.ID) []ssa.ID {
	c := f.Call
	pass := func() []ssa.ID { return []ssa.ID{c.Const(searching), c.Const(0)} }
	differs := c.Op(ssa.And, 0, c.Op(ssa.Xor, 0, mark, f.rules.load(at, maplayout.RuleMark)), f.rules.load(at, maplayout.RuleMask))
	return c.Choose(isZero(c, differs), func() []ssa.ID {
		by := f.rules.load(at, maplayout.RuleIn)
		act := func() []ssa.ID {
			got := f.rules.load(at, maplayout.RuleAnswer)
			return c.Choose(isZero(c, got), func() []ssa.ID { return f.in(f.rules.load(at, maplayout.RuleTable), words) },
				func() []ssa.ID { return []ssa.ID{got, c.Const(0)} })
		}
		return c.Choose(isZero(c, by), act, func() []ssa.ID {
			return c.Choose(ssa.Compare{Cond: ssa.EQ, XL: by, YL: in}, act, pass)
		})
	}, pass)
}

// found makes what is left when there is a route that forwards.
func (f *fib) found(route ssa.ID, words []ssa.ID) []ssa.ID {
	c := f.Call
	length := c.Shift(ssa.Shr, words[fibLength], 16)
	goOn := func(mtu ssa.ID) func() []ssa.ID { return func() []ssa.ID { return f.hop(route, mtu, words) } }
	checked := func() []ssa.ID {
		mtu := f.routes.load(route, maplayout.RouteMTU)
		return c.Choose(ssa.Compare{Cond: ssa.UGT, XL: length, YL: mtu}, func() []ssa.ID {
			return answer(c.Const(bpf.FIBLkupRetFragNeeded), f.withMTU(mtu, words))
		}, goOn(mtu))
	}
	if c.Prog.Source().Type == object.XDP {
		return checked()
	}
	return either(c, isZero(c, length), func() []ssa.ID {
		// The frame itself is checked, with room for a VLAN tag.
		out := f.hop(route, c.Const(0), words)
		code, words := out[0], out[1:]
		return c.Choose(isZero(c, code), func() []ssa.ID {
			link := f.links.find(words[fibIfindex])
			return c.Choose(isZero(c, link), f.code(bpf.FIBLkupRetFragNeeded, words), func() []ssa.ID {
				mtu := f.links.load(link, maplayout.LinkMTU)
				most := c.AddConst(c.Op(ssa.Add, 0, mtu, f.links.load(link, maplayout.LinkHeader)), ssa.VlanTag)
				_, size := c.Packet()
				up := isZero(c, c.And(f.links.load(link, maplayout.LinkFlags), maplayout.LinkUp))
				tooLong := one(c.Const(bpf.FIBLkupRetFragNeeded))
				code := c.Choose(up, tooLong, func() []ssa.ID {
					return c.Choose(ssa.Compare{Cond: ssa.ULE, XL: size, YL: most}, one(c.Const(0)), tooLong)
				})
				return answer(code[0], f.withMTU(mtu, words))
			})
		}, func() []ssa.ID { return answer(code, words) })
	}, checked)
}

// withMTU puts an MTU where the length was, in 16 bits.
func (f *fib) withMTU(mtu ssa.ID, words []ssa.ID) []ssa.ID {
	return with(words, fibLength, f.Op(ssa.Or, 0, f.And(words[fibLength], 0xffff), f.Shift(ssa.Shl, mtu, 16)))
}

// hop fills in how the frame goes on by a route, and its neighbour's address.
func (f *fib) hop(route, mtu ssa.ID, words []ssa.ID) []ssa.ID {
	c := f.Call
	load := func(at maplayout.Offset) ssa.ID { return f.routes.load(route, at) }
	four := func(at maplayout.Offset) []ssa.ID {
		return []ssa.ID{load(at), load(at + 4), load(at + 8), load(at + 12)}
	}
	out := load(maplayout.RouteOut)
	words = with(words, fibIfindex, out, load(maplayout.RouteMetric))
	gateway := load(maplayout.RouteGateway)
	next := func(words []ssa.ID) []ssa.ID { return f.neighbour(route, mtu, f.toGateway(gateway, words, four)) }
	return f.asked(bpf.FIBLookupSrc, func() []ssa.ID {
		if !f.six {
			return next(with(words, fibSource, load(maplayout.RouteSource)))
		}
		none := c.And(load(maplayout.RouteFlags), maplayout.RouteNoSource)
		// The gateway is filled in whether or not there is an address to send from.
		return c.Choose(isZero(c, none), func() []ssa.ID { return next(with(words, fibSource, four(maplayout.RouteSource)...)) },
			func() []ssa.ID { return answer(c.Const(bpf.FIBLkupRetNoSrcAddr), f.toGateway(gateway, words, four)) })
	}, func() []ssa.ID { return next(words) })
}

// toGateway makes the next hop the destination, if it is another one. A gateway of
// IPv6 makes a search of IPv4 one of IPv6.
func (f *fib) toGateway(gateway ssa.ID, words []ssa.ID, four func(maplayout.Offset) []ssa.ID) []ssa.ID {
	c := f.Call
	pick := func(words []ssa.ID) []ssa.ID {
		return append([]ssa.ID{words[fibFamily]}, words[fibTo:fibTo+4]...)
	}
	got := c.Choose(isZero(c, gateway), func() []ssa.ID { return pick(words) }, func() []ssa.ID {
		hop := four(maplayout.RouteHop)
		if f.six {
			return pick(with(words, fibTo, hop...))
		}
		return c.Choose(ssa.Compare{Cond: ssa.EQ, XL: gateway, YL: c.Const(familyIPv6)}, func() []ssa.ID {
			family := c.Op(ssa.Or, 0, c.And(words[fibFamily], ^uint32(0xff)), c.Const(familyIPv6))
			return pick(with(with(words, fibTo, hop...), fibFamily, family))
		}, func() []ssa.ID { return pick(with(words, fibTo, hop[0])) })
	})
	return with(with(words, fibFamily, got[0]), fibTo, got[1:]...)
}

// neighbour fills in the link addresses, unless nobody asked.
func (f *fib) neighbour(route, mtu ssa.ID, words []ssa.ID) []ssa.ID {
	c := f.Call
	done := func(words []ssa.ID) []ssa.ID {
		words = with(words, fibTable, c.Const(0))
		if !c.F.Is(mtu, 0) {
			words = f.withMTU(mtu, words)
		}
		return answer(c.Const(bpf.FIBLkupRetSuccess), words)
	}
	return f.asked(bpf.FIBLookupSkipNeigh, func() []ssa.ID { return done(words) }, func() []ssa.ID {
		family := c.And(words[fibFamily], 0xff)
		key := append([]ssa.ID{words[fibIfindex], family}, words[fibTo:fibTo+4]...)
		if !f.six {
			four := ssa.Compare{Cond: ssa.EQ, XL: family, YL: c.Const(familyIPv4)}
			rest := c.Choose(four, func() []ssa.ID { return []ssa.ID{c.Const(0), c.Const(0), c.Const(0)} },
				func() []ssa.ID { return words[fibTo+1 : fibTo+4] })
			copy(key[3:], rest)
		}
		found := f.neighbours.find(key...)
		return c.Choose(isZero(c, found), f.code(bpf.FIBLkupRetNoNeigh, words), func() []ssa.ID {
			return done(f.linkAddresses(route, found, words))
		})
	})
}

// linkAddresses fills in the addresses of the interface and of the neighbour.
func (f *fib) linkAddresses(route, neighbour ssa.ID, words []ssa.ID) []ssa.ID {
	c := f.Call
	own, ownEnd := f.routes.load(route, maplayout.RouteMAC), f.routes.load(route, maplayout.RouteMAC+4)
	its, itsEnd := f.neighbours.load(neighbour, maplayout.NeighbourMAC), f.neighbours.load(neighbour, maplayout.NeighbourMAC+4)
	middle := c.Op(ssa.Or, 0, c.And(ownEnd, 0xffff), c.Shift(ssa.Shl, its, 16))
	last := c.Op(ssa.Or, 0, c.Shift(ssa.Shr, its, 16), c.Shift(ssa.Shl, itsEnd, 16))
	return with(words, fibMark, own, middle, last)
}
