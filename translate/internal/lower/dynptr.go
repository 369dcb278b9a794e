package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

var (
	_ = register(&Helper{ID: bpf.HelperDynptrFromMem, Inline: dynptrOfValue})
	_ = register(&Helper{ID: bpf.HelperDynptrData, Inline: dynptrData})
	_ = register(&Helper{ID: bpf.HelperRingbufReserveDynptr, Map: 1, OnMap: reserveDynptr})
	_ = register(&Helper{ID: bpf.HelperRingbufSubmitDynptr, Inline: func(c *Call) error { return finishDynptr(c, bpf.RingbufBusyBit) }})
	_ = register(&Helper{ID: bpf.HelperRingbufDiscardDynptr, Inline: func(c *Call) error { return finishDynptr(c, bpf.RingbufBusyBit|bpf.RingbufDiscardBit) }})
)

// kfuncs are the kernel's functions for dynptrs. A result of 32 bits has a high half
// of 0.
var kfuncs = map[bpf.KfuncID]func(c *Call) error{
	bpf.KfuncDynptrFromXDP:   dynptrOfPacket,
	bpf.KfuncDynptrFromSkb:   dynptrOfPacket,
	bpf.KfuncDynptrSlice:     dynptrSlice,
	bpf.KfuncDynptrSliceRdwr: dynptrSlice,
	bpf.KfuncDynptrAdjust:    dynptrAdjust,
	bpf.KfuncDynptrIsNull:    dynptrIsNull,
	bpf.KfuncDynptrIsRdonly:  dynptrIsRdonly,
	bpf.KfuncDynptrSize:      dynptrSize,
	bpf.KfuncDynptrClone:     dynptrClone,
}

// newDynptr makes the dynptr in register r if a comparison holds, else an empty one
// with an error. It returns the result.
func (c *Call) newDynptr(r int, cmp ssa.Compare, made func() []ssa.ID, e func() []ssa.ID) (ssa.ID, error) {
	d, err := c.DynptrIn(r)
	if err != nil {
		return 0, err
	}
	zero := c.Const(0)
	words := either(c, cmp, func() []ssa.ID { return append([]ssa.ID{zero}, made()...) }, func() []ssa.ID {
		return append(e(), zero, zero, zero)
	})
	c.SetDynptr(d, words[1:])
	return words[0], nil
}

func (c *Call) errno(e bpf.Errno) func() []ssa.ID { return one(c.Errno(e)) }

// noFlags is the comparison of the flags in register r with 0.
func (c *Call) noFlags(r int) ssa.Compare {
	lo, hi := c.Reg(r)
	return isZero(c, c.Op(ssa.Or, 0, lo, hi))
}

// dynptrOfPacket makes bpf_dynptr_from_xdp and bpf_dynptr_from_skb.
func dynptrOfPacket(c *Call) error {
	_, length := c.Packet()
	code, err := c.newDynptr(3, c.noFlags(2), func() []ssa.ID { return []ssa.ID{c.Const(1), c.Const(0), length} }, c.errno(bpf.EINVAL))
	c.SetReg(0, code, c.Const(0))
	return err
}

// dynptrOfValue makes bpf_dynptr_from_mem.
func dynptrOfValue(c *Call) error {
	k := c.Fact(1).Map
	switch {
	case k < 0:
		return c.Unsupported("a dynptr of a value of one of several maps", "memory is told apart by its map")
	case c.Env.Maps[k].Swapped:
		return c.Unsupported("a dynptr of a value of map "+c.Prog.Source().Maps[k].Name, "the map has atomic counters and stores its words in another order")
	}
	at, _ := c.Reg(1)
	size, _ := c.Reg(2)
	// The proof knows that a value has as many bytes, which are fewer than a dynptr
	// may have.
	code, err := c.newDynptr(4, c.noFlags(3), func() []ssa.ID { return []ssa.ID{at, c.Const(0), size} }, c.errno(bpf.EINVAL))
	c.SetResult(code)
	return err
}

