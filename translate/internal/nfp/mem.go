package nfp

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// address makes the address operands of a memory command for a value that has
// them first in its arguments, and returns the number of arguments taken.
func (s *selector) address(n *node, v *ssa.Value, skip uint32) (args int) {
	n.memory = s.memory(v)
	if v.Space != ssa.Packet {
		n.form = formMem40
		lo, hi := v.Args[0], v.Args[1]
		off := v.Imm + skip
		n.l = n.read(s.reg(hi), regalloc.GPRSet, 0)
		if c, ok := s.f.IsConst(lo); ok {
			n.r = n.read(s.constReg(c+off), regalloc.GPRSet, 0)
		} else if off == 0 {
			n.r = n.read(s.reg(lo), regalloc.GPRSet, 0)
		} else {
			t := s.newReg()
			s.alu(t, lo, nfpisa.ALUAdd, s.f.Const(off))
			n.r = n.read(t, regalloc.GPRSet, 0)
		}
		n.pair()
		return 2
	}
	n.form = formMem32
	base, off := v.Args[0], v.Imm+skip
	b := s.f.V(base)
	if b.Op == ssa.PktPtr && !s.keepPacket && s.t.PacketVector.Pointer.Word < shortReach {
		n.l = ref{op: -1, fixed: s.vector(s.t.PacketVector.Pointer)}
	} else if b.Op == ssa.Add && off == 0 && s.single(base) {
		n.l = s.addressPart(n, b.Args[0])
		n.r = s.addressPart(n, b.Args[1])
		s.legalConsts(n, b.Args[1])
		n.pair()
		return 1
	} else {
		n.l = n.read(s.reg(base), regalloc.GPRSet, 0)
	}
	if off <= addressImm {
		n.r = ref{op: -1, fixed: nfpisa.Const(int(off))}
	} else {
		n.r = n.read(s.constReg(off), regalloc.GPRSet, 0)
	}
	n.pair()
	return 1
}

// addressPart makes one of two added address operands.
func (s *selector) addressPart(n *node, id ssa.ID) ref {
	v := s.f.V(id)
	if v.Op == ssa.PktPtr && !s.keepPacket && s.t.PacketVector.Pointer.Word < shortReach {
		return ref{op: -1, fixed: s.vector(s.t.PacketVector.Pointer)}
	}
	if c, ok := s.f.IsConst(id); ok && c <= addressImm {
		return ref{op: -1, fixed: nfpisa.Const(int(c))}
	}
	return n.read(s.reg(id), regalloc.GPRSet, 0)
}

// readMem selects a read command with the words that are used.
func (s *selector) readMem(id ssa.ID, v *ssa.Value) {
	n := newNode(formMem32)
	count := (int(v.Size) + 3) / 4
	regs := make([]regalloc.VReg, count)
	for k := range regs {
		regs[k] = regalloc.NoVReg
	}
	var copies []ssa.ID
	first, last := count, -1
	for _, w := range s.words[id] {
		r := s.regs[w]
		if r == regalloc.NoVReg {
			continue
		}
		k := int(s.f.V(w).Imm)
		if regs[k] != regalloc.NoVReg {
			copies = append(copies, w)
			continue
		}
		regs[k] = r
		first, last = min(first, k), max(last, k)
	}
	if last < 0 {
		if !v.Exact {
			return
		}
		regs[0] = s.newReg()
		first, last = 0, 0
	}
	if len(copies) > 0 {
		panic("BUG: a word of a read is taken twice")
	}
	bytes := v.Size%4 != 0
	s.address(&n, v, uint32(4*first))
	switch {
	case bytes:
		n.mem, n.units = nfpisa.MemRead8, min(int(v.Size), 4*(last+1))-4*first
	case v.Order == ssa.Big:
		n.mem, n.units = nfpisa.MemRead32, last-first+1
	default:
		n.mem, n.units = nfpisa.MemRead32Swap, last-first+1
	}
	n.indirect = n.units > maxUnits
	for k := first; k <= last; k++ {
		n.ops = append(n.ops, regalloc.Operand{V: regs[k], Flags: regalloc.Def, Files: regalloc.InSet, Group: 1})
		if k == first {
			n.x = ref{op: int8(len(n.ops) - 1)}
		}
	}
	s.add(n)
}

// outWords adds words as a block of transfer registers to be written.
func (s *selector) outWords(n *node, words []ssa.ID) {
	seen := map[regalloc.VReg]bool{}
	for k, w := range words {
		r := s.reg(w)
		if seen[r] {
			d := s.newReg()
			s.move(d, w)
			r = d
		}
		seen[r] = true
		n.ops = append(n.ops, regalloc.Operand{V: r, Files: regalloc.OutSet, Group: 1})
		if k == 0 {
			n.x = ref{op: int8(len(n.ops) - 1)}
		}
	}
}

