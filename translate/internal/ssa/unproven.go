package ssa

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/verify"
)

// A program that is not proven may form any address. The simulator checks that
// the bytes of each memory command are the packet's or a map value's; what is
// made here is that the command goes where the eBPF instruction goes: not to
// the packet because the high word of an address got lost, and not to one map
// because it lies beside another.

// nowhere is an address that is neither packet nor map memory, with room for
// the offset of an instruction on both sides.
const nowhere = 1 << 30

// inPacket returns the low word of a packet address, or an address that is no
// memory if the whole address has more than 32 bits.
func (b *Builder) inPacket(lo, hi ID) ID {
	if b.Prog.Proven() || b.F.Is(hi, 0) {
		return lo
	}
	return b.Choose(Compare{Cond: EQ, XL: hi, YL: b.Const(0)},
		func() []ID { return []ID{lo} }, func() []ID { return []ID{b.Const(nowhere)} })[0]
}

// inMap returns the high word of the address of a map value for an access to n
// bytes at off, or one that makes an address of no memory if the access goes
// out of the map.
func (b *Builder) inMap(lo, hi ID, fact *verify.Reg, off int32, n int) (ID, error) {
	direct := b.Env.Machine.Direct
	switch {
	case !b.Prog.Proven() && !b.inside(fact, off, n):
	case direct:
		return b.Const(b.Env.Machine.MapHigh), nil
	default:
		return hi, nil
	}
	if fact.Map < 0 {
		return 0, b.Unsupported("an access that is not proven, to a value of one of several maps", "the memory checks do not know which one is meant")
	}
	m, at := b.Prog.Source().Maps[fact.Map], &b.Env.Maps[fact.Map]
	if fact.Inner || !direct || at.Hashed || m.MaxEntries != 1 {
		return 0, b.Unsupported(fmt.Sprintf("an access to a value of map %s that is not proven to stay in the value", m.Name),
			"the memory checks cannot tell the values of a map apart; a map with one entry has one only")
	}
	in, out := []ID{b.Const(b.Env.Machine.MapHigh)}, []ID{b.Const(^b.Env.Machine.MapHigh)}
	if uint32(n) > at.Stride {
		return out[0], nil
	}
	high := b.Op(AddHi, 0, hi, b.Const(uint32(off>>31)), lo, b.Const(uint32(off)))
	from := b.AddConst(lo, uint32(off)-uint32(at.Base))
	return b.Choose(Compare{Cond: EQ, XL: high, YL: in[0]}, func() []ID {
		return b.Choose(Compare{Cond: ULE, XL: from, YL: b.Const(at.Stride - uint32(n))}, func() []ID { return in }, func() []ID { return out })
	}, func() []ID { return out })[0], nil
}

// inside reports whether the facts show n bytes at off to be in the map value
// that a pointer belongs to.
func (b *Builder) inside(fact *verify.Reg, off int32, n int) bool {
	if fact.Map < 0 || fact.Inner || !near(fact) {
		return false
	}
	lo, hi := int64(fact.Off)+int64(off)+fact.SMin, int64(fact.Off)+int64(off)+fact.SMax+int64(n)
	return lo >= 0 && hi <= int64(b.Prog.Source().Maps[fact.Map].ValueSize)
}
