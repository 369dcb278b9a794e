package lower

import (
	"cmp"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

var (
	_ = register(&Helper{ID: bpf.HelperSkbGetTunnelKey, Inline: getTunnelKey})
	_ = register(&Helper{ID: bpf.HelperSkbSetTunnelKey, Inline: setTunnelKey})
	_ = register(&Helper{ID: bpf.HelperSkbGetTunnelOpt, Inline: getTunnelOpt})
	_ = register(&Helper{ID: bpf.HelperSkbSetTunnelOpt, Inline: setTunnelOpt})
)

// The words of struct bpf_tunnel_key, of which there are keyWords.
const (
	keyID     = 0
	keyRemote = 1
	keyTOS    = 5 // tunnel_tos, tunnel_ttl, then tunnel_ext or tunnel_flags
	keyLabel  = 6
	keyLocal  = 7
	keyWords  = 11
)

// isKeySize reports whether struct bpf_tunnel_key has had n bytes once: whole, or up
// to remote_ipv6[1], tunnel_ext, tunnel_label or local_ipv6.
func isKeySize(n int) bool {
	return n == 4*keyWords || n == 4*keyLocal || n == 4*keyLabel || n == 4*keyTOS+2 || n == 4*keyRemote+4
}

// tunnelKey is the place of the frame's tunnel key.
type tunnelKey struct {
	*Call
	at ssa.ID
}

// tunnel returns the place of the frame's tunnel key: it is in the packet's buffer,
// wherever the frame begins in it.
func (c *Call) tunnel() tunnelKey {
	ptr, _ := c.Packet()
	buffer := c.And(ptr, ^c.T.Packet.OffsetMask())
	return tunnelKey{c, c.Op(ssa.Or, 0, buffer, c.Const(uint32(c.T.Tunnel.Offset)))}
}

func (t tunnelKey) load(at maplayout.Offset) ssa.ID {
	return t.Add(ssa.Value{Op: ssa.Load, Space: ssa.Packet, Size: 4, Imm: uint32(at), Args: []ssa.ID{t.at}})
}

func (t tunnelKey) store(at maplayout.Offset, v ssa.ID) {
	t.Add(ssa.Value{Op: ssa.Store, Space: ssa.Packet, Size: 4, Imm: uint32(at), Args: []ssa.ID{t.at, v}})
}

// place returns the place of a member.
func (t tunnelKey) place(at maplayout.Offset) ssa.ID { return t.AddConst(t.at, uint32(at)) }

// getTunnelKey makes bpf_skb_get_tunnel_key. What is asked for and is not there is
// filled with zeros.
func getTunnelKey(c *Call) error {
	size, n, err := sizeOf(c, 3, 2)
	if err != nil {
		return err
	}
	flags, flagsHi := c.Reg(4)
	wrong := c.Op(ssa.Or, 0, c.And(flags, ^uint32(bpf.FTuninfoIPv6|bpf.FTuninfoFlags)), flagsHi)
	if n == 0 {
		return c.Unsupported("bpf_skb_get_tunnel_key with a size known at run time only", "the members of a key are kept in registers")
	}
	t := c.tunnel()
	mode := t.load(maplayout.TunnelMode)
	fail := func(e bpf.Errno) func() []ssa.ID {
		return func() []ssa.ID { return answer(c.Errno(e), t.zeros(min(n, 4*keyWords))) }
	}
	words := either(c, isZero(c, wrong), func() []ssa.ID {
		return either(c, isZero(c, mode), fail(bpf.EINVAL), func() []ssa.ID {
			// TunnelIPv6 is the flag two places higher.
			other := c.And(c.Op(ssa.Xor, 0, c.Shift(ssa.Shr, mode, 2), flags), bpf.FTuninfoIPv6)
			return either(c, isZero(c, other), func() []ssa.ID {
				switch {
				case !isKeySize(n):
					return fail(bpf.EINVAL)()
				case n == 4*keyRemote+4:
					return either(c, isZero(c, c.And(flags, bpf.FTuninfoIPv6)), func() []ssa.ID { return answer(c.Const(0), t.key(n, mode, flags)) }, fail(bpf.EINVAL))
				}
				return answer(c.Const(0), t.key(n, mode, flags))
			}, fail(bpf.EPROTO))
		})
	}, fail(bpf.EINVAL))
	if n > 4*keyWords {
		// No key has so many bytes: they are zeros on all ways.
		return c.clears(size, n, words[0])
	}
	if err := c.fillBehind(2, n, words[1:]); err != nil {
		return err
	}
	c.SetResult(words[0])
	return nil
}

// zeros are the words of n bytes of zeros.
func (t tunnelKey) zeros(n int) []ssa.ID {
	out := make([]ssa.ID, (n+3)/4)
	for k := range out {
		out[k] = t.Const(0)
	}
	return out
}

// key returns the words of the first n bytes of a key.
func (t tunnelKey) key(n int, mode, flags ssa.ID) []ssa.ID {
	words := []ssa.ID{t.load(maplayout.TunnelID)}
	for k := range 4 {
		words = append(words, t.load(maplayout.TunnelSource+maplayout.Offset(4*k)))
	}
	tos := t.load(maplayout.TunnelTOS)
	words = append(words, either(t.Call, isZero(t.Call, t.And(flags, bpf.FTuninfoFlags)), one(tos), func() []ssa.ID {
		return []ssa.ID{t.Op(ssa.Or, 0, tos, t.And(mode, 0xffff<<maplayout.TunnelFlags))}
	})[0], t.load(maplayout.TunnelLabel))
	for k := range 4 {
		words = append(words, t.load(maplayout.TunnelDestination+maplayout.Offset(4*k)))
	}
	return words[:(n+3)/4]
}

// setTunnelKey makes bpf_skb_set_tunnel_key: a frame that leaves by a port in tunnel
// mode is sent with the key.
func setTunnelKey(c *Call) error {
	const known = bpf.FTuninfoIPv6 | bpf.FZeroCsumTX | bpf.FDontFragment | bpf.FSeqNumber | bpf.FNoTunnelKey
	size, _ := c.Reg(3)
	n, ok := c.F.IsConst(size)
	switch {
	case !ok:
		return c.Unsupported("bpf_skb_set_tunnel_key with a size known at run time only", "the members of a key are kept in registers")
	case !isKeySize(int(n)):
		c.SetResult(c.Errno(bpf.EINVAL))
		return nil
	}
	words, err := c.Behind(2, int(n))
	if err != nil {
		return err
	}
	for len(words) < keyWords {
		words = append(words, c.Const(0))
	}
	if n == 4*keyTOS+2 {
		words[keyTOS] = c.And(words[keyTOS], 0xffff)
	}
	flags, flagsHi := c.Reg(4)
	six := c.Op(ssa.Sub, 0, c.Const(0), c.And(flags, bpf.FTuninfoIPv6)) // a mask
	label := c.Op(ssa.And, 0, words[keyLabel], c.Op(ssa.Xor, 0, six, c.Const(^uint32(0))))
	wrong := c.Op(ssa.Or, 0, c.And(flags, ^uint32(known)), flagsHi)
	wrong = c.Op(ssa.Or, 0, wrong, c.Op(ssa.Or, 0, label, c.Shift(ssa.Shr, words[keyTOS], 16)))
	result := either(c, isZero(c, wrong), func() []ssa.ID {
		t := c.tunnel()
		t.store(maplayout.TunnelMode, c.tunnelMode(flags))
		t.store(maplayout.TunnelOptionsLength, c.Const(0))
		t.store(maplayout.TunnelID, words[keyID])
		t.store(maplayout.TunnelTOS, words[keyTOS])
		t.store(maplayout.TunnelLabel, c.And(words[keyLabel], 0xfffff))
		for k := range 4 {
			from, to := words[keyLocal+k], words[keyRemote+k]
			if k > 0 {
				from, to = c.Op(ssa.And, 0, from, six), c.Op(ssa.And, 0, to, six)
			}
			t.store(maplayout.TunnelSource+maplayout.Offset(4*k), from)
			t.store(maplayout.TunnelDestination+maplayout.Offset(4*k), to)
		}
		return []ssa.ID{c.Const(0)}
	}, one(c.Errno(bpf.EINVAL)))
	c.SetResult(result[0])
	return nil
}

// tunnelMode returns the mode of a key that is set with flags of the helper.
func (c *Call) tunnelMode(flags ssa.ID) ssa.ID {
	mode := c.Const(maplayout.TunnelPresent | maplayout.TunnelSet | maplayout.TunnelNoCache<<maplayout.TunnelFlags)
	none := c.Op(ssa.Xor, 0, flags, c.Const(bpf.FZeroCsumTX|bpf.FNoTunnelKey))
	for _, f := range []struct {
		word     ssa.ID
		from, to uint32
	}{
		{flags, bpf.FTuninfoIPv6, maplayout.TunnelIPv6},
		{flags, bpf.FDontFragment, maplayout.TunnelDontFragment << maplayout.TunnelFlags},
		{flags, bpf.FSeqNumber, maplayout.TunnelSeq << maplayout.TunnelFlags},
		{none, bpf.FZeroCsumTX, maplayout.TunnelCsum << maplayout.TunnelFlags},
		{none, bpf.FNoTunnelKey, maplayout.TunnelKey << maplayout.TunnelFlags},
	} {
		left := 0
		for f.from<<left != f.to {
			left++
		}
		mode = c.Op(ssa.Or, 0, mode, c.Shift(ssa.Shl, c.And(f.word, f.from), uint32(left)))
	}
	return mode
}

// getTunnelOpt makes bpf_skb_get_tunnel_opt. Behind the options there are zeros in
// the key.
func getTunnelOpt(c *Call) error {
	size, n, err := sizeOf(c, 3, 2)
	if err != nil {
		return err
	}
	t := c.tunnel()
	mode, length := t.load(maplayout.TunnelMode), t.load(maplayout.TunnelOptionsLength)
	result := either(c, isZero(c, c.And(mode, maplayout.TunnelHasOptions<<maplayout.TunnelFlags)), one(c.Errno(bpf.ENOENT)), func() []ssa.ID {
		return c.Choose(ssa.Compare{Cond: ssa.ULT, XL: size, YL: length}, one(c.Errno(bpf.ENOMEM)), one(length))
	})[0]
	// keep is a mask for what is there: zeros go where it is not.
	keep := c.Op(ssa.Xor, 0, c.Shift(ssa.Sar, result, 31), c.Const(^uint32(0)))
	if n > 0 && n <= maplayout.TunnelOptionsMax && !isFar(c, 2) {
		var words []ssa.ID
		for k := 0; k < n; k += 4 {
			words = append(words, c.Op(ssa.And, 0, keep, t.load(maplayout.TunnelOptions+maplayout.Offset(k))))
		}
		if err := c.fillBehind(2, n, words); err != nil {
			return err
		}
		c.SetResult(result)
		return nil
	}
	most := c.Const(maplayout.TunnelOptionsMax)
	some := c.Choose(ssa.Compare{Cond: ssa.ULT, XL: size, YL: most}, one(size), one(most))[0]
	to, _ := c.Reg(2)
	put := func(to ssa.ID, size int, v ssa.ID) {
		c.failed = cmp.Or(c.failed, c.StoreBehind(2, to, size, v))
	}
	eachPiece(c, some, t.place(maplayout.TunnelOptions), to, func(from, to ssa.ID, size int) {
		put(to, size, c.Op(ssa.And, 0, keep, c.Add(packetPiece(ssa.Load, size, from))))
	})
	rest := c.Op(ssa.Sub, 0, size, some)
	eachPiece(c, rest, rest, c.Op(ssa.Add, 0, to, some), func(_, to ssa.ID, size int) { put(to, size, c.Const(0)) })
	c.SetResult(result)
	return nil
}

// setTunnelOpt makes bpf_skb_set_tunnel_opt.
func setTunnelOpt(c *Call) error {
	size, n, err := sizeOf(c, 3, 2)
	if err != nil {
		return err
	}
	t := c.tunnel()
	var words []ssa.ID
	if whole := n > 0 && !isFar(c, 2); whole && n <= maplayout.TunnelOptionsMax {
		if words, err = c.Behind(2, n); err != nil {
			return err
		}
	}
	mode := t.load(maplayout.TunnelMode)
	wrong := c.Op(ssa.Or, 0, c.And(size, 3), c.Op(ssa.Xor, 0, c.And(mode, maplayout.TunnelSet), c.Const(maplayout.TunnelSet)))
	result := either(c, isZero(c, wrong), func() []ssa.ID {
		return c.Choose(ssa.Compare{Cond: ssa.UGT, XL: size, YL: c.Const(maplayout.TunnelOptionsMax)}, one(c.Errno(bpf.ENOMEM)), func() []ssa.ID {
			t.putOptions(size, words)
			t.store(maplayout.TunnelMode, c.Op(ssa.Or, 0, mode, c.Const(maplayout.TunnelHasOptions<<maplayout.TunnelFlags)))
			t.store(maplayout.TunnelOptionsLength, size)
			return []ssa.ID{c.Const(0)}
		})
	}, one(c.Errno(bpf.EINVAL)))
	c.SetResult(result[0])
	return nil
}

// putOptions writes options of a size behind R2, or the words of them, and zeros over
// what lies behind them.
func (t tunnelKey) putOptions(size ssa.ID, words []ssa.ID) {
	c := t.Call
	for k, w := range words {
		t.store(maplayout.TunnelOptions+maplayout.Offset(4*k), w)
	}
	if words == nil {
		from, _ := c.Reg(2)
		eachPiece(c, size, from, t.place(maplayout.TunnelOptions), func(from, to ssa.ID, n int) {
			v, err := c.LoadBehind(2, from, n)
			c.failed = cmp.Or(c.failed, err)
			c.Add(packetPiece(ssa.Store, n, to, v))
		})
	}
	written := t.load(maplayout.TunnelWritten)
	nothing := func() []ssa.ID { return nil }
	c.Choose(ssa.Compare{Cond: ssa.ULT, XL: size, YL: written}, func() []ssa.ID {
		c.Repeat(c.Shift(ssa.Shr, c.Op(ssa.Sub, 0, written, size), 2), []ssa.ID{c.Op(ssa.Add, 0, t.place(maplayout.TunnelOptions), size)}, func(w []ssa.ID) []ssa.ID {
			c.Add(packetPiece(ssa.Store, 4, w[0], c.Const(0)))
			return []ssa.ID{c.AddConst(w[0], 4)}
		})
		return nil
	}, nothing)
	t.store(maplayout.TunnelWritten, size)
}

// fillBehind writes the first n bytes of words where the pointer in register r points
// to.
func (c *Call) fillBehind(r, n int, words []ssa.ID) error {
	if c.Fact(r).Kind == verify.PtrStack {
		return c.Fill(r, n, words)
	}
	place, _ := c.Reg(r)
	for k, w := range words {
		for at, left := 0, n-4*k; left > 0 && at < 4; {
			size := 4
			if left < 4 {
				size = 2 - left%2
			}
			if err := c.StoreBehind(r, c.AddConst(place, uint32(4*k+at)), size, c.shifted(w, at)); err != nil {
				return err
			}
			at, left = at+size, left-size
		}
	}
	return nil
}

// shifted returns a word without its lowest bytes.
func (c *Call) shifted(w ssa.ID, bytes int) ssa.ID {
	if bytes == 0 {
		return w
	}
	return c.Shift(ssa.Shr, w, uint32(8*bytes))
}

// clears fills n bytes behind R2 with zeros and leaves a result.
func (c *Call) clears(size ssa.ID, n int, result ssa.ID) error {
	if !isFar(c, 2) {
		if err := c.fillBehind(2, n, tunnelKey{Call: c}.zeros(n)); err != nil {
			return err
		}
	} else {
		to, _ := c.Reg(2)
		eachPiece(c, size, to, to, func(_, to ssa.ID, n int) {
			c.failed = cmp.Or(c.failed, c.StoreBehind(2, to, n, c.Const(0)))
		})
	}
	c.SetResult(result)
	return nil
}
