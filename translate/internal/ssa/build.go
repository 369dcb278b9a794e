package ssa

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// maxSlots bounds the eBPF instructions after functions have been expanded
// where they are called.
const maxSlots = 1 << 16

// Env is what the construction needs to know beside the program.
type Env struct {
	Machine Machine
	// Maps gives the place of each map in Source().Maps.
	Maps []MapPlace
	// Helpers makes calls of helper functions.
	Helpers Helpers
	// Chain says how the program goes on with others of its image; nil for one
	// that is alone.
	Chain *Chain
	// Ends says that programs of the image run in entries of maps, at the far end of
	// redirects. Those that redirect say which.
	Ends bool
}

// MapPlace is where the program finds a map.
type MapPlace struct {
	ID      uint32 // number that firmware routines take
	Base    uint64 // 40-bit address of entry 0, if the program addresses it itself
	Region  uint8  // number of the region that it is in
	Stride  uint32 // bytes from entry to entry
	Size    uint64 // bytes of the whole map
	Swapped bool   // words of values are stored with their bytes reversed
	Hashed  bool   // entry i need not be i strides from the base
	Near    Near   // what a lookup by a routine can return of the value
	// Copies are the values that the map has for a key, if it is per CPU.
	Copies maplayout.Copies
	// Compared are the bytes of values that some program compares and exchanges,
	// CompareLock is then the address of the lock under which they are written.
	Compared    []Span
	CompareLock uint64
	// Use is what the program does with each 4-byte word of a value, for
	// firmware that stores counters in another byte order than data.
	Use []WordUse
	// Inner is, for a map of maps, how those that it holds lie. Swapped is theirs,
	// too: programs reach no other values through the map.
	Inner *MapPlace
}

// Span is the bytes of a value from Lo to Hi, the last not included.
type Span struct{ Lo, Hi int64 }

// WordUse is what a program does with a word of a map's values.
type WordUse = maplayout.WordUse

// The uses.
const (
	WordUnused  = maplayout.WordUnused
	WordData    = maplayout.WordRead
	WordCounter = maplayout.WordAtomic
)

// Helpers makes the code of helper calls. Call reads the arguments with
// Builder.Reg and writes the result with Builder.SetReg(0, …).
type Helpers interface {
	Call(b *Builder, helper bpf.HelperID) error
	// Kfunc does the same for the kernel's functions other than those of iterators.
	Kfunc(b *Builder, id bpf.KfuncID) error
	// Leave makes what a helper has put off until the program ends with a verdict.
	Leave(b *Builder, verdict ID)
}

// Builder makes a Func from a proven program. It is what Helpers work with: a
// Maker that adds to the current block.
type Builder struct {
	Maker
	Prog *verify.Program
	Env  *Env

	state    []*blockState
	phis     []phi
	replaced map[ID]ID

	stackBase ID
	tags      bool // the program calls a helper that puts a tag beside the frame

	areas map[int]*area // of stack in local memory, by the number of the frame's chain of calls
	// chains and bases give, for each active frame, the chain of calls (-1 for one
	// that no path makes) and the first word of its area.
	chains, bases []int

	frame   int // depth of the function that is being built
	fn      int // its index in Source().Funcs
	slots   int // instructions built so far
	fresh   ID  // values from here on were made by the current instruction
	pc      int
	returns []BlockID // by frame: where its exits go
	// replacing are, by frame, the ends of the ways on which another program has run
	// in the place of the function.
	replacing [maxFrames][]BlockID
}

// ctxAddress is the number that a pointer to the context is. Nothing is there:
// accesses are built field by field. But functions that are not expanded by a
// compiler ask whether the pointer is null.
const ctxAddress = 0x7ffff000

// funcAddress is the number that the address of the function at slot 0 would be.
// Nothing is there: who calls back is known.
const funcAddress = 0x7ffe0000

// Build makes the SSA form of a program.
func Build(p *verify.Program, env *Env) (*Func, error) {
	b := newBuilder(p, env)
	if env.Chain == nil {
		b.firstSkb()
	} else {
		b.takeOver()
	}
	b.write(regVar(0, 1, 0), b.Const(ctxAddress))
	b.write(regVar(0, 1, 1), b.Const(0))
	b.write(roundsVar(0), b.Const(mayGotoRounds))
	b.findAreas()
	b.enterFrame(0, 0)
	if err := b.function(0); err != nil {
		return nil, err
	}
	b.finish()
	return b.F, nil
}