// reserveDynptr makes bpf_ringbuf_reserve_dynptr.
func reserveDynptr(c *Call) error {
	size, _ := c.Reg(2)
	zero := c.Const(0)
	words := either(c, c.noFlags(3), func() []ssa.ID {
		return either(c, ssa.Compare{Cond: ssa.UGT, XL: size, YL: c.Const(bpf.DynptrMost)}, func() []ssa.ID { return []ssa.ID{c.Errno(bpf.E2BIG), zero} }, func() []ssa.ID {
			lo, _ := c.reserve(size)
			return []ssa.ID{c.Errno(bpf.EINVAL), lo}
		})
	}, func() []ssa.ID { return []ssa.ID{c.Errno(bpf.EINVAL), zero} })
	code, err := c.newDynptr(4, ssa.Compare{Cond: ssa.NE, XL: words[1], YL: zero}, func() []ssa.ID { return []ssa.ID{words[1], zero, size} }, one(words[0]))
	c.SetResult(code)
	return err
}

// finishDynptr makes bpf_ringbuf_submit_dynptr and bpf_ringbuf_discard_dynptr.
func finishDynptr(c *Call, bits uint32) error {
	d, err := c.dynptr(1)
	if err != nil {
		return err
	}
	base, _, _ := c.Dynptr(d)
	zero := c.Const(0)
	c.Choose(isZero(c, base), func() []ssa.ID { return nil }, func() []ssa.ID {
		c.failed = c.submit(base, bits)
		return nil
	})
	c.SetDynptr(d, []ssa.ID{zero, zero, zero})
	c.SetReg(0, zero, zero)
	return nil
}

// dynptr returns the dynptr that register r points to, of a kind that is known.
func (c *Call) dynptr(r int) (ssa.Dynptr, error) {
	d, err := c.DynptrIn(r)
	switch {
	case err != nil:
		return d, err
	case d.Kind == 0:
		return d, c.Unsupported("a call with a dynptr of one of several kinds", "the code depends on what its memory is")
	case !d.Kind.Packet() && d.Map < 0:
		return d, c.Unsupported("a call with a dynptr of one of several maps", "memory is told apart by its map")
	}
	c.K = d.Map // -1 for the packet
	return d, nil
}

// within makes the ways of a call on n bytes at an offset of a dynptr: yes, with the
// offset in its memory, if they are inside, else the number of an error.
func (c *Call) within(d ssa.Dynptr, off, n ssa.ID, yes func(at ssa.ID) []ssa.ID, no func(e bpf.Errno) []ssa.ID) []ssa.ID {
	base, start, size := c.Dynptr(d)
	beyond := func() []ssa.ID { return no(bpf.E2BIG) }
	return either(c, isZero(c, base), func() []ssa.ID { return no(bpf.EINVAL) }, func() []ssa.ID {
		return either(c, ssa.Compare{Cond: ssa.ULE, XL: n, YL: size}, func() []ssa.ID {
			return either(c, ssa.Compare{Cond: ssa.ULE, XL: off, YL: c.Op(ssa.Sub, 0, size, n)}, func() []ssa.ID {
				return yes(c.Op(ssa.Add, 0, start, off))
			}, beyond)
		}, beyond)
	})
}

// dynptrSlice makes bpf_dynptr_slice and bpf_dynptr_slice_rdwr. All bytes of a packet
// lie in one piece, so that nothing is ever copied to the buffer.
func dynptrSlice(c *Call) error {
	d, err := c.dynptr(1)
	if err != nil {
		return err
	}
	off, _ := c.Reg(2)
	n, _ := c.Reg(4)
	c.lend(d, off, n)
	return nil
}

// lend leaves a pointer to n bytes at an offset of a dynptr, or null.
func (c *Call) lend(d ssa.Dynptr, off, n ssa.ID) {
	zero := c.Const(0)
	null := func() []ssa.ID { return []ssa.ID{zero, zero} }
	words := c.within(d, off, n, func(at ssa.ID) []ssa.ID {
		if !d.Kind.Packet() {
			base, _, _ := c.Dynptr(d)
			return []ssa.ID{c.Op(ssa.Add, 0, base, at), c.Const(c.Env.Machine.MapHigh)}
		}
		there := func(ptr ssa.ID) []ssa.ID { return []ssa.ID{ptr, zero} }
		ptr, _ := c.Packet()
		if !resizes(c.Prog) {
			return there(c.Op(ssa.Add, 0, ptr, at))
		}
		// The packet may have become shorter than the dynptr.
		return inside(c, at, n, false, there, func(ssa.ID) []ssa.ID { return null() })
	}, func(bpf.Errno) []ssa.ID { return null() })
	c.SetReg(0, words[0], words[1])
}

