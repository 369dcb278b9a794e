package nfp

import (
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// A tail call ends like the entry of a program begins: the stack base is in its
// register, the index registers point at stack and packet vector. The number of
// the next program counts in a table of branches behind the code:
//
//	immed[ret, table - 1]
//	alu[ret, ret, +, number]
//	rtn[ret]                  to a word of the table, which is a branch
//
// where ret is the register for return addresses, or another one: none but the
// number and the stack base hold anything here (see TailRegs).
//
// In the place of a function, a program gets the stack behind what this one keeps,
// and the link word has where to go on and this one's stack base, 16 bits each.
// The end of every program of such an image looks there. All registers are lost.

// stackAlign is the alignment of stack bases in bytes: offsets of index registers
// replace address bits.
const stackAlign = 4 * fullReach

func up(n, align int) int { return (n + align - 1) / align * align }

// TailRegs returns the registers in which tail calls make the address of the next
// program and take its number. An instruction reads at most one register of each
// bank, and the address meets both the number and the stack base: it is in the bank
// that the base is not in. ok is false if the target does not grant such registers.
func TailRegs(t *target.Target) (ret, number target.Reg, ok bool) {
	base := t.Entry.Stack
	pick := func(like target.Reg, bank nfpisa.Bank) target.Reg {
		if like.Bank == bank && like != base && t.Grants(like) {
			return like
		}
		free := usable(t, bank)
		if base.Bank == bank {
			free &^= 1 << base.Num
		}
		if temp := freeRegister(t); temp >= 0 { // moves to far words go through it
			free &^= 1 << temp
		}
		ok = ok && free != 0
		return target.Reg{Bank: bank, Num: target.GPR(bits.TrailingZeros64(free))}
	}
	ok = true
	ret, number = pick(t.Calls.Return, other(base.Bank)), pick(t.Exit.Register, base.Bank)
	return ret, number, ok
}

// other returns the other bank.
func other(b nfpisa.Bank) nfpisa.Bank {
	if b == nfpisa.BankA {
		return nfpisa.BankB
	}
	return nfpisa.BankA
}

// next makes a node take the number of the next program and the stack base.
func (s *selector) next(n *node, number, base regalloc.VReg) {
	_, at, _ := TailRegs(s.t)
	n.ops = append(n.ops,
		regalloc.Operand{V: number, Flags: regalloc.Fixed, Loc: place(at)},
		regalloc.Operand{V: base, Flags: regalloc.Fixed, Loc: place(s.t.Entry.Stack)})
	n.x = ref{op: 0}
}

// leave selects the end of a program by a tail call.
func (s *selector) leave(t *ssa.Term) {
	n := newNode(formLeave)
	s.next(&n, s.reg(t.X), s.reg(t.Y))
	s.add(n)
}

// inside selects a tail call of a function.
func (s *selector) inside(id ssa.ID, v *ssa.Value) {
	n := newNode(formInside)
	n.site = s.f.Site(v)
	all := ^uint64(0)
	n.clob = &regalloc.RegSet{regalloc.A: all, regalloc.B: all, regalloc.In: all, regalloc.Out: all}
	s.next(&n, s.copyOf(v.Args[0]), s.copyOf(v.Args[1]))
	for _, w := range s.words[id] {
		if r := s.regs[w]; r != regalloc.NoVReg {
			n.ops = append(n.ops, regalloc.Operand{V: r, Flags: regalloc.Def | regalloc.Fixed, Loc: place(s.t.Exit.Register)})
		}
	}
	s.add(n)
}

// leave appends the jump to the program whose number is in a register.
func (e *emitter) leave(slot int32, number nfpisa.Operand) {
	to, _, _ := TailRegs(e.t)
	ret := to.Operand()
	e.emit(slot, nfpisa.Immed(ret, 0))
	e.out[len(e.out)-1].Table = true
	e.emit(slot, nfpisa.ALU(ret, ret, nfpisa.ALUAdd, number).KeepCC())
	e.emit(slot, nfpisa.Rtn(ret))
}

// inside appends the jump with a way back: to the word behind it.
func (e *emitter) inside(n *node, number nfpisa.Operand) {
	to, _, _ := TailRegs(e.t)
	ret, base := to.Operand(), e.t.Entry.Stack.Operand()
	from := len(e.out)
	e.emit(n.slot, nfpisa.Immed(ret, 0))
	e.emit(n.slot, nfpisa.Shf(ret, ret, nfpisa.ShfOr, base, nfpisa.Lsh(linkShift)))
	e.emit(n.slot, nfpisa.Mov(nfpisa.LMem(int(e.t.Entry.VectorIndex), int(n.site.Link)), ret).KeepCC())
	e.frames = append(e.frames, len(e.out))
	e.emit(n.slot, nfpisa.Immed(ret, 0))
	e.emit(n.slot, nfpisa.ALU(base, base, nfpisa.ALUAdd, ret).KeepCC())
	e.emit(n.slot, nfpisa.CSRWr(nfpisa.CSRActLMAddr(int(e.t.Entry.StackIndex)), base))
	e.leave(n.slot, number)
	for range e.t.LocalMemory.PointerDelay - leaveWords {
		e.out = append(e.out[:len(e.out)-leaveWords], append([]Word{{I: nfpisa.Nop(), Slot: n.slot, Block: -1}}, e.out[len(e.out)-leaveWords:]...)...)
	}
	e.out[from].Back = len(e.out) - from
	for k := from; k < len(e.out); k++ {
		e.out[k].Fixed = true
	}
}

const (
	linkShift  = 16 // of the stack base in the link word
	leaveWords = 3  // instructions of leave
)

// Ending returns the end of the programs of an image in which some wait for
// others, link being the word that leads back: the code goes on with the one that
// waits, or at done, which the second instruction branches to. The verdict stays
// where it is.
func Ending(t *target.Target, link uint32) []nfpisa.Instr {
	ret, base := t.Calls.Return.Operand(), t.Entry.Stack.Operand()
	code := []nfpisa.Instr{
		nfpisa.Mov(ret, nfpisa.LMem(int(t.Entry.VectorIndex), int(link))),
		nfpisa.Bcc(nfpisa.CondEQ, int(t.Core.Done)),
		nfpisa.Shf(base, nfpisa.NoOperand, nfpisa.ShfB, ret, nfpisa.Rsh(linkShift)),
		nfpisa.CSRWr(nfpisa.CSRActLMAddr(int(t.Entry.StackIndex)), base),
		nfpisa.Shf(ret, nfpisa.NoOperand, nfpisa.ShfB, ret, nfpisa.Lsh(linkShift)),
		nfpisa.Shf(ret, nfpisa.NoOperand, nfpisa.ShfB, ret, nfpisa.Rsh(linkShift)),
	}
	for range t.LocalMemory.PointerDelay - 3 {
		code = append(code, nfpisa.Nop())
	}
	return append(code, nfpisa.Rtn(ret))
}
