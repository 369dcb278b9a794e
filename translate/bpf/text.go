package bpf

import "fmt"

var aluSigns = [16]string{"+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>="}

var jumpSigns = [16]string{"", "==", ">", ">=", "&", "!=", "s>", "s>=", "", "", "<", "<=", "s<", "s<="}

var atomicNames = map[AtomicOp]string{AtomicAdd: "add", AtomicOr: "or", AtomicAnd: "and", AtomicXor: "xor"}

// kfuncName stands for the name of a kernel function, which only its BTF knows.
const kfuncName = "kernel-function"

// String returns the slot in the kernel's notation. The value of a 64-bit
// immediate load is that of this slot alone; Text shows both.
func (i Insn) String() string { return Text(i, Insn{}) }

// Text returns an instruction in the kernel's notation ("r2 += 14",
// "if r2 > r3 goto pc+5"). next is the slot that follows, whose Imm is the
// high word of a 64-bit immediate load.
func Text(i, next Insn) string {
	switch i.Class() {
	case ClassALU, ClassALU64:
		return i.textALU()
	case ClassJMP, ClassJMP32:
		return i.textJump()
	case ClassLD:
		return i.textLD(next)
	case ClassLDX:
		switch i.Mode() {
		case ModeMEM:
			return fmt.Sprintf("r%d = *(u%d *)(r%d %+d)", i.Dst, 8*i.Bytes(), i.Src, i.Off)
		case ModeMEMSX:
			return fmt.Sprintf("r%d = *(s%d *)(r%d %+d)", i.Dst, 8*i.Bytes(), i.Src, i.Off)
		}
	case ClassST:
		if i.Mode() == ModeMEM {
			return fmt.Sprintf("*(u%d *)(r%d %+d) = %d", 8*i.Bytes(), i.Dst, i.Off, i.Imm)
		}
	case ClassSTX:
		switch i.Mode() {
		case ModeMEM:
			return fmt.Sprintf("*(u%d *)(r%d %+d) = r%d", 8*i.Bytes(), i.Dst, i.Off, i.Src)
		case ModeATOMIC:
			return i.textAtomic()
		}
	}
	return fmt.Sprintf("unknown opcode %#02x", i.Op)
}

// reg is the letter of the registers: r for 64 bits, w for 32.
func (i Insn) reg() string {
	if i.Bits() == 32 {
		return "w"
	}
	return "r"
}

func (i Insn) textALU() string {
	r := i.reg()
	op := i.ALUOp()
	switch op {
	case Neg:
		return fmt.Sprintf("%s%d = -%s%d", r, i.Dst, r, i.Dst)
	case End:
		order := "le"
		switch {
		case i.Class() == ClassALU64:
			order = "bswap"
		case i.Source() == X:
			order = "be"
		}
		return fmt.Sprintf("r%d = %s%d r%d", i.Dst, order, i.Imm, i.Dst)
	}
	sign := aluSigns[op>>4]
	if sign == "" {
		return fmt.Sprintf("unknown opcode %#02x", i.Op)
	}
	if (op == Div || op == Mod) && i.Off == 1 {
		sign = "s" + sign
	}
	if i.Source() == K {
		return fmt.Sprintf("%s%d %s %d", r, i.Dst, sign, i.Imm)
	}
	if op == Mov && i.Off != 0 && int(i.Off) < i.Bits() {
		return fmt.Sprintf("%s%d = (s%d)%s%d", r, i.Dst, i.Off, r, i.Src)
	}
	return fmt.Sprintf("%s%d %s %s%d", r, i.Dst, sign, r, i.Src)
}