// newBuilder begins a function with what it finds at its entry.
func newBuilder(p *verify.Program, env *Env) *Builder {
	b := &Builder{Prog: p, Env: env, replaced: map[ID]ID{}, areas: map[int]*area{}, tags: slices.ContainsFunc(p.Source().Insns, callsTag)}
	b.F = NewFunc(p.Source().Name)
	b.F.Returns = env.Chain != nil && env.Chain.Nested
	b.F.Blocks = b.F.Blocks[:0]
	b.newBlock(0)
	b.Slot = -1
	b.stackBase = b.Add(Value{Op: StackBase})
	b.startPacket()
	return b
}

// startPacket reads the packet's place.
func (b *Builder) startPacket() {
	m := &b.Env.Machine
	b.write(varPktPtr, b.Add(Value{Op: PktPtr, KnownMask: m.PointerSet, KnownBits: m.PointerSet}))
	b.write(varPktLen, b.Add(Value{Op: PktLen, KnownMask: ^uint32(0) << m.LengthBits}))
	b.startMetadata()
	b.startFragment()
	b.SetNextHop(NextHop{Kind: b.Const(NoNextHop), Interface: b.Const(0), Family: b.Const(0)})
}

// Unsupported returns the error for something that this instruction needs.
func (b *Builder) Unsupported(what, why string) error {
	return &Unsupported{What: what, Why: why, Slot: b.pc, Line: b.Prog.Source().PlaceAt(b.pc)}
}

// funcEnd returns the slot after a function's last one.
func funcEnd(p *object.Program, fn int) int {
	if fn+1 < len(p.Funcs) {
		return p.Funcs[fn+1].Start
	}
	return len(p.Insns)
}

// function builds one expansion of a function into the current block and
// onwards. Exits of the main program end the block; exits of others jump to
// b.returns[frame].
func (b *Builder) function(fn int) error {
	p := b.Prog.Source()
	start, end := p.Funcs[fn].Start, funcEnd(p, fn)
	outer := b.fn
	b.fn = fn
	defer func() { b.fn = outer }()

	c := b.scan(start, end)
	if len(c.Leaves) > 0 {
		b.pc = c.Leaves[0]
		return b.Unsupported("a jump to another function", "it leaves its function")
	}
	blocks := make([]BlockID, end-start) // by the slot that a block starts at
	at := func(slot int) BlockID { return blocks[slot-start] }
	edges := c.edges()
	for _, k := range c.order {
		blocks[c.Blocks[k].Start-start] = b.newBlock(edges[k])
	}
	b.F.B(b.Block).Term = Term{Kind: Jump, Slot: int32(start), Succs: []Edge{b.edgeTo(at(start))}}
	for _, k := range c.order {
		b.Block = at(c.Blocks[k].Start)
		if err := b.block(c.Blocks[k], at); err != nil {
			return err
		}
	}
	return nil
}

// block builds the instructions of a block; at tells the block that starts at a
// slot.
func (b *Builder) block(blk bpf.Block, at func(slot int) BlockID) error {
	p := b.Prog.Source()
	for pc := blk.Start; ; {
		b.pc, b.Slot, b.fresh = pc, int32(pc), ID(len(b.F.Values))
		if b.slots++; b.slots > maxSlots {
			return b.Unsupported(fmt.Sprintf("a program of more than %d instructions after expanding calls", maxSlots),
				"functions are expanded where they are called")
		}
		in := p.Insns[pc]
		next := pc + in.Slots()
		if ok, err := b.terminator(in, pc, next, at); ok || err != nil {
			return err
		}
		if err := b.insn(in, pc); err != nil {
			return err
		}
		pc = next
		if pc == blk.End {
			b.Slot = int32(pc - 1)
			b.F.B(b.Block).Term = Term{Kind: Jump, Slot: int32(pc), Succs: []Edge{b.edgeTo(at(pc))}}
			return nil
		}
	}
}

// insn builds an instruction that does not end a block.
func (b *Builder) insn(in bpf.Insn, pc int) error {
	switch in.Class() {
	case bpf.ClassALU:
		return b.alu(in, pc, false)
	case bpf.ClassALU64:
		return b.alu(in, pc, true)
	case bpf.ClassLD:
		return b.ld(in, pc)
	case bpf.ClassLDX:
		return b.loadInsn(in, pc)
	case bpf.ClassST, bpf.ClassSTX:
		return b.storeInsn(in, pc)
	case bpf.ClassJMP:
		if in.IsCall() {
			return b.call(in, pc)
		}
	}
	return b.Unsupported(fmt.Sprintf("instruction %#02x", in.Op), "the compiler has no translation for it")
}

