package ssa

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// Compare is a comparison of double words, to end a block with.
type Compare struct {
	Cond           Cond
	XL, XH, YL, YH ID // the high words are 0 for a comparison of words
}

// branch ends the current block: to the taken block if the comparison holds,
// else to the other. Blocks get their edges in this order: fall, taken.
func (b *Builder) branch(c Compare, fall, taken BlockID) {
	t := Term{Kind: Branch, Cond: c.Cond, Slot: b.Slot, X: c.XL, Y: c.YL}
	if c.XH != 0 {
		t.Wide, t.XH, t.YH = true, c.XH, c.YH
	}
	from := b.Block
	t.Succs = []Edge{{}, {}}
	b.F.B(from).Term = t
	e0 := b.edgeTo(fall)
	e1 := b.edgeTo(taken)
	b.F.B(from).Term.Succs = []Edge{e0, e1}
}

// jump ends the current block.
func (b *Builder) jump(to BlockID) {
	from := b.Block
	b.F.B(from).Term = Term{Kind: Jump, Slot: b.Slot, Succs: []Edge{{}}}
	b.F.B(from).Term.Succs = []Edge{b.edgeTo(to)}
}

// Choose runs yes if the comparison holds, else no, and goes on in a new block
// with the words that the chosen one returned. Both return the same number of
// words.
func (b *Builder) Choose(c Compare, yes, no func() []ID) []ID {
	yesBlock, noBlock, join := b.newBlock(1), b.newBlock(1), b.newBlock(2)
	b.branch(c, noBlock, yesBlock)
	b.Block = noBlock
	noWords := no()
	b.jump(join)
	b.Block = yesBlock
	yesWords := yes()
	b.jump(join)
	b.Block = join
	if len(yesWords) != len(noWords) {
		panic("BUG: the ways of a choice return different numbers of words")
	}
	out := make([]ID, len(noWords))
	for k := range out {
		out[k] = b.joined(join, []ID{noWords[k], yesWords[k]})
	}
	return out
}

// joined makes a parameter of the block with these arguments, in the order of
// the block's predecessors.
func (b *Builder) joined(blk BlockID, args []ID) ID {
	same := true
	for _, a := range args {
		same = same && a == args[0]
	}
	if same {
		return args[0]
	}
	p := b.F.New(blk, Value{Op: Param, Slot: -1})
	b.phis = append(b.phis, phi{blk, p, args})
	return p
}

// Repeat runs body n times, n a word of at least 1. The body gets the words of the round
// before, at first init, and returns as many new ones. Repeat returns the last.
func (b *Builder) Repeat(n ID, init []ID, body func(words []ID) []ID) []ID {
	head, after := b.newBlock(2), b.newBlock(1)
	b.jump(head)
	b.Block = head
	params := make([]ID, len(init)+1)
	for k := range params {
		params[k] = b.F.New(head, Value{Op: Param, Slot: -1})
	}
	words := body(params[1:])
	left := b.AddConst(params[0], ^uint32(0))
	b.branch(Compare{Cond: NE, XL: left, YL: b.Const(0)}, after, head)
	args := append([]ID{n}, init...)
	next := append([]ID{left}, words...)
	for k, p := range params {
		b.phis = append(b.phis, phi{head, p, []ID{args[k], next[k]}})
	}
	b.Block = after
	return words
}

// Until runs body again and again, until the comparison holds that it returns.
func (b *Builder) Until(body func() Compare) {
	head, after := b.newBlock(2), b.newBlock(1)
	b.jump(head)
	b.Block = head
	c := body()
	b.branch(c, head, after)
	b.Block = after
}

// jumpCond maps the operation of a conditional jump.
var jumpCond = map[bpf.JumpOp]Cond{
	bpf.JEq: EQ, bpf.JGt: UGT, bpf.JGe: UGE, bpf.JSet: TST, bpf.JNe: NE, bpf.JSGt: SGT,
	bpf.JSGe: SGE, bpf.JLt: ULT, bpf.JLe: ULE, bpf.JSLt: SLT, bpf.JSLe: SLE,
}

