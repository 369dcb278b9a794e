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
	bitLock    = 2 // under the value's lock
	maxFlags   = 2
)

// Lookup returns the lookup routine, linked to start at a control-store
// address.
func (m Map) Lookup(start int) ([]nfpisa.Instr, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	a, err := m.newAssembler(start, m.LRU, false)
	if err != nil {
		return nil, err
	}
	missing := a.NewLabel()
	m.key(a, m.LRU)
	m.walk(a, missing, search)
	m.markUsed(a)
	if m.long() {
		m.pointAt(a, a.entry, a.entry, m.Layout().Value)
		a.Emit(nfpisa.Rtn(a.conv.Back).WithDefer(2), nfpisa.Mov(a.conv.Result(0), a.entry).Both(), nfpisa.Mov(a.conv.Result(1), a.high).Both())
	} else {
		a.Emit(nfpisa.Rtn(a.conv.Back).WithDefer(2),
			nfpisa.ALU(a.conv.Result(0), a.entry, nfpisa.ALUAdd, off(m.Layout().Value)).Both(),
			nfpisa.Mov(a.conv.Result(1), a.high).Both())
	}
	a.Place(missing)
	a.ret(0)
	return a.Finish(), nil
}

// Update returns the update routine.
func (m Map) Update(start int) ([]nfpisa.Instr, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	a, err := m.newAssembler(start, true, true)
	if err != nil {
		return nil, err
	}
	missing, inval, exists, noent, full := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	if m.Spin.Has {
		a.Emit(nfpisa.ALU(a.crc, a.flags, nfpisa.ALUAndNot, nfpisa.Const(1<<bitLock)))
		a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.Const(maxFlags), nfpisa.ALUSub, a.crc))
	} else {
		a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.Const(maxFlags), nfpisa.ALUSub, a.flags))
	}
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), inval)
	m.key(a, true)
	m.take(a)
	m.walk(a, missing, change)
	a.Branch(nfpisa.BrSet(a.flags, bitNoExist, 0), exists)
	m.markUsed(a)
	if m.Spin.Has {
		m.storeLocked(a)
	}
	m.storeValue(a, false)
	m.leave(a, 0)

	a.Place(missing)
	a.Branch(nfpisa.BrSet(a.flags, bitExist, 0), noent)
	m.takeFree(a, full)
	// The value comes first, for memory takes commands in order: who still stands on
	// the entry finds the key with its own value.
	posted := m.storeValue(a, !m.long() && !m.Compared)
	m.fillEntry(a)
	written := a.waits(sigEntry)
	if posted {
		written |= a.waits(sigLink)
	}
	if !m.LRU {
		written |= a.waits(sigFree)
	}
	// The value's last words may still have to be taken from their registers.
	a.Emit(nfpisa.CtxArb(written), nfpisa.Mov(nfpisa.X(chunk), a.entry),
		nfpisa.Mem40(nfpisa.MemWrite32Swap, chunk, a.high, a.bucket, 1).CtxSwap(a.sig[signal]))
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
	a, err := m.newAssembler(start, true, false)
	if err != nil {
		return nil, err
	}
	missing := a.NewLabel()
	m.key(a, true)
	m.take(a)
	m.walk(a, missing, remove)
	// The chain passes the entry by, and the entry is free. Only the chain is
	// seen by those that do not hold the lock.
	a.Emit(nfpisa.Mov(nfpisa.X(0), nfpisa.X(0)),
		nfpisa.Mem40(nfpisa.MemWrite32Swap, 0, a.high, a.link, 1).SigDone(a.sig[sigLink]),
		nfpisa.Mov(nfpisa.X(1), nfpisa.X(xferFree)), nfpisa.ALU(a.value, a.entry, nfpisa.ALUAdd, off(maplayout.HashUnused)),
		nfpisa.Mem40(nfpisa.MemWrite32Swap, 1, a.high, a.value, 1).SigDone(a.sig[sigEntry]),
		nfpisa.Mov(nfpisa.X(2), a.entry),
		nfpisa.Mem40(nfpisa.MemWrite32Swap, 2, a.high, a.addr, 1).SigDone(a.sig[sigFree]),
		nfpisa.CtxArb(a.waits(sigLink, sigEntry, sigFree)))
	m.leave(a, 0)
	a.Place(missing)
	m.leave(a, errNoEnt)
	return a.Finish(), nil
}

