package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var (
	_ = register(&Helper{ID: bpf.HelperXDPAdjustHead, Inline: adjustHead})
	_ = register(&Helper{ID: bpf.HelperXDPAdjustTail, Inline: adjustTail})
)

// adjustHead makes bpf_xdp_adjust_head: it moves the packet's start by the
// words of R2, forwards or backwards, as far as the target's buffers allow.
func adjustHead(c *Call) error {
	limits := c.T.AdjustHead
	ptr, length := c.Packet()
	delta, _ := c.Reg(2)
	off := c.Op(ssa.Add, 0, c.And(ptr, c.T.Packet.OffsetMask()), delta)
	newLength := c.Op(ssa.Sub, 0, length, delta)
	meta := c.Metadata()
	above := c.Op(ssa.Sub, 0, c.AddConst(off, -uint32(limits.OffMin)), meta)
	room := c.Op(ssa.Sub, 0, c.Const(uint32(limits.OffMax-limits.OffMin)), meta)
	no := func() []ssa.ID { return []ssa.ID{c.Errno(bpf.EINVAL), ptr, length} }
	words := c.Choose(ssa.Compare{Cond: ssa.ULE, XL: above, YL: room}, func() []ssa.ID {
		return c.Choose(ssa.Compare{Cond: ssa.SGE, XL: newLength, YL: c.Const(uint32(limits.MinLength))}, func() []ssa.ID {
			start := c.Op(ssa.Add, 0, ptr, delta)
			c.resized(start, newLength)
			c.moveMetadata(ptr, delta)
			return []ssa.ID{c.Const(0), start, newLength}
		}, no)
	}, no)
	c.PacketIs(words[1], words[2])
	c.SetResult(words[0])
	return nil
}

// adjustTail makes bpf_xdp_adjust_tail: it cuts bytes off the end, or adds zeros
// there as far as the target's buffers allow.
func adjustTail(c *Call) error {
	ptr, _ := c.Packet()
	if !c.Fragments() {
		words := adjustEnd(c)
		c.PacketIs(ptr, words[1])
		c.SetResult(words[0])
		return nil
	}
	whole := ssa.Compare{Cond: ssa.EQ, XL: c.Fragment(), YL: c.Const(0)}
	words := c.Choose(whole, func() []ssa.ID { return append(adjustEnd(c), c.Const(0)) }, func() []ssa.ID { return adjustFragment(c) })
	c.PacketIs(ptr, words[1])
	c.SetFragment(words[2])
	c.SetResult(words[0])
	return nil
}

// adjustEnd is adjustTail for a frame in one piece. It returns the result and the
// length.
func adjustEnd(c *Call) []ssa.ID {
	limits := c.T.AdjustTail
	ptr, length := c.Packet()
	delta, _ := c.Reg(2)
	newLength := c.Op(ssa.Add, 0, length, delta)
	no := func() []ssa.ID { return []ssa.ID{c.Errno(bpf.EINVAL), length} }
	ifLong := func(yes func() []ssa.ID) []ssa.ID {
		return c.Choose(ssa.Compare{Cond: ssa.UGE, XL: newLength, YL: c.Const(uint32(limits.MinLength))}, yes, no)
	}
	return c.Choose(ssa.Compare{Cond: ssa.ULE, XL: newLength, YL: length},
		func() []ssa.ID {
			return ifLong(func() []ssa.ID { return c.resized(ptr, newLength) })
		}, func() []ssa.ID {
			if c.negative(2) || limits.EndMax == 0 {
				return no()
			}
			return ifLong(func() []ssa.ID { return c.grow(newLength, no) })
		})
}

