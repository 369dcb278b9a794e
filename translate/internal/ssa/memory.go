package ssa

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// kindNames names pointer kinds in messages.
var kindNames = map[verify.Kind]string{
	verify.Uninit: "an unset register", verify.Scalar: "a number", verify.PtrCtx: "the context", verify.PtrPacket: "the packet",
	verify.PtrPacketMeta: "packet metadata", verify.PtrPacketEnd: "the packet end", verify.PtrStack: "the stack",
	verify.PtrMapValue: "a map value", verify.PtrMapValueOrNull: "a map value or null", verify.PtrMap: "a map", verify.PtrMapOrNull: "an inner map or null",
	verify.PtrMapKey: "a key of a map", verify.PtrNum: "the number of an iterator", verify.PtrNumOrNull: "the number of an iterator or null",
	verify.PtrSocket: "a socket", verify.PtrSocketOrNull: "a socket or null",
	verify.PtrMem: "memory of a helper", verify.PtrMemOrNull: "memory of a helper or null", verify.PtrFunc: "a function",
	verify.PtrSliceOrNull: "memory of a dynptr or null",
	verify.Mixed:          "different things on different paths",
}

// loadInsn builds a load from memory.
func (b *Builder) loadInsn(in bpf.Insn, pc int) error {
	n := in.Bytes()
	signed := in.Mode() == bpf.ModeMEMSX
	if in.Mode() != bpf.ModeMEM && !signed {
		return b.Unsupported(fmt.Sprintf("load instruction %#02x", in.Op), "the compiler has no translation for it")
	}
	src := int(in.Src)
	fact := b.Fact(src)
	lo, hi := b.Reg(src)
	off := int32(in.Off)
	var r pair
	var err error
	switch fact.Kind {
	case verify.PtrCtx:
		r, err = b.loadCtx(fact, off, n)
	case verify.PtrStack:
		r, err = b.loadStack(src, off, n)
	case verify.PtrPacket, verify.PtrPacketMeta:
		r = b.loadWords(Value{Op: Load, Space: Packet, Exact: !b.Prog.Proven()}, []ID{b.inPacket(lo, hi)}, uint32(off), n)
	case verify.PtrMapValue:
		r, err = b.loadMap(lo, hi, fact, off, n)
	case verify.PtrMem:
		r, err = b.loadRecord(lo, fact, off, n)
	case verify.PtrNum:
		r.hi = b.Const(0)
		r.lo, err = b.iterBytes(lo, fact, off, n)
	case verify.PtrMapKey:
		r, err = b.loadKey(lo, hi, fact, off, n)
	default:
		if meet, ok := b.meeting(fact); ok {
			r, err = b.loadMixed(src, meet, off, n)
			break
		}
		err = b.Unsupported("a load from "+kindNames[fact.Kind], "only packet, stack, context and map values can be read")
	}
	if err != nil {
		return err
	}
	if signed {
		if n < 4 {
			r.lo = b.signExtend(r.lo, uint32(8*n))
		}
		r.hi = b.Shift(Sar, r.lo, 31)
	}
	b.narrow(pc, int(in.Dst), r.lo, r.hi)
	return nil
}

// loadWords makes the loads of n bytes at the address plus off.
func (b *Builder) loadWords(v Value, addr []ID, off uint32, n int) pair {
	v.Size, v.Imm, v.Args = uint8(min(n, 4)), off, addr
	r := pair{b.Add(v), b.Const(0)}
	if n == 8 {
		v.Imm += 4
		r.hi = b.Add(v)
	}
	return r
}

// loadMap loads from a map value. Words of a swapped map are taken in the
// other byte order, which undoes the swap; smaller pieces have moved within
// their word.
func (b *Builder) loadMap(lo, hi ID, fact *verify.Reg, off int32, n int) (pair, error) {
	v := Value{Op: Load, Space: MapValue, Aux: int32(fact.Map), Exact: !b.Prog.Proven()}
	swapped, err := b.swapped(fact, off, n)
	if err != nil {
		return pair{}, err
	}
	if hi, err = b.inMap(lo, hi, fact, off, n); err != nil {
		return pair{}, err
	}
	if swapped {
		v.Order = Big
		lo, off = b.swapAddress(lo, off, n)
	}
	return b.loadWords(v, []ID{lo, hi}, uint32(off), n), nil
}

// swapped tells whether the accessed maps store words reversed, and refuses
// accesses that would cut through such words.
func (b *Builder) swapped(fact *verify.Reg, off int32, n int) (bool, error) {
	swapped, straight := false, false
	for k := range b.Env.Maps {
		if fact.MayBe(k) {
			swapped, straight = swapped || b.Env.Maps[k].Swapped, straight || !b.Env.Maps[k].Swapped
		}
	}
	switch {
	case swapped && straight:
		panic("BUG: maps whose values are reached by one pointer store their words in different orders")
	case !swapped:
		return false, nil
	}
	align := min(n, 4)
	at := uint64(int64(off))
	if fact.OffKnown {
		at += uint64(int64(fact.Off))
		if at%uint64(align) == 0 {
			return true, nil
		}
	} else {
		at += uint64(int64(fact.Off)) + fact.Bits.Value
		if (at|fact.Bits.Mask)%uint64(align) == 0 {
			return true, nil
		}
	}
	return false, b.Unsupported(fmt.Sprintf("an unaligned access of %d bytes to a map value", n), "the map has atomic counters and stores its words in another order")
}

