package microcode

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// Bloom filters: values are put in and asked for, and never come out.
var _ = register(&Kind{
	Type:   bpf.MapTypeBloomFilter,
	Layout: func(m Map) maplayout.Layout { return filterOf(m) },
	Routines: map[bpf.HelperID]Routine{
		bpf.HelperMapPushElem: func(m Map, start int) ([]nfpisa.Instr, error) { return filterRoutine(m, start, true) },
		bpf.HelperMapPeekElem: func(m Map, start int) ([]nfpisa.Instr, error) { return filterRoutine(m, start, false) },
	},
	Asked: true, Held: true,
})

func filterOf(m Map) maplayout.Bloom {
	hashes, size := bpf.Bloom(m.MaxEntries, m.Extra)
	return maplayout.Bloom{Hashes: hashes, Bits: size}
}

// filter is the assembler of a routine for a Bloom filter. No lock is taken: bits are
// set one by one, and never cleared.
type filter struct {
	micro.Assembler
	conv   *micro.Convention
	m      Map
	layout maplayout.Bloom
	lm     nfpisa.Operand // bank A: where the value begins in local memory
	bit    nfpisa.Operand // bank A: its bit that is looked at
	at     nfpisa.Operand // bank A: low address of that bit's word
	count  nfpisa.Operand // bank A: what is left of a loop
	high   nfpisa.Operand // bank B: upper part of all addresses
	step   nfpisa.Operand // bank B: from one bit to the next
	temp   nfpisa.Operand // bank B
	base   nfpisa.Operand // bank B: low address of the region
	mask   nfpisa.Operand // bank B: of the number of a bit
	signal int
}

// filterRoutine makes the routine that puts a value in, or the one that asks for it:
// -ENOENT if it was never put in.
func filterRoutine(m Map, start int, push bool) ([]nfpisa.Instr, error) {
	if err := maplayout.CheckBloom(m.Shape, filterOf(m), m.Base); err != nil {
		return nil, err
	}
	c := micro.For(m.Target, m.held(m.Target.Calls.Result, m.Target.Calls.Flags)...)
	a := &filter{Assembler: micro.Assembler{Start: start}, conv: c, m: m, layout: filterOf(m), signal: c.Signal(0)}
	for _, r := range []*nfpisa.Operand{&a.lm, &a.bit, &a.at, &a.count} {
		*r = c.A()
	}
	for _, r := range []*nfpisa.Operand{&a.high, &a.step, &a.temp, &a.base, &a.mask} {
		*r = c.LastB()
	}
	c.Xfer(1, 1)
	inval, loop, next, none := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	if push {
		a.Emit(nfpisa.Mov(nfpisa.NoOperand, c.Flags()))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), inval)
	}
	index := int(m.Target.Calls.Value.Index)
	a.Emit(nfpisa.CSRRd(nfpisa.CSRActLMAddr(index)), nfpisa.Immed(a.lm, 0))
	a.sum(nfpisa.CRCiSCSI, a.bit)
	a.Emit(nfpisa.CSRWr(nfpisa.CSRActLMAddr(index), a.lm))
	a.Load(a.high, uint32(m.Base>>32)<<24)
	c.Region(&a.Assembler, a.base, a.temp, m.place(), 0)
	a.Load(a.mask, uint32(a.layout.Bits-1))
	for range m.Target.LocalMemory.PointerDelay {
		a.Emit(nfpisa.Nop())
	}
	a.sum(nfpisa.CRC32, a.at)
	a.Emit(nfpisa.ALU(a.step, a.at, nfpisa.ALUOr, nfpisa.Const(maplayout.BloomOdd)), nfpisa.Immed(a.count, a.layout.Hashes))
	a.Place(loop)
	// The word of the bit, and the bit in it.
	a.Emit(nfpisa.ALU(a.at, a.bit, nfpisa.ALUAnd, a.mask), nfpisa.Shf(a.temp, nfpisa.NoOperand, nfpisa.ShfB, a.at, nfpisa.Rsh(5)),
		nfpisa.Shf(a.at, nfpisa.NoOperand, nfpisa.ShfB, a.temp, nfpisa.Lsh(2)), nfpisa.ALU(a.at, a.at, nfpisa.ALUAdd, a.base),
		nfpisa.Immed(a.temp, 1),
		nfpisa.ALU(nfpisa.NoOperand, a.bit, nfpisa.ALUOr, nfpisa.Const(0)), nfpisa.Shf(a.temp, nfpisa.NoOperand, nfpisa.ShfB, a.temp, nfpisa.LshIndirect))
	a.Move(nfpisa.MemRead32, a.high, a.at, 1, a.signal)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.X(0), nfpisa.ALUAnd, a.temp))
	if push {
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), next)
		a.Emit(nfpisa.Mov(nfpisa.X(0), a.temp))
		a.Move(nfpisa.MemSet, a.high, a.at, 1, a.signal)
		a.Place(next)
	} else {
		a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), none)
	}
	a.Emit(nfpisa.ALU(a.bit, a.bit, nfpisa.ALUAdd, a.step), nfpisa.ALU(a.count, a.count, nfpisa.ALUSub, nfpisa.Const(1)))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), loop)
	c.Return(&a.Assembler, 0)
	if push {
		a.Place(inval)
		c.Return(&a.Assembler, -int32(bpf.EINVAL))
	} else {
		a.Place(none)
		c.Return(&a.Assembler, -int32(bpf.ENOENT))
	}
	return a.Finish(), c.Err()
}

// longValue is the number of words from which on a loop takes a value into the CRC, and
// valuePiece how many at a time.
const longValue, valuePiece = 16, 8

// sum leaves in dst the CRC of the value, padded with zeros to words, that the index
// register points at.
func (a *filter) sum(poly nfpisa.CRC, dst nfpisa.Operand) {
	value := a.conv.Value()
	a.Load(dst, maplayout.SumStart)
	a.Emit(nfpisa.CSRWr(nfpisa.CSRCRCRemainder, dst))
	step := func(words int) {
		for range words {
			a.Emit(nfpisa.CRCStep(poly|nfpisa.CRCLittle, nfpisa.NoOperand, value))
		}
	}
	whole, tail := int(a.m.ValueSize/4), a.m.ValueSize%4
	if whole > longValue {
		loop := a.NewLabel()
		a.Emit(nfpisa.Immed(a.count, uint32(whole/valuePiece)))
		a.Place(loop)
		step(valuePiece)
		a.Emit(nfpisa.ALU(a.count, a.count, nfpisa.ALUSub, nfpisa.Const(1)))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), loop)
		whole %= valuePiece
	}
	step(whole)
	if tail != 0 {
		a.Load(a.temp, 1<<(8*tail)-1)
		a.Emit(nfpisa.ALU(a.temp, a.temp, nfpisa.ALUAnd, value), nfpisa.CRCStep(poly|nfpisa.CRCLittle, nfpisa.NoOperand, a.temp))
	}
	for range a.m.Target.LocalMemory.PointerDelay {
		a.Emit(nfpisa.Nop())
	}
	a.Emit(nfpisa.CSRRd(nfpisa.CSRCRCRemainder), nfpisa.Immed(dst, 0))
}
