package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var _ = register(&Helper{ID: bpf.HelperXDPAdjustMeta, Inline: adjustMeta})

// maxMetadata is the most metadata that the kernel takes, in bytes.
const maxMetadata = 255

// adjustMeta makes bpf_xdp_adjust_meta: it makes room for metadata in front of the
// frame, as far as the target's buffers allow, or gives it back.
func adjustMeta(c *Call) error {
	if c.Env.Machine.Metadata == nil {
		return c.Unsupported("bpf_xdp_adjust_meta", "target "+c.T.Name+" has no packet_vector.metadata")
	}
	delta, _ := c.Reg(2)
	ptr, _ := c.Packet()
	have := c.Metadata()
	n := c.Op(ssa.Sub, 0, have, delta)
	room := c.AddConst(c.And(ptr, c.T.Packet.OffsetMask()), -uint32(c.T.AdjustHead.OffMin))
	no := func(e bpf.Errno) func() []ssa.ID { return func() []ssa.ID { return []ssa.ID{c.Errno(e), have} } }
	words := c.Choose(ssa.Compare{Cond: ssa.UGT, XL: n, YL: room}, no(bpf.EINVAL), func() []ssa.ID {
		return either(c, isZero(c, c.And(n, 3)), func() []ssa.ID {
			return c.Choose(ssa.Compare{Cond: ssa.UGT, XL: n, YL: c.Const(maxMetadata)}, no(bpf.EACCES), func() []ssa.ID {
				c.TellMetadata(n)
				return []ssa.ID{c.Const(0), n}
			})
		}, no(bpf.EACCES))
	})
	c.SetMetadata(words[1])
	c.SetResult(words[0])
	return nil
}

// moveMetadata moves the metadata along with the frame's start, which was at a
// place and has moved by delta. While it does, the room for metadata is what both
// places take together.
func (c *Call) moveMetadata(from, delta ssa.ID) {
	if !c.HasMetadata() {
		return
	}
	n := c.Metadata()
	c.Choose(isZero(c, n), func() []ssa.ID { return nil }, func() []ssa.ID {
		words := c.Choose(ssa.Compare{Cond: ssa.SGT, XL: delta, YL: c.Const(0)}, func() []ssa.ID {
			return []ssa.ID{c.Op(ssa.Add, 0, n, delta), c.AddConst(from, ^uint32(3)), c.Const(^uint32(3))}
		}, func() []ssa.ID { return []ssa.ID{n, c.Op(ssa.Sub, 0, from, n), c.Const(4)} })
		c.TellMetadata(words[0])
		c.Repeat(c.Shift(ssa.Shr, n, 2), words[1:2], func(w []ssa.ID) []ssa.ID {
			at := w[0]
			v := c.Add(ssa.Value{Op: ssa.Load, Space: ssa.Packet, Size: 4, Args: []ssa.ID{at}})
			c.Add(ssa.Value{Op: ssa.Store, Space: ssa.Packet, Size: 4, Args: []ssa.ID{c.Op(ssa.Add, 0, at, delta), v}})
			return []ssa.ID{c.Op(ssa.Add, 0, at, words[2])}
		})
		c.TellMetadata(n)
		return nil
	})
}
