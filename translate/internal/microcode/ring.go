package microcode

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

var _, _ = register(ringKind(bpf.MapTypeQueue, false)), register(ringKind(bpf.MapTypeStack, true))

// ringKind is the row of queues and stacks.
func ringKind(t bpf.MapType, stack bool) *Kind {
	routine := func(make func(a *ring) ([]nfpisa.Instr, error)) Routine {
		return func(m Map, start int) ([]nfpisa.Instr, error) {
			a, err := newRing(m, start, stack)
			if err != nil {
				return nil, err
			}
			return make(a)
		}
	}
	return &Kind{
		Type: t, Held: true,
		Layout: func(m Map) maplayout.Layout { return maplayout.NewRing(m.Shape, stack) },
		Routines: map[bpf.HelperID]Routine{
			bpf.HelperMapPushElem: routine((*ring).push),
			bpf.HelperMapPopElem:  routine(func(a *ring) ([]nfpisa.Instr, error) { return a.take(true) }),
			bpf.HelperMapPeekElem: routine(func(a *ring) ([]nfpisa.Instr, error) { return a.take(false) }),
		},
	}
}

// ring is the assembler of a routine for a queue or a stack. All work under the
// map's lock: a value may be written again as soon as it is out.
type ring struct {
	micro.Assembler
	conv   *micro.Convention
	m      Map
	layout maplayout.Ring
	words  int // of a value

	lock, head, next, addr, at nfpisa.Operand // bank A: low addresses
	mask                       nfpisa.Operand // bank A
	high                       nfpisa.Operand // bank B: upper part of all addresses
	tail, step, end, ref, temp nfpisa.Operand // bank B
	signal                     int
}

// newRing takes the registers of a routine.
func newRing(m Map, start int, stack bool) (*ring, error) {
	if err := maplayout.CheckRing(m.Shape, stack, m.Base); err != nil {
		return nil, err
	}
	c := micro.For(m.Target, m.held(m.Target.Calls.Result, m.Target.Calls.Flags)...)
	a := &ring{
		Assembler: micro.Assembler{Start: start}, conv: c, m: m, layout: maplayout.NewRing(m.Shape, stack),
		words: int(m.ValueSize+3) / 4, signal: c.Signal(0),
	}
	for _, r := range []*nfpisa.Operand{&a.lock, &a.head, &a.next, &a.addr, &a.at, &a.mask} {
		*r = c.A()
	}
	for _, r := range []*nfpisa.Operand{&a.high, &a.tail, &a.step, &a.end, &a.ref, &a.temp} {
		*r = c.LastB()
	}
	c.Xfer(max(a.words, 2), max(a.words, 1))
	return a, nil
}

// low makes dst the low word of an address in the region.
func (a *ring) low(dst nfpisa.Operand, offset uint64) {
	a.conv.Region(&a.Assembler, dst, a.temp, a.m.place(), uint32(offset))
}

// enter takes the lock and reads head and tail; addr is the address of head.
func (a *ring) enter() {
	a.Load(a.high, uint32(a.m.Base>>32)<<24)
	a.low(a.lock, uint64(maplayout.RingLock))
	a.low(a.addr, uint64(maplayout.RingHead))
	a.Load(a.step, a.layout.Stride)
	a.low(a.end, a.layout.Size())
	a.LoadOne(a.ref)
	a.Lock(a.high, a.lock, a.at, a.signal)
	a.Move(nfpisa.MemRead32Swap, a.high, a.addr, 2, a.signal)
	a.Emit(nfpisa.Mov(a.head, nfpisa.X(0)), nfpisa.Mov(a.tail, nfpisa.X(1)))
}

// The tail is the word after the head.
var _ = [1]struct{}{maplayout.RingTail - maplayout.RingHead - 4: {}}

// leave gives the lock back and returns a constant.
func (a *ring) leave(v int32) {
	a.Unlock(a.high, a.lock, a.ref)
	a.conv.Return(&a.Assembler, v)
}

