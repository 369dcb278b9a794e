package hashmap

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// Errnos and flags of the kernel's map operations.
const (
	errNoEnt = -2
	err2Big  = -7
	errExist = -17
	errInval = -22

	bitNoExist = 0 // of the flags: the key must be new
	bitExist   = 1 // the key must be there
	maxFlags   = 2
)

// Lookup returns the lookup routine, linked to start at a control-store
// address.
func (m Map) Lookup(start int) ([]nfpisa.Instr, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	a := newAssembler(start)
	missing := a.NewLabel()
	m.key(a, m.LRU)
	m.walk(a, missing, search)
	m.markUsed(a)
	a.Emit(nfpisa.Rtn(back).WithDefer(2),
		nfpisa.ALU(nfpisa.A(0), regEntry, nfpisa.ALUAdd, off(m.Layout().Value)).Both(),
		nfpisa.Mov(nfpisa.A(1), regHigh).Both())
	a.Place(missing)
	a.ret(0)
	return a.Finish(), nil
}

// Update returns the update routine.
func (m Map) Update(start int) ([]nfpisa.Instr, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	a := newAssembler(start)
	missing, inval, exists, noent, full := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.Const(maxFlags), nfpisa.ALUSub, regFlags))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), inval)
	m.key(a, true)
	m.lock(a)
	m.walk(a, missing, change)
	a.Branch(nfpisa.BrSet(regFlags, bitNoExist, 0), exists)
	m.markUsed(a)
	m.storeValue(a)
	m.leave(a, 0)

	a.Place(missing)
	a.Branch(nfpisa.BrSet(regFlags, bitExist, 0), noent)
	m.takeFree(a, full)
	m.fillEntry(a)
	m.storeValue(a)
	written := uint16(1 << sigEntry)
	if !m.LRU {
		written |= 1 << sigFree
	}
	a.Emit(nfpisa.CtxArb(written), nfpisa.Mov(nfpisa.X(0), regEntry))
	a.move(nfpisa.MemWrite32Swap, regBucket, 1)
	m.leave(a, 0)

	a.Place(inval)
	a.ret(errInval)
	a.Place(exists)
	m.leave(a, errExist)
	a.Place(noent)
	m.leave(a, errNoEnt)
	if !m.LRU {
		a.Place(full)
		m.leave(a, err2Big)
	}
	return a.Finish(), nil
}

// Delete returns the delete routine.
func (m Map) Delete(start int) ([]nfpisa.Instr, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	a := newAssembler(start)
	missing := a.NewLabel()
	m.key(a, true)
	m.lock(a)
	m.walk(a, missing, remove)
	// The chain passes the entry by, and the entry is free. Only the chain is
	// seen by those that do not hold the lock.
	a.Emit(nfpisa.Mov(nfpisa.X(0), nfpisa.X(0)),
		nfpisa.Mem40(nfpisa.MemWrite32Swap, 0, regHigh, regLink, 1).SigDone(sigLink),
		nfpisa.Mov(nfpisa.X(1), nfpisa.X(xferFree)), nfpisa.ALU(regValue, regEntry, nfpisa.ALUAdd, off(maplayout.HashUnused)),
		nfpisa.Mem40(nfpisa.MemWrite32Swap, 1, regHigh, regValue, 1).SigDone(sigEntry),
		nfpisa.Mov(nfpisa.X(2), regEntry),
		nfpisa.Mem40(nfpisa.MemWrite32Swap, 2, regHigh, regAddr, 1).SigDone(sigFree),
		nfpisa.CtxArb(1<<sigLink|1<<sigEntry|1<<sigFree))
	m.leave(a, 0)
	a.Place(missing)
	m.leave(a, errNoEnt)
	return a.Finish(), nil
}

// low returns the low word of an address in the region.
func (m Map) low(at maplayout.Offset) uint32 { return uint32(m.Base) + uint32(at) }

// A pointer to an entry is where a chain goes on, too.
var _ = [1]struct{}{maplayout.HashNext: {}}

// word returns the transfer register of a word of an entry that was read.
func word(at maplayout.Offset) nfpisa.Operand { return nfpisa.X(int(at / 4)) }