// terminator builds an instruction that ends a block; ok is false if it is none.
func (b *Builder) terminator(in bpf.Insn, pc, next int, at func(slot int) BlockID) (ok bool, err error) {
	succ, ends := b.targets(in, pc)
	if !ends {
		return false, nil
	}
	op := in.JumpOp()
	switch {
	case op == bpf.Exit:
		b.exit()
		return true, nil
	case op == bpf.JCond:
		b.mayGoto(at(succ[0]), at(succ[1]))
		return true, nil
	case len(succ) == 0:
		panic("BUG: proven jump leads nowhere")
	case len(succ) == 1:
		b.jump(at(succ[0]))
		return true, nil
	}
	c := Compare{Cond: jumpCond[op]}
	c.XL, c.XH = b.Reg(int(in.Dst))
	if in.Source() == bpf.X {
		c.YL, c.YH = b.Reg(int(in.Src))
	} else {
		c.YL, c.YH = b.Const(uint32(in.Imm)), b.Const(uint32(in.Imm>>31))
	}
	if in.Class() == bpf.ClassJMP32 {
		c.XH, c.YH = 0, 0
	} else if b.Env.Machine.Direct && b.mapOrNull(int(in.Dst)) && b.F.Is(c.YL, 0) && b.F.Is(c.YH, 0) {
		// The low word of a pointer to a map value is never zero.
		c.XH, c.YH = 0, 0
	}
	b.branch(b.NarrowCompare(c), at(succ[0]), at(succ[1]))
	return true, nil
}

// mapOrNull reports whether a register holds a pointer to memory of a map, or an
// inner map, or null.
func (b *Builder) mapOrNull(r int) bool {
	f := b.Fact(r)
	return f.Kind == verify.PtrMapValueOrNull || f.Kind == verify.PtrMapOrNull || f.Kind == verify.PtrSocketOrNull || f.Kind == verify.PtrMemOrNull && f.Map >= 0
}

// mayGotoRounds is how often may_goto lets one run of a function go on, the
// kernel's BPF_MAX_LOOPS.
const mayGotoRounds = 8 << 20

// mayGoto goes on to the fall block, and to the taken one when the function has
// used up its rounds.
func (b *Builder) mayGoto(fall, taken BlockID) {
	left := b.read(roundsVar(b.frame))
	on := b.newBlock(1)
	b.branch(Compare{Cond: EQ, XL: left, YL: b.Const(0)}, on, taken)
	b.Block = on
	b.write(roundsVar(b.frame), b.AddConst(left, ^uint32(0)))
	b.jump(fall)
}

// exit leaves the function that is being built.
func (b *Builder) exit() {
	lo, hi := b.Reg(0)
	if b.frame > 0 {
		b.write(regVar(b.frame-1, 0, 0), lo)
		b.write(regVar(b.frame-1, 0, 1), hi)
		b.jump(b.returns[b.frame])
		return
	}
	b.end(lo, hi)
}

// end ends the program with a verdict.
func (b *Builder) end(lo, hi ID) {
	b.Env.Helpers.Leave(b, lo)
	b.leaveWithTag()
	b.leaveCarried()
	if c := b.Env.Chain; c != nil && c.Nested {
		b.setVec(c.High, hi)
		b.passOwn() // to a program that waits for this one
	}
	b.F.B(b.Block).Term = Term{Kind: Exit, Slot: b.Slot, X: lo}
}

// NarrowCompare turns a comparison of double words into one of words where the
// high words decide nothing.
func (m *Maker) NarrowCompare(c Compare) Compare {
	if c.XH == 0 {
		return c
	}
	words := func(cond Cond) Compare { return Compare{Cond: cond, XL: c.XL, YL: c.YL} }
	f := m.F
	switch c.Cond {
	case TST, NTS:
		zx, _ := f.Known(c.XH)
		zy, _ := f.Known(c.YH)
		lx, _ := f.Known(c.XL)
		ly, _ := f.Known(c.YL)
		if zx|zy == ^uint32(0) {
			return words(c.Cond)
		}
		if lx|ly == ^uint32(0) {
			return Compare{Cond: c.Cond, XL: c.XH, YL: c.YH}
		}
		return c
	}
	if c.XH == c.YH {
		switch c.Cond {
		case SLT:
			return words(ULT)
		case SGE:
			return words(UGE)
		case SLE:
			return words(ULE)
		case SGT:
			return words(UGT)
		}
		return words(c.Cond)
	}
	signOf := func(hi, lo ID) bool {
		if h, ok := f.IsConst(hi); ok {
			zero, one := f.Known(lo)
			return h == 0 && zero>>31 != 0 || h == ^uint32(0) && one>>31 != 0
		}
		v := f.V(hi)
		return v.Op == Sar && v.Imm == 31 && v.Args[0] == lo
	}
	if signOf(c.XH, c.XL) && signOf(c.YH, c.YL) {
		return words(c.Cond)
	}
	return c
}
