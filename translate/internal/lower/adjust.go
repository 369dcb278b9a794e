package lower

import "github.com/skipsw/skipsw/translate/internal/ssa"

// offsetMask covers the offset in the packet buffer in a packet pointer.
const offsetMask = 0x1fff

// adjustHead makes bpf_xdp_adjust_head: it moves the packet's start by the
// words of R2, forwards or backwards, as far as the target's buffers allow.
func (h *Helpers) adjustHead(b *ssa.Builder) {
	limits := h.Target.AdjustHead
	ptr, length := b.Packet()
	delta, _ := b.Reg(2)
	off := b.Op(ssa.Add, 0, b.And(ptr, offsetMask), delta)
	newLength := b.Op(ssa.Sub, 0, length, delta)
	above := b.AddConst(off, -uint32(limits.OffMin))
	h.adjust(b, func(no func() []ssa.ID, yes func() []ssa.ID) []ssa.ID {
		room := uint32(limits.OffMax - limits.OffMin)
		return b.Choose(ssa.Compare{Cond: ssa.ULE, XL: above, YL: b.Const(room)},
			func() []ssa.ID {
				return b.Choose(ssa.Compare{Cond: ssa.SGE, XL: newLength, YL: b.Const(uint32(limits.MinLength))}, yes, no)
			}, no)
	}, ptr, length, func() (ssa.ID, ssa.ID) { return b.Op(ssa.Add, 0, ptr, delta), newLength })
}

// adjustTail makes bpf_xdp_adjust_tail: it cuts bytes off the end. Packets
// cannot grow.
func (h *Helpers) adjustTail(b *ssa.Builder) {
	ptr, length := b.Packet()
	delta, _ := b.Reg(2)
	newLength := b.Op(ssa.Add, 0, length, delta)
	h.adjust(b, func(no func() []ssa.ID, yes func() []ssa.ID) []ssa.ID {
		return b.Choose(ssa.Compare{Cond: ssa.ULE, XL: newLength, YL: length},
			func() []ssa.ID {
				return b.Choose(ssa.Compare{Cond: ssa.UGE, XL: newLength, YL: b.Const(uint32(h.Target.AdjustTail.MinLength))}, yes, no)
			}, no)
	}, ptr, length, func() (ssa.ID, ssa.ID) { return ptr, newLength })
}

// adjust makes the two ways of an adjustment: refused with -EINVAL, or done.
func (h *Helpers) adjust(b *ssa.Builder, choose func(no, yes func() []ssa.ID) []ssa.ID, ptr, length ssa.ID, after func() (ssa.ID, ssa.ID)) {
	words := choose(
		func() []ssa.ID { return []ssa.ID{b.Const(errInval), ptr, length} },
		func() []ssa.ID {
			p, n := after()
			b.Add(ssa.Value{Op: ssa.SetPkt, Args: []ssa.ID{p, n}})
			return []ssa.ID{b.Const(0), p, n}
		})
	b.PacketIs(words[1], words[2])
	setResult(b, words[0])
}