// off returns an offset as an operand.
func off(at maplayout.Offset) nfpisa.Operand { return nfpisa.Const(int(at)) }

// lastMask is the mask of the bytes that count in the last word of n bytes.
func lastMask(n uint32) uint32 { return ^uint32(0) >> (8 * (-n & 3)) }

// head is the number of words of an entry before its key.
func (m Map) head() int { return int(m.Layout().Key / 4) }

// key loads the key's words and leaves the low address of its bucket in
// regBucket. posts says that the routine posts commands later.
func (m Map) key(a *assembler, posts bool) {
	kw := int(words(m.KeySize))
	a.Emit(nfpisa.CSRRd(nfpisa.CSRActLMAddr0), nfpisa.Immed(regLM, 0), nfpisa.Immed(regCRC, maplayout.SumStart),
		nfpisa.CSRWr(nfpisa.CSRActLMAddr3, regLM), nfpisa.CSRWr(nfpisa.CSRCRCRemainder, regCRC))
	a.Load(regHigh, uint32(m.Base>>32)<<24)
	a.Load(regMask, lastMask(m.KeySize))
	a.Load(regConst, m.Layout().Buckets-1)
	if posts {
		a.Load(regPost, indBit|indImm16|indLength|indImmediate)
	}
	for i := range kw {
		if i == kw-1 && m.KeySize%4 != 0 {
			a.Emit(nfpisa.ALU(keyReg(i), regMask, nfpisa.ALUAnd, next3))
		} else {
			a.Emit(nfpisa.Mov(keyReg(i), next3))
		}
	}
	for i := range kw {
		a.Emit(nfpisa.CRCStep(nfpisa.CRCiSCSI|nfpisa.CRCLittle, nfpisa.NoOperand, keyReg(i)))
	}
	a.Load(regAddr, m.low(maplayout.HashBuckets))
	a.Emit(nfpisa.CSRRd(nfpisa.CSRCRCRemainder), nfpisa.Immed(regCRC, 0),
		nfpisa.ALU(regConst, regCRC, nfpisa.ALUAnd, regConst),
		nfpisa.Shf(regConst, nfpisa.NoOperand, nfpisa.ShfB, regConst, nfpisa.Lsh(2)),
		nfpisa.ALU(regBucket, regAddr, nfpisa.ALUAdd, regConst))
}

// purpose is what a walk is for.
type purpose uint8

const (
	search purpose = iota
	change
	remove
)

// walk follows the chain of the bucket until regEntry is the key's entry, with
// its first words in transfer registers, or goes to missing. For a change the
// head of the free list is fetched beside the bucket and regHead keeps the
// bucket; for a removal regLink becomes the low address of the pointer to the
// entry.
func (m Map) walk(a *assembler, missing micro.Label, why purpose) {
	kw, head := int(words(m.KeySize)), m.head()
	step, other, found := a.NewLabel(), a.NewLabel(), a.NewLabel()
	if why != search {
		a.Load(regAddr, m.low(maplayout.HashFree))
		a.Emit(nfpisa.Mem40(nfpisa.MemRead32Swap, xferFree, regHigh, regAddr, 1).SigDone(sigFree))
	}
	a.move(nfpisa.MemRead32Swap, regBucket, 1)
	switch why {
	case change:
		a.Emit(nfpisa.CtxArb(1<<sigFree), nfpisa.Mov(regHead, nfpisa.X(0)))
	case remove:
		a.Emit(nfpisa.CtxArb(1<<sigFree), nfpisa.Mov(regLink, regBucket))
	}
	a.Place(step)
	a.Emit(nfpisa.Mov(regEntry, nfpisa.X(0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), missing)
	a.move(nfpisa.MemRead32Swap, regEntry, head+kw)
	for i := range kw {
		a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.X(head+i), nfpisa.ALUXor, keyReg(i)))
		if i < kw-1 {
			a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), other)
		}
	}
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), found)
	a.Place(other)
	if why == remove {
		a.Branch(nfpisa.Br(0).WithDefer(1), step)
		a.Emit(nfpisa.Mov(regLink, regEntry))
	} else {
		a.Branch(nfpisa.Br(0), step)
	}
	a.Place(found)
}

