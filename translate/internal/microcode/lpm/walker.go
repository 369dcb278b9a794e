package lpm

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// walker is the assembler of a routine whose key stays in local memory: of all
// changes, and of lookups of long keys. Operands of one instruction are not in the
// same bank.
type walker struct {
	micro.Assembler
	conv *micro.Convention
	m    Map
	l    maplayout.LPM

	link, node, nodeLength nfpisa.Operand // bank A: the pointer that is followed, the node behind it
	before                 nfpisa.Operand // bank A: the pointer to the node that link is in
	lm                     nfpisa.Operand // bank A: where the key begins in local memory
	same                   nfpisa.Operand // bank A: how many bits agree
	diff, addr, amount     nfpisa.Operand // bank A: scratch
	leaf, fork             nfpisa.Operand // bank A: new nodes
	rest, lock, used       nfpisa.Operand // bank A
	high, ref, temp        nfpisa.Operand // bank B
	length                 nfpisa.Operand // bank B: of the key
	parent                 nfpisa.Operand // bank B: the node that link is in, 0 for the root
	zero, one              nfpisa.Operand // bank B: the ways of a new node
	at, unit, mask         nfpisa.Operand // bank B: see bits
	turns                  nfpisa.Operand // bank B: of a long key's node
	index                  int            // register that runs through the key
	from                   int            // register that has the place of the key
	signal                 int
}

// Transfer registers of the pieces of a node that are compared: behind the words that
// all nodes begin with.
const (
	piece     = 8 // words
	xferKey   = 8
	xferMask  = xferKey + piece
	xferPiece = xferMask + piece // behind them
)

// long reports whether keys are passed and compared in pieces.
func (m Map) long() bool { return m.KeySize > maplayout.LPMNearKey }

// newWalker takes the registers of a routine. update says that it has flags and a
// value.
func (m Map) newWalker(start int, update bool) (*walker, error) {
	calls := &m.Target.Calls
	c := micro.For(m.Target, m.held(calls.Result, calls.Flags)...)
	a := &walker{Assembler: micro.Assembler{Start: start}, conv: c, m: m, l: m.Layout(), signal: c.Signal(0)}
	a.index, a.from = c.Walk, int(calls.Key.Index)
	if m.long() {
		a.index, a.from = int(calls.Value.Index), int(calls.Value.Index)
	}
	for _, r := range []*nfpisa.Operand{
		&a.link, &a.node, &a.nodeLength, &a.before, &a.lm, &a.same, &a.diff, &a.addr, &a.amount, &a.leaf, &a.fork, &a.rest, &a.lock, &a.used,
	} {
		*r = c.A()
	}
	for _, r := range []*nfpisa.Operand{&a.high, &a.ref, &a.temp, &a.length, &a.parent, &a.zero, &a.one, &a.at, &a.unit, &a.mask, &a.turns} {
		*r = c.LastB()
	}
	n := max(xferPiece, a.nodeWords())
	c.Xfer(n, n)
	return a, c.Err()
}

// words is the number of words of a key behind its length, and head of those of a node
// that are read at once; all up to the value, if the key is short.
func (a *walker) words() int { return a.l.KeyWords() }

func (a *walker) head() int { return int(a.l.Key / 4) }

// nodeWords is how many words of a node are read and written at once.
func (a *walker) nodeWords() int {
	if a.m.long() {
		return a.head()
	}
	return a.head() + 3*a.words()
}

// low makes dst the low word of an address in the region.
func (a *walker) low(dst nfpisa.Operand, at maplayout.Offset) {
	a.conv.Region(&a.Assembler, dst, a.temp, a.m.place(), uint32(at))
}

// move moves n words between memory and transfer registers from x on, and waits.
func (a *walker) move(op nfpisa.MemOp, x int, addr nfpisa.Operand, n int) {
	if x == 0 {
		a.Move(op, a.high, addr, n, a.signal)
		return
	}
	a.Emit(nfpisa.Mem40(op, x, a.high, addr, n).CtxSwap(a.signal))
}

// behind makes dst the address of something in a node.
func (a *walker) behind(dst, node nfpisa.Operand, at uint32) {
	const short = 1 << 7 // less than it is part of an instruction
	if at < short {
		a.Emit(nfpisa.ALU(dst, node, nfpisa.ALUAdd, nfpisa.Const(int(at))))
		return
	}
	a.Load(a.temp, at)
	a.Emit(nfpisa.ALU(dst, node, nfpisa.ALUAdd, a.temp))
}

// aim lets the index register run from a byte of the key on; settle waits until it can
// be used.
func (a *walker) aim(at uint32) {
	to := a.lm
	if at != 0 {
		a.behind(a.addr, a.lm, at)
		to = a.addr
	}
	a.Emit(nfpisa.CSRWr(nfpisa.CSRActLMAddr(a.index), to))
}

