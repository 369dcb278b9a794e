package ssa

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// atomicOps gives the operation and the name in target files of eBPF's atomic
// operations, without the fetch bit.
var atomicOps = map[bpf.AtomicOp]struct {
	op   Op
	name string
}{
	bpf.AtomicAdd:                     {AtomicAdd, "add"},
	bpf.AtomicOr:                      {AtomicOr, "or"},
	bpf.AtomicAnd:                     {AtomicClr, "and"},
	bpf.AtomicXor:                     {AtomicXor, "xor"},
	bpf.AtomicXchg &^ bpf.AtomicFetch: {AtomicXchg, "xchg"},
	// What writes the new value; the rest is done under a lock.
	bpf.AtomicCmpXchg &^ bpf.AtomicFetch: {AtomicXchg, "cmpxchg"},
}

// atomic builds an atomic operation, on a map value or on the stack.
func (b *Builder) atomic(in bpf.Insn, pc int) error {
	fact := b.Fact(int(in.Dst))
	lo, hi := b.Reg(int(in.Dst))
	if fact.Kind == verify.PtrStack {
		return b.stackAtomic(in, pc)
	}
	op, ok := atomicOps[in.AtomicOp()&^bpf.AtomicFetch]
	fetch := in.AtomicOp()&bpf.AtomicFetch != 0
	have := b.Env.Machine.Atomics
	switch {
	case fact.Kind != verify.PtrMapValue:
		return b.Unsupported("an atomic operation on "+kindNames[fact.Kind], "the atomic engine works on map values")
	case !ok:
		return b.Unsupported(fmt.Sprintf("atomic operation %#x", in.Imm), "the atomic engine has no such operation")
	case !slices.Contains(have, op.name) || fetch && !slices.Contains(have, "fetch"):
		return b.Unsupported(fmt.Sprintf("atomic operation %#x", in.Imm), fmt.Sprintf("target %s has only %v", b.Env.Machine.Name, have))
	}
	n := in.Bytes()
	if b.Env.Machine.Direct {
		swapped, err := b.swapped(fact, int32(in.Off), n)
		switch {
		case err != nil:
			return err
		case !swapped:
			panic("BUG: atomic operation on a map that is not swapped")
		}
	}
	var err error
	if hi, err = b.inMap(lo, hi, fact, int32(in.Off), n); err != nil {
		return err
	}
	if in.AtomicOp() == bpf.AtomicCmpXchg && !b.lockKnown(fact) {
		return b.Unsupported("a compare-and-exchange on a value of an inner map", "which map's lock is to be taken is not known")
	}
	words, err := b.alone(fact, lo, int32(in.Off), bytesAt(fact, int32(in.Off), n), func() ([]ID, error) {
		if in.AtomicOp() == bpf.AtomicCmpXchg {
			return b.compareExchange(in, fact, lo, hi), nil
		}
		return b.change(in, op.op, fact, lo, hi, fetch), nil
	})
	switch {
	case err != nil:
		return err
	case in.AtomicOp() == bpf.AtomicCmpXchg:
		b.narrow(pc, 0, words[0], words[1])
	case fetch:
		b.narrow(pc, int(in.Src), words[0], words[1])
	}
	return nil
}

// compareExchange makes a compare-and-exchange on a map value whose lock is held. It
// returns the old value.
func (b *Builder) compareExchange(in bpf.Insn, fact *verify.Reg, lo, hi ID) []ID {
	n := in.Bytes()
	old := b.loadWords(Value{Op: Load, Space: MapValue, Aux: int32(fact.Map), Order: Big}, []ID{lo, hi}, uint32(int32(in.Off)), n)
	low, high := b.Reg(0)
	equal := Compare{Cond: EQ, XL: old.lo, YL: low}
	if n == 8 {
		equal.XH, equal.YH = old.hi, high
	}
	b.Choose(equal, func() []ID {
		b.change(in, AtomicXchg, fact, lo, hi, false) // one command: who reads sees both words or none
		return nil
	}, func() []ID { return nil })
	return []ID{old.lo, old.hi}
}

// change makes an operation of the atomic engine on a map value. It returns the old
// value if that is fetched.
func (b *Builder) change(in bpf.Insn, op Op, fact *verify.Reg, lo, hi ID, fetch bool) []ID {
	n := in.Bytes()
	vlo, vhi := b.Reg(int(in.Src))
	if op == AtomicClr {
		ones := b.Const(^uint32(0))
		vlo, vhi = b.Op(Xor, 0, vlo, ones), b.Op(Xor, 0, vhi, ones)
	}
	v := Value{Op: op, Space: MapValue, Aux: int32(fact.Map), Size: uint8(n), Imm: uint32(int32(in.Off)), Args: []ID{lo, hi, vlo}}
	if n == 8 {
		v.Args = append(v.Args, vhi)
	}
	id := b.Add(v)
	if !fetch {
		return nil
	}
	old := []ID{b.Add(Value{Op: Word, Args: []ID{id}}), b.Const(0)}
	if n == 8 {
		old[1] = b.Add(Value{Op: Word, Imm: 1, Args: []ID{id}})
	}
	return old
}

// stackAtomic builds an atomic operation on the stack, which nobody shares.
func (b *Builder) stackAtomic(in bpf.Insn, pc int) error {
	n := in.Bytes()
	old, err := b.loadStack(int(in.Dst), int32(in.Off), n)
	if err != nil {
		return err
	}
	v := pair{}
	v.lo, v.hi = b.Reg(int(in.Src))
	both := func(op Op) pair { return pair{b.Op(op, 0, old.lo, v.lo), b.Op(op, 0, old.hi, v.hi)} }
	r := v
	switch in.AtomicOp() &^ bpf.AtomicFetch {
	case bpf.AtomicAdd:
		r = pair{b.Op(Add, 0, old.lo, v.lo), b.Op(AddHi, 0, old.hi, v.hi, old.lo, v.lo)}
	case bpf.AtomicOr:
		r = both(Or)
	case bpf.AtomicAnd:
		r = both(And)
	case bpf.AtomicXor:
		r = both(Xor)
	case bpf.AtomicXchg &^ bpf.AtomicFetch:
	case bpf.AtomicCmpXchg &^ bpf.AtomicFetch:
		elo, ehi := b.Reg(0)
		c := Compare{Cond: EQ, XL: old.lo, YL: elo}
		if n == 8 {
			c.XH, c.YH = old.hi, ehi
		}
		words := b.Choose(c, func() []ID { return []ID{v.lo, v.hi} }, func() []ID { return []ID{old.lo, old.hi} })
		r = pair{words[0], words[1]}
	default:
		return b.Unsupported(fmt.Sprintf("atomic operation %#x", in.Imm), "the compiler has no translation for it")
	}
	if err := b.storeStack(int(in.Dst), int32(in.Off), n, r); err != nil {
		return err
	}
	switch {
	case in.AtomicOp() == bpf.AtomicCmpXchg:
		b.narrow(pc, 0, old.lo, old.hi)
	case in.AtomicOp()&bpf.AtomicFetch != 0:
		b.narrow(pc, int(in.Src), old.lo, old.hi)
	}
	return nil
}