func (i Insn) textJump() string {
	r := i.reg()
	switch i.JumpOp() {
	case Ja:
		if i.Class() == ClassJMP32 {
			return fmt.Sprintf("gotol pc%+d", i.Imm)
		}
		return fmt.Sprintf("goto pc%+d", i.Off)
	case Call:
		if i.Source() == X {
			return fmt.Sprintf("callx r%d", i.Dst)
		}
		switch i.Src {
		case PseudoCall:
			return fmt.Sprintf("call pc%+d", i.Imm)
		case PseudoKfunc:
			return fmt.Sprintf("call %s#%d", kfuncName, i.Imm)
		}
		if i.Helper().Known() {
			return fmt.Sprintf("call bpf_%s#%d", i.Helper(), i.Imm)
		}
		return fmt.Sprintf("call #%d", i.Imm)
	case Exit:
		return "exit"
	case JCond:
		return fmt.Sprintf("may_goto pc%+d", i.Off)
	}
	sign := jumpSigns[i.JumpOp()>>4]
	if sign == "" {
		return fmt.Sprintf("unknown opcode %#02x", i.Op)
	}
	if i.Source() == K {
		return fmt.Sprintf("if %s%d %s %#x goto pc%+d", r, i.Dst, sign, uint32(i.Imm), i.Off)
	}
	return fmt.Sprintf("if %s%d %s %s%d goto pc%+d", r, i.Dst, sign, r, i.Src, i.Off)
}

func (i Insn) textLD(next Insn) string {
	switch {
	case i.IsMapLoad():
		return fmt.Sprintf("r%d = map[%d]", i.Dst, i.Imm)
	case i.IsMapValueLoad():
		return fmt.Sprintf("r%d = map[%d] value %+d", i.Dst, i.Imm, next.Imm)
	case i.IsFuncLoad():
		return fmt.Sprintf("r%d = func pc%+d", i.Dst, i.Imm)
	case i.Wide():
		return fmt.Sprintf("r%d = %#x ll", i.Dst, i.Imm64(next))
	case i.Mode() == ModeABS:
		return fmt.Sprintf("r0 = *(u%d *)skb[%d]", 8*i.Bytes(), i.Imm)
	case i.Mode() == ModeIND:
		return fmt.Sprintf("r0 = *(u%d *)skb[r%d %+d]", 8*i.Bytes(), i.Src, i.Imm)
	}
	return fmt.Sprintf("unknown opcode %#02x", i.Op)
}

func (i Insn) textAtomic() string {
	n := 8 * i.Bytes()
	mem := fmt.Sprintf("*(u%d *)(r%d %+d)", n, i.Dst, i.Off)
	r, at := "r", "atomic64"
	if n < 64 {
		r, at = "w", "atomic"
	}
	switch i.AtomicOp() {
	case AtomicLoadAcq:
		return fmt.Sprintf("%s%d = load_acquire((u%d *)(r%d %+d))", r, i.Dst, n, i.Src, i.Off)
	case AtomicStoreRel:
		return fmt.Sprintf("store_release((u%d *)(r%d %+d), %s%d)", n, i.Dst, i.Off, r, i.Src)
	case AtomicXchg:
		return fmt.Sprintf("%s%d = %s_xchg((u%d *)(r%d %+d), %s%d)", r, i.Src, at, n, i.Dst, i.Off, r, i.Src)
	case AtomicCmpXchg:
		return fmt.Sprintf("%s0 = %s_cmpxchg((u%d *)(r%d %+d), %s0, %s%d)", r, at, n, i.Dst, i.Off, r, r, i.Src)
	}
	sign := aluSigns[i.Imm>>4&15]
	name := atomicNames[i.AtomicOp()&^AtomicFetch]
	if name == "" {
		return fmt.Sprintf("unknown atomic operation %#x", i.Imm)
	}
	if i.AtomicOp()&AtomicFetch != 0 {
		return fmt.Sprintf("%s%d = %s_fetch_%s((u%d *)(r%d %+d), %s%d)", r, i.Src, at, name, n, i.Dst, i.Off, r, i.Src)
	}
	return fmt.Sprintf("lock %s %s %s%d", mem, sign, r, i.Src)
}
