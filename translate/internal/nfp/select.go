package nfp

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// selector turns one function into Code. It walks blocks from the end to the
// start, so that a value is only computed if an instruction after it asked for
// it, and an instruction can take over the work of the values it reads.
type selector struct {
	f    *ssa.Func
	t    *target.Target
	code *Code

	wants Wants

	regs []regalloc.VReg // by value; NoVReg while nobody asked
	uses []int32         // by value: uses in the function
	// keepPacket says that the packet vector changes, so that its words are
	// read into registers at the start.
	keepPacket bool
	before     map[ssa.ID]packetMoves // by SetPkt
	clobbers   *regalloc.RegSet       // of calls, once there was one

	words map[ssa.ID][]ssa.ID // Word and Result values by the Read or Call they take from

	order  []ssa.BlockID
	number []int // block numbers in order, by ssa.BlockID

	cur    ssa.BlockID
	slot   int32
	prev   ssa.ID // value before the one at hand in its block, or 0
	seq    []node // instructions of the value at hand, in order
	out    []node // instructions of the block, last first
	consts map[uint32]*constUse
	used   []uint32 // constants of the block in order of their first mention
	// mentioned are those that the value at hand uses: the coming flush says where.
	mentioned []*constUse
	fused     map[ssa.ID]bool
	// local is the first of the function's words of local memory at the stack base,
	// localNear says that it can be named directly, localIndex is the index register
	// for the others, which pointing says how to set.
	local, localIndex int
	localNear         bool
	pointing          pointing

	argEnd int // words at the stack base up to the end of arguments that have an index register of their own
	err    error
}

// constUse is a constant that the block holds in a register, and the earliest
// place that needs it, as a length of out.
type constUse struct {
	reg  regalloc.VReg
	at   int
	last int // length of out at the last use in the block's order
}

// constSpan is for how many instructions a crowded block keeps a constant.
const constSpan = 16

