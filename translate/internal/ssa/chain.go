package ssa

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// MaxTailCalls is the number of tail calls that a packet may make, the kernel's
// MAX_TAIL_CALL_CNT.
const MaxTailCalls = 33

// Chain says how programs that are linked to one image follow each other by tail
// calls. What a packet takes from program to program stands in words of the
// packet vector.
type Chain struct {
	Count uint32 // word with the number of tail calls made
	// Nested says that functions make tail calls, after which the caller of the
	// function goes on. Link is then the word that says where and with which stack,
	// 0 for a program that nobody waits for; High is the word with the high word of
	// what the program returned.
	Nested     bool
	Link, High uint32
	// Metadata says that programs make metadata, whose size the packet vector has.
	Metadata bool
	// Passed are the fields of a tc program's context that one program finds as
	// another left them, with their words. Carried are those that programs find as the
	// packet has them.
	Passed  []Passed
	Carried []Field
	// Hop are the words with who gets the frame, for programs of which some redirect to
	// neighbours: kind and family, and the address. The interface is that of the redirect,
	// in word HopTo.
	Hop   []uint32
	HopTo uint32
}

// HopWords is the number of words that who gets the frame takes.
const HopWords = 5

// hopFamily is the lowest bit of the family in the first of them.
const hopFamily = 8

// SendsToNeighbours reports whether a program redirects to neighbours.
func SendsToNeighbours(p *verify.Program) bool {
	for slot, in := range p.Source().Insns {
		if in.IsCallOf(bpf.HelperRedirectNeigh) && p.Reached(slot) {
			return true
		}
	}
	return false
}

// Passed is a field of the context and its word.
type Passed struct {
	Field Field
	Word  uint32
}

// Field is a word of a tc program's context that programs may change, by its
// offset in bytes, or one of those below 0.
type Field int32

// What is in no field of the context.
const (
	// ChecksumLevelField is what csum_level tells.
	ChecksumLevelField Field = -1
	// NetworkField is where the network header is, and EncapField whether a
	// program has put the frame into another.
	NetworkField Field = -2
	EncapField   Field = -3
)

func (f Field) variable() variable {
	switch f {
	case ChecksumLevelField:
		return varCsumLevel
	case NetworkField:
		return varNetwork
	case EncapField:
		return varEncap
	}
	return varSkb + variable(f/4)
}

