package bpf

// Values of Src in a call.
const (
	PseudoHelper = 0 // Imm is the number of a helper
	PseudoCall   = 1 // Imm is a relative slot offset to a function
	PseudoKfunc  = 2 // Imm is the BTF id of a kernel function
)

// CalleeKind is what a call calls.
type CalleeKind uint8

// The kinds of callees.
const (
	NotACall CalleeKind = iota
	CallsHelper
	CallsFunc
	CallsKfunc
	CallsRegister // callx, and sources of no meaning: not part of the language
)

// Callee returns what the instruction calls.
func (i Insn) Callee() CalleeKind {
	switch {
	case i.Class() != ClassJMP || i.JumpOp() != Call:
		return NotACall
	case i.Op != opCall:
		return CallsRegister
	}
	switch i.Src {
	case PseudoHelper:
		return CallsHelper
	case PseudoCall:
		return CallsFunc
	case PseudoKfunc:
		return CallsKfunc
	}
	return CallsRegister
}

// IsCall reports a call of a helper, of a function or of a kernel function.
func (i Insn) IsCall() bool { return i.Op == opCall }

// IsHelperCall reports a call of a helper.
func (i Insn) IsHelperCall() bool { return i.Op == opCall && i.Src == PseudoHelper }

// IsCallOf reports a call of the helper.
func (i Insn) IsCallOf(id HelperID) bool { return i.IsHelperCall() && i.Helper() == id }

// IsFuncCall reports a call of a function of the program.
func (i Insn) IsFuncCall() bool { return i.Op == opCall && i.Src == PseudoCall }

// IsKfuncCall reports a call of a kernel function.
func (i Insn) IsKfuncCall() bool { return i.Op == opCall && i.Src == PseudoKfunc }

// Helper returns the helper that a helper call calls.
func (i Insn) Helper() HelperID { return HelperID(i.Imm) }

// FuncTarget returns the slot of the function that the instruction at slot pc
// calls or loads the address of.
func (i Insn) FuncTarget(pc int) int { return pc + 1 + int(i.Imm) }

// CallHelper returns the call of a helper.
func CallHelper(id HelperID) Insn { return Insn{Op: opCall, Imm: int32(id)} }

// CallFunc returns the call of the function rel slots behind the next one.
func CallFunc(rel int32) Insn { return Insn{Op: opCall, Src: PseudoCall, Imm: rel} }

// CallKfunc returns the call of a kernel function by its BTF id.
func CallKfunc(id int32) Insn { return Insn{Op: opCall, Src: PseudoKfunc, Imm: id} }

// RegSet is a set of registers, bit r for Rr.
type RegSet uint16

// Sets of registers by their use in calls.
const (
	ArgRegs    RegSet = 1<<R1 | 1<<R2 | 1<<R3 | 1<<R4 | 1<<R5
	CallerRegs        = 1<<R0 | ArgRegs // undefined after a call, but for R0
)

// Has reports whether a register is in the set.
func (s RegSet) Has(r uint8) bool { return s>>r&1 != 0 }

// Reg returns the set of one register.
func Reg(r uint8) RegSet { return 1 << r }

// Uses returns the registers that the instruction reads. A call reads all
// arguments as far as the instruction tells; what its callee takes may be less.
func (i Insn) Uses() RegSet {
	dst, src := Reg(i.Dst), Reg(i.Src)
	switch i.Class() {
	case ClassLD:
		switch {
		case i.Wide():
			return 0
		case i.Mode() == ModeIND:
			return Reg(R6) | src
		}
		return Reg(R6)
	case ClassLDX:
		return src
	case ClassST:
		return dst
	case ClassSTX:
		switch {
		case i.Mode() != ModeATOMIC:
		case i.AtomicOp() == AtomicLoadAcq:
			return src
		case i.AtomicOp() == AtomicCmpXchg:
			return dst | src | Reg(R0)
		}
		return dst | src
	case ClassALU, ClassALU64:
		op := i.ALUOp()
		switch {
		case op == Mov && i.Source() == K:
			return 0
		case op == Mov:
			return src
		case op == Neg, op == End, i.Source() == K:
			return dst
		}
		return dst | src
	}
	switch i.JumpOp() {
	case Ja, JCond:
		return 0
	case Exit:
		return Reg(R0)
	case Call:
		return ArgRegs
	}
	if i.Source() == K {
		return dst
	}
	return dst | src
}

// Defs returns the registers that the instruction writes or leaves undefined.
func (i Insn) Defs() RegSet {
	switch i.Class() {
	case ClassLD:
		if i.Wide() {
			return Reg(i.Dst)
		}
		return CallerRegs
	case ClassLDX, ClassALU, ClassALU64:
		return Reg(i.Dst)
	case ClassSTX:
		switch op := i.AtomicOp(); {
		case i.Mode() != ModeATOMIC, op == AtomicStoreRel:
		case op == AtomicLoadAcq:
			return Reg(i.Dst)
		case op == AtomicCmpXchg:
			return Reg(R0)
		case op&AtomicFetch != 0:
			return Reg(i.Src)
		}
	case ClassJMP, ClassJMP32:
		if i.JumpOp() == Call {
			return CallerRegs
		}
	}
	return 0
}
