package regalloc

import "slices"

// mockFunc is a Function built by hand or at random.
type mockFunc struct {
	vregs  []VRegInfo
	blocks []*mockBlock
	order  []mockInstr // filled by done
}

type mockBlock struct {
	id     int
	f      *mockFunc
	params []VReg
	succs  []int
	args   [][]VReg
	weight int
	instrs []mockInstr
	lo, hi int
}

type mockInstr struct {
	ops  []Operand
	info InstrInfo
}

func newMock() *mockFunc { return &mockFunc{} }

// built makes a function in the way of a test's table.
func built(build func(f *mockFunc)) *mockFunc {
	f := newMock()
	build(f)
	return f.done()
}

// v makes a virtual register.
func (f *mockFunc) v() VReg {
	f.vregs = append(f.vregs, VRegInfo{})
	return VReg(len(f.vregs) - 1)
}

// vs makes n virtual registers.
func (f *mockFunc) vs(n int) []VReg {
	out := make([]VReg, n)
	for k := range out {
		out[k] = f.v()
	}
	return out
}

// block makes a block with the given parameters.
func (f *mockFunc) block(params ...VReg) *mockBlock {
	b := &mockBlock{id: len(f.blocks), f: f, params: params, weight: 1}
	f.blocks = append(f.blocks, b)
	return b
}

// to adds a successor.
func (b *mockBlock) to(t *mockBlock, args ...VReg) *mockBlock {
	b.succs, b.args = append(b.succs, t.id), append(b.args, args)
	return b
}

// i adds an instruction.
func (b *mockBlock) i(ops ...Operand) *mockBlock {
	b.instrs = append(b.instrs, mockInstr{ops: ops})
	return b
}

// flags adds flags to the last instruction.
func (b *mockBlock) flags(fl InstrFlags) *mockBlock {
	b.instrs[len(b.instrs)-1].info.Flags |= fl
	return b
}

// clobber sets the registers that the last instruction loses.
func (b *mockBlock) clobber(s RegSet) *mockBlock {
	b.instrs[len(b.instrs)-1].info.Clobbers = &s
	return b
}

// done numbers the instructions.
func (f *mockFunc) done() *mockFunc {
	f.order = f.order[:0]
	for _, b := range f.blocks {
		b.lo = len(f.order)
		f.order = append(f.order, b.instrs...)
		b.hi = len(f.order)
	}
	return f
}

func (f *mockFunc) NumVRegs() int            { return len(f.vregs) }
func (f *mockFunc) VReg(v VReg) VRegInfo     { return f.vregs[v] }
func (f *mockFunc) NumBlocks() int           { return len(f.blocks) }
func (f *mockFunc) Succs(b int) []int        { return f.blocks[b].succs }
func (f *mockFunc) Params(b int) []VReg      { return f.blocks[b].params }
func (f *mockFunc) Args(b, s int) []VReg     { return f.blocks[b].args[s] }
func (f *mockFunc) Weight(b int) int         { return f.blocks[b].weight }
func (f *mockFunc) Instrs(b int) (int, int)  { return f.blocks[b].lo, f.blocks[b].hi }
func (f *mockFunc) Operands(i int) []Operand { return f.order[i].ops }
func (f *mockFunc) Instr(i int) InstrInfo    { return f.order[i].info }

// The operands of the mock machine, an NFP in miniature.

// def is a full destination.
func def(v VReg) Operand { return Operand{V: v, Flags: Def, Files: AnyDest, Slots: 16} }

// src is a full source that must come from another file than the other one.
func src(v VReg) Operand { return Operand{V: v, Flags: Paired, Files: AnySource, Slots: 16} }

// near is a source that can name fewer slots.
func near(v VReg) Operand { return Operand{V: v, Flags: Paired, Files: AnySource, Slots: 8} }

// gpr is a source in a bank.
func gpr(v VReg) Operand { return Operand{V: v, Flags: Paired, Files: GPRSet} }

// in is a source in the given files, on its own.
func in(v VReg, files FileSet) Operand { return Operand{V: v, Files: files, Slots: 16} }

// at is a source in a fixed place.
func at(v VReg, f File, n uint8) Operand { return Operand{V: v, Flags: Fixed, Loc: Loc{f, n}} }

// defAt is a destination in a fixed place.
func defAt(v VReg, f File, n uint8) Operand {
	return Operand{V: v, Flags: Def | Fixed, Loc: Loc{f, n}}
}

// tied is a destination in the place of operand k.
func tied(v VReg, k uint8) Operand {
	return Operand{V: v, Flags: Def | Tied, Files: BothSet, Tie: k}
}

// early is a destination written before the sources are read.
func early(v VReg) Operand { return Operand{V: v, Flags: Def | Early, Files: GPRSet | BothSet} }

// load are the words that a command brings.
func load(vs ...VReg) []Operand {
	var out []Operand
	for _, v := range vs {
		out = append(out, Operand{V: v, Flags: Def, Files: InSet, Group: 1})
	}
	return out
}

// store are the words that a command takes.
func store(vs ...VReg) []Operand {
	var out []Operand
	for _, v := range vs {
		out = append(out, Operand{V: v, Files: OutSet, Group: 2})
	}
	return out
}

// machine makes a machine with registers 0..gprs-1 in each bank.
func machine(gprs, xfers, slots int) *Machine {
	ones := func(n int) uint64 { return 1<<n - 1 }
	return &Machine{Usable: RegSet{A: ones(gprs), B: ones(gprs), In: ones(xfers), Out: ones(xfers)}, Slots: slots}
}

// cat joins operand lists.
func cat(lists ...[]Operand) []Operand { return slices.Concat(lists...) }