// point makes dst the low word of an address in the region.
func (m Map) point(a *assembler, dst nfpisa.Operand, at uint64) {
	const short = 1 << 7 // less than it is part of an instruction
	switch {
	case !m.Inner:
		a.Load(dst, uint32(m.Base)+uint32(at))
	case at < short:
		a.Emit(nfpisa.ALU(dst, a.conv.FlagsHigh(), nfpisa.ALUAdd, nfpisa.Const(int(at))))
	default:
		a.Load(a.temp, uint32(at))
		a.Emit(nfpisa.ALU(dst, a.conv.FlagsHigh(), nfpisa.ALUAdd, a.temp))
	}
}

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
// a.bucket. posts says that the routine posts commands later.
func (m Map) key(a *assembler, posts bool) {
	kw := int(words(m.KeySize))
	at := 0
	if m.long() {
		a.Emit(nfpisa.CSRRd(nfpisa.CSRActLMAddr(int(a.next3.Index))), nfpisa.Immed(a.lm, 0), nfpisa.Immed(a.crc, maplayout.SumStart))
	} else {
		at = a.conv.PointAtKey(&a.Assembler, a.lm, nfpisa.Immed(a.crc, maplayout.SumStart))
	}
	a.Emit(nfpisa.CSRWr(nfpisa.CSRCRCRemainder, a.crc))
	a.Load(a.high, uint32(m.Base>>32)<<24)
	a.Load(a.mask, lastMask(m.KeySize))
	a.Load(a.temp, m.Layout().Buckets-1)
	if posts {
		a.LoadOne(a.ref)
	}
	if m.long() {
		m.sumLong(a)
		kw = 0
	} else {
		a.conv.Settle(&a.Assembler, at)
	}
	for i := range kw {
		if i == kw-1 && m.KeySize%4 != 0 {
			a.Emit(nfpisa.ALU(a.keys[i], a.mask, nfpisa.ALUAnd, a.next3))
		} else {
			a.Emit(nfpisa.Mov(a.keys[i], a.next3))
		}
	}
	for i := range kw {
		a.Emit(nfpisa.CRCStep(nfpisa.CRCiSCSI|nfpisa.CRCLittle, nfpisa.NoOperand, a.keys[i]))
	}
	m.point(a, a.addr, uint64(maplayout.HashBuckets))
	a.Emit(nfpisa.CSRRd(nfpisa.CSRCRCRemainder), nfpisa.Immed(a.crc, 0),
		nfpisa.ALU(a.temp, a.crc, nfpisa.ALUAnd, a.temp),
		nfpisa.Shf(a.temp, nfpisa.NoOperand, nfpisa.ShfB, a.temp, nfpisa.Lsh(2)),
		nfpisa.ALU(a.bucket, a.addr, nfpisa.ALUAdd, a.temp))
}

// purpose is what a walk is for.
type purpose uint8

const (
	search purpose = iota
	change
	remove
)

// walk follows the chain of the bucket until a.entry is the key's entry, with
// its first words in transfer registers, or goes to missing. For a change the
// head of the free list is fetched beside the bucket and a.head keeps the
// bucket; for a removal a.link becomes the low address of the pointer to the
// entry.
func (m Map) walk(a *assembler, missing micro.Label, why purpose) {
	kw, head := int(words(m.KeySize)), m.head()
	again, step, other, found := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	if why != search {
		m.point(a, a.addr, uint64(maplayout.HashFree))
		a.Emit(nfpisa.Mem40(nfpisa.MemRead32Swap, xferFree, a.high, a.addr, 1).SigDone(a.sig[sigFree]))
	}
	a.Place(again)
	a.move(nfpisa.MemRead32Swap, a.bucket, 1)
	switch why {
	case change:
		a.Emit(nfpisa.CtxArb(a.waits(sigFree)), nfpisa.Mov(a.head, nfpisa.X(0)))
	case remove:
		a.Emit(nfpisa.CtxArb(a.waits(sigFree)), nfpisa.Mov(a.link, a.bucket))
	}
	a.Place(step)
	a.Emit(nfpisa.Mov(a.entry, nfpisa.X(0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), missing)
	if m.long() {
		m.compareLong(a, other, again, found, why == search)
	} else {
		a.move(nfpisa.MemRead32Swap, a.entry, head+kw)
		for i := range kw {
			a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.X(head+i), nfpisa.ALUXor, a.keys[i]))
			if i < kw-1 {
				a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), other)
			}
		}
		a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), found)
	}
	a.Place(other)
	switch why {
	case search:
		// An entry that was given to another bucket meanwhile leads astray.
		a.Emit(nfpisa.ALU(nfpisa.NoOperand, word(maplayout.HashUnused), nfpisa.ALUXor, a.bucket))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), again)
		a.Branch(nfpisa.Br(0), step)
	case remove:
		a.Branch(nfpisa.Br(0).WithDefer(1), step)
		a.Emit(nfpisa.Mov(a.link, a.entry))
	case change:
		a.Branch(nfpisa.Br(0), step)
	}
	a.Place(found)
}

// take takes the map's lock.
func (m Map) take(a *assembler) {
	m.point(a, a.lock, uint64(maplayout.HashLock))
	a.Lock(a.high, a.lock, a.sig[signal])
}

// leave gives the lock back and returns.
func (m Map) leave(a *assembler, v int32) {
	a.Unlock(a.high, a.lock, a.ref)
	a.ret(v)
}

