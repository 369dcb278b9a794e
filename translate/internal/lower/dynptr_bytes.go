package lower

import (
	"cmp"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

var (
	_ = register(&Helper{ID: bpf.HelperDynptrRead, Inline: dynptrRead})
	_ = register(&Helper{ID: bpf.HelperDynptrWrite, Inline: dynptrWrite})
)

// piece is a load or store of a piece of a dynptr's memory.
func (c *Call) piece(d ssa.Dynptr, op ssa.Op, at ssa.ID, off, size int, v ...ssa.ID) ssa.ID {
	if d.Kind.Packet() {
		return c.Add(ssa.Value{Op: op, Space: ssa.Packet, Size: uint8(size), Imm: uint32(off), Args: append([]ssa.ID{at}, v...)})
	}
	return c.Add(ssa.Value{
		Op: op, Space: ssa.MapValue, Aux: int32(d.Map), Size: uint8(size), Imm: uint32(off),
		Args: append([]ssa.ID{at, c.Const(c.Env.Machine.MapHigh)}, v...),
	})
}

// bytesOf makes the ways of a call on n bytes at an offset of a dynptr: yes, with the
// address of the bytes, else no with the error; packet says that the dynptr has the
// bytes and its packet does not any more.
func (c *Call) bytesOf(d ssa.Dynptr, off, n ssa.ID, yes func(at ssa.ID) []ssa.ID, no func(code ssa.ID, packet bool) []ssa.ID) []ssa.ID {
	return c.within(d, off, n, func(at ssa.ID) []ssa.ID {
		if !d.Kind.Packet() {
			base, _, _ := c.Dynptr(d)
			return yes(c.Op(ssa.Add, 0, base, at))
		}
		if !resizes(c.Prog) {
			ptr, _ := c.Packet()
			return yes(c.Op(ssa.Add, 0, ptr, at))
		}
		return inside(c, at, n, d.Kind == verify.DynptrXDP, yes, func(code ssa.ID) []ssa.ID { return no(code, true) })
	}, func(e bpf.Errno) []ssa.ID { return no(c.Errno(e), false) })
}

// dynptrRead makes bpf_dynptr_read: it copies bytes of a dynptr to the stack, a map
// value or a record.
func dynptrRead(c *Call) error {
	d, err := c.dynptr(3)
	if err != nil {
		return err
	}
	off, _ := c.Reg(4)
	// Flags are refused before the size is looked at.
	flagged := c.noFlags(5)
	read := func(old []ssa.ID, yes func(at ssa.ID) []ssa.ID, size ssa.ID) []ssa.ID {
		no := func(code ssa.ID, packet bool) []ssa.ID {
			out := append([]ssa.ID{code}, old...)
			for k := range old {
				if packet && !c.isXDP() {
					out[k+1] = c.Const(0)
				}
			}
			return out
		}
		return either(c, flagged, func() []ssa.ID { return c.bytesOf(d, off, size, yes, no) }, func() []ssa.ID { return no(c.Errno(bpf.EINVAL), false) })
	}
	if lo, _ := c.Reg(2); c.F.Is(lo, 0) {
		c.SetResult(read(nil, func(ssa.ID) []ssa.ID { return []ssa.ID{c.Const(0)} }, lo)[0])
		return nil
	}
	size, n, err := sizeOf(c, 2, 1)
	if err != nil {
		return err
	}
	if isFar(c, 1) || n == 0 {
		if d.Kind.Packet() && resizes(c.Prog) && !c.isXDP() {
			return c.Unsupported("bpf_dynptr_read of a packet that may have become shorter, to a map value or of a size that only a run knows", "what it clears then is not built")
		}
		to, _ := c.Reg(1)
		c.SetResult(read(nil, func(from ssa.ID) []ssa.ID {
			copyBytes(c, size, from, to, func(from, to ssa.ID, size int) {
				c.failed = cmp.Or(c.failed, c.StoreBehind(1, to, size, c.piece(d, ssa.Load, from, 0, size)))
			})
			return []ssa.ID{c.Const(0)}
		}, size)[0])
		return nil
	}
	if c.Fact(1).Kind != verify.PtrStack {
		return c.Unsupported("bpf_dynptr_read to anything but the stack, a map value or a record", "the compiler has no translation for it")
	}
	old, err := c.Behind(1, n)
	if err != nil {
		return err
	}
	words := read(old, func(from ssa.ID) []ssa.ID {
		out := []ssa.ID{c.Const(0)}
		for k := 0; k < n; k += 4 {
			switch left := n - k; {
			case left == 3 && !d.Kind.Packet():
				first := c.piece(d, ssa.Load, from, k, 2)
				out = append(out, c.Op(ssa.Or, 0, first, c.Shift(ssa.Shl, c.piece(d, ssa.Load, from, k+2, 1), 16)))
			case left < 4 && !d.Kind.Packet():
				out = append(out, c.piece(d, ssa.Load, from, k, left))
			default:
				// Memory behind the packet can be read; bytes beyond n are dropped.
				out = append(out, c.piece(d, ssa.Load, from, k, 4))
			}
		}
		return out
	}, size)
	if err := c.Fill(1, n, words[1:]); err != nil {
		return err
	}
	c.SetResult(words[0])
	return nil
}

// dynptrWrite makes bpf_dynptr_write. Checksums of an skb are not kept up: the card
// has none.
func dynptrWrite(c *Call) error {
	d, err := c.dynptr(1)
	if err != nil {
		return err
	}
	off, _ := c.Reg(2)
	lo, hi := c.Reg(5)
	flags, ok := c.F.IsConst(lo)
	flagsHi, okHi := c.F.IsConst(hi)
	if !ok || !okHi {
		return c.Unsupported("bpf_dynptr_write with flags known at run time only", "the compiler takes constant flags")
	}
	known := uint32(0)
	if d.Kind == verify.DynptrSkb {
		known = bpf.FRecomputeCsum | bpf.FInvalidateHash
	}
	no := func(code ssa.ID, _ bool) []ssa.ID { return []ssa.ID{code} }
	size, _ := c.Reg(4)
	write := func(yes func(at ssa.ID) []ssa.ID) ssa.ID {
		if flags&^known != 0 || flagsHi != 0 {
			return c.within(d, off, size, func(ssa.ID) []ssa.ID { return no(c.Errno(bpf.EINVAL), false) }, func(e bpf.Errno) []ssa.ID { return no(c.Errno(e), false) })[0]
		}
		return c.bytesOf(d, off, size, yes, no)[0]
	}
	done := func() []ssa.ID { return []ssa.ID{c.Const(0)} }
	var code ssa.ID
	if c.F.Is(size, 0) {
		code = write(func(ssa.ID) []ssa.ID { return done() })
	} else {
		_, n, err := sizeOf(c, 4, 3)
		if err != nil {
			return err
		}
		var words []ssa.ID
		piecewise := n == 0 || isFar(c, 3) && n > maxPieces
		if !piecewise {
			if words, err = c.Behind(3, n); err != nil {
				return err
			}
		}
		code = write(func(to ssa.ID) []ssa.ID {
			if piecewise {
				from, _ := c.Reg(3)
				eachPiece(c, size, from, to, func(from, to ssa.ID, size int) {
					v, err := c.LoadBehind(3, from, size)
					c.failed = cmp.Or(c.failed, err)
					c.piece(d, ssa.Store, to, 0, size, v)
				})
			}
			for k, w := range words {
				switch left := n - 4*k; {
				case left >= 4:
					c.piece(d, ssa.Store, to, 4*k, 4, w)
				case left == 3:
					c.piece(d, ssa.Store, to, 4*k, 2, w)
					c.piece(d, ssa.Store, to, 4*k+2, 1, c.Shift(ssa.Shr, w, 16))
				default:
					c.piece(d, ssa.Store, to, 4*k, left, w)
				}
			}
			return done()
		})
	}
	if flags&bpf.FInvalidateHash&known != 0 && !c.F.Is(c.Hash(), 0) {
		old := c.Hash()
		c.SetHash(c.Choose(isZero(c, code), one(c.Const(0)), one(old))[0])
	}
	c.SetResult(code)
	return nil
}
