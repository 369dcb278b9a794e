package nfp

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// Word is one instruction of the final code.
type Word struct {
	I    nfpisa.Instr
	Slot int32 // eBPF slot that it comes from
	// Block is the block that a branch leads to, or -1; Done marks the branch
	// that ends the packet, Begin one to the program behind the code, and Site one
	// to a routine.
	Block int32
	Done  bool
	Begin bool
	Site  *ssa.CallSite
	// Back marks the immed that takes the address of the word so many behind it, and
	// Table the one that takes the address before the table of programs, whose
	// first has number 1.
	Back  int
	Table bool
	// Fixed words stay where they are, at the distance that a Back counts.
	Fixed bool
	// Data is what a memory command moves.
	Data data
	// Use is what the word is for beside the eBPF instruction.
	Use Use
	// Half is the half of an eBPF register that the word makes, 0 if it is not known to
	// make one.
	Half ssa.Half
}

// Output is the final code of a function.
type Output struct {
	Words []Word
	// Starts gives the first word of each block in order of the layout.
	Starts []int
	Stats  regalloc.Stats
	// StackBytes is the local memory used from the stack base on.
	StackBytes int
	// Returns says that another program may go on where this one ends.
	Returns bool
	// Keeps is the local memory that stays as it is from the stack base on while
	// another program runs in the place of a function; 0 where none does.
	Keeps int
}

// emitter turns nodes into instructions.
type emitter struct {
	c   *Code
	t   *target.Target
	res *regalloc.Result
	out []Word
	// frames are the words that take the size of what the program keeps.
	frames []int
	// pointed gives, for each index register, the number of instructions up to and
	// with the one that wrote it last.
	pointed [target.LastLMIndex + 1]int
}

// place returns the operand for an allocated place. Slots lie behind the
// arguments of firmware routines.
func (e *emitter) place(l regalloc.Loc) nfpisa.Operand {
	switch l.File {
	case regalloc.A, regalloc.Both:
		return nfpisa.A(int(l.Num))
	case regalloc.B:
		return nfpisa.B(int(l.Num))
	case regalloc.In, regalloc.Out:
		return nfpisa.X(int(l.Num))
	case regalloc.Slot:
		return nfpisa.LMem(int(e.t.Entry.StackIndex), int(l.Num)+e.c.argWords)
	}
	panic(fmt.Sprintf("BUG: operand in file %d", l.File))
}

// emit appends an instruction. One that uses an index register waits until a
// write of it counts.
func (e *emitter) emit(slot int32, i nfpisa.Instr) {
	for _, o := range [...]nfpisa.Operand{i.A, i.B, i.Dst} {
		if o.Kind != nfpisa.LM {
			continue
		}
		for at := e.pointed[o.Index]; at > 0 && len(e.out)-at < e.t.LocalMemory.PointerDelay; {
			e.out = append(e.out, Word{I: nfpisa.Nop(), Slot: slot, Block: -1, Use: UseDelay})
		}
	}
	e.out = append(e.out, Word{I: i, Slot: slot, Block: -1})
	if i.Class == nfpisa.ClassLocalCSR && i.Write {
		for n := range e.pointed {
			if i.CSR == nfpisa.CSRActLMAddr(n) {
				e.pointed[n] = len(e.out)
			}
		}
	}
}

// move appends an inserted move. None of its forms touches the flags.
func (e *emitter) move(slot int32, m regalloc.Move) {
	dst := e.place(m.Dst)
	if m.Src.File == regalloc.Remat {
		for _, i := range nfpisa.LoadImmed(dst, e.c.vregs[m.V].val) {
			i.WrBoth = m.Dst.File == regalloc.Both
			e.emit(slot, i)
		}
		return
	}
	i := nfpisa.Mov(dst, e.place(m.Src)).KeepCC()
	i.WrBoth = m.Dst.File == regalloc.Both
	e.emit(slot, i)
}