// resizes reports whether a program calls what may make a packet shorter.
func resizes(p *verify.Program) bool {
	for pc, in := range p.Source().Insns {
		if !in.IsHelperCall() || !p.Reached(pc) {
			continue
		}
		switch in.Helper() {
		case bpf.HelperXDPAdjustHead, bpf.HelperXDPAdjustTail, bpf.HelperSkbAdjustRoom, bpf.HelperSkbChangeTail,
			bpf.HelperSkbVlanPop, bpf.HelperSkbChangeProto:
			return true
		}
	}
	return false
}

// dynptrData makes bpf_dynptr_data, which lends nothing of a packet.
func dynptrData(c *Call) error {
	d, err := c.dynptr(1)
	if err != nil {
		return err
	}
	if d.Kind.Packet() {
		c.SetReg(0, c.Const(0), c.Const(0))
		return nil
	}
	off, _ := c.Reg(2)
	n, _ := c.Reg(3)
	c.lend(d, off, n)
	return nil
}

// dynptrAdjust makes bpf_dynptr_adjust.
func dynptrAdjust(c *Call) error {
	d, err := c.DynptrIn(1)
	if err != nil {
		return err
	}
	base, off, size := c.Dynptr(d)
	start, _ := c.Reg(2)
	end, _ := c.Reg(3)
	fails := func(e bpf.Errno) func() []ssa.ID { return func() []ssa.ID { return []ssa.ID{c.Errno(e), off, size} } }
	greater := func(x, y ssa.ID) ssa.Compare { return ssa.Compare{Cond: ssa.UGT, XL: x, YL: y} }
	words := either(c, isZero(c, base), fails(bpf.EINVAL), func() []ssa.ID {
		return either(c, greater(start, end), fails(bpf.EINVAL), func() []ssa.ID {
			// The start is not greater than the end.
			return either(c, greater(end, size), fails(bpf.ERANGE), func() []ssa.ID {
				return []ssa.ID{c.Const(0), c.Op(ssa.Add, 0, off, start), c.Op(ssa.Sub, 0, end, start)}
			})
		})
	})
	c.SetDynptr(d, []ssa.ID{base, words[1], words[2]})
	c.SetReg(0, words[0], c.Const(0))
	return nil
}

// dynptrIsNull makes bpf_dynptr_is_null.
func dynptrIsNull(c *Call) error {
	d, err := c.DynptrIn(1)
	if err != nil {
		return err
	}
	base, _, _ := c.Dynptr(d)
	c.SetReg(0, either(c, isZero(c, base), one(c.Const(1)), one(c.Const(0)))[0], c.Const(0))
	return nil
}

// dynptrIsRdonly makes bpf_dynptr_is_rdonly: programs for XDP and tc write to packets.
func dynptrIsRdonly(c *Call) error {
	c.SetReg(0, c.Const(0), c.Const(0))
	return nil
}

// dynptrSize makes bpf_dynptr_size.
func dynptrSize(c *Call) error {
	d, err := c.DynptrIn(1)
	if err != nil {
		return err
	}
	base, _, size := c.Dynptr(d)
	c.SetReg(0, either(c, isZero(c, base), c.errno(bpf.EINVAL), one(size))[0], c.Const(0))
	return nil
}

// dynptrClone makes bpf_dynptr_clone.
func dynptrClone(c *Call) error {
	d, err := c.DynptrIn(1)
	if err != nil {
		return err
	}
	base, off, size := c.Dynptr(d)
	code, err := c.newDynptr(2, ssa.Compare{Cond: ssa.NE, XL: base, YL: c.Const(0)}, func() []ssa.ID { return []ssa.ID{base, off, size} }, c.errno(bpf.EINVAL))
	c.SetReg(0, code, c.Const(0))
	return err
}

// isXDP reports a program for XDP.
func (c *Call) isXDP() bool { return c.Prog.Source().Type == object.XDP }
