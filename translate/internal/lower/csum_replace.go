package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var (
	_ = register(&Helper{ID: bpf.HelperL3CsumReplace, Inline: func(c *Call) error { return replaceCsum(c, 0) }})
	_ = register(&Helper{ID: bpf.HelperL4CsumReplace, Inline: func(c *Call) error {
		return replaceCsum(c, bpf.FPseudoHdr|bpf.FMarkMangled0|bpf.FMarkEnforce|bpf.FIPv6)
	}})
	// Frames come without a sum by the hardware, and then the kernel answers so.
	_ = register(&Helper{ID: bpf.HelperCsumUpdate, Inline: func(c *Call) error {
		c.SetResult(c.Errno(bpf.ENOTSUPP))
		return nil
	}})
	_ = register(&Helper{ID: bpf.HelperCsumLevel, Inline: csumLevel})
)

// replaceCsum makes bpf_l3_csum_replace, and with the flags of its own
// bpf_l4_csum_replace: it brings the checksum at the offset in R2 up to date
// with a field that was R3 and becomes R4. The flags in R5 have the size of the
// field in bytes, 0 for a difference in R4. What is wrong is answered in the
// kernel's order: unknown flags, the place, the size.
//
// A pseudo header makes no difference, for no sum by the hardware has to follow.
func replaceCsum(c *Call, own uint32) error {
	flags, flagsHi := c.Reg(5)
	off, _ := c.Reg(2)
	number := func(e bpf.Errno) func() []ssa.ID {
		return func() []ssa.ID { return []ssa.ID{c.Errno(e)} }
	}
	known := ssa.Compare{Cond: ssa.EQ, XL: c.And(flags, ^(bpf.FHdrFieldMask | own)), XH: flagsHi, YL: c.Const(0), YH: c.Const(0)}
	result := when(c, known, func() []ssa.ID {
		return when(c, isZero(c, c.And(off, 1)), func() []ssa.ID {
			return inside(c, off, c.Const(2), false, func(at ssa.ID) []ssa.ID { return replaceAt(c, at, own != 0) },
				func(code ssa.ID) []ssa.ID { return []ssa.ID{code} })
		}, number(bpf.EFAULT))
	}, number(bpf.EINVAL))
	c.SetResult(result[0])
	return nil
}

// replaceAt brings the checksum at a place in the packet up to date and returns
// the helper's result. The checksum of a transport header may be absent, which
// is 0; with the flag it stays so, and none becomes so.
func replaceAt(c *Call, at ssa.ID, transport bool) []ssa.ID {
	flags, _ := c.Reg(5)
	old := c.Add(ssa.Value{Op: ssa.Load, Space: ssa.Packet, Size: 2, Args: []ssa.ID{at}})
	put := func(sum ssa.ID) []ssa.ID {
		field := foldCsum(c, sum)
		if transport {
			field = when(c, isZero(c, c.And(flags, bpf.FMarkMangled0)), one(field), func() []ssa.ID {
				return c.Choose(isZero(c, field), one(c.Const(0xffff)), one(field))
			})[0]
		}
		c.Add(ssa.Value{Op: ssa.Store, Space: ssa.Packet, Size: 2, Args: []ssa.ID{at, field}})
		return []ssa.ID{c.Const(0)}
	}
	replace := func() []ssa.ID { return replaceBySize(c, old, transport, put) }
	if !transport {
		return replace()
	}
	mangled := ssa.Compare{Cond: ssa.EQ, XL: c.And(flags, bpf.FMarkMangled0|bpf.FMarkEnforce), YL: c.Const(bpf.FMarkMangled0)}
	return when(c, mangled, func() []ssa.ID {
		return c.Choose(isZero(c, old), one(c.Const(0)), replace)
	}, replace)
}