func (a *walker) settle() {
	for range a.m.Target.LocalMemory.PointerDelay {
		a.Emit(nfpisa.Nop())
	}
}

// next is the word that the index register points at, which it then leaves behind.
func (a *walker) next() nfpisa.Operand {
	return nfpisa.Operand{Kind: nfpisa.LM, Index: uint8(a.index), Mod: nfpisa.PostInc}
}

// here is the word that the index register points at.
func (a *walker) here() nfpisa.Operand { return nfpisa.LMem(a.index, 0) }

// begin finds the key, clears what is behind its last byte, takes its length, and goes
// to long for one that is longer than the key.
func (a *walker) begin(long micro.Label) {
	a.Emit(nfpisa.CSRRd(nfpisa.CSRActLMAddr(a.from)), nfpisa.Immed(a.lm, 0))
	a.Load(a.high, uint32(a.m.Base>>32)<<24)
	data := a.m.KeySize - maplayout.LPMLengthSize
	if data%4 != 0 && !a.m.long() {
		a.aim(uint32(4 * a.words()))
		a.Load(a.temp, ^uint32(0)>>(8*(-data&3)))
		a.settle()
		a.Emit(nfpisa.ALU(a.here(), a.temp, nfpisa.ALUAnd, a.here()))
	}
	a.aim(0)
	a.Load(a.amount, 8*data)
	a.settle()
	a.Emit(nfpisa.Mov(a.length, a.here()), nfpisa.ALU(nfpisa.NoOperand, a.amount, nfpisa.ALUSub, a.length))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), long)
}

// pieces emits the code for pieces of n words of a key, the whole ones in a loop that
// counts rest.
func (a *walker) pieces(do func(n int)) {
	a.Pieces(a.words(), piece, a.rest, do)
}

// readNode reads the node at a.node: its words from transfer register 0 on, all up to
// the value or, of a long key, those before the key.
func (a *walker) readNode() {
	if !a.m.long() {
		a.aim(maplayout.LPMLengthSize)
	}
	a.move(nfpisa.MemRead32Swap, 0, a.node, a.nodeWords())
	a.Emit(nfpisa.Mov(a.nodeLength, word(maplayout.LPMLength, 0)))
}

// agree compares the prefix of the node that was read with the key. It goes to differ
// with the bits of a word that differ in a.diff, and in a.same how many bits are in
// front of the word.
func (a *walker) agree(differ micro.Label) {
	if !a.m.long() {
		for i := range a.words() {
			a.Emit(nfpisa.Immed(a.same, uint32(32*i)), nfpisa.ALU(a.diff, word(a.l.Key, i), nfpisa.ALUXor, a.next()),
				nfpisa.ALU(a.diff, a.diff, nfpisa.ALUAnd, word(a.l.Mask(), i)))
			a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), differ)
		}
		return
	}
	end := a.NewLabel()
	a.aim(maplayout.LPMLengthSize)
	a.Emit(nfpisa.Immed(a.same, 0), nfpisa.ALU(a.addr, a.node, nfpisa.ALUAdd, nfpisa.Const(int(a.l.Key))))
	a.pieces(func(n int) {
		a.Load(a.temp, uint32(a.l.Mask()-a.l.Key))
		a.move(nfpisa.MemRead32Swap, xferKey, a.addr, n)
		a.Emit(nfpisa.ALU(a.diff, a.addr, nfpisa.ALUAdd, a.temp))
		a.move(nfpisa.MemRead32Swap, xferMask, a.diff, n)
		// Behind the prefix all masks are 0.
		a.Emit(nfpisa.Mov(a.diff, nfpisa.X(xferMask)))
		a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), end)
		for i := range n {
			a.Emit(nfpisa.ALU(a.diff, nfpisa.X(xferKey+i), nfpisa.ALUXor, a.next()), nfpisa.ALU(a.diff, a.diff, nfpisa.ALUAnd, nfpisa.X(xferMask+i)))
			a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), differ)
			a.Emit(nfpisa.ALU(a.same, a.same, nfpisa.ALUAdd, nfpisa.Const(32)))
		}
		a.Emit(nfpisa.ALU(a.addr, a.addr, nfpisa.ALUAdd, nfpisa.Const(4*n)))
	})
	a.Place(end)
}

// shift makes dst what x, of bank B, is when shifted by an amount in bank A.
func (a *walker) shift(dst, x, amount nfpisa.Operand, how nfpisa.Shift) {
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, amount, nfpisa.ALUOr, nfpisa.Const(0)), nfpisa.Shf(dst, nfpisa.NoOperand, nfpisa.ShfB, x, how))
}