// adjustFragment is adjustTail for a frame that goes on behind its buffer, from where
// bytes are cut off first, and zeros added as far as there is room. It returns the
// result, the length, and what is behind the buffer then.
func adjustFragment(c *Call) []ssa.ID {
	ptr, length := c.Packet()
	fragment := c.Fragment()
	delta, _ := c.Reg(2)
	no := func(e bpf.Errno) func() []ssa.ID {
		return func() []ssa.ID { return []ssa.ID{c.Errno(e), length, fragment} }
	}
	left := c.Op(ssa.Add, 0, c.FrameLength(), delta)
	grow := func() []ssa.ID {
		room := c.Op(ssa.Sub, 0, c.Const(uint32(c.T.Packet.Fragments.Size)), fragment)
		return c.Choose(ssa.Compare{Cond: ssa.UGT, XL: delta, YL: room}, no(bpf.EINVAL), func() []ssa.ID {
			all := c.Op(ssa.Add, 0, fragment, delta)
			c.TellFragment(all)
			at := c.Op(ssa.Add, 0, c.FragmentAt(), fragment)
			eachPiece(c, delta, at, at, func(at, _ ssa.ID, size int) { c.Add(c.FragmentPiece(ssa.Store, size, at, c.Const(0))) })
			return []ssa.ID{c.Const(0), length, all}
		})
	}
	return c.Choose(ssa.Compare{Cond: ssa.SGE, XL: delta, YL: c.Const(0)}, grow, func() []ssa.ID {
		return c.Choose(ssa.Compare{Cond: ssa.SLT, XL: left, YL: c.Const(uint32(c.T.AdjustTail.MinLength))}, no(bpf.EINVAL), func() []ssa.ID {
			return c.Choose(ssa.Compare{Cond: ssa.ULE, XL: left, YL: length}, func() []ssa.ID {
				c.TellFragment(c.Const(0))
				return append(c.resized(ptr, left), c.Const(0))
			}, func() []ssa.ID {
				rest := c.Op(ssa.Add, 0, fragment, delta)
				c.TellFragment(rest)
				return []ssa.ID{c.Const(0), length, rest}
			})
		})
	})
}

// negative reports whether the number in register r, as 32 bits, is never
// above 0.
func (c *Call) negative(r int) bool {
	lo, _ := c.Reg(r)
	n, ok := c.F.IsConst(lo)
	f := c.Fact(r)
	if ok {
		return int32(n) <= 0
	}
	_, most, ok := f.Int()
	return ok && most <= 0
}

// resized makes the packet begin and end anew. It returns a helper's success
// and the length.
func (c *Call) resized(ptr, length ssa.ID) []ssa.ID {
	c.Add(ssa.Value{Op: ssa.SetPkt, Args: []ssa.ID{ptr, length}})
	return []ssa.ID{c.Const(0), length}
}

// grow makes the packet longer with zeros at its end, where there is room, and
// returns a helper's result and the length; else no does. The target has an
// end_max.
func (c *Call) grow(newLength ssa.ID, no func() []ssa.ID) []ssa.ID {
	ptr, length := c.Packet()
	room := c.Op(ssa.Sub, 0, c.Const(uint32(c.T.AdjustTail.EndMax)), c.And(ptr, c.T.Packet.OffsetMask()))
	return c.Choose(ssa.Compare{Cond: ssa.ULE, XL: newLength, YL: room}, func() []ssa.ID {
		words := c.resized(ptr, newLength)
		c.zero(c.Op(ssa.Add, 0, ptr, length), c.Op(ssa.Sub, 0, newLength, length))
		return words
	}, no)
}

// maxZeros is the number of bytes up to which zeros are written one store after
// the other.
const maxZeros = 64

// zero clears n bytes of the packet.
func (c *Call) zero(at, n ssa.ID) {
	put := func(at ssa.ID, off, size uint32) {
		c.Add(ssa.Value{Op: ssa.Store, Space: ssa.Packet, Size: uint8(size), Imm: off, Args: []ssa.ID{at, c.Const(0)}})
	}
	if size, ok := c.F.IsConst(n); ok && size <= maxZeros {
		for off := uint32(0); off < size; {
			step := uint32(4)
			for step > size-off {
				step /= 2
			}
			put(at, off, step)
			off += step
		}
		return
	}
	rounds := c.Shift(ssa.Shr, n, 2)
	at = when(c, isZero(c, rounds), one(at), func() []ssa.ID {
		return c.Repeat(rounds, []ssa.ID{at}, func(w []ssa.ID) []ssa.ID {
			put(w[0], 0, 4)
			return []ssa.ID{c.AddConst(w[0], 4)}
		})
	})[0]
	at = when(c, isZero(c, c.And(n, 2)), one(at), func() []ssa.ID {
		put(at, 0, 2)
		return []ssa.ID{c.AddConst(at, 2)}
	})[0]
	when(c, isZero(c, c.And(n, 1)), func() []ssa.ID { return nil }, func() []ssa.ID {
		put(at, 0, 1)
		return nil
	})
}
