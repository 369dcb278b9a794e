package nfp

import "github.com/skipsw/skipsw/nfpisa"

// Defer slots: an unconditional branch has at most two, others three.
const (
	deferAlways = 2
	deferElse   = 3
)

// deferLimit is the number of defer slots that a branch may have.
func deferLimit(i *nfpisa.Instr) int {
	if i.Class == nfpisa.ClassBranch && i.Cond == nfpisa.CondAlways || i.Class == nfpisa.ClassCtxArb {
		return deferAlways
	}
	return deferElse
}

// maxPointerDelay is how many instructions any target wants between the write of
// an index register and its use.
const maxPointerDelay = 8

// fillDefer moves instructions that come before a branch into its defer slots,
// where they run in the cycles that the branch takes anyway.
func (o *Output) fillDefer() {
	label := make([]bool, len(o.Words)+1)
	for _, s := range o.Starts {
		label[s] = true
	}
	shadow := 0 // words before this index are defer slots of an earlier word
	for k := 0; k < len(o.Words); k++ {
		i := &o.Words[k].I
		if o.Words[k].waits() {
			shadow = max(shadow, k+1+int(i.Cmd.Ctx))
		}
		if !isBranch(i) || o.Words[k].Begin {
			continue
		}
		first, limit := k, deferLimit(i)
		if limit == deferElse {
			first = o.testStart(k)
		}
		at := k // where the branch is
		for int(o.Words[at].I.Defer) < limit && first > shadow && o.mayDefer(first-1, first, at) && !anyLabel(label[first:at+1]) {
			w := o.Words[first-1]
			copy(o.Words[first-1:], o.Words[first:at+1])
			o.Words[at] = w
			at--
			first--
			o.Words[at].I.Defer++
		}
		shadow = max(shadow, at+1+int(o.Words[at].I.Defer))
		k = max(k, shadow-1)
	}
}

func anyLabel(l []bool) bool {
	for _, x := range l {
		if x {
			return true
		}
	}
	return false
}

func isBranch(i *nfpisa.Instr) bool {
	switch i.Class {
	case nfpisa.ClassBranch, nfpisa.ClassBrBit, nfpisa.ClassBrByte, nfpisa.ClassJump:
		return true
	case nfpisa.ClassCtxArb:
		return i.Resume
	}
	return false
}

// testStart returns where the instructions begin that set the flags for the
// branch at k, or k itself if it reads none.
func (o *Output) testStart(k int) int {
	if o.Words[k].I.Class != nfpisa.ClassBranch {
		return k
	}
	for k--; k > 0; k-- {
		i := &o.Words[k].I
		if i.Class == nfpisa.ClassALU && !i.NoCC && i.ALU != nfpisa.ALUAddCarry && i.ALU != nfpisa.ALUSubCarry {
			return k
		}
		if i.Class == nfpisa.ClassALUShf && !i.NoCC && i.Dst.Kind == nfpisa.None && !takesHidden(i) {
			return k
		}
		if i.Class != nfpisa.ClassALU && i.Class != nfpisa.ClassImmed {
			return 0
		}
	}
	return 0
}

// mayDefer reports whether word k can run after words from..to, which end in a
// branch.
func (o *Output) mayDefer(k, from, to int) bool {
	i := &o.Words[k].I
	if o.Words[k].Fixed {
		return false
	}
	switch i.Class {
	case nfpisa.ClassALU, nfpisa.ClassALUShf, nfpisa.ClassLdField, nfpisa.ClassImmed:
	default:
		return false
	}
	if i.IsNop() || takesHidden(i) || takesHidden(&o.Words[from].I) {
		return false
	}
	if k > 0 && o.Words[k-1].I.Class == nfpisa.ClassLocalCSR {
		return false
	}
	reads, writes := touched(i)
	for j := from; j <= to; j++ {
		if o.setsPointer(k, &o.Words[j].I) {
			return false
		}
		r, w := touched(&o.Words[j].I)
		if writes.meets(r) || writes.meets(w) || reads.meets(w) {
			return false
		}
		if to > from && j < to && usesCarry(i) {
			return false
		}
	}
	return true
}

// setsPointer reports whether an instruction uses an index register that is
// written so shortly before word k that k may have to stay between them.
func (o *Output) setsPointer(k int, i *nfpisa.Instr) bool {
	for _, x := range [...]nfpisa.Operand{i.A, i.B, i.Dst} {
		if x.Kind != nfpisa.LM {
			continue
		}
		for j := k - 1; j >= max(0, k-maxPointerDelay); j-- {
			if w := &o.Words[j].I; w.Class == nfpisa.ClassLocalCSR && w.Write && w.CSR == nfpisa.CSRActLMAddr(int(x.Index)) {
				return true
			}
		}
	}
	return false
}

func usesCarry(i *nfpisa.Instr) bool {
	return i.Class == nfpisa.ClassALU && (i.ALU == nfpisa.ALUAddCarry || i.ALU == nfpisa.ALUSubCarry)
}

// takesHidden reports whether an instruction takes something from the one right
// before it, beside registers and flags.
func takesHidden(i *nfpisa.Instr) bool {
	switch i.Class {
	case nfpisa.ClassALUShf:
		return i.Shf == nfpisa.ShfAsr || i.Shift.Kind != nfpisa.ShiftRot && i.Shift.Amount == 0
	case nfpisa.ClassCmd:
		return i.Cmd.Indirect
	case nfpisa.ClassMulStep:
		return true
	}
	return false
}

// places is a set of registers: 32 of each bank, transfer registers, and
// whether local memory is among them.
type places struct {
	a, b    uint32
	in, out uint64
	lm      bool
}

func (p places) meets(q places) bool {
	return p.a&q.a != 0 || p.b&q.b != 0 || p.in&q.in != 0 || p.out&q.out != 0 || p.lm && q.lm
}

func (p *places) add(o nfpisa.Operand, written bool) {
	switch {
	case o.Kind == nfpisa.GPR && o.Bank == nfpisa.BankA:
		p.a |= 1 << o.Num
	case o.Kind == nfpisa.GPR:
		p.b |= 1 << o.Num
	case o.Kind == nfpisa.Xfer && written:
		p.out |= 1 << o.Num
	case o.Kind == nfpisa.Xfer:
		p.in |= 1 << o.Num
	case o.Kind == nfpisa.LM:
		p.lm = true
	}
}

// written returns the operand that an instruction writes.
func written(i *nfpisa.Instr) nfpisa.Operand {
	if i.Class == nfpisa.ClassLdField {
		return i.Left()
	}
	return i.Dst
}

// touched returns what an instruction reads and writes.
func touched(i *nfpisa.Instr) (reads, writes places) {
	reads.add(i.A, false)
	reads.add(i.B, false)
	dst := written(i)
	if i.Class == nfpisa.ClassLdField && i.Clear {
		reads = places{}
		reads.add(i.Right(), false)
	}
	writes.add(dst, true)
	if i.WrBoth && dst.Kind == nfpisa.GPR {
		writes.a |= 1 << dst.Num
		writes.b |= 1 << dst.Num
	}
	return reads, writes
}