// takeFree takes the first free entry off its list into a.entry. Without one
// it goes to full or, with LRU, throws an entry out. Without LRU, sigFree tells
// when the list is written.
func (m Map) takeFree(a *assembler, full micro.Label) {
	have := a.NewLabel()
	if m.LRU {
		full = a.NewLabel()
	}
	a.Emit(nfpisa.Mov(a.entry, nfpisa.X(xferFree)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), full)
	a.Emit(nfpisa.ALU(a.value, a.entry, nfpisa.ALUAdd, off(maplayout.HashUnused)))
	a.move(nfpisa.MemRead32Swap, a.value, 1)
	a.Emit(nfpisa.Mov(nfpisa.X(xferFree), nfpisa.X(0)))
	a.Post(nfpisa.MemWrite32Swap, xferFree, a.high, a.addr, 1, a.sig[sigFree])
	if m.LRU {
		a.Emit(nfpisa.CtxArb(a.waits(sigFree)))
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
		a.move(nfpisa.MemRead32Swap, a.bucket, 1)
		a.Emit(nfpisa.Mov(out(maplayout.HashNext), nfpisa.X(0)), nfpisa.Mov(out(maplayout.HashUnused), a.bucket), nfpisa.Immed(out(maplayout.HashUsed), 0))
	} else {
		a.Emit(nfpisa.Mov(out(maplayout.HashNext), a.head), nfpisa.Mov(out(maplayout.HashUnused), a.bucket))
	}
	kw, head := int(words(m.KeySize)), m.head()
	if m.long() {
		m.fillLong(a, out(m.Layout().Turns))
		kw = 0
	}
	for i := range kw {
		a.Emit(nfpisa.Mov(out(m.Layout().Key+maplayout.Offset(4*i)), a.keys[i]))
	}
	a.Post(nfpisa.MemWrite32Swap, xferOut, a.high, a.entry, head+kw, a.sig[sigEntry])
}

// chunk is how many words of a value are written at a time.
const chunk = 8

// storeValue writes the value to the entry at a.entry, all but its lock. With post
// nothing waits for the last words: sigLink tells when they have come. posted is
// false if there is none to come.
func (m Map) storeValue(a *assembler, post bool) (posted bool) {
	op := nfpisa.MemWrite32Swap
	if m.Swapped {
		op = nfpisa.MemWrite32
	}
	vw, lock := int(words(m.ValueSize)), m.lockWord()
	last := vw - 1
	if lock == last {
		vw-- // nothing behind it
	}
	if m.ValueSize%4 != 0 && vw > last {
		a.Load(a.mask, lastMask(m.ValueSize))
	}
	if m.long() {
		m.behindKey(a)
	}
	if m.Compared {
		m.point(a, a.crc, uint64(maplayout.HashCompare))
		a.Lock(a.high, a.crc, a.sig[signal])
	}
	m.pointAt(a, a.value, a.entry, m.Layout().Value)
	for done := 0; done < vw; {
		n := min(chunk, vw-done)
		switch {
		case done == lock:
			a.Emit(nfpisa.Mov(a.crc, a.next2), nfpisa.ALU(a.value, a.value, nfpisa.ALUAdd, nfpisa.Const(4)))
			done++
			continue
		case done < lock && lock < done+n:
			n = lock - done
		}
		for i := range n {
			if done+i == last && m.ValueSize%4 != 0 {
				// A word of local memory can stand beside a register only.
				a.Emit(nfpisa.ALU(nfpisa.X(i), a.mask, nfpisa.ALUAnd, a.next2))
			} else {
				a.Emit(nfpisa.Mov(nfpisa.X(i), a.next2))
			}
		}
		if done+n == vw && post {
			a.Post(op, 0, a.high, a.value, n, a.sig[sigLink])
			return true
		}
		a.move(op, a.value, n)
		if done += n; done < vw {
			a.Emit(nfpisa.ALU(a.value, a.value, nfpisa.ALUAdd, nfpisa.Const(4*n)))
		}
	}
	if m.Compared {
		m.point(a, a.crc, uint64(maplayout.HashCompare))
		a.Unlock(a.high, a.crc, a.ref)
	}
	return false
}

// lockWord returns the word of values that is their lock, -1 if they have none.
func (m Map) lockWord() int {
	if !m.Spin.Has {
		return -1
	}
	return int(m.Spin.At / 4)
}

// storeLocked writes the value of an entry that is there under its lock, where the
// flags ask for that, and leaves; else it goes on. Who holds a value's lock calls no
// routine, so that it never waits for the map's.
func (m Map) storeLocked(a *assembler) {
	plain := a.NewLabel()
	a.Branch(nfpisa.BrClr(a.flags, bitLock, 0), plain)
	point := func() { m.pointAt(a, a.value, a.entry, m.Layout().Value+maplayout.Offset(m.Spin.At)) }
	point()
	a.Lock(a.high, a.value, a.sig[signal])
	m.storeValue(a, false)
	point()
	a.Unlock(a.high, a.value, a.ref)
	m.leave(a, 0)
	a.Place(plain)
}