// writeMem selects a write command.
func (s *selector) writeMem(v *ssa.Value) {
	n := newNode(formMem32)
	args := s.address(&n, v, 0)
	whole := v.Size%4 == 0
	switch {
	case v.Order == ssa.Big && whole:
		n.mem, n.units = nfpisa.MemWrite32, int(v.Size)/4
	case v.Order == ssa.Big:
		n.mem, n.units = nfpisa.MemWrite8, int(v.Size)
	case whole:
		n.mem, n.units = nfpisa.MemWrite32Swap, int(v.Size)/4
	default:
		n.mem, n.units = nfpisa.MemWrite8Swap, int(v.Size)
	}
	n.indirect = n.units > maxUnits
	s.outWords(&n, v.Args[args:])
	s.add(n)
}

// ShortAddition is the number of bits that a number may have to be sent with its
// command. Nobody waits for such an addition.
const ShortAddition = 16

// AdditionsWait reports whether the program itself waits for each addition of
// another number: no later command answers for it.
func AdditionsWait(t *target.Target) bool { return !inOrder(t, firstRegion) }

// Parameters of add_imm in PREV_ALU: the number comes from bits 31:16, and the
// length, which is overridden, says so once more and how wide the addition is.
const (
	addImmData  = 2<<3 | overrideLength
	addImm32    = addImmData | 8<<overrideShift
	addImm64    = addImmData | 12<<overrideShift
	addImmShift = 16
	addImmMax   = 1<<ShortAddition - 1
)

// atomicOps gives the commands of atomic operations: plain, and returning the
// old value.
var atomicOps = map[ssa.Op][2]nfpisa.MemOp{
	ssa.AtomicAdd:  {nfpisa.MemAdd, nfpisa.MemTestAdd},
	ssa.AtomicOr:   {nfpisa.MemSet, nfpisa.MemTestSet},
	ssa.AtomicClr:  {nfpisa.MemClr, nfpisa.MemTestClr},
	ssa.AtomicXor:  {nfpisa.MemXor, nfpisa.MemTestXor},
	ssa.AtomicXchg: {nfpisa.MemSwap, nfpisa.MemSwap},
}

// addWide is the length of a 64-bit addition: bit 2 of the field makes it wide.
const addWide = 5

// atomic selects an atomic operation. An addition of at most 16 bits is sent
// with the command and not waited for; other operands are fetched from transfer
// registers, which must stay until then. An old value comes to the transfer-in
// registers of the same numbers.
func (s *selector) atomic(id ssa.ID, v *ssa.Value) {
	n := newNode(formMem40)
	args := s.address(&n, v, 0)
	words := v.Args[args:]
	fetch := v.Op == ssa.AtomicXchg
	for _, w := range s.words[id] {
		fetch = fetch || s.regs[w] != regalloc.NoVReg
	}
	if v.Op == ssa.AtomicAdd && !fetch && s.f.UMax(words[0]) <= addImmMax && (len(words) == 1 || s.f.UMax(words[1]) == 0) {
		s.addImm(&n, v, words[0])
		return
	}
	n.mem, n.units = atomicOps[v.Op][0], len(words)
	if v.Op == ssa.AtomicAdd && v.Size == 8 {
		n.units = addWide
	}
	if !fetch {
		s.outWords(&n, words)
		s.add(n)
		return
	}
	n.mem = atomicOps[v.Op][1]
	n.clob = &regalloc.RegSet{regalloc.In: 1<<len(words) - 1}
	n.x = ref{op: -1, fixed: nfpisa.X(0)}
	for k, w := range words {
		n.ops = append(n.ops, regalloc.Operand{V: s.copyOf(w), Flags: regalloc.Fixed, Loc: regalloc.Loc{File: regalloc.Out, Num: uint8(k)}})
	}
	for _, w := range s.words[id] {
		if r := s.regs[w]; r != regalloc.NoVReg {
			n.ops = append(n.ops, regalloc.Operand{V: r, Flags: regalloc.Def | regalloc.Fixed, Loc: regalloc.Loc{File: regalloc.In, Num: uint8(s.f.V(w).Imm)}})
		}
	}
	s.add(n)
}