// selectCode turns a function into machine instructions on virtual registers, with
// far words for spilled ones if farSlots says so.
func selectCode(f *ssa.Func, t *target.Target, wants Wants, farSlots bool) (*Code, error) {
	s := &selector{f: f, t: t, wants: wants, code: &Code{slotEnd: fullReach}, regs: make([]regalloc.VReg, len(f.Values)), uses: make([]int32, len(f.Values)), fused: map[ssa.ID]bool{}, words: map[ssa.ID][]ssa.ID{}}
	for k := range s.regs {
		s.regs[k] = regalloc.NoVReg
	}
	s.order = f.RPO()
	s.number = make([]int, len(f.Blocks))
	for k, b := range s.order {
		s.number[b] = k
		f.Uses(b, func(id *ssa.ID) { s.uses[*id]++ })
		for _, id := range f.B(b).Values {
			switch v := f.V(id); v.Op {
			case ssa.Word, ssa.Result:
				s.words[v.Args[0]] = append(s.words[v.Args[0]], id)
			case ssa.SetPkt:
				s.keepPacket = true
			case ssa.Call:
				s.reserve(f.Site(v), v.Slot)
				s.keepPacket = s.keepPacket || f.Site(v).Program
			}
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	if s.keepPacket {
		s.followMoves()
	}
	s.placeLocal()
	if s.err != nil {
		return nil, s.err
	}
	if farSlots {
		s.code.far = s.farSlots()
	}
	s.code.blocks = make([]block, len(s.order))
	lists := make([][]node, len(s.order))
	for k := len(s.order) - 1; k >= 0; k-- {
		lists[k] = s.block(k)
		if s.err != nil {
			return nil, s.err
		}
	}
	for k := range lists {
		b := &s.code.blocks[k]
		b.lo = len(s.code.nodes)
		s.code.nodes = append(s.code.nodes, lists[k]...)
		b.hi = len(s.code.nodes)
	}
	return s.code, nil
}

// fail records the first thing that cannot be selected.
func (s *selector) fail(what, why string) {
	if s.err == nil {
		s.err = &ssa.Unsupported{What: what, Why: why, Slot: int(s.slot)}
	}
}

// block selects block number k and returns its nodes in order.
func (s *selector) block(k int) []node {
	s.cur = s.order[k]
	blk := s.f.B(s.cur)
	s.out, s.used, s.mentioned, s.consts = nil, nil, s.mentioned[:0], map[uint32]*constUse{}
	mb := &s.code.blocks[k]
	mb.slot = blk.Term.Slot
	mb.weight = 1
	for range min(blk.Loop, 4) {
		mb.weight *= 10
	}
	s.slot = blk.Term.Slot
	mb.final = -1
	for _, e := range blk.Term.Succs {
		mb.succs = append(mb.succs, s.number[e.To])
		args := make([]regalloc.VReg, 0, len(e.Args))
		for _, a := range e.Args {
			args = append(args, s.edgeArg(a))
		}
		mb.args = append(mb.args, args)
	}
	s.terminator(&blk.Term, mb)
	s.flush()
	for j := len(blk.Values) - 1; j >= 0 && s.err == nil; j-- {
		id := blk.Values[j]
		v := s.f.V(id)
		if s.fused[id] || s.regs[id] == regalloc.NoVReg && !v.Op.Effect() && v.Op != ssa.Read {
			continue
		}
		s.slot, s.prev = v.Slot, 0
		if j > 0 {
			s.prev = blk.Values[j-1]
		}
		s.settleBefore(id, v)
		s.value(id, v)
		s.flush()
	}
	s.settle()
	for _, p := range blk.Params {
		mb.params = append(mb.params, s.reg(p))
	}
	return s.placeConsts()
}

// flush moves the instructions of the value at hand to the block.
func (s *selector) flush() {
	for k := len(s.seq) - 1; k >= 0; k-- {
		s.out = append(s.out, s.seq[k])
	}
	s.seq = s.seq[:0]
	for _, u := range s.mentioned {
		u.at = len(s.out)
	}
	s.mentioned = s.mentioned[:0]
	if s.code.far != nil {
		s.dropConsts()
	}
}

// dropConsts loads constants here that are used up to far behind, so that
// earlier uses load them again.
func (s *selector) dropConsts() {
	kept := s.used[:0]
	for _, c := range s.used {
		if u := s.consts[c]; len(s.out)-u.last < constSpan {
			kept = append(kept, c)
			continue
		}
		s.out = append(s.out, s.loadConst(c, s.slot))
		delete(s.consts, c)
	}
	s.used = kept
}

// loadConst makes the instruction that loads a constant of the block.
func (s *selector) loadConst(c uint32, slot int32) node {
	n := newNode(formConst)
	n.val, n.slot = c, slot
	n.d = n.def(s.consts[c].reg, constFiles(c), 0)
	return n
}

// placeConsts returns the block's nodes in order, with the constants that are
// kept in registers loaded before their first use.
func (s *selector) placeConsts() []node {
	at := map[int][]uint32{}
	for _, c := range s.used {
		u := s.consts[c]
		at[u.at] = append(at[u.at], c)
	}
	out := make([]node, 0, len(s.out)+len(s.used))
	for k := len(s.out); k >= 0; k-- {
		for _, c := range at[k] {
			out = append(out, s.loadConst(c, s.blockSlot(k)))
		}
		if k > 0 {
			out = append(out, s.out[k-1])
		}
	}
	return out
}

// blockSlot returns the eBPF slot of the instruction that follows position k.
func (s *selector) blockSlot(k int) int32 {
	if k > 0 {
		return s.out[k-1].slot
	}
	return s.code.blocks[s.number[s.cur]].slot
}

// newReg makes a virtual register.
func (s *selector) newReg() regalloc.VReg {
	s.code.vregs = append(s.code.vregs, vreg{})
	return regalloc.VReg(len(s.code.vregs) - 1)
}

// reg returns the virtual register of a value and sees that it is computed.
func (s *selector) reg(id ssa.ID) regalloc.VReg {
	v := s.f.V(id)
	switch v.Op {
	case ssa.Const:
		return s.constReg(v.Imm)
	case ssa.Undef:
		return s.constReg(0)
	case ssa.StackAddr:
		panic("BUG: a stack address is used as a number")
	}
	if s.regs[id] == regalloc.NoVReg {
		s.regs[id] = s.newReg()
		s.code.vregs[s.regs[id]].half = s.f.V(id).Half
	}
	return s.regs[id]
}

// edgeArg returns the register of an edge's argument. A constant gets a
// register of its own, which can be the parameter's.
func (s *selector) edgeArg(id ssa.ID) regalloc.VReg {
	v := s.f.V(id)
	if v.Op != ssa.Const && v.Op != ssa.Undef {
		return s.reg(id)
	}
	n := newNode(formConst)
	n.val = v.Imm
	r := s.newReg()
	s.code.vregs[r] = vreg{isConst: true, val: v.Imm}
	n.d = n.def(r, constFiles(v.Imm), 0)
	s.add(n)
	return r
}

// constReg returns a register that holds a constant in this block.
func (s *selector) constReg(c uint32) regalloc.VReg {
	u := s.consts[c]
	if u == nil {
		u = &constUse{reg: s.newReg(), last: len(s.out)}
		s.code.vregs[u.reg] = vreg{isConst: true, val: c}
		s.consts[c] = u
		s.used = append(s.used, c)
	}
	s.mentioned = append(s.mentioned, u)
	return u.reg
}

// add appends an instruction to the value at hand.
func (s *selector) add(n node) {
	n.slot = s.slot
	s.seq = append(s.seq, n)
}

// def makes a defining operand of the node.
func (n *node) def(v regalloc.VReg, files regalloc.FileSet, slots uint8) ref {
	n.ops = append(n.ops, regalloc.Operand{V: v, Flags: regalloc.Def, Files: files, Slots: slots})
	return ref{op: int8(len(n.ops) - 1)}
}

// read makes a read operand of the node.
func (n *node) read(v regalloc.VReg, files regalloc.FileSet, slots uint8) ref {
	n.ops = append(n.ops, regalloc.Operand{V: v, Files: files, Slots: slots})
	return ref{op: int8(len(n.ops) - 1)}
}

// pair marks the left and right operands as read together.
func (n *node) pair() {
	if n.l.op >= 0 && n.r.op >= 0 {
		n.ops[n.l.op].Flags |= regalloc.Paired
		n.ops[n.r.op].Flags |= regalloc.Paired
	}
	// A fixed word of local memory keeps the other operand out of it.
	for _, p := range [2][2]ref{{n.l, n.r}, {n.r, n.l}} {
		if p[0].op < 0 && p[0].fixed.Kind == nfpisa.LM && p[1].op >= 0 {
			n.ops[p[1].op].Files &^= regalloc.SlotSet
		}
	}
}

// spillSlots returns how many spill slots a field with the given reach names.
func (s *selector) spillSlots(reach int) uint8 {
	return uint8(max(0, min(reach, s.code.slotEnd)-s.code.argWords))
}

// Reach of local-memory offsets and of constants in operand fields.
const (
	fullReach, fullImm = 16, 255
	shortReach         = 8   // of a restricted field, whose constants reach as far
	addressImm         = 127 // of a command's address
	maxUnits           = 8   // units of a command without length override
)

// full makes a read operand for an unrestricted field.
func (s *selector) full(n *node, id ssa.ID) ref { return s.source(n, id, fullImm, fullReach) }

// short makes a read operand for a restricted field.
func (s *selector) short(n *node, id ssa.ID) ref { return s.source(n, id, fullImm, shortReach) }

func (s *selector) source(n *node, id ssa.ID, imm uint32, reach int) ref {
	v := s.f.V(id)
	switch {
	case v.Op == ssa.Const && v.Imm <= imm:
		return ref{op: -1, fixed: nfpisa.Const(int(v.Imm))}
	case v.Op == ssa.Undef:
		return ref{op: -1, fixed: nfpisa.Const(0)}
	case v.Op == ssa.PktPtr && !s.keepPacket && int(s.t.PacketVector.Pointer.Word) < reach:
		return ref{op: -1, fixed: s.vector(s.t.PacketVector.Pointer)}
	case v.Op == ssa.VecWord && s.isCPU(v) && int(v.Imm) < reach:
		return ref{op: -1, fixed: s.vector(*s.t.PacketVector.CPU)}
	}
	return n.read(s.reg(id), regalloc.AnySource, s.spillSlots(reach))
}

// isCPU reports whether a word of the packet vector is the number of the CPU, which no
// program writes, so that it is read where it is wanted.
func (s *selector) isCPU(v *ssa.Value) bool {
	c := s.t.PacketVector.CPU
	return c != nil && uint32(c.Word) == v.Imm
}

// fullDef makes a defining operand for an unrestricted field.
func (s *selector) fullDef(n *node, v regalloc.VReg) ref {
	return n.def(v, regalloc.AnyDest, s.spillSlots(fullReach))
}

// shortDef makes a defining operand for a restricted field.
func (s *selector) shortDef(n *node, v regalloc.VReg) ref {
	return n.def(v, regalloc.AnyDest, s.spillSlots(shortReach))
}

func newNode(f form) node { return node{form: f, d: noRef, e: noRef, l: noRef, r: noRef, x: noRef} }

// alu adds alu[d, l, op, r].
func (s *selector) alu(d regalloc.VReg, l ssa.ID, op nfpisa.ALUOp, r ssa.ID) {
	n := newNode(formALU)
	n.alu = op
	n.l, n.r = s.full(&n, l), s.full(&n, r)
	n.pair()
	if d != regalloc.NoVReg {
		n.d = s.fullDef(&n, d)
	}
	s.legalConsts(&n, r)
	s.add(n)
}

// legalConsts gives an instruction with two constants, or two words of local
// memory, a register for the right one: only one fits.
func (s *selector) legalConsts(n *node, r ssa.ID) {
	isFixed := func(x ref) bool { return x.op < 0 && x.fixed.Kind != nfpisa.None }
	if isFixed(n.l) && isFixed(n.r) && n.l.fixed.Kind == n.r.fixed.Kind {
		n.r = n.read(s.inRegister(r), regalloc.GPRSet, 0)
	}
}

// inRegister returns a register with a value that has none of its own.
func (s *selector) inRegister(id ssa.ID) regalloc.VReg {
	if c, ok := s.f.IsConst(id); ok {
		return s.constReg(c)
	}
	return s.copyOf(id)
}

// move adds a copy of a value to a register.
func (s *selector) move(d regalloc.VReg, id ssa.ID) {
	n := newNode(formALU)
	n.alu, n.noCC = nfpisa.ALUB, true
	n.r = s.full(&n, id)
	n.d = s.fullDef(&n, d)
	s.add(n)
}
