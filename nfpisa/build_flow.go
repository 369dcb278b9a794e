package nfpisa

// Br is br[.target].
func Br(target int) Instr {
	return Instr{Class: ClassBranch, Cond: CondAlways, Target: uint16(target)}
}

// condEvPip is the ev_pip field of conditional branches in the Linux driver's
// code; it leaves 0 in unconditional ones.
const condEvPip = 1

// Bcc is a conditional branch without argument: beq[.target] and so on.
func Bcc(c Cond, target int) Instr {
	if c == CondAlways {
		return Br(target)
	}
	return Instr{Class: ClassBranch, Cond: c, EvPip: condEvPip, Target: uint16(target)}
}

// BrArg is a branch on a context, signal or state: br=ctx[arg, .target] and so
// on.
func BrArg(c Cond, arg, target int) Instr {
	i := Bcc(c, target)
	i.Arg = uint8(arg)
	return i
}

// oneSource puts the only operand in the field that it must be in.
func oneSource(i Instr, src Operand) Instr {
	if src.inBank(BankB) {
		i.B = src
	} else {
		i.A = src
	}
	return i
}

// BrSet is br_bset[src, bit, .target], bit = 0..31.
func BrSet(src Operand, bit, target int) Instr {
	return oneSource(Instr{Class: ClassBrBit, Arg: uint8(bit), Taken: true, Target: uint16(target)}, src)
}

// BrClr is br_bclr[src, bit, .target], bit = 0..31.
func BrClr(src Operand, bit, target int) Instr {
	return oneSource(Instr{Class: ClassBrBit, Arg: uint8(bit), Target: uint16(target)}, src)
}

// BrByteEq is br=byte[src, k, v, .target].
func BrByteEq(src Operand, k int, v uint8, target int) Instr {
	i := Instr{Class: ClassBrByte, Arg: uint8(k), Imm: uint32(v), Taken: true, Target: uint16(target)}
	return oneSource(i, src)
}

// BrByteNe is br!=byte[src, k, v, .target].
func BrByteNe(src Operand, k int, v uint8, target int) Instr {
	i := BrByteEq(src, k, v, target)
	i.Taken = false
	return i
}

// Rtn is rtn[src]: it continues at the address in src.
func Rtn(src Operand) Instr { return oneSource(Instr{Class: ClassJump}, src) }

// Jump is jump[src, .offset]: it continues at src + offset, offset 0..131071.
func Jump(src Operand, offset int) Instr {
	return oneSource(Instr{Class: ClassJump, Imm: uint32(offset)}, src)
}

// CtxArb is ctx_arb[sig..]: it gives up the core until all signals of the mask
// have arrived. Bit n is signal n = 1..15; the mask 1 gives way to other
// contexts only, 0 ends the context.
func CtxArb(mask uint16) Instr { return Instr{Class: ClassCtxArb, SigMask: mask} }

// CSRWr is local_csr_wr[addr, src], addr in bytes.
func CSRWr(addr uint16, src Operand) Instr {
	i := oneSource(Instr{Class: ClassLocalCSR, CSR: addr, Write: true}, src)
	switch {
	case src.Kind == None:
	case src.Kind == Imm:
		i.B = src
	case i.A.Kind == None:
		i.A = Const(0)
	default:
		i.B = Const(0)
	}
	return i
}

// CSRRd is local_csr_rd[addr], addr in bytes. The next instruction must be
// Immed(dst, 0), which gets the value.
func CSRRd(addr uint16) Instr { return Instr{Class: ClassLocalCSR, CSR: addr} }

// MemOp is a command of the memory unit: its op field and token.
type MemOp struct{ Op, Token uint8 }

// The memory commands that the Linux driver's code and ours use. Lengths are
// in bytes for the 8-bit commands, in 4-byte words for the 32-bit ones and in
// 8-byte units for the others.
var (
	MemRead        = MemOp{0x40, 0}
	MemWrite       = MemOp{0x41, 0}
	MemWrite8      = MemOp{0x42, 0}
	MemWrite8Swap  = MemOp{0x42, 2}
	MemAtomicRead  = MemOp{0x43, 0}
	MemRead8       = MemOp{0x43, 1}
	MemCompare     = MemOp{0x43, 2} // mask_compare_write
	MemTestCompare = MemOp{0x43, 3} // test_mask_compare_write
	MemAtomicWrite = MemOp{0x44, 0}
	MemSwap        = MemOp{0x44, 1}
	MemSet         = MemOp{0x45, 0}
	MemTestSet     = MemOp{0x45, 1}
	MemClr         = MemOp{0x46, 0}
	MemTestClr     = MemOp{0x46, 1}
	MemAdd         = MemOp{0x47, 0}
	MemTestAdd     = MemOp{0x47, 1}
	MemAddImm      = MemOp{0x47, 2}
	MemSub         = MemOp{0x49, 0}
	MemTestSub     = MemOp{0x49, 1}
	MemTestSubSat  = MemOp{0x4a, 1}
	MemXor         = MemOp{0x4f, 0}
	MemTestXor     = MemOp{0x4f, 1}
	MemRead32      = MemOp{0x5c, 0}
	MemRead32Swap  = MemOp{0x5c, 2}
	MemWrite32     = MemOp{0x5f, 0}
	MemWrite32Swap = MemOp{0x5f, 2}
)

// Mem32 is mem[op, $xfer, a, b, n]: a command at the 32-bit address a + b for
// n = 1..8 units. It does not swap out; see Swap and Done.
func Mem32(op MemOp, xfer int, a, b Operand, n int) Instr {
	return memCmd(op, Mode32, xfer, a, b, n)
}

// Mem40 is mem[op, $xfer, hi, <<8, lo, n]: a command at the 40-bit address
// (hi << 8) + lo. The mode follows from the operands' banks.
func Mem40(op MemOp, xfer int, hi, lo Operand, n int) Instr {
	if a, b, swap := arrange(hi, lo); swap {
		return memCmd(op, Mode40BA, xfer, a, b, n)
	}
	return memCmd(op, Mode40AB, xfer, hi, lo, n)
}

func memCmd(op MemOp, mode CmdMode, xfer int, a, b Operand, n int) Instr {
	if mode == Mode32 {
		a, b, _ = arrange(a, b)
	}
	return Instr{Class: ClassCmd, A: a, B: b, Cmd: Cmd{
		Op: op.Op, Token: op.Token, Mode: mode, Xfer: uint8(xfer), Len: uint8(n - 1), Ctx: CmdNoSwap,
	}}
}

// CtxSwap returns a command that gives up the core until its signal arrives.
func (i Instr) CtxSwap(sig int) Instr {
	i.Cmd.Signal, i.Cmd.Ctx = uint8(sig), CmdSwap
	return i
}

// SigDone returns a command that goes on and raises a signal when it is done.
func (i Instr) SigDone(sig int) Instr {
	i.Cmd.Signal, i.Cmd.Ctx = uint8(sig), CmdNoSwap
	return i
}

// IndirectRef returns a command whose fields are overridden from PREV_ALU.
func (i Instr) IndirectRef() Instr { i.Cmd.Indirect = true; return i }
