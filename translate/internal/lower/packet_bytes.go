package lower

import (
	"cmp"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

var (
	_ = register(&Helper{ID: bpf.HelperXDPLoadBytes, Inline: func(c *Call) error { return loadBytes(c, c.offset(), true) }})
	_ = register(&Helper{ID: bpf.HelperSkbLoadBytes, Inline: func(c *Call) error { return loadBytes(c, c.offset(), false) }})
	_ = register(&Helper{ID: bpf.HelperSkbLoadBytesRelative, Inline: func(c *Call) error { return loadBytes(c, c.relative(), false) }})
	_ = register(&Helper{ID: bpf.HelperXDPStoreBytes, Inline: func(c *Call) error { return storeBytes(c, true) }})
	_ = register(&Helper{ID: bpf.HelperSkbStoreBytes, Inline: func(c *Call) error { return storeBytes(c, false) }})
)

// maxOffset is the greatest offset that the XDP byte helpers take.
const maxOffset = 0xffff

// sizeOf returns the number of bytes in register r, which pointer register ptr
// leads to: n is 0 where only a run knows it.
func sizeOf(c *Call, r, ptr int) (words ssa.ID, n int, err error) {
	lo, _ := c.Reg(r)
	known, ok := c.F.IsConst(lo)
	switch {
	case c.Fragments() && (c.InLocal(ptr) || isFar(c, ptr)):
		return lo, 0, nil
	case ok && known > 0 && known <= 512, ok && known > 0 && isFar(c, ptr):
		return lo, int(known), nil
	case !ok && (c.InLocal(ptr) || isFar(c, ptr)):
		return lo, 0, nil
	}
	return 0, 0, c.Unsupported("a helper that copies bytes of a number that is neither a constant of 1 to 512 nor on the stack", "the compiler has no translation for it")
}

// isFar reports whether register ptr leads to a map value or a record: bytes there
// are copied one piece after the other and never all in registers.
func isFar(c *Call, ptr int) bool {
	k := c.Fact(ptr).Kind
	return k == verify.PtrMapValue || k == verify.PtrMem
}

// maxPieces is the number of bytes that are copied without a loop.
const maxPieces = 32

// copyBytes copies n bytes, words first: in a loop unless their number is known to
// be small. piece copies 4 bytes or 1.
func copyBytes(c *Call, n, from, to ssa.ID, piece func(from, to ssa.ID, size int)) {
	known, ok := c.F.IsConst(n)
	if !ok || known > maxPieces {
		eachPiece(c, n, from, to, piece)
		return
	}
	for k := uint32(0); k < known; {
		size := uint32(4)
		if known-k < 4 {
			size = 1
		}
		piece(c.AddConst(from, k), c.AddConst(to, k), int(size))
		k += size
	}
}

// offset is where in the packet a helper works: R2.
func (c *Call) offset() ssa.ID {
	off, _ := c.Reg(2)
	return off
}

// relative is the offset in R2 from the header that R5 names, as one from the
// packet's start; where there is none, one that is outside of every packet.
func (c *Call) relative() ssa.ID {
	const fromMAC, fromNetwork = 0, 1 // BPF_HDR_START_MAC, BPF_HDR_START_NET
	off := c.offset()
	start, _ := c.Reg(5)
	nowhere := one(c.Const(^uint32(0)))
	is := func(n uint32) ssa.Compare { return ssa.Compare{Cond: ssa.EQ, XL: start, YL: c.Const(n)} }
	words := either(c, ssa.Compare{Cond: ssa.UGT, XL: off, YL: c.Const(maxOffset)}, nowhere, func() []ssa.ID {
		return either(c, is(fromMAC), one(off), func() []ssa.ID {
			return either(c, is(fromNetwork), func() []ssa.ID { return []ssa.ID{c.Op(ssa.Add, 0, off, c.NetworkHeader())} }, nowhere)
		})
	})
	return words[0]
}

// anywhere is inside for frames that may go on behind their buffer: yes gets the
// offset, too.
func anywhere(c *Call, off, n ssa.ID, xdp bool, yes func() []ssa.ID, no func(code ssa.ID) []ssa.ID) []ssa.ID {
	return within(c, c.FrameLength(), off, n, xdp, yes, no)
}

// copyFrame copies n bytes from an offset of the frame on, or to there, which has
// that many: what is in its buffer, then what is behind it. piece copies one piece,
// whose address is at, and which is behind the buffer or not.
func copyFrame(c *Call, off, n, other ssa.ID, piece func(at, other ssa.ID, size int, behind bool)) {
	ptr, length := c.Packet()
	// The bytes of the copy that are in the buffer.
	near := c.Choose(ssa.Compare{Cond: ssa.UGE, XL: off, YL: length}, one(c.Const(0)), func() []ssa.ID {
		left := c.Op(ssa.Sub, 0, length, off)
		return c.Choose(ssa.Compare{Cond: ssa.ULT, XL: left, YL: n}, one(left), one(n))
	})[0]
	eachPiece(c, near, c.Op(ssa.Add, 0, ptr, off), other, func(at, other ssa.ID, size int) { piece(at, other, size, false) })
	far := c.Op(ssa.Sub, 0, n, near)
	when(c, isZero(c, far), func() []ssa.ID { return nil }, func() []ssa.ID {
		at := c.Op(ssa.Sub, 0, c.Op(ssa.Add, 0, c.Op(ssa.Add, 0, c.FragmentAt(), off), near), length)
		eachPiece(c, far, at, c.Op(ssa.Add, 0, other, near), func(at, other ssa.ID, size int) { piece(at, other, size, true) })
		return nil
	})
}

// inside makes the ways of a helper that works on n bytes of the packet at an
// offset: yes if they are inside, else the error. xdp tells the two
// errors of the XDP helpers apart.
func inside(c *Call, off, n ssa.ID, xdp bool, yes func(at ssa.ID) []ssa.ID, no func(code ssa.ID) []ssa.ID) []ssa.ID {
	ptr, length := c.Packet()
	return within(c, length, off, n, xdp, func() []ssa.ID { return yes(c.Op(ssa.Add, 0, ptr, off)) }, no)
}

// within is inside for a number of bytes.
func within(c *Call, length, off, n ssa.ID, xdp bool, yes func() []ssa.ID, no func(code ssa.ID) []ssa.ID) []ssa.ID {
	refuse := func() []ssa.ID {
		if !xdp {
			return no(c.Errno(bpf.EFAULT))
		}
		code := c.Choose(ssa.Compare{Cond: ssa.UGT, XL: off, YL: c.Const(maxOffset)},
			func() []ssa.ID { return []ssa.ID{c.Errno(bpf.EFAULT)} }, func() []ssa.ID { return []ssa.ID{c.Errno(bpf.EINVAL)} })
		return no(code[0])
	}
	return c.Choose(ssa.Compare{Cond: ssa.UGE, XL: length, YL: n}, func() []ssa.ID {
		last := c.Op(ssa.Sub, 0, length, n)
		return c.Choose(ssa.Compare{Cond: ssa.ULE, XL: off, YL: last}, yes, refuse)
	}, refuse)
}

// eachPiece makes a loop over n bytes, words first: two places step through them.
func eachPiece(c *Call, n, from, to ssa.ID, piece func(from, to ssa.ID, size int)) {
	places := []ssa.ID{from, to}
	for _, size := range []int{4, 1} {
		rounds := c.Shift(ssa.Shr, n, 2)
		if size == 1 {
			rounds = c.And(n, 3)
		}
		was := places
		places = when(c, isZero(c, rounds), func() []ssa.ID { return was }, func() []ssa.ID {
			return c.Repeat(rounds, was, func(w []ssa.ID) []ssa.ID {
				piece(w[0], w[1], size)
				return []ssa.ID{c.AddConst(w[0], uint32(size)), c.AddConst(w[1], uint32(size))}
			})
		})
	}
}

// packetPiece is a load or store of a piece of the packet.
func packetPiece(op ssa.Op, size int, args ...ssa.ID) ssa.Value {
	return ssa.Value{Op: op, Space: ssa.Packet, Size: uint8(size), Args: args}
}

// loadFar is loadBytes for a number of bytes that only a run knows, and for those
// that are not on the stack. What it does not fill is not written.
func loadFar(c *Call, off, n ssa.ID, xdp bool) error {
	to, _ := c.Reg(3)
	put := func(to ssa.ID, size int, v ssa.ID) {
		c.failed = cmp.Or(c.failed, c.StoreBehind(3, to, size, v))
	}
	no := func(code ssa.ID) []ssa.ID {
		if !xdp {
			copyBytes(c, n, to, to, func(_, to ssa.ID, size int) { put(to, size, c.Const(0)) })
		}
		return []ssa.ID{code}
	}
	var code []ssa.ID
	if c.Fragments() {
		code = anywhere(c, off, n, xdp, func() []ssa.ID {
			copyFrame(c, off, n, to, func(from, to ssa.ID, size int, behind bool) {
				v := packetPiece(ssa.Load, size, from)
				v.Exact = true // the buffer may end here
				if behind {
					v = c.FragmentPiece(ssa.Load, size, from)
				}
				put(to, size, c.Add(v))
			})
			return []ssa.ID{c.Const(0)}
		}, no)
	} else {
		code = inside(c, off, n, xdp, func(from ssa.ID) []ssa.ID {
			copyBytes(c, n, from, to, func(from, to ssa.ID, size int) {
				put(to, size, c.Add(packetPiece(ssa.Load, size, from)))
			})
			return []ssa.ID{c.Const(0)}
		}, no)
	}
	c.SetResult(code[0])
	return nil
}

// loadBytes makes bpf_xdp_load_bytes, bpf_skb_load_bytes and
// bpf_skb_load_bytes_relative: it copies bytes of the packet to the stack, a map
// value or a record. The skb helpers clear the buffer when they fail.
func loadBytes(c *Call, off ssa.ID, xdp bool) error {
	size, n, err := sizeOf(c, 4, 3)
	if err != nil {
		return err
	}
	if isFar(c, 3) || n == 0 {
		return loadFar(c, off, size, xdp)
	}
	if c.Fact(3).Kind != verify.PtrStack {
		return c.Unsupported("a helper that copies bytes to anything but the stack, a map value or a record", "the compiler has no translation for it")
	}
	old, err := c.Behind(3, n)
	if err != nil {
		return err
	}
	words := inside(c, off, size, xdp, func(from ssa.ID) []ssa.ID {
		out := []ssa.ID{c.Const(0)}
		for k := 0; k < n; k += 4 {
			// Memory behind the packet can be read; bytes beyond n are dropped.
			out = append(out, c.Add(ssa.Value{Op: ssa.Load, Space: ssa.Packet, Size: 4, Imm: uint32(k), Args: []ssa.ID{from}}))
		}
		return out
	}, func(code ssa.ID) []ssa.ID {
		out := append([]ssa.ID{code}, old...)
		if !xdp {
			for k := range old {
				out[k+1] = c.Const(0)
			}
		}
		return out
	})
	if err := c.Fill(3, n, words[1:]); err != nil {
		return err
	}
	c.SetResult(words[0])
	return nil
}

// storeBytes makes bpf_xdp_store_bytes and bpf_skb_store_bytes: it copies bytes
// to the packet. Checksums of an skb are not kept up: the card has none.
func storeBytes(c *Call, xdp bool) error {
	size, n, err := sizeOf(c, 4, 3)
	if err != nil {
		return err
	}
	piecewise := n == 0 || c.Fragments() || isFar(c, 3) && n > maxPieces
	var words []ssa.ID
	if !piecewise {
		if words, err = c.Behind(3, n); err != nil {
			return err
		}
	}
	invalidates := false
	if !xdp {
		lo, hi := c.Reg(5)
		flags, ok := c.F.IsConst(lo)
		flagsHi, okHi := c.F.IsConst(hi)
		if !ok || !okHi {
			return c.Unsupported("a store with flags known at run time only", "the compiler takes constant flags")
		}
		const known = bpf.FRecomputeCsum | bpf.FInvalidateHash
		if flags&^known != 0 || flagsHi != 0 {
			c.SetResult(c.Errno(bpf.EINVAL))
			return nil
		}
		invalidates = flags&bpf.FInvalidateHash != 0
	}
	stored := func(from ssa.ID, size int) ssa.ID {
		v, err := c.LoadBehind(3, from, size)
		c.failed = cmp.Or(c.failed, err)
		return v
	}
	no := func(code ssa.ID) []ssa.ID { return []ssa.ID{code} }
	yes := func(to ssa.ID) []ssa.ID {
		if piecewise {
			from, _ := c.Reg(3)
			eachPiece(c, size, from, to, func(from, to ssa.ID, size int) {
				c.Add(packetPiece(ssa.Store, size, to, stored(from, size)))
			})
		}
		put := func(size uint8, at int, v ssa.ID) {
			c.Add(ssa.Value{Op: ssa.Store, Space: ssa.Packet, Size: size, Imm: uint32(at), Args: []ssa.ID{to, v}})
		}
		for k, w := range words {
			switch left := n - 4*k; {
			case left >= 4:
				put(4, 4*k, w)
			case left == 3:
				put(2, 4*k, w)
				put(1, 4*k+2, c.Shift(ssa.Shr, w, 16))
			default:
				put(uint8(left), 4*k, w)
			}
		}
		return []ssa.ID{c.Const(0)}
	}
	var result []ssa.ID
	if c.Fragments() {
		result = anywhere(c, c.offset(), size, xdp, func() []ssa.ID {
			from, _ := c.Reg(3)
			copyFrame(c, c.offset(), size, from, func(to, from ssa.ID, size int, behind bool) {
				v := packetPiece(ssa.Store, size, to, stored(from, size))
				if behind {
					v = c.FragmentPiece(ssa.Store, size, to, stored(from, size))
				}
				c.Add(v)
			})
			return []ssa.ID{c.Const(0)}
		}, no)
	} else {
		result = inside(c, c.offset(), size, xdp, yes, no)
	}
	if invalidates && !c.F.Is(c.Hash(), 0) {
		old := c.Hash()
		c.SetHash(c.Choose(isZero(c, result[0]), one(c.Const(0)), one(old))[0])
	}
	c.SetResult(result[0])
	return nil
}