// after makes r, of bank A, the slot after the one that it is.
func (a *ring) after(r nfpisa.Operand) {
	inside := a.NewLabel()
	a.Emit(nfpisa.ALU(r, r, nfpisa.ALUAdd, a.step), nfpisa.ALU(nfpisa.NoOperand, r, nfpisa.ALUXor, a.end))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), inside)
	a.low(r, a.layout.Slot(0))
	a.Place(inside)
}

// put writes a pointer to a word beside the lock.
func (a *ring) put(at maplayout.Offset, r nfpisa.Operand) {
	a.low(a.addr, uint64(at))
	a.Emit(nfpisa.Mov(nfpisa.X(0), r))
	a.Move(nfpisa.MemWrite32Swap, a.high, a.addr, 1, a.signal)
}

// push puts the value at the convention's place into the slot at the head. A
// full ring takes it only with bpf.Exist, and gives up the oldest.
func (a *ring) push() ([]nfpisa.Instr, error) {
	const noExist, exist = 0, 1 // bits of the flags
	flags, value := a.conv.Flags(), a.conv.Value()
	inval, room, full := a.NewLabel(), a.NewLabel(), a.NewLabel()
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.Const(bpf.Exist), nfpisa.ALUSub, flags))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), inval)
	a.Branch(nfpisa.BrSet(flags, noExist, 0), inval)
	a.enter()
	a.Emit(nfpisa.Mov(a.next, a.head))
	a.after(a.next)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.next, nfpisa.ALUXor, a.tail))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), room)
	a.Branch(nfpisa.BrClr(flags, exist, 0), full)
	a.Emit(nfpisa.Mov(a.at, a.tail))
	a.after(a.at)
	a.put(maplayout.RingTail, a.at)
	a.Place(room)
	tail := a.m.ValueSize % 4
	a.Load(a.mask, ^uint32(0)>>(8*(-tail&3)))
	for k := range a.words {
		if k == a.words-1 && tail != 0 {
			a.Emit(nfpisa.ALU(nfpisa.X(k), a.mask, nfpisa.ALUAnd, value))
		} else {
			a.Emit(nfpisa.Mov(nfpisa.X(k), value))
		}
	}
	a.Move(nfpisa.MemWrite32Swap, a.high, a.head, a.words, a.signal)
	a.put(maplayout.RingHead, a.next)
	a.leave(0)
	a.Place(full)
	a.leave(-int32(bpf.E2BIG))
	a.Place(inval)
	a.conv.Return(&a.Assembler, -int32(bpf.EINVAL))
	return a.Finish(), a.conv.Err()
}

// take returns the next value in transfer registers, or -ENOENT. out says that
// it goes out of the ring.
func (a *ring) take(out bool) ([]nfpisa.Instr, error) {
	empty := a.NewLabel()
	a.enter()
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.head, nfpisa.ALUXor, a.tail))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), empty)
	if a.layout.Stack {
		a.before()
		if out {
			a.put(maplayout.RingHead, a.at)
		}
	} else {
		a.Emit(nfpisa.Mov(a.at, a.tail))
		if out {
			a.Emit(nfpisa.Mov(a.next, a.at))
			a.after(a.next)
			a.put(maplayout.RingTail, a.next)
		}
	}
	a.Move(nfpisa.MemRead32Swap, a.high, a.at, a.words, a.signal)
	a.leave(0)
	a.Place(empty)
	a.leave(-int32(bpf.ENOENT))
	return a.Finish(), a.conv.Err()
}

// before makes at the slot before the head.
func (a *ring) before() {
	inside := a.NewLabel()
	a.low(a.addr, a.layout.Slot(0))
	a.Emit(nfpisa.Mov(a.at, a.head), nfpisa.Mov(a.tail, a.addr), nfpisa.ALU(nfpisa.NoOperand, a.head, nfpisa.ALUXor, a.tail))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), inside)
	a.Emit(nfpisa.Mov(a.at, a.end))
	a.Place(inside)
	a.Emit(nfpisa.ALU(a.at, a.at, nfpisa.ALUSub, a.step))
}