func (e *emitter) moves(slot int32, list []regalloc.Move) {
	p := pointer{emitter: e, slot: slot, at: -1}
	for _, m := range list {
		at := len(e.out)
		if e.c.far.word(m.Src) >= 0 || e.c.far.word(m.Dst) >= 0 {
			p.move(m)
		} else {
			e.move(slot, m)
		}
		for k := at; k < len(e.out); k++ {
			e.out[k].Use = useOf(m)
		}
	}
}

// node appends the instructions of node k. Branches lead to blocks of the
// function, by number.
func (e *emitter) node(k int, succs []int) {
	n := &e.c.nodes[k]
	locs := e.res.Locs(k)
	defer e.halves(n, locs, len(e.out))
	both := false
	at := func(r ref) nfpisa.Operand {
		if r.op < 0 {
			return r.fixed
		}
		if locs[r.op].File == regalloc.Both && n.ops[r.op].Flags&regalloc.Def != 0 {
			both = true
		}
		return e.place(locs[r.op])
	}
	put := func(i nfpisa.Instr) {
		i.WrBoth = both
		e.emit(n.slot, i)
	}
	var d, l, r nfpisa.Operand
	l, r, d = at(n.l), at(n.r), at(n.d)
	switch n.form {
	case formALU:
		i := nfpisa.ALU(d, l, n.alu, r)
		i.NoCC = n.noCC
		put(i)
	case formShf:
		put(nfpisa.Shf(d, l, n.shf, r, n.shift))
	case formDbl:
		put(nfpisa.DblShf(d, l, r, int(n.shift.Amount)))
	case formAsr:
		e.emit(n.slot, nfpisa.Mov(nfpisa.NoOperand, r))
		put(nfpisa.Asr(d, r, n.shift))
	case formShfV:
		e.emit(n.slot, nfpisa.ALU(nfpisa.NoOperand, at(n.x), nfpisa.ALUOr, nfpisa.Const(0)))
		put(nfpisa.Shf(d, l, n.shf, r, n.shift))
	case formAsrV:
		e.emit(n.slot, nfpisa.ALU(nfpisa.NoOperand, at(n.x), nfpisa.ALUOr, r))
		put(nfpisa.Asr(d, r, n.shift))
	case formDblV:
		e.emit(n.slot, nfpisa.ALU(nfpisa.NoOperand, at(n.x), nfpisa.ALUOr, nfpisa.Const(0)))
		put(nfpisa.DblShf(d, l, r, 0))
	case formField:
		put(nfpisa.LdField(d, n.mask, r, n.shift))
	case formClr:
		put(nfpisa.LdFieldClr(d, n.mask, r, n.shift))
	case formConst:
		for _, i := range nfpisa.LoadImmed(d, n.val) {
			put(i)
		}
	case formMul:
		e.mul(n, l, r, at, put, &both)
	case formMem32:
		e.mem(n, nfpisa.Mem32(n.mem, int(at(n.x).Num), l, r, 1))
	case formMem40:
		e.mem(n, nfpisa.Mem40(n.mem, int(at(n.x).Num), l, r, 1))
	case formAddImm:
		e.emit(n.slot, nfpisa.Shf(nfpisa.NoOperand, at(n.e), nfpisa.ShfOr, at(n.x), nfpisa.Lsh(addImmShift)))
		e.emit(n.slot, nfpisa.Mem40(n.mem, 0, l, r, 1).IndirectRef())
	case formCSRWr:
		e.emit(n.slot, nfpisa.CSRWr(n.csr, r))
	case formCSRRd:
		e.emit(n.slot, nfpisa.CSRRd(n.csr))
		put(nfpisa.Immed(d, 0))
	case formNop:
		e.emit(n.slot, nfpisa.Nop())
	case formBcc:
		e.branch(n, nfpisa.Bcc(n.cond, 0), succs)
	case formBrBit:
		if n.taken {
			e.branch(n, nfpisa.BrSet(r, int(n.bit), 0), succs)
		} else {
			e.branch(n, nfpisa.BrClr(r, int(n.bit), 0), succs)
		}
	case formBrByte:
		if n.taken {
			e.branch(n, nfpisa.BrByteEq(r, int(n.bit), uint8(n.val), 0), succs)
		} else {
			e.branch(n, nfpisa.BrByteNe(r, int(n.bit), uint8(n.val), 0), succs)
		}
	case formExit:
		e.exit(n)
	case formCall:
		e.call(n)
	case formLeave:
		e.leave(n.slot, at(n.x))
	case formInside:
		e.inside(n, at(n.x))
	case formBegin:
		e.emit(n.slot, nfpisa.Br(0))
		e.out[len(e.out)-1].Begin = true
	case formEntry:
	}
}