// addImm selects an addition of at most 16 bits.
func (s *selector) addImm(n *node, v *ssa.Value, x ssa.ID) {
	n.form = formAddImm
	n.mem = nfpisa.MemAddImm
	param := uint32(addImm32)
	if v.Size == 8 {
		param = addImm64
	}
	n.e = n.read(s.constReg(param), regalloc.BSet, 0)
	// The shift that puts the number in its place drops what is above 16 bits.
	if b := s.f.V(x); b.Op == ssa.And && s.single(x) && s.f.Is(b.Args[1], addImmMax) {
		x = b.Args[0]
	}
	if c, ok := s.f.IsConst(x); ok && c <= fullImm {
		n.x = ref{op: -1, fixed: nfpisa.Const(int(c))}
	} else {
		n.x = n.read(s.reg(x), regalloc.ASet, 0)
	}
	s.add(*n)
}

// setPacket writes the packet pointer and the length to the packet vector, each if it is not
// sure to be there; the other bits of the length's word stay.
func (s *selector) setPacket(id ssa.ID, v *ssa.Value) {
	vec := &s.t.PacketVector
	ptr, length := v.Args[0], v.Args[1]
	now := s.before[id]
	now.add(s.moves(v))
	if now.ptr {
		s.storeLM(s.t.Entry.VectorIndex, int(vec.Pointer.Word), ptr)
	}
	if !now.length {
		return
	}
	t, u := s.newReg(), s.newReg()
	n := newNode(formALU)
	n.alu = nfpisa.ALUNotAnd
	n.l = n.read(s.constReg(vec.Length.Mask()), regalloc.GPRSet, 0)
	n.r = ref{op: -1, fixed: s.vector(vec.Length)}
	n.d = s.fullDef(&n, t)
	s.add(n)
	if vec.Length.Low == 0 {
		n = newNode(formALU)
		n.alu = nfpisa.ALUOr
		n.l = n.read(t, regalloc.AnySource, s.spillSlots(fullReach))
		n.r = s.full(&n, length)
		n.pair()
		n.d = s.fullDef(&n, u)
	} else {
		n = newNode(formShf)
		n.shf, n.shift = nfpisa.ShfOr, nfpisa.Lsh(int(vec.Length.Low))
		n.l = n.read(t, regalloc.GPRSet, 0)
		n.r = n.read(s.inRegister(length), regalloc.GPRSet, 0)
		n.pair()
		n.d = n.def(u, regalloc.GPRSet|regalloc.BothSet, 0)
	}
	s.add(n)
	n = newNode(formALU)
	n.alu = nfpisa.ALUB
	n.r = n.read(u, regalloc.AnySource, s.spillSlots(fullReach))
	n.d = ref{op: -1, fixed: s.vector(vec.Length)}
	s.add(n)
}

// storeLM writes a value to local memory word k at an index register.
func (s *selector) storeLM(index target.LMIndex, k int, id ssa.ID) {
	n := newNode(formALU)
	n.alu, n.noCC = nfpisa.ALUB, true
	n.r = s.full(&n, id)
	n.d = ref{op: -1, fixed: nfpisa.LMem(int(index), k)}
	s.add(n)
}

// setQueue writes the selected queue, which is a byte of its word, and the bit
// that says so. The value is in range.
func (s *selector) setQueue(v *ssa.Value) {
	vec := &s.t.PacketVector
	queue := ref{op: -1, fixed: s.vector(vec.Queue.Field())}
	n := newNode(formField)
	n.mask, n.shift = 1<<(vec.Queue.Low/8), nfpisa.Rot(0)
	if vec.Queue.Low != 0 {
		n.shift = nfpisa.Lsh(int(vec.Queue.Low))
	}
	n.l, n.d = queue, queue
	n.r = s.short(&n, v.Args[0])
	n.pair()
	s.add(n)
	flags := ref{op: -1, fixed: s.vector(*vec.QueueSet)}
	n = newNode(formALU)
	n.alu = nfpisa.ALUOr
	n.l, n.d = flags, flags
	if set := vec.QueueSet.Mask(); set <= fullImm {
		n.r = ref{op: -1, fixed: nfpisa.Const(int(set))}
	} else {
		n.r = n.read(s.constReg(set), regalloc.GPRSet, 0)
	}
	s.add(n)
}

// setRedirect writes where the frame goes. A redirect of no kind leaves which
// one it was.
func (s *selector) setRedirect(v *ssa.Value) {
	r := s.t.PacketVector.Redirect
	s.storeLM(s.t.Entry.VectorIndex, int(r.Kind.Word), v.Args[0])
	if !s.f.Is(v.Args[0], 0) {
		s.storeLM(s.t.Entry.VectorIndex, int(r.To.Word), v.Args[1])
	}
}
