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
	vlo, vhi := b.Reg(int(in.Src))
	if op.op == AtomicClr {
		ones := b.Const(^uint32(0))
		vlo, vhi = b.Op(Xor, 0, vlo, ones), b.Op(Xor, 0, vhi, ones)
	}
	v := Value{Op: op.op, Space: MapValue, Aux: int32(fact.Map), Size: uint8(n), Imm: uint32(int32(in.Off)), Args: []ID{lo, hi, vlo}}
	if n == 8 {
		v.Args = append(v.Args, vhi)
	}
	id := b.Add(v)
	if fetch {
		old := pair{b.Add(Value{Op: Word, Args: []ID{id}}), b.Const(0)}
		if n == 8 {
			old.hi = b.Add(Value{Op: Word, Imm: 1, Args: []ID{id}})
		}
		b.narrow(pc, int(in.Src), old.lo, old.hi)
	}
	return nil
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