// mul appends the steps of a multiplication.
func (e *emitter) mul(n *node, l, r nfpisa.Operand, at func(ref) nfpisa.Operand, put func(nfpisa.Instr), both *bool) {
	kind, steps := nfpisa.Mul32x32, []nfpisa.MulStep{nfpisa.MulStep1, nfpisa.MulStep2, nfpisa.MulStep3, nfpisa.MulStep4}
	if n.short {
		kind, steps = nfpisa.Mul16x16, steps[:2]
	}
	e.emit(n.slot, nfpisa.MulStepOf(nfpisa.MulStart, nfpisa.MulStep1, l, r))
	for _, s := range steps {
		e.emit(n.slot, nfpisa.MulStepOf(kind, s, l, r))
	}
	*both = false
	last := func(x ref, step nfpisa.MulStep) {
		*both = false
		i := nfpisa.MulLastOf(kind, step, at(x))
		put(i)
	}
	// The high word can only be taken after the low one.
	last(n.d, nfpisa.MulLast)
	if n.e.op >= 0 {
		last(n.e, nfpisa.MulLast2)
	}
}

// Override of the length of a command, in PREV_ALU.
const (
	overrideLength = 1 << 7
	overrideShift  = 8
)

// mem appends a memory command that gives up the core until it is done.
func (e *emitter) mem(n *node, i nfpisa.Instr) {
	i.Cmd.Len = uint8(n.units-1) & 7
	if n.indirect {
		i.Cmd.Len = 0
		e.emit(n.slot, nfpisa.Immed(nfpisa.NoOperand, overrideLength|uint32(n.units-1)<<overrideShift))
		i = i.IndirectRef()
	}
	e.emit(n.slot, i.CtxSwap(int(e.t.Registers.Signals[0])))
	e.out[len(e.out)-1].Data = n.data(i.Cmd.Xfer)
}

// branch appends a branch to a successor.
func (e *emitter) branch(n *node, i nfpisa.Instr, succs []int) {
	e.emit(n.slot, i)
	e.out[len(e.out)-1].Block = int32(succs[n.to])
}

// exit appends the end of the program: the branch to the packet's end. A
// constant result is loaded in its defer slots, another is in place.
func (e *emitter) exit(n *node) {
	var load []nfpisa.Instr
	if n.r.op < 0 {
		load = nfpisa.LoadImmed(e.t.Exit.Register.Operand(), n.val)
	}
	e.emit(n.slot, nfpisa.Br(0).WithDefer(len(load)))
	e.out[len(e.out)-1].Done = true
	for _, i := range load {
		e.emit(n.slot, i)
	}
}

// call appends a call of a routine: the branch with the moves of the map's
// number and of the return address in its defer slots.
func (e *emitter) call(n *node) {
	c := &e.t.Calls
	if n.site.Kind != 0 {
		e.emit(n.slot, nfpisa.Immed(e.t.Event.Kind.Operand(), uint32(n.site.Kind)))
	}
	deferred := []nfpisa.Instr{nfpisa.Immed(c.Return.Operand(), 0)}
	if n.number {
		deferred = []nfpisa.Instr{nfpisa.Immed(c.Map.Operand(), n.val), deferred[0]}
	}
	e.emit(n.slot, nfpisa.Br(0).WithDefer(len(deferred)))
	e.out[len(e.out)-1].Site = n.site
	for _, i := range deferred {
		e.emit(n.slot, i)
	}
	e.out[len(e.out)-1].Back = 1
}
