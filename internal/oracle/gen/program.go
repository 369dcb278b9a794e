package gen

import (
	"fmt"
	"math/rand/v2"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// program is a program in the making.
type program struct {
	r        *rand.Rand
	o        *Options
	maps     []*object.Map
	attach   bpf.AttachType
	sigs     []sig  // by function; that of main is empty
	moves    []bool // by function: it may move the packet
	adjusted bool
	grown    int  // bytes that helpers may put in front of a tc frame
	cut      bool // a helper may have cut off a tc frame's headers
	widened  bool // a helper may have made room in a tc frame
	choices  []choice
	weights  int // sum over choices
	hidden   int // the map of hidden constants, -1 for none yet
	numbers  int // that it holds
}

// Program makes the program of a seed. It is accepted by the kernel's verifier
// unless the generator and the verifier disagree, which a test counts. A size at
// which a jump becomes too long for its field is halved.
func Program(seed uint64, o Options) *object.Program {
	for {
		p, size, err := build(seed, o)
		if err == nil {
			return p
		}
		o.Size = size / 2
	}
}

// build makes the program of a seed, of the size that it returns. It fails where
// a jump is too long.
func build(seed uint64, o Options) (_ *object.Program, size int, err error) {
	r := rand.New(rand.NewPCG(seed, 0x67656e))
	o = o.pick(r)
	p := &program{r: r, o: &o, hidden: -1}
	out, err := p.text(fmt.Sprintf("gen_%d", seed))
	if err != nil {
		return nil, o.Size, err
	}
	out.Object = fmt.Sprintf("gen-%d", seed)
	if err := p.addCalled(out); err != nil {
		return nil, o.Size, err
	}
	if err := p.addEnds(out); err != nil {
		return nil, o.Size, err
	}
	return out, o.Size, nil
}

// text makes the instructions of one program.
func (p *program) text(name string) (*object.Program, error) {
	r, o := p.r, p.o
	p.choices, p.weights = statements(o)
	n := 1
	if o.has(Calls) && r.IntN(2) == 0 {
		n += 1 + r.IntN(3)
	}
	p.sigs, p.moves = make([]sig, n), make([]bool, n)
	budget := o.Size / n
	funcs := make([]*asm, n)
	for i := n - 1; i >= 0; i-- {
		if i > 0 {
			p.sigs[i] = p.signature()
		}
		funcs[i] = p.function(i, n, max(budget/4, 2))
	}
	kept, old := called(funcs)
	insns, starts, err := link(kept)
	if err != nil {
		return nil, err
	}
	out := &object.Program{Name: name, Section: o.Type.String(), Type: o.Type, License: "GPL", Attach: p.attach, Insns: insns, Maps: p.maps}
	for i, start := range starts {
		name := out.Name
		if i > 0 {
			name = fmt.Sprintf("sub_%d", i)
		}
		s := p.sigs[old[i]]
		out.Funcs = append(out.Funcs, object.Func{Name: name, Start: start, Global: s.global, Args: s.parameters()})
	}
	return out, nil
}

// function makes function i of n. It may call those with a higher number.
func (p *program) function(i, n, budget int) *asm {
	f := &fn{r: p.r, o: p.o, p: p, index: i, ctxReg: -1, stackMax: 8 * (4 + p.r.IntN(12))}
	if i == 0 {
		f.stackMax = 8 * (4 + p.r.IntN(24))
		if n == 1 && p.o.has(Pressure) && f.chance(50) {
			f.stackMax = 8 * (40 + p.r.IntN(24))
		}
	}
	if p.o.has(TailCalls) && n > 1 {
		// The callers of a function that makes a tail call use less than 256 bytes,
		// each in steps of 16.
		f.stackMax = min(f.stackMax, 15/(n-1)*16)
	}
	for c := i + 1; c < n; c++ {
		f.callees = append(f.callees, c)
	}
	f.out = f.NewLabel()
	if f.main() {
		f.set(1, reg{kind: ctx})
		f.keepCtx(1)
	} else {
		f.enter(p.sigs[i])
		for k, a := range p.sigs[i].args {
			if a == argCtx {
				f.keepCtx(k + 1)
			}
		}
	}
	if s := p.sigs[i]; s.unordered {
		f.unordered(s)
		return &f.asm
	}
	if f.acc = -1; f.chance(60) {
		f.acc = f.pickReg(func(i int, _ *reg) bool { return i >= 6 && !f.isLocked(i) })
		f.Emit(bpf.Mov.Imm(uint8(f.acc), 0))
		f.setScalar(f.acc)
		f.locked |= 1 << f.acc
	}
	if len(f.callees) > 0 && f.chance(70) {
		f.callFunc()
	}
	if !f.main() && f.passes() && f.chance(40) {
		f.tailCall()
	}
	f.block(budget)
	if f.main() && f.p.attach == bpf.AttachXDPCPUMap && f.o.has(Redirect) && f.chance(50) {
		f.redirect() // again
	}
	if f.main() && f.passes() && f.chance(50) {
		f.leaveField()
	}
	if f.o.has(TailCalls) && f.hasCtx && f.chance(25) {
		f.tailCall()
	}
	f.finish()
	return &f.asm
}

// finish emits the ends of the function: the usual one, which tells what the
// registers hold, and the way out for failed checks.
func (f *fn) finish() {
	switch {
	case f.p.sigs[f.index].callback:
		f.finishCallback()
		return
	case f.p.sigs[f.index].void:
		f.Place(f.out)
		if f.o.has(Arrays) {
			f.Emit(bpf.Mov.Imm(0, 0)) // no caller may have an address of this stack
		}
		f.Emit(bpf.Return())
		return
	case f.main() && f.chance(20):
		f.Emit(bpf.Mov.Imm(0, int32(f.r.IntN(5))))
	case f.main() && f.chance(15):
		src := f.scalarReg()
		f.Emit(bpf.Mov.Reg(0, uint8(src)), bpf.And.Imm(0, []int32{3, 3, 4, 7, 8, 15}[f.r.IntN(6)]))
	default:
		f.digest()
	}
	if !f.Targeted(f.out) {
		f.Emit(bpf.Return())
		return
	}
	out := int32(f.r.IntN(4))
	if f.chance(30) {
		end := f.NewLabel()
		f.EmitTo(bpf.Goto(0), end)
		f.Place(f.out)
		f.Emit(bpf.Mov.Imm(0, out))
		f.Place(end)
		f.Emit(bpf.Return())
		return
	}
	f.Emit(bpf.Return())
	f.Place(f.out)
	f.Emit(bpf.Mov.Imm(0, out), bpf.Return())
}

// digest mixes all numbers into R0, so that a wrong one shows.
func (f *fn) digest() {
	first := !f.is(0, scalar)
	for r := range f.st.regs {
		if !f.is(r, scalar) || r == 0 {
			continue
		}
		if first {
			f.Emit(bpf.Mov.Reg(0, uint8(r)))
			first = false
			continue
		}
		op := []bpf.ALUOp{bpf.Add, bpf.Xor, bpf.Sub}[f.r.IntN(3)]
		f.Emit(op.Reg(0, uint8(r)))
	}
	if first {
		f.Emit(bpf.Mov.Imm(0, f.imm()))
	}
	if f.chance(50) {
		// The verdict is the low word; bring the high one into it.
		t := 1 + f.r.IntN(5)
		f.Emit(bpf.Mov.Reg(uint8(t), 0), bpf.Rsh.Imm(uint8(t), 32), bpf.Xor.Reg(0, uint8(t)))
	}
}

// choice is a kind of statement and how often it is taken.
type choice struct {
	need   Feature
	weight int
	run    func(f *fn, budget int)
}

func plain(run func(*fn)) func(*fn, int) { return func(f *fn, _ int) { run(f) } }

// statements returns the kinds of statements that the options allow, with the
// sum of their weights.
func statements(o *Options) (out []choice, total int) {
	for _, c := range []choice{
		{0, 30, plain((*fn).alu)},
		{0, 6, plain(func(f *fn) { f.constant(f.dst()) })},
		{0, 4, plain((*fn).pair)},
		{0, 14, plain((*fn).probe)},
		{0, 10, (*fn).branch},
		{0, 3, (*fn).switchOn},
		{0, 3, plain((*fn).leave)},
		{Stack, 10, plain((*fn).stackStore)},
		{Stack, 10, plain((*fn).stackLoad)},
		{Stack, 3, plain((*fn).stackPointer)},
		{Stack, 3, plain((*fn).memAccess)},
		{VarStack, 3, plain((*fn).varStack)},
		{Spill, 3, plain((*fn).spill)},
		{Spill, 4, plain((*fn).fill)},
		{PacketLoad, 14, plain((*fn).packetLoad)},
		{PacketStore, 10, plain((*fn).packetStore)},
		{PacketVar, 4, plain((*fn).packetVar)},
		{PacketLoad, 2, plain((*fn).packetLength)},
		{Parse, 3, plain((*fn).parse)},
		{Context, 3, plain((*fn).context)},
		{0, 8, (*fn).lookup},
		{Global, 3, plain((*fn).global)},
		{0, 6, plain((*fn).valueAccess)},
		{MapUpdate, 3, plain((*fn).update)},
		{Loops, 3, (*fn).loop},
		{Calls, 4, plain((*fn).callFunc)},
		{Adjust, 2, plain((*fn).adjust)},
		{Helpers, 3, plain((*fn).copyHelper)},
		{Helpers | Stack, 9, (*fn).dynptr},
		{Helpers | Events | Stack, 4, plain((*fn).recordDynptr)},
		{CsumDiff, 2, plain((*fn).csumDiff)},
		{LegacyLoad, 5, plain((*fn).legacyLoad)},
		{Rodata, 2, plain((*fn).rodata)},
		{Rodata | Helpers | Stack, 2, plain((*fn).compareString)},
		{CtxFields, 6, plain((*fn).contextField)},
		{MetaData, 2, plain((*fn).metadata)},
		{Stack | StackAtomic, 6, plain((*fn).stackAtomic)},
		{Noise, 2, plain((*fn).noise)},
		{Bytewise, 3, plain((*fn).bytewise)},
		{Copies, 3, plain((*fn).copies)},
		{Selects, 4, plain((*fn).selects)},
		{Walks, 3, plain((*fn).walk)},
		{NullChecks, 3, plain((*fn).nullCheck)},
		{MayGoto, 4, (*fn).mayGoto},
		{Redirect, 3, plain((*fn).redirect)},
		{Queues, 5, plain((*fn).queue)},
		{Events, 3, plain((*fn).event)},
		{SkbEdit, 6, plain((*fn).editSkb)},
		{SkbInPlace, 4, plain((*fn).resizeSkb)},
		{SkbInPlace, 3, plain((*fn).tagSkb)},
		{SkbInPlace, 6, plain((*fn).editInPlace)},
		{SkbInPlace, 5, plain((*fn).tunnels)},
		{AdjustMeta, 4, plain((*fn).adjustMeta)},
		{Aliases, 4, plain((*fn).aliases)},
		{Pressure | Stack | PacketLoad, 3, (*fn).pressure},
		{Choices | Stack, 4, plain((*fn).choices)},
		{TailCalls, 4, plain((*fn).tailCall)},
		{Arrays | Stack, 4, plain((*fn).arrays)},
		{Callbacks, 3, (*fn).nested},
		{Callbacks, 3, plain((*fn).lockedValue)},
		{Callbacks | Stack, 3, (*fn).numbers},
	} {
		if o.has(c.need) {
			out = append(out, c)
			total += c.weight
		}
	}
	return out, total
}

// maxNested bounds the statements of a nested block, so that large programs grow
// in length and not in depth.
const maxNested = 24

// block emits about budget statements.
func (f *fn) block(budget int) {
	for range budget {
		n := f.r.IntN(f.p.weights)
		for _, c := range f.p.choices {
			if n -= c.weight; n >= 0 {
				continue
			}
			if f.depth >= 3 {
				f.alu()
			} else {
				c.run(f, min(max(budget/2, 1), maxNested))
			}
			break
		}
	}
}
