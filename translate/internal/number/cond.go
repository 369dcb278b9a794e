package number

import "github.com/skipsw/skipsw/translate/bpf"

// Cond is a comparison of two numbers.
type Cond uint8

// The comparisons. Set holds when the operands share a set bit, Clear when they
// share none; those with an S in front are signed.
const (
	EQ Cond = iota
	NE
	LT
	GE
	GT
	LE
	SLT
	SGE
	SGT
	SLE
	Set
	Clear
)

// conds are the comparisons by the operation of the jump, in the high nibble of
// its opcode.
var conds = [16]Cond{
	bpf.JEq >> 4: EQ, bpf.JNe >> 4: NE, bpf.JSet >> 4: Set,
	bpf.JGt >> 4: GT, bpf.JGe >> 4: GE, bpf.JLt >> 4: LT, bpf.JLe >> 4: LE,
	bpf.JSGt >> 4: SGT, bpf.JSGe >> 4: SGE, bpf.JSLt >> 4: SLT, bpf.JSLe >> 4: SLE,
}

// CondOf returns the comparison that a conditional jump makes.
func CondOf(op bpf.JumpOp) Cond {
	c := conds[op>>4]
	if c == EQ && op != bpf.JEq {
		panic("BUG: not a comparison")
	}
	return c
}

// Not returns the comparison that holds when c does not.
func (c Cond) Not() Cond { return c ^ 1 }

// Flip returns the comparison with its operands exchanged.
func (c Cond) Flip() Cond {
	switch c {
	case LT, SLT:
		return c + (GT - LT)
	case GT, SGT:
		return c - (GT - LT)
	case LE, SLE:
		return c - (LE - GE)
	case GE, SGE:
		return c + (LE - GE)
	}
	return c
}

// Verdict is what is known of a comparison before it is made.
type Verdict int8

// The verdicts.
const (
	Either Verdict = iota
	Always
	Never
)

// Decided returns the verdict of a comparison of which the outcome is known.
func Decided(b bool) Verdict {
	if b {
		return Always
	}
	return Never
}

// Not returns the verdict of the opposite comparison.
func (v Verdict) Not() Verdict {
	switch v {
	case Always:
		return Never
	case Never:
		return Always
	}
	return Either
}

// Compare tells whether a op b is always or never true.
func Compare(op Cond, a, b *Scalar, word bool) Verdict {
	if op == Clear {
		return Compare(Set, a, b, word).Not()
	}
	if word {
		return compareRanges(op,
			a.Bits.Low(4), b.Bits.Low(4),
			uint64(a.U32Min), uint64(a.U32Max), uint64(b.U32Min), uint64(b.U32Max),
			int64(a.S32Min), int64(a.S32Max), int64(b.S32Min), int64(b.S32Max))
	}
	v := compareRanges(op, a.Bits, b.Bits, a.UMin, a.UMax, b.UMin, b.UMax, a.SMin, a.SMax, b.SMin, b.SMax)
	if v == Either && (op == EQ || op == NE) &&
		(a.U32Max < b.U32Min || a.U32Min > b.U32Max || a.S32Max < b.S32Min || a.S32Min > b.S32Max) {
		return Decided(op == NE)
	}
	return v
}

func compareRanges(op Cond, at, bt Tnum, aulo, auhi, bulo, buhi uint64, aslo, ashi, bslo, bshi int64) Verdict {
	switch op {
	case EQ, NE:
		v := Either
		switch {
		case at.IsConst() && bt.IsConst():
			v = Decided(at.Value == bt.Value)
		case at.Conflicts(bt), auhi < bulo, aulo > buhi, ashi < bslo, aslo > bshi:
			v = Never
		}
		if op == NE {
			v = v.Not()
		}
		return v
	case Set:
		if !bt.IsConst() {
			at, bt = bt, at
		}
		if !bt.IsConst() {
			return Either
		}
		if at.Value&bt.Value != 0 {
			return Always
		}
		if (at.Value|at.Mask)&bt.Value == 0 {
			return Never
		}
		return Either
	case GT:
		return order(aulo > buhi, auhi <= bulo)
	case GE:
		return order(aulo >= buhi, auhi < bulo)
	case LT:
		return order(auhi < bulo, aulo >= buhi)
	case LE:
		return order(auhi <= bulo, aulo > buhi)
	case SGT:
		return order(aslo > bshi, ashi <= bslo)
	case SGE:
		return order(aslo >= bshi, ashi < bslo)
	case SLT:
		return order(ashi < bslo, aslo >= bshi)
	case SLE:
		return order(ashi <= bslo, aslo > bshi)
	}
	panic("BUG: not a comparison")
}

func order(yes, no bool) Verdict {
	switch {
	case yes:
		return Always
	case no:
		return Never
	}
	return Either
}
