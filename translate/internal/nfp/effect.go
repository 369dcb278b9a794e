package nfp

import "github.com/skipsw/skipsw/nfpisa"

// effect is what an instruction reads and writes that another may, too.
type effect struct {
	reads, writes         places
	readsFlags, setsFlags bool
}

// effectOf returns what a word reads and writes, a command with its transfer
// registers. Where a packet ends stands in local memory: a write to it keeps its
// place beside writes there.
func effectOf(w *Word) (e effect) {
	i := &w.I
	e.reads, e.writes = touched(i)
	switch i.Class {
	case nfpisa.ClassCmd:
		e.reads.out |= w.Data.outs()
		e.writes.in |= w.Data.ins()
		e.reads.lm = e.reads.lm || w.Data.takes && w.Data.memory == packetMemory
	case nfpisa.ClassALU:
		e.readsFlags, e.setsFlags = usesCarry(i), !i.NoCC
	case nfpisa.ClassALUShf, nfpisa.ClassMulStep:
		e.setsFlags = !i.NoCC
	case nfpisa.ClassLdField:
		e.setsFlags = i.SetCC
	case nfpisa.ClassBranch:
		e.readsFlags = i.Cond != nfpisa.CondAlways
	}
	return e
}

// apart reports whether two instructions may change places.
func (e *effect) apart(f *effect) bool {
	return !e.writes.meets(f.reads) && !e.writes.meets(f.writes) && !e.reads.meets(f.writes) &&
		!(e.setsFlags && (f.readsFlags || f.setsFlags)) && !(e.readsFlags && f.setsFlags)
}

// movable reports whether word k may leave its place: it depends on nothing but
// what effect tells, the word behind it takes nothing hidden from it, and it does
// not stand between the write of an index register and its use. delay is how far
// these are apart at least.
func (o *Output) movable(k, delay int) bool {
	w := &o.Words[k]
	if w.Back > 0 || w.Fixed || !plain(&w.I) || k+1 < len(o.Words) && takesHidden(&o.Words[k+1].I) {
		return false
	}
	return !o.shadowed(k, delay)
}

// shadowed reports whether the word at k may be what keeps an index register's
// write and its use apart, or takes what a register was read for.
func (o *Output) shadowed(k, delay int) bool {
	for j := k - 1; j >= max(0, k-delay-1); j-- {
		if i := &o.Words[j].I; i.Class == nfpisa.ClassLocalCSR && (i.Write || j == k-1) {
			return true
		}
	}
	return false
}

// plain reports whether all that an instruction does is to make one result of
// its operands.
func plain(i *nfpisa.Instr) bool {
	for _, x := range [...]nfpisa.Operand{i.A, i.B, i.Dst} {
		switch x.Kind {
		case nfpisa.None, nfpisa.GPR, nfpisa.Xfer, nfpisa.Imm:
		case nfpisa.LM:
			if x.Mod != nfpisa.NoMod {
				return false
			}
		default:
			return false
		}
	}
	switch i.Class {
	case nfpisa.ClassALU:
		switch i.ALU {
		case nfpisa.ALUB, nfpisa.ALUNotB, nfpisa.ALUAdd, nfpisa.ALUAdd16, nfpisa.ALUAdd8, nfpisa.ALUSub, nfpisa.ALURevSub,
			nfpisa.ALUAnd, nfpisa.ALUNotAnd, nfpisa.ALUAndNot, nfpisa.ALUOr, nfpisa.ALUXor:
			return i.Dst.Kind != nfpisa.None
		}
		return false
	case nfpisa.ClassALUShf:
		return i.Dst.Kind != nfpisa.None && i.Shf != nfpisa.ShfByteAlign && !takesHidden(i)
	case nfpisa.ClassLdField:
		return !i.SetCC && (i.Shift.Kind == nfpisa.ShiftRot || i.Shift.Amount != 0)
	case nfpisa.ClassImmed:
		return !i.IsNop() && i.Dst.Kind != nfpisa.None
	}
	return false
}

// slots reports which words are defer slots.
func (o *Output) slots() []bool {
	in := make([]bool, len(o.Words)+deferElse+1)
	for k := range o.Words {
		i := &o.Words[k].I
		n := int(i.Defer)
		if o.Words[k].waits() {
			n = int(i.Cmd.Ctx)
		}
		for j := range n {
			in[k+1+j] = true
		}
	}
	return in
}

// flagsRead reports for each stretch whether the flags that it leaves are read
// behind it.
func (o *Output) flagsRead(list []stretch) []bool {
	return solveBehind(o.Words, list, func(a, b bool) bool { return a || b }, flagsBefore)
}

// flagsBefore reports whether the flags before a word are read, if those behind
// it are.
func flagsBefore(w *Word, behind bool) bool {
	e := effectOf(w)
	return e.readsFlags || behind && !e.setsFlags
}