// FieldsRead returns the fields that a program reads and that another may have
// changed before it, in ascending order.
func FieldsRead(p *verify.Program) []Field {
	src := p.Source()
	if src.Type != object.TC {
		return nil
	}
	var out []Field
	add := func(f Field) {
		kept := f < 0 || skbTag[int32(f)] || skbScratch[int32(f)] || skbHelped[int32(f)] || f == bpf.SkBuffProtocol || f == bpf.SkBuffHash
		if kept && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	for pc, in := range src.Insns {
		switch {
		case !p.Reached(pc):
		case in.IsCallOf(bpf.HelperCsumLevel):
			add(ChecksumLevelField)
		case callsTag(in):
			for _, f := range []Field{bpf.SkBuffVlanPresent, bpf.SkBuffVlanTCI, bpf.SkBuffVlanProto, bpf.SkBuffProtocol, NetworkField} {
				add(f)
			}
		case in.IsCallOf(bpf.HelperSkbChangeTail):
			add(NetworkField)
			add(EncapField)
		case in.IsCallOf(bpf.HelperSkbChangeProto):
			add(NetworkField)
			add(bpf.SkBuffProtocol)
		case in.IsCallOf(bpf.HelperSkbSetTstamp):
			add(bpf.SkBuffProtocol)
		case in.IsCallOf(bpf.HelperSkbLoadBytesRelative):
			add(NetworkField)
		case in.IsCallOf(bpf.HelperSkbAdjustRoom):
			add(NetworkField)
			add(EncapField)
			add(bpf.SkBuffProtocol)
		case in.Class() == bpf.ClassLDX:
			if r := p.Reg(pc, int(in.Src)); r.Kind == verify.PtrCtx {
				at := (r.Off + int32(in.Off)) &^ 3
				add(Field(at))
				if in.Bytes() == 8 {
					add(Field(at + 4))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// MovesNetwork reports whether a program may change where the network header is.
func MovesNetwork(p *verify.Program) bool {
	for pc, in := range p.Source().Insns {
		if p.Reached(pc) && in.IsCallOf(bpf.HelperSkbChangeHead) {
			return true
		}
	}
	return false
}

// CallsInside reports whether functions of a program make tail calls.
func CallsInside(p *verify.Program) bool {
	src := p.Source()
	for pc, in := range src.Insns {
		if p.Reached(pc) && in.IsCallOf(bpf.HelperTailCall) && pc >= funcEnd(src, 0) {
			return true
		}
	}
	return false
}

// BuildEntry makes the code in front of a program that runs when a packet comes
// in, and not when a tail call leads to the program: it gives what is passed on
// its first values. The program follows it.
func BuildEntry(p *verify.Program, env *Env) *Func {
	b := newBuilder(p, env)
	b.F.Name = "entry of " + p.Source().Name
	b.firstSkb()
	c := env.Chain
	b.setVec(c.Count, b.Const(0))
	if c.Nested {
		b.setVec(c.Link, b.Const(0))
	}
	b.passOwn()
	b.F.B(b.Block).Term = Term{Kind: Begin, Slot: -1}
	b.finish()
	return b.F
}

// vecWord reads a word of the packet vector, setVec writes one.
func (b *Builder) vecWord(word uint32) ID { return b.Add(Value{Op: VecWord, Imm: word}) }

func (b *Builder) setVec(word uint32, value ID) {
	b.Add(Value{Op: SetVec, Imm: word, Args: []ID{value}})
}

// passOn writes what the next program finds.
func (b *Builder) passOn() {
	b.leaveCarried()
	b.passOwn()
}

// passOwn is passOn of what is nowhere but in the programs' words.
func (b *Builder) passOwn() {
	for _, p := range b.Env.Chain.Passed {
		b.setVec(p.Word, b.read(p.Field.variable()))
	}
	if hop := b.Env.Chain.Hop; hop != nil {
		h := b.NextHop()
		kind := b.Op(Or, 0, h.Kind, b.Shift(Shl, h.Family, hopFamily))
		if b.setVec(hop[0], kind); b.F.Is(h.Kind, NoNextHop) {
			return
		}
		for k, word := range h.Address {
			b.setVec(hop[1+k], word)
		}
	}
}

// takeOver reads what the program before left.
func (b *Builder) takeOver() {
	b.startFrame()
	b.takeCarried(b.Env.Chain.Carried)
	for _, p := range b.Env.Chain.Passed {
		id := b.vecWord(p.Word)
		if p.Field == ChecksumLevelField {
			b.F.V(id).Max = MaxChecksumLevel
		}
		b.write(p.Field.variable(), id)
	}
	if c := b.Env.Chain; c.Hop != nil {
		kind := b.vecWord(c.Hop[0])
		h := NextHop{Kind: b.And(kind, 1<<hopFamily-1), Family: b.Shift(Shr, kind, hopFamily), Interface: b.vecWord(c.HopTo)}
		for k := range h.Address {
			h.Address[k] = b.vecWord(c.Hop[1+k])
		}
		b.SetNextHop(h)
	}
}

// Outermost makes code that runs where no other program waits for this one to end.
func (b *Builder) Outermost(code func()) {
	c := b.Env.Chain
	if c == nil || !c.Nested {
		code()
		return
	}
	b.Choose(Compare{Cond: EQ, XL: b.vecWord(c.Link), YL: b.Const(0)}, func() []ID {
		code()
		return nil
	}, func() []ID { return nil })
}

// TailCall goes on with another program: the one whose number, from 1 on, the
// function number gives, which makes code that is run for indexes below slots. The
// current block afterwards is the way on which nothing has happened: the index is
// too large, the number is 0, or the packet has made all its tail calls.
func (b *Builder) TailCall(index ID, slots uint32, number func() ID) error {
	c := b.Env.Chain
	if c == nil {
		return b.Unsupported("a tail call", "the program is compiled alone")
	}
	out := b.newBlock(3)
	next := func(cmp Compare) {
		on := b.newBlock(1)
		b.branch(cmp, on, out)
		b.Block = on
	}
	next(Compare{Cond: UGE, XL: index, YL: b.Const(slots)})
	n := number()
	next(Compare{Cond: EQ, XL: n, YL: b.Const(0)})
	count := b.vecWord(c.Count)
	next(Compare{Cond: UGE, XL: count, YL: b.Const(MaxTailCalls)})
	b.setVec(c.Count, b.AddConst(count, 1))
	b.passOn()
	if b.frame == 0 {
		b.F.B(b.Block).Term = Term{Kind: Leave, Slot: b.Slot, X: n, Y: b.stackBase}
	} else {
		b.callInside(n)
	}
	b.Block = out
	return nil
}

// callInside runs another program in the place of the function that is being
// built, and returns to the function's caller what it returned.
func (b *Builder) callInside(number ID) {
	c := b.Env.Chain
	outer := b.vecWord(c.Link)
	call := b.AddCall(CallSite{Helper: bpf.HelperTailCall, Map: -1, Program: true, Link: c.Link}, []ID{number, b.stackBase})
	lo := b.Result(call, 0)
	b.setVec(c.Link, outer)
	b.startPacket()
	b.takeOver()
	b.write(regVar(b.frame-1, 0, 0), lo)
	b.write(regVar(b.frame-1, 0, 1), b.vecWord(c.High))
	b.replacing[b.frame] = append(b.replacing[b.frame], b.Block)
}

// tailCalls reports whether a function makes tail calls itself.
func (b *Builder) tailCalls(c cfg) bool {
	for _, k := range c.order {
		for pc := c.Blocks[k].Start; pc < c.Blocks[k].End; pc++ {
			if b.Prog.Reached(pc) && b.Prog.Source().Insns[pc].IsCallOf(bpf.HelperTailCall) {
				return true
			}
		}
	}
	return false
}

// joinInside leads the ways on which other programs ran in the place of a function
// to the block behind its call.
func (b *Builder) joinInside(after BlockID) {
	ends := b.replacing[b.frame+1]
	b.replacing[b.frame+1] = nil
	join := b.newBlock(len(ends))
	for _, end := range ends {
		b.Block = end
		b.jump(join)
	}
	b.Block = join
	b.jump(after)
}
