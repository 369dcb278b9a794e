package nfp

import (
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/regalloc"
)

// A word of the first 16 from the stack base on is an operand like a register.
// Those behind them, the far words, are reached through an index register that
// has to be written first. Only programs that no registers can be found for
// otherwise spill to far words: they keep the stack base in a near word from the
// start, and one register of each bank for the moves.

// window is how many words of local memory an index register reaches: offsets
// replace bits of its address.
const window = fullReach

// far says how a program reaches far words.
type far struct {
	home  int // word at the stack base that keeps the stack base
	index int // index register
	temp  int // register of both banks
	start int // first far word
	near  int // spill slots before the far ones
	delay int // instructions between a write of the index register and its use
}

// farSlots returns how a program reaches far words, nil if the target leaves no
// index register or no register for it.
func (s *selector) farSlots() *far {
	t, c := s.t, s.code
	x := &far{home: c.argWords, index: freeIndex(t, s.localIndex), temp: freeRegister(t), delay: t.LocalMemory.PointerDelay}
	if x.index < 0 || x.temp < 0 || c.argWords >= c.slotEnd {
		return nil
	}
	c.argWords++
	x.near = int(s.spillSlots(fullReach))
	x.start = (max(fullReach, s.argEnd) + window - 1) / window * window
	return x
}

// freeIndex returns an index register that no convention has a use for, nor the
// stack, or -1.
func freeIndex(t *target.Target, stack int) int {
	taken := map[target.LMIndex]bool{
		target.LMIndex(stack): true, t.Entry.StackIndex: true, t.Entry.VectorIndex: true, t.Calls.Key.Index: true, t.Calls.Value.Index: true,
	}
	for i := int(target.LastLMIndex); i >= 0; i-- {
		if !taken[target.LMIndex(i)] {
			return i
		}
	}
	return -1
}

// freeRegister returns the number of a register of both banks that no convention
// has a use for, or -1.
func freeRegister(t *target.Target) int {
	free := usable(t, nfpisa.BankA) & usable(t, nfpisa.BankB)
	pairs := []target.GPR{t.Calls.Flags, t.Calls.Result}
	single := []target.Reg{t.Entry.Stack, t.Exit.Register, t.Calls.Return}
	if t.Calls.Map != nil {
		single = append(single, *t.Calls.Map)
	}
	if e := t.Event; e != nil {
		pairs = append(pairs, e.Map, e.Flags, e.Data, e.Size)
		single = append(single, e.Kind)
	}
	for _, r := range pairs {
		free &^= 3 << r
	}
	for _, r := range single {
		free &^= 1 << r.Num
	}
	return bits.Len64(free) - 1
}

// usable returns the registers of a bank that programs may use.
func usable(t *target.Target, bank nfpisa.Bank) uint64 {
	keep := t.Registers.KeepA
	if bank == nfpisa.BankB {
		keep = t.Registers.KeepB
	}
	set := low(t.Registers.GPRs)
	for _, r := range keep {
		set &^= 1 << r
	}
	return set
}

// limit makes the machine that of a program with far words.
func (x *far) limit(m *regalloc.Machine, t *target.Target) {
	m.Usable[regalloc.A] &^= 1 << x.temp
	m.Usable[regalloc.B] &^= 1 << x.temp
	m.Slots = min(regalloc.MaxSlots, x.near+max(0, t.LocalMemory.Stack/4-x.start))
	m.SlotCost = func(slot int) int {
		if slot < x.near {
			return 1
		}
		return 1 + x.pointing()
	}
}

// pointing is the number of instructions that set the index register.
func (x *far) pointing() int { return 3 + x.delay }

// word returns the word at the stack base of a far slot, or -1 for a near one.
func (x *far) word(l regalloc.Loc) int {
	if x == nil || l.File != regalloc.Slot || int(l.Num) < x.near {
		return -1
	}
	return x.start + int(l.Num) - x.near
}

// keepBase keeps the stack base, which is in its register at entry.
func (e *emitter) keepBase(slot int32) {
	if x := e.c.far; x != nil {
		e.emit(slot, nfpisa.Mov(nfpisa.LMem(int(e.t.Entry.StackIndex), x.home), e.t.Entry.Stack.Operand()))
	}
}

// pointer makes moves through the index register of far words.
type pointer struct {
	*emitter
	slot int32
	at   int // first word that it reaches, -1 for none
}

// reach returns the operand of a word, with the index register set.
func (p *pointer) reach(word int) nfpisa.Operand {
	x := p.c.far
	temp := nfpisa.B(x.temp)
	if first := word / window * window; p.at != first {
		p.at = first
		for _, i := range nfpisa.LoadImmed(temp, 4*uint32(first)) {
			p.emit(p.slot, i)
		}
		home := nfpisa.LMem(int(p.t.Entry.StackIndex), x.home)
		p.emit(p.slot, nfpisa.ALU(temp, home, nfpisa.ALUAdd, temp).KeepCC())
		p.emit(p.slot, nfpisa.CSRWr(nfpisa.CSRActLMAddr(x.index), temp))
		for range x.delay {
			p.emit(p.slot, nfpisa.Nop())
		}
	}
	return nfpisa.LMem(x.index, word%window)
}

// move appends a move from or to a far slot.
func (p *pointer) move(m regalloc.Move) {
	from, to := p.c.far.word(m.Src), p.c.far.word(m.Dst)
	both := m.Dst.File == regalloc.Both
	put := func(dst, src nfpisa.Operand) {
		i := nfpisa.Mov(dst, src).KeepCC()
		i.WrBoth = both && dst.Kind == nfpisa.GPR
		p.emit(p.slot, i)
	}
	switch {
	case to < 0:
		put(p.place(m.Dst), p.reach(from))
	case m.Src.File == regalloc.Remat:
		for _, i := range nfpisa.LoadImmed(p.reach(to), p.c.vregs[m.V].val) {
			p.emit(p.slot, i)
		}
	case from < 0:
		put(p.reach(to), p.place(m.Src))
	default:
		value := nfpisa.A(p.c.far.temp)
		put(value, p.reach(from))
		put(p.reach(to), value)
	}
}