// swapAddress returns where a piece of n bytes is in a value with reversed
// words. Map values begin at multiples of 8, so that the low bits of the
// address are those of the offset in the value.
func (b *Builder) swapAddress(lo ID, off int32, n int) (ID, int32) {
	if n >= 4 {
		return lo, off
	}
	flip := uint32(4 - n)
	if zero, _ := b.F.Known(lo); zero&3 == 3 {
		return lo, int32(uint32(off) ^ flip)
	}
	return b.Op(Xor, 0, b.AddConst(lo, uint32(off)), b.Const(flip)), 0
}

// storeInsn builds a store to memory or an atomic operation.
func (b *Builder) storeInsn(in bpf.Insn, pc int) error {
	n := in.Bytes()
	switch {
	case in.IsAtomic() && in.AtomicOp() == bpf.AtomicLoadAcq:
		// Memory commands are in order: each is waited for.
		b.F.Acquires = true
		return b.loadInsn(bpf.Load(in.Size(), in.Dst, in.Src, in.Off), pc)
	case in.IsAtomic() && in.AtomicOp() == bpf.AtomicStoreRel:
	case in.IsAtomic():
		return b.atomic(in, pc)
	case in.Mode() != bpf.ModeMEM:
		return b.Unsupported(fmt.Sprintf("store instruction %#02x", in.Op), "the compiler has no translation for it")
	}
	var v pair
	if in.Class() == bpf.ClassSTX {
		v.lo, v.hi = b.Reg(int(in.Src))
	} else {
		v.lo, v.hi = b.Const(uint32(in.Imm)), b.Const(uint32(in.Imm>>31))
	}
	dst := int(in.Dst)
	fact := b.Fact(dst)
	lo, hi := b.Reg(dst)
	off := int32(in.Off)
	switch fact.Kind {
	case verify.PtrStack:
		return b.storeStack(dst, off, n, v)
	case verify.PtrPacket, verify.PtrPacketMeta:
		b.storeWords(Value{Op: Store, Space: Packet}, []ID{b.inPacket(lo, hi)}, uint32(off), n, v)
		return nil
	case verify.PtrMapValue:
		return b.storeMap(lo, hi, fact, off, n, v)
	case verify.PtrMem:
		if err := b.inRecord(fact); err != nil {
			return err
		}
		b.storeWords(Value{Op: Store, Space: MapValue, Aux: int32(fact.Map)}, []ID{lo, b.Const(b.Env.Machine.MapHigh)}, uint32(off), n, v)
		return nil
	case verify.PtrCtx:
		return b.storeCtx(fact, off, n, v)
	}
	if meet, ok := b.meeting(fact); ok {
		return b.storeMixed(dst, meet, off, n, v)
	}
	return b.Unsupported("a store to "+kindNames[fact.Kind], "only packet, stack and map values can be written")
}

// storeMap stores to a map value.
func (b *Builder) storeMap(lo, hi ID, fact *verify.Reg, off int32, n int, v pair) error {
	at := bytesAt(fact, off, n)
	_, err := b.alone(fact, lo, off, at, func() ([]ID, error) { return nil, b.storeWithin(lo, hi, fact, off, n, v) })
	return err
}

// storeWithin is storeMap where nobody compares.
func (b *Builder) storeWithin(lo, hi ID, fact *verify.Reg, off int32, n int, v pair) error {
	if !b.Env.Machine.Stores {
		return b.Unsupported("a store to a map value", "target "+b.Env.Machine.Name+" can only read and atomically add")
	}
	swapped, err := b.swapped(fact, off, n)
	if err != nil {
		return err
	}
	if hi, err = b.inMap(lo, hi, fact, off, n); err != nil {
		return err
	}
	st := Value{Op: Store, Space: MapValue, Aux: int32(fact.Map)}
	if swapped {
		st.Order = Big
		lo, off = b.swapAddress(lo, off, n)
	}
	b.storeWords(st, []ID{lo, hi}, uint32(off), n, v)
	return nil
}

// storeWords makes the stores of n bytes.
func (b *Builder) storeWords(v Value, addr []ID, off uint32, n int, val pair) {
	v.Size, v.Imm = uint8(min(n, 4)), off
	v.Args = append(addr[:len(addr):len(addr)], val.lo)
	b.Add(v)
	if n == 8 {
		v.Imm += 4
		v.Args = append(addr[:len(addr):len(addr)], val.hi)
		b.Add(v)
	}
}

// ld builds a 64-bit immediate load.
func (b *Builder) ld(in bpf.Insn, pc int) error {
	if !in.Wide() {
		return b.packetLoad(in, pc)
	}
	next := b.Prog.Source().Insns[pc+1]
	switch in.Src {
	case 0:
		b.SetReg(int(in.Dst), b.Const(uint32(in.Imm)), b.Const(uint32(next.Imm)))
	case bpf.PseudoMapFD:
		b.SetReg(int(in.Dst), b.Const(b.Env.Maps[in.Imm].ID), b.Const(0))
	case bpf.PseudoMapValue:
		if !b.Env.Machine.Direct {
			return b.Unsupported("direct access to a map value (a global variable)", "target "+b.Env.Machine.Name+" reaches map values through lookups only")
		}
		b.SetReg(int(in.Dst), b.Const(uint32(b.Env.Maps[in.Imm].Base)+uint32(next.Imm)), b.Const(b.Env.Machine.MapHigh))
	case bpf.PseudoFunc:
		b.SetReg(int(in.Dst), b.Const(funcAddress+uint32(in.FuncTarget(pc))), b.Const(0))
	default:
		return b.Unsupported(fmt.Sprintf("64-bit immediate load of kind %d", in.Src), "the compiler has no translation for it")
	}
	return nil
}
