package ssa

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
)

// VlanTag is the size of a VLAN tag in a frame, and MACs of the addresses in front
// of it, in bytes.
const (
	VlanTag = 4
	MACs    = 12

	lessTag = 1<<32 - VlanTag
)

// skbTag are the words of the context about the tag that the kernel keeps beside a
// frame. A frame that has just arrived has its tags inside.
var skbTag = map[int32]bool{bpf.SkBuffVlanPresent: true, bpf.SkBuffVlanTCI: true, bpf.SkBuffVlanProto: true}

// callsTag reports whether an instruction calls a helper that puts a tag beside
// the frame.
func callsTag(in bpf.Insn) bool {
	return in.IsCallOf(bpf.HelperSkbVlanPush) || in.IsCallOf(bpf.HelperSkbVlanPop)
}

// tagged reports whether there may be a tag beside the frame.
func (b *Builder) tagged() bool {
	if c := b.Env.Chain; c != nil {
		return slices.ContainsFunc(c.Passed, func(p Passed) bool { return p.Field == bpf.SkBuffVlanPresent })
	}
	return b.tags
}

// TagRoom returns the bytes in front of a frame that are kept for the tag beside
// it.
func (b *Builder) TagRoom() uint32 {
	if b.tagged() {
		return VlanTag
	}
	return 0
}

// Tag returns the tag beside the frame: a word that is not 0 if there is one, its
// protocol as the context has it, and the 16 bits behind it.
func (b *Builder) Tag() (present, proto, tci ID) {
	return b.read(varSkb + bpf.SkBuffVlanPresent/4), b.read(varSkb + bpf.SkBuffVlanProto/4), b.read(varSkb + bpf.SkBuffVlanTCI/4)
}

// SetTag says what tag there is beside the frame.
func (b *Builder) SetTag(present, proto, tci ID) {
	b.write(varSkb+bpf.SkBuffVlanPresent/4, present)
	b.write(varSkb+bpf.SkBuffVlanProto/4, proto)
	b.write(varSkb+bpf.SkBuffVlanTCI/4, tci)
}

// InsertTag puts a tag into the frame, for which there is room in front, and
// returns the frame's new start and length.
func (b *Builder) InsertTag(proto, tci ID) (start, longer ID) {
	ptr, length := b.Packet()
	start, longer = b.AddConst(ptr, lessTag), b.AddConst(length, VlanTag)
	macs := b.loadMACs(ptr)
	b.Add(Value{Op: SetPkt, Args: []ID{start, longer}})
	b.storeMACs(start, macs)
	b.Add(Value{Op: Store, Space: Packet, Size: 2, Imm: MACs, Args: []ID{start, proto}})
	b.Add(Value{Op: Store, Space: Packet, Size: 2, Imm: MACs + 2, Args: []ID{start, b.Op(Bswap16, 0, tci)}})
	return start, longer
}

// CutTag takes the first tag out of a frame of at least 18 bytes, and returns the
// frame's new start and length, and the 16 bits behind the tag's protocol.
func (b *Builder) CutTag() (start, shorter, tci ID) {
	ptr, length := b.Packet()
	start, shorter = b.AddConst(ptr, VlanTag), b.AddConst(length, lessTag)
	tci = b.Op(Bswap16, 0, b.Add(Value{Op: Load, Space: Packet, Size: 2, Imm: MACs + 2, Args: []ID{ptr}}))
	macs := b.loadMACs(ptr)
	b.Add(Value{Op: SetPkt, Args: []ID{start, shorter}})
	b.storeMACs(start, macs)
	return start, shorter, tci
}

func (b *Builder) loadMACs(ptr ID) (words []ID) {
	for off := uint32(0); off < MACs; off += 4 {
		words = append(words, b.Add(Value{Op: Load, Space: Packet, Size: 4, Imm: off, Args: []ID{ptr}}))
	}
	return words
}

func (b *Builder) storeMACs(ptr ID, words []ID) {
	for k, w := range words {
		b.Add(Value{Op: Store, Space: Packet, Size: 4, Imm: uint32(4 * k), Args: []ID{ptr, w}})
	}
}

// leaveWithTag puts the tag beside the frame into it, as it is on a wire.
func (b *Builder) leaveWithTag() {
	if !b.tagged() {
		return
	}
	present, proto, tci := b.Tag()
	if b.F.Is(present, 0) {
		return
	}
	b.Choose(Compare{Cond: EQ, XL: present, YL: b.Const(0)}, func() []ID { return nil }, func() []ID {
		b.InsertTag(proto, tci)
		return nil
	})
}

// FindProtocol returns the protocol of the frame as it is now.
func (b *Builder) FindProtocol() ID { return b.protocol() }
