package ssa

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// numAddress is the pointer to the number of the iterator in the first slot of the
// program's stack. Nothing is there: iterators are in registers.
const numAddress = 0x7ffd0000

// numberAt is the pointer to the number of an iterator.
func numberAt(frame, slot int) uint32 { return numAddress + uint32(frame*stackSlots+slot) }

// maxNumbers is the kernel's BPF_MAX_LOOPS, the most numbers of an iterator.
const maxNumbers = 8 << 20

// iterate builds a call of the iterator over numbers.
func (b *Builder) iterate(pc int, id bpf.KfuncID) error {
	frame, at, ok := b.StackPlace(1)
	if !ok {
		return b.Unsupported(fmt.Sprintf("a call of %s with one of several iterators", id), "which one it is must be known")
	}
	slot := stackSlots - 1 - int(at)/bpf.IterNumBytes // from R10 down
	cur, end := iterVar(frame, slot, 0), iterVar(frame, slot, 1)
	switch id {
	case bpf.KfuncIterNumNew:
		b.iterNew(cur, end)
		lo, hi := b.Reg(0)
		b.narrow(pc, 0, lo, hi)
	case bpf.KfuncIterNumNext:
		next := b.AddConst(b.read(cur), 1)
		last := b.read(end)
		zero := b.Const(0)
		words := b.Choose(Compare{Cond: SLT, XL: next, YL: last},
			func() []ID { return []ID{next, last, b.Const(numberAt(frame, slot))} }, func() []ID { return []ID{zero, zero, zero} })
		b.write(cur, words[0])
		b.write(end, words[1])
		b.SetReg(0, words[2], zero)
	}
	return nil
}

// iterNew makes an iterator from R2 to before R3, or an empty one with an error.
func (b *Builder) iterNew(cur, end variable) {
	from, _ := b.Reg(2)
	to, _ := b.Reg(3)
	zero := b.Const(0)
	failed := func(e bpf.Errno) func() []ID {
		return func() []ID { return []ID{zero, zero, b.Const(uint32(e.Result()))} }
	}
	made := func() []ID { return []ID{b.AddConst(from, ^uint32(0)), to, zero} }
	var words []ID
	x, xOk := b.F.IsConst(from)
	y, yOk := b.F.IsConst(to)
	switch {
	case !xOk || !yOk:
		words = b.Choose(Compare{Cond: SGT, XL: from, YL: to}, failed(bpf.EINVAL), func() []ID {
			// From the lower to the greater number the difference has no sign.
			return b.Choose(Compare{Cond: UGT, XL: b.Op(Sub, 0, to, from), YL: b.Const(maxNumbers)}, failed(bpf.E2BIG), made)
		})
	case int32(x) > int32(y):
		words = failed(bpf.EINVAL)()
	case y-x > maxNumbers:
		words = failed(bpf.E2BIG)()
	default:
		words = made()
	}
	b.write(cur, words[0])
	b.write(end, words[1])
	b.SetReg(0, words[2], b.Shift(Sar, words[2], 31))
}

// iterBytes returns n bytes, at most 4, of an iterator's number at off from a pointer
// whose low word is lo.
func (b *Builder) iterBytes(lo ID, fact *verify.Reg, off int32, n int) (ID, error) {
	frame, slot := fact.Frame, fact.Map
	if frame < 0 || slot < 0 {
		// Facts are those of all calls of a function; the words are this one's.
		met, ok := b.met(b.AddConst(lo, -uint32(fact.Off)))
		met = slices.DeleteFunc(met, func(id ID) bool { return b.F.Is(id, 0) })
		if ok && len(met) == 1 && b.F.V(met[0]).Op == Const {
			address, _ := b.F.IsConst(met[0])
			frame, slot = int(address-numAddress)/stackSlots, int(address-numAddress)%stackSlots
		}
	}
	if !fact.OffKnown || frame < 0 || slot < 0 {
		return 0, b.Unsupported("an access to the number of one of several iterators, or at an offset that a run tells", "numbers of iterators are in registers")
	}
	return b.piece(b.read(iterVar(frame, slot, 0)), fact.Off+off, n), nil
}

// piece returns n bytes of a word, from byte at on.
func (b *Builder) piece(w ID, at int32, n int) ID {
	w = b.Shift(Shr, w, 8*uint32(at))
	if n < 4 {
		w = b.And(w, 1<<(8*n)-1)
	}
	return w
}