// Reg returns the words of a register.
func (b *Builder) Reg(r int) (lo, hi ID) {
	if r == 10 {
		return b.F.StackAddr(b.frame, 512), b.Const(0)
	}
	lo, hi = b.read(regVar(b.frame, r, 0)), b.read(regVar(b.frame, r, 1))
	switch b.Fact(r).Kind {
	case verify.PtrPacket, verify.PtrPacketMeta:
		if near(b.Fact(r)) {
			hi = b.Const(0)
		}
	case verify.PtrPacketEnd, verify.PtrStack, verify.PtrCtx:
		hi = b.Const(0)
	case verify.PtrMapValue:
		if f := b.Fact(r); b.Env.Machine.Direct && near(f) && int64(f.Off)+f.SMin >= 0 {
			hi = b.Const(b.Env.Machine.MapHigh)
		}
	case verify.Scalar:
		lo, hi = b.known(b.Fact(r), lo, hi)
	}
	return lo, hi
}

// farOffset is the offset in bytes from which a pointer can have another high
// word than its object: no object reaches over a boundary of 4 GiB. Map memory
// begins at one, so that pointers to before a map value can, too.
const farOffset = 1 << 29

// near reports whether the offset of a pointer is known to be small.
func near(f *verify.Reg) bool { return f.SMin > -farOffset && f.SMax < farOffset }

// SetReg makes the words the value of a register.
func (b *Builder) SetReg(r int, lo, hi ID) {
	b.write(regVar(b.frame, r, 0), lo)
	b.write(regVar(b.frame, r, 1), hi)
}

// Fact returns what the proof knows of a register before this instruction.
func (b *Builder) Fact(r int) *verify.Reg { return b.Prog.Reg(b.pc, r) }

// known replaces the words of a scalar that the proof knows as constants.
func (b *Builder) known(r *verify.Reg, lo, hi ID) (ID, ID) {
	t := r.Bits
	if t.Mask&0xffffffff == 0 {
		lo = b.Const(uint32(t.Value))
	}
	switch {
	case t.Mask>>32 == 0:
		hi = b.Const(uint32(t.Value >> 32))
	case r.UMin>>32 == r.UMax>>32:
		hi = b.Const(uint32(r.UMin >> 32))
	}
	if r.UMin == r.UMax {
		lo, hi = b.Const(uint32(r.UMin)), b.Const(uint32(r.UMin>>32))
	}
	return lo, hi
}

// narrow writes the result of the instruction at pc to register r, with what
// the proof knows of it.
func (b *Builder) narrow(pc, r int, lo, hi ID) {
	next := pc + 1
	if b.Prog.Source().Insns[pc].Wide() {
		next++
	}
	if next < len(b.Prog.Source().Insns) && b.Prog.Reached(next) {
		if fact := b.Prog.Reg(next, r); fact.Kind == verify.Scalar {
			lo, hi = b.known(fact, lo, hi)
			if fact.UMax>>32 == 0 {
				b.annotate(lo, ^uint32(fact.Bits.Mask)|highZeros(uint32(fact.UMax)), uint32(fact.Bits.Value))
				if lo >= b.fresh && b.F.V(lo).Op.bounded() {
					b.F.V(lo).Max = uint32(fact.UMax)
				}
			} else {
				b.annotate(lo, ^uint32(fact.Bits.Mask), uint32(fact.Bits.Value))
			}
			b.annotate(hi, ^uint32(fact.Bits.Mask>>32)|highZeros(uint32(fact.UMax>>32)), uint32(fact.Bits.Value>>32))
		}
	}
	b.SetReg(r, lo, hi)
}

// highZeros returns a mask of the bits that are zero in all words up to limit.
func highZeros(limit uint32) uint32 {
	m := uint32(0)
	for bit := uint32(1 << 31); bit != 0 && limit&bit == 0; bit >>= 1 {
		m |= bit
	}
	return m
}

// bounded reports whether facts can be kept with a value of this operation:
// constants need none, and those of parameters come from the arguments.
func (o Op) bounded() bool { return o != Const && o != Undef && o != Param && o != StackAddr }

// annotate adds known bits to a value that the current instruction has made.
// Older values may be used on paths that the fact does not speak of.
func (b *Builder) annotate(id ID, mask, bits uint32) {
	v := b.F.V(id)
	if id < b.fresh || !v.Op.bounded() {
		return
	}
	v.KnownBits = v.KnownBits&v.KnownMask | bits&mask&^v.KnownMask
	v.KnownMask |= mask
}