// lock takes the map's lock.
func (m Map) lock(a *assembler) {
	try, have := a.NewLabel(), a.NewLabel()
	a.Load(regLock, m.low(maplayout.HashLock))
	a.Emit(nfpisa.Immed(nfpisa.X(0), 1))
	a.Place(try)
	a.Emit(nfpisa.Mem40(nfpisa.MemTestSet, 0, regHigh, regLock, 1).CtxSwap(signal))
	a.Branch(nfpisa.BrClr(nfpisa.X(0), 0, 0), have)
	a.Branch(nfpisa.Br(0), try)
	a.Place(have)
}

// leave gives the lock back and returns. All writes have come by then, so
// nothing waits for this one.
func (m Map) leave(a *assembler, v int32) {
	a.post(memClrImm, regLock)
	a.ret(v)
}

// takeFree takes the first free entry off its list into regEntry. Without one
// it goes to full or, with LRU, throws an entry out. Without LRU, sigFree tells
// when the list is written.
func (m Map) takeFree(a *assembler, full micro.Label) {
	have := a.NewLabel()
	if m.LRU {
		full = a.NewLabel()
	}
	a.Emit(nfpisa.Mov(regEntry, nfpisa.X(xferFree)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), full)
	a.Emit(nfpisa.ALU(regValue, regEntry, nfpisa.ALUAdd, off(maplayout.HashUnused)))
	a.move(nfpisa.MemRead32Swap, regValue, 1)
	a.Emit(nfpisa.Mov(nfpisa.X(xferFree), nfpisa.X(0)))
	a.Post(nfpisa.MemWrite32Swap, xferFree, regHigh, regAddr, 1, sigFree)
	if m.LRU {
		a.Emit(nfpisa.CtxArb(1 << sigFree))
		a.Branch(nfpisa.Br(0), have)
		a.Place(full)
		m.evict(a)
	}
	a.Place(have)
}

// fillEntry sends the entry's words before its value on their way; sigEntry
// tells when they have come.
func (m Map) fillEntry(a *assembler) {
	out := func(at maplayout.Offset) nfpisa.Operand { return nfpisa.X(xferOut + int(at/4)) }
	if m.LRU { // an eviction may have changed the chain
		a.move(nfpisa.MemRead32Swap, regBucket, 1)
		a.Emit(nfpisa.Mov(out(maplayout.HashNext), nfpisa.X(0)), nfpisa.Mov(out(maplayout.HashUnused), regBucket), nfpisa.Immed(out(maplayout.HashUsed), 0))
	} else {
		a.Emit(nfpisa.Mov(out(maplayout.HashNext), regHead), nfpisa.Immed(out(maplayout.HashUnused), 0))
	}
	kw, head := int(words(m.KeySize)), m.head()
	for i := range kw {
		a.Emit(nfpisa.Mov(out(m.Layout().Key+maplayout.Offset(4*i)), keyReg(i)))
	}
	a.Post(nfpisa.MemWrite32Swap, xferOut, regHigh, regEntry, head+kw, sigEntry)
}

// chunk is how many words of a value are written at a time.
const chunk = 8

// storeValue writes the value to the entry at regEntry.
func (m Map) storeValue(a *assembler) {
	op := nfpisa.MemWrite32Swap
	if m.Swapped {
		op = nfpisa.MemWrite32
	}
	if m.ValueSize%4 != 0 {
		a.Load(regMask, lastMask(m.ValueSize))
	}
	a.Emit(nfpisa.ALU(regValue, regEntry, nfpisa.ALUAdd, off(m.Layout().Value)))
	vw := int(words(m.ValueSize))
	for done := 0; done < vw; {
		n := min(chunk, vw-done)
		for i := range n {
			if done+i == vw-1 && m.ValueSize%4 != 0 {
				// A word of local memory can stand beside a register only.
				a.Emit(nfpisa.ALU(nfpisa.X(i), regMask, nfpisa.ALUAnd, next2))
			} else {
				a.Emit(nfpisa.Mov(nfpisa.X(i), next2))
			}
		}
		a.move(op, regValue, n)
		if done += n; done < vw {
			a.Emit(nfpisa.ALU(regValue, regValue, nfpisa.ALUAdd, nfpisa.Const(4*n)))
		}
	}
}
