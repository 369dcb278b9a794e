package lower

import (
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

// errFault is the negated EFAULT.
const errFault = ^uint32(14) + 1

// maxOffset is the greatest offset that the XDP byte helpers take.
const maxOffset = 0xffff

// constSize returns the constant size in bytes in register r.
func constSize(b *ssa.Builder, r int) (int, error) {
	lo, _ := b.Reg(r)
	n, ok := b.F.IsConst(lo)
	if !ok || n == 0 || n > 512 {
		return 0, b.Unsupported("a helper that copies bytes of a number that is not a constant of 1 to 512", "stack bytes are kept in registers")
	}
	return int(n), nil
}

// inside makes the ways of a helper that works on n bytes of the packet at the
// offset in R2: yes if they are inside, else the error. xdp tells the two
// errors of the XDP helpers apart.
func inside(b *ssa.Builder, n int, xdp bool, yes func(at ssa.ID) []ssa.ID, no func(code ssa.ID) []ssa.ID) []ssa.ID {
	off, _ := b.Reg(2)
	ptr, length := b.Packet()
	refuse := func() []ssa.ID {
		if !xdp {
			return no(b.Const(errFault))
		}
		code := b.Choose(ssa.Compare{Cond: ssa.UGT, XL: off, YL: b.Const(maxOffset)},
			func() []ssa.ID { return []ssa.ID{b.Const(errFault)} }, func() []ssa.ID { return []ssa.ID{b.Const(errInval)} })
		return no(code[0])
	}
	return b.Choose(ssa.Compare{Cond: ssa.UGE, XL: length, YL: b.Const(uint32(n))}, func() []ssa.ID {
		last := b.AddConst(length, -uint32(n))
		return b.Choose(ssa.Compare{Cond: ssa.ULE, XL: off, YL: last},
			func() []ssa.ID { return yes(b.Op(ssa.Add, 0, ptr, off)) }, refuse)
	}, refuse)
}

// loadBytes makes bpf_xdp_load_bytes and bpf_skb_load_bytes: it copies bytes of
// the packet to the stack. The skb helper clears the buffer when it fails.
func loadBytes(b *ssa.Builder, xdp bool) error {
	n, err := constSize(b, 4)
	if err != nil {
		return err
	}
	lo, _ := b.Reg(3)
	if b.Fact(3).Kind != verify.PtrStack {
		return b.Unsupported("a helper that copies bytes to anything but the stack", "the compiler has no translation for it")
	}
	frame, at, err := b.StackPlace(lo, b.Fact(3))
	if err != nil {
		return err
	}
	old, err := b.StackWords(frame, at, n)
	if err != nil {
		return err
	}
	words := inside(b, n, xdp, func(from ssa.ID) []ssa.ID {
		out := []ssa.ID{b.Const(0)}
		for k := 0; k < n; k += 4 {
			// Memory behind the packet can be read; bytes beyond n are dropped.
			out = append(out, b.Add(ssa.Value{Op: ssa.Load, Space: ssa.Packet, Size: 4, Imm: uint32(k), Args: []ssa.ID{from}}))
		}
		return out
	}, func(code ssa.ID) []ssa.ID {
		out := append([]ssa.ID{code}, old...)
		if !xdp {
			for k := range old {
				out[k+1] = b.Const(0)
			}
		}
		return out
	})
	if err := b.WriteStack(frame, at, n, words[1:]); err != nil {
		return err
	}
	setResult(b, words[0])
	return nil
}

// storeBytes makes bpf_xdp_store_bytes and bpf_skb_store_bytes: it copies bytes
// to the packet. Checksums of an skb are not kept up: the card has none.
func storeBytes(b *ssa.Builder, xdp bool) error {
	n, err := constSize(b, 4)
	if err != nil {
		return err
	}
	words, err := b.Behind(3, n)
	if err != nil {
		return err
	}
	if !xdp {
		lo, hi := b.Reg(5)
		flags, ok := b.F.IsConst(lo)
		flagsHi, okHi := b.F.IsConst(hi)
		if !ok || !okHi {
			return b.Unsupported("a store with flags known at run time only", "the compiler takes constant flags")
		}
		const known = 3 // BPF_F_RECOMPUTE_CSUM, BPF_F_INVALIDATE_HASH
		if flags&^known != 0 || flagsHi != 0 {
			setResult(b, b.Const(errInval))
			return nil
		}
	}
	result := inside(b, n, xdp, func(to ssa.ID) []ssa.ID {
		put := func(size uint8, at int, v ssa.ID) {
			b.Add(ssa.Value{Op: ssa.Store, Space: ssa.Packet, Size: size, Imm: uint32(at), Args: []ssa.ID{to, v}})
		}
		for k, w := range words {
			switch left := n - 4*k; {
			case left >= 4:
				put(4, 4*k, w)
			case left == 3:
				put(2, 4*k, w)
				put(1, 4*k+2, b.Shift(ssa.Shr, w, 16))
			default:
				put(uint8(left), 4*k, w)
			}
		}
		return []ssa.ID{b.Const(0)}
	}, func(code ssa.ID) []ssa.ID { return []ssa.ID{code} })
	setResult(b, result[0])
	return nil
}

// csumDiff makes bpf_csum_diff: the one's complement sum of the words behind R3
// (R4 bytes) minus those behind R1 (R2 bytes) plus R5, folded to 16 bits.
func csumDiff(b *ssa.Builder) error {
	seed, _ := b.Reg(5)
	words := func(ptr, size int) ([]ssa.ID, error) {
		lo, _ := b.Reg(size)
		n, ok := b.F.IsConst(lo)
		switch {
		case !ok || n > 512:
			return nil, b.Unsupported("a checksum over a number of bytes that is not a constant up to 512", "stack bytes are kept in registers")
		case n == 0:
			return nil, nil
		}
		return b.Behind(ptr, int(n))
	}
	from, err := words(1, 2)
	if err != nil {
		return err
	}
	to, err := words(3, 4)
	if err != nil {
		return err
	}
	ones := b.Const(^uint32(0))
	not := func(x ssa.ID) ssa.ID { return b.Op(ssa.Xor, 0, x, ones) }
	sum := seed
	switch {
	case len(from) > 0 && len(to) > 0:
		sum = addCsum(b, partial(b, sum, to), not(partial(b, b.Const(0), from)))
	case len(to) > 0:
		sum = partial(b, sum, to)
	case len(from) > 0:
		sum = not(partial(b, not(sum), from))
	}
	// Both halves are added to each other; the carry of the low ones counts.
	swapped := b.Op(ssa.Or, 0, b.Shift(ssa.Shr, sum, 16), b.Shift(ssa.Shl, sum, 16))
	b.SetReg(0, b.Shift(ssa.Shr, b.Op(ssa.Add, 0, sum, swapped), 16), b.Const(0))
	return nil
}

// addCsum is one's complement addition.
func addCsum(b *ssa.Builder, x, y ssa.ID) ssa.ID {
	sum := b.Op(ssa.Add, 0, x, y)
	return b.Op(ssa.AddHi, 0, sum, b.Const(0), x, y)
}

// partial adds words to a one's complement sum.
func partial(b *ssa.Builder, sum ssa.ID, words []ssa.ID) ssa.ID {
	for _, w := range words {
		sum = addCsum(b, sum, w)
	}
	return sum
}