// replaceBySize gives put the sum that becomes of the checksum old, as the
// flags in R5 say how wide the field is.
func replaceBySize(c *Call, old ssa.ID, transport bool, put func(sum ssa.ID) []ssa.ID) []ssa.ID {
	flags, _ := c.Reg(5)
	from, fromHi := c.Reg(3)
	to, _ := c.Reg(4)
	ones := c.Const(^uint32(0))
	not := func(x ssa.ID) ssa.ID { return c.Op(ssa.Xor, 0, x, ones) }
	size := c.And(flags, bpf.FHdrFieldMask)
	is := func(n uint32) ssa.Compare { return ssa.Compare{Cond: ssa.EQ, XL: size, YL: c.Const(n)} }
	wrong := func() []ssa.ID { return []ssa.ID{c.Errno(bpf.EINVAL)} }
	difference := func() []ssa.ID {
		none := ssa.Compare{Cond: ssa.EQ, XL: from, XH: fromHi, YL: c.Const(0), YH: c.Const(0)}
		return when(c, none, func() []ssa.ID { return put(addCsum(c, not(old), to)) }, wrong)
	}
	half := func() []ssa.ID {
		from, to := c.And(from, 0xffff), c.And(to, 0xffff)
		if transport {
			return put(addCsum(c, addCsum(c, not(old), not(from)), to))
		}
		// RFC 1624 on 16 bits, where nothing overflows a word.
		half := func(x ssa.ID) ssa.ID { return c.Op(ssa.Xor, 0, x, c.Const(0xffff)) }
		return put(c.Op(ssa.Add, 0, c.Op(ssa.Add, 0, half(old), half(from)), to))
	}
	word := func() []ssa.ID { return put(addCsum(c, addCsum(c, not(old), not(from)), to)) }
	return when(c, is(0), difference, func() []ssa.ID {
		return when(c, is(2), half, func() []ssa.ID { return when(c, is(4), word, wrong) })
	})
}

// foldCsum makes a checksum field of a 32-bit one's complement sum.
func foldCsum(c *Call, sum ssa.ID) ssa.ID {
	return c.Op(ssa.Xor, 0, halves(c, sum), c.Const(0xffff))
}

// halves adds both halves of a one's complement sum; the carry of the low ones
// counts.
func halves(c *Call, sum ssa.ID) ssa.ID {
	swapped := c.Op(ssa.Or, 0, c.Shift(ssa.Shr, sum, 16), c.Shift(ssa.Shl, sum, 16))
	return c.Shift(ssa.Shr, c.Op(ssa.Add, 0, sum, swapped), 16)
}

// csumLevel makes bpf_csum_level: how many checksums of the frame were found
// right, which nothing else here asks for.
func csumLevel(c *Call) error {
	level, levelHi := c.Reg(2)
	have := c.ChecksumLevel()
	is := func(n uint32) ssa.Compare {
		return ssa.Compare{Cond: ssa.EQ, XL: level, XH: levelHi, YL: c.Const(n), YH: c.Const(0)}
	}
	becomes := func(to ssa.ID) []ssa.ID { return []ssa.ID{c.Const(0), to} }
	words := when(c, is(bpf.CsumLevelQuery), func() []ssa.ID {
		return c.Choose(isZero(c, have), func() []ssa.ID { return []ssa.ID{c.Errno(bpf.EACCES), have} },
			func() []ssa.ID { return []ssa.ID{c.AddConst(have, ^uint32(0)), have} })
	}, func() []ssa.ID {
		return when(c, is(bpf.CsumLevelInc), func() []ssa.ID {
			more := ssa.Compare{Cond: ssa.ULT, XL: have, YL: c.Const(ssa.MaxChecksumLevel)}
			return becomes(c.Choose(more, func() []ssa.ID { return []ssa.ID{c.AddConst(have, 1)} }, one(have))[0])
		}, func() []ssa.ID {
			return when(c, is(bpf.CsumLevelDec), func() []ssa.ID {
				return becomes(c.Choose(isZero(c, have), one(have), func() []ssa.ID { return []ssa.ID{c.AddConst(have, ^uint32(0))} })[0])
			}, func() []ssa.ID {
				return when(c, is(bpf.CsumLevelReset), func() []ssa.ID { return becomes(c.Const(0)) },
					func() []ssa.ID { return []ssa.ID{c.Errno(bpf.EINVAL), have} })
			})
		})
	})
	c.SetChecksumLevel(words[1])
	c.SetResult(words[0])
	return nil
}

func one(x ssa.ID) func() []ssa.ID { return func() []ssa.ID { return []ssa.ID{x} } }

func isZero(c *Call, x ssa.ID) ssa.Compare {
	return ssa.Compare{Cond: ssa.EQ, XL: x, YL: c.Const(0)}
}

// when is Choose for a comparison that constants may decide: then only the way
// that is taken is made.
func when(c *Call, cmp ssa.Compare, yes, no func() []ssa.ID) []ssa.ID {
	cmp = c.NarrowCompare(cmp)
	x, okX := c.F.IsConst(cmp.XL)
	y, okY := c.F.IsConst(cmp.YL)
	wide := uint64(0)
	if cmp.XH != 0 {
		xh, ok := c.F.IsConst(cmp.XH)
		yh, also := c.F.IsConst(cmp.YH)
		okX, okY = okX && ok, okY && also
		wide = uint64(xh ^ yh)
	}
	if cmp.Cond != ssa.EQ || !okX || !okY {
		return c.Choose(cmp, yes, no)
	}
	if x == y && wide == 0 {
		return yes()
	}
	return no()
}
