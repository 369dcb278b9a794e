package hashmap

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/translate/runtime/micro"
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
	m.walk(a, missing, false)
	m.markUsed(a)
	a.Emit(nfpisa.Rtn(back).WithDefer(2),
		nfpisa.ALU(nfpisa.A(0), regEntry, nfpisa.ALUAdd, nfpisa.Const(int(m.Layout().Value))).Both(),
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
	m.walk(a, missing, false)
	a.Branch(nfpisa.BrSet(regFlags, bitNoExist, 0), exists)
	m.markUsed(a)
	m.storeValue(a)
	m.leave(a, 0)

	a.Place(missing)
	a.Branch(nfpisa.BrSet(regFlags, bitExist, 0), noent)
	m.takeFree(a, full)
	m.storeValue(a)
	// The entry with its place in the chain, then the bucket that points to it.
	a.move(nfpisa.MemRead32Swap, regBucket, 1)
	a.Emit(nfpisa.Mov(nfpisa.X(0), nfpisa.X(0)))
	if m.LRU {
		a.Emit(nfpisa.Mov(nfpisa.X(1), regBucket), nfpisa.Immed(nfpisa.X(2), 0))
	} else {
		a.Emit(nfpisa.Immed(nfpisa.X(1), 0))
	}
	kw, head := int(words(m.KeySize)), m.head()
	for i := range kw {
		a.Emit(nfpisa.Mov(nfpisa.X(head+i), keyReg(i)))
	}
	a.move(nfpisa.MemWrite32Swap, regEntry, head+kw)
	a.Emit(nfpisa.Mov(nfpisa.X(0), regEntry))
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
	m.walk(a, missing, true)
	// The chain passes the entry by, then the entry is free.
	a.Emit(nfpisa.Mov(nfpisa.X(0), nfpisa.X(0)))
	a.move(nfpisa.MemWrite32Swap, regLink, 1)
	a.Load(regAddr, m.low(offFree))
	a.move(nfpisa.MemRead32Swap, regAddr, 1)
	a.Emit(nfpisa.Mov(nfpisa.X(0), nfpisa.X(0)), nfpisa.ALU(regValue, regEntry, nfpisa.ALUAdd, nfpisa.Const(offUnused)))
	a.move(nfpisa.MemWrite32Swap, regValue, 1)
	a.Emit(nfpisa.Mov(nfpisa.X(0), regEntry))
	a.move(nfpisa.MemWrite32Swap, regAddr, 1)
	m.leave(a, 0)
	a.Place(missing)
	m.leave(a, errNoEnt)
	return a.Finish(), nil
}

// low returns the low word of an address in the region.
func (m Map) low(off uint32) uint32 { return uint32(m.Base) + off }

// lastMask is the mask of the bytes that count in the last word of n bytes.
func lastMask(n uint32) uint32 { return ^uint32(0) >> (8 * (-n & 3)) }

// head is the number of words of an entry before its key.
func (m Map) head() int { return int(m.Layout().Key / 4) }

// key loads the key's words and leaves the low address of its bucket in
// regBucket. posts says that the routine posts commands later.
func (m Map) key(a *assembler, posts bool) {
	kw := int(words(m.KeySize))
	a.Emit(nfpisa.CSRRd(nfpisa.CSRActLMAddr0), nfpisa.Immed(regLM, 0), nfpisa.Immed(regCRC, 1<<32-1),
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
	a.Load(regAddr, m.low(offBuckets))
	a.Emit(nfpisa.CSRRd(nfpisa.CSRCRCRemainder), nfpisa.Immed(regCRC, 0),
		nfpisa.ALU(regConst, regCRC, nfpisa.ALUAnd, regConst),
		nfpisa.Shf(regConst, nfpisa.NoOperand, nfpisa.ShfB, regConst, nfpisa.Lsh(2)),
		nfpisa.ALU(regBucket, regAddr, nfpisa.ALUAdd, regConst))
}

// walk follows the chain of the bucket until regEntry is the key's entry, with
// its first words in transfer registers, or goes to missing. With links,
// regLink becomes the low address of the pointer to the entry.
func (m Map) walk(a *assembler, missing micro.Label, links bool) {
	kw, head := int(words(m.KeySize)), m.head()
	step, other, found := a.NewLabel(), a.NewLabel(), a.NewLabel()
	a.move(nfpisa.MemRead32Swap, regBucket, 1)
	if links {
		a.Emit(nfpisa.Mov(regLink, regBucket))
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
	if links {
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
	a.Load(regLock, m.low(offLock))
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
// it goes to full or, with LRU, throws an entry out.
func (m Map) takeFree(a *assembler, full micro.Label) {
	have := a.NewLabel()
	if m.LRU {
		full = a.NewLabel()
	}
	a.Load(regAddr, m.low(offFree))
	a.move(nfpisa.MemRead32Swap, regAddr, 1)
	a.Emit(nfpisa.Mov(regEntry, nfpisa.X(0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), full)
	a.Emit(nfpisa.ALU(regValue, regEntry, nfpisa.ALUAdd, nfpisa.Const(offUnused)))
	a.move(nfpisa.MemRead32Swap, regValue, 1)
	a.Emit(nfpisa.Mov(nfpisa.X(0), nfpisa.X(0)))
	a.move(nfpisa.MemWrite32Swap, regAddr, 1)
	if m.LRU {
		a.Branch(nfpisa.Br(0), have)
		a.Place(full)
		m.evict(a)
	}
	a.Place(have)
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
	a.Emit(nfpisa.ALU(regValue, regEntry, nfpisa.ALUAdd, nfpisa.Const(int(m.Layout().Value))))
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