// place finds bit pos of a key, the first bit of a byte being the most significant: a.at
// is the byte where its word begins behind the length, a.amount how far it is from the
// least significant bit of that.
func (a *walker) place(pos nfpisa.Operand) {
	a.Emit(nfpisa.Shf(a.at, nfpisa.NoOperand, nfpisa.ShfB, pos, nfpisa.Rsh(5)), nfpisa.Shf(a.at, nfpisa.NoOperand, nfpisa.ShfB, a.at, nfpisa.Lsh(2)),
		nfpisa.ALU(a.amount, pos, nfpisa.ALUAnd, nfpisa.Const(31)), nfpisa.ALU(a.amount, a.amount, nfpisa.ALUXor, nfpisa.Const(7)))
}

// bitOfKey makes a.temp bit pos of the key, times 4.
func (a *walker) bitOfKey(pos nfpisa.Operand) {
	a.place(pos)
	a.Emit(nfpisa.ALU(a.addr, a.lm, nfpisa.ALUAdd, a.at), nfpisa.ALU(a.addr, a.addr, nfpisa.ALUAdd, nfpisa.Const(maplayout.LPMLengthSize)),
		nfpisa.CSRWr(nfpisa.CSRActLMAddr(a.index), a.addr))
	a.settle()
	a.Emit(nfpisa.Mov(a.temp, a.here()))
	a.bitOfWord()
}

// bitOfWord makes a.temp the bit of it that place has found, times 4.
func (a *walker) bitOfWord() {
	a.shift(a.temp, a.temp, a.amount, nfpisa.RshIndirect)
	a.Emit(nfpisa.ALU(a.temp, a.temp, nfpisa.ALUAnd, nfpisa.Const(1)), nfpisa.Shf(a.temp, nfpisa.NoOperand, nfpisa.ShfB, a.temp, nfpisa.Lsh(2)))
}

// The way for bit 1 is the word behind that for bit 0.
var _ = [1]struct{}{maplayout.LPMOne - maplayout.LPMZero - 4: {}}

// ends are where a walk ends: at a pointer to nothing, at the node of the key's prefix
// itself, at one whose prefix the key's is a part of, or at one that differs from the
// key behind a.same bits.
type ends struct{ empty, exact, above, fork micro.Label }

// descend follows the key from the root.
func (a *walker) descend(e ends) {
	loop, differ, first, bits := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	a.low(a.link, maplayout.LPMRoot)
	a.Emit(nfpisa.Immed(a.parent, 0), nfpisa.Mov(a.before, a.link))
	a.Place(loop)
	a.move(nfpisa.MemRead32Swap, 0, a.link, 1)
	a.Emit(nfpisa.Mov(a.node, nfpisa.X(0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), e.empty)
	a.readNode()
	a.agree(differ)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.nodeLength, nfpisa.ALUSub, a.length))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), e.exact)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.nodeLength, nfpisa.ALUSub, a.length))
	a.Branch(nfpisa.Bcc(nfpisa.CondCS, 0), e.above)
	a.Emit(nfpisa.Mov(a.before, a.link), nfpisa.Mov(a.parent, a.node))
	a.bitOfKey(a.nodeLength)
	a.Emit(nfpisa.ALU(a.link, a.node, nfpisa.ALUAdd, a.temp))
	a.Branch(nfpisa.Br(0), loop)

	// The first byte that differs, then its first bit.
	a.Place(differ)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.diff, nfpisa.ALUAnd, nfpisa.Const(0xff)))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), bits)
	a.Emit(nfpisa.Shf(a.diff, nfpisa.NoOperand, nfpisa.ShfB, a.diff, nfpisa.Rsh(8)), nfpisa.ALU(a.same, a.same, nfpisa.ALUAdd, nfpisa.Const(8)))
	a.Branch(nfpisa.Br(0), differ)
	a.Place(bits)
	a.Branch(nfpisa.BrSet(a.diff, 7, 0), first)
	a.Emit(nfpisa.Shf(a.diff, nfpisa.NoOperand, nfpisa.ShfB, a.diff, nfpisa.Lsh(1)), nfpisa.ALU(a.same, a.same, nfpisa.ALUAdd, nfpisa.Const(1)))
	a.Branch(nfpisa.Br(0), bits)
	a.Place(first)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.same, nfpisa.ALUSub, a.length))
	a.Branch(nfpisa.Bcc(nfpisa.CondCS, 0), e.above)
	a.Branch(nfpisa.Br(0), e.fork)
}

// enter takes the map's lock.
func (a *walker) enter() {
	a.LoadOne(a.ref)
	a.low(a.lock, maplayout.LPMLock)
	a.Lock(a.high, a.lock, a.diff, a.signal)
}

// leave gives it back and returns.
func (a *walker) leave(v int32) {
	a.Unlock(a.high, a.lock, a.ref)
	a.conv.Return(&a.Assembler, v)
}
