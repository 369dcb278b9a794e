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
	return m.lookup(start, func(*assembler) nfpisa.Operand { return m.cpu() })
}

// LookupCPU returns the routine that looks up the value of another CPU, whose number is
// where an update has its flags.
func (m Map) LookupCPU(start int) ([]nfpisa.Instr, error) {
	return m.lookup(start, func(a *assembler) nfpisa.Operand { return a.conv.Flags() })
}

func (m Map) lookup(start int, cpu func(*assembler) nfpisa.Operand) ([]nfpisa.Instr, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	a, err := m.newAssembler(start, m.LRU, false)
	if err != nil {
		return nil, err
	}
	missing := a.NewLabel()
	m.key(a)
	others := m.walk(a, missing, search)
	m.markUsed(a)
	m.ofCPU(a, a.entry, cpu(a))
	if m.long() {
		m.pointAt(a, a.entry, a.entry, m.Layout().Value)
		a.Emit(nfpisa.Rtn(a.conv.Back).WithDefer(2), nfpisa.Mov(a.conv.Result(0), a.entry).Both(), nfpisa.Mov(a.conv.Result(1), a.high).Both())
	} else {
		a.Emit(nfpisa.Rtn(a.conv.Back).WithDefer(2),
			nfpisa.ALU(a.conv.Result(0), a.entry, nfpisa.ALUAdd, off(m.Layout().Value)).Both(),
			nfpisa.Mov(a.conv.Result(1), a.high).Both())
	}
	others()
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
	missing, inval, exists, noent, full, begin, done := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	fail := m.newEnding(a)
	if m.Spin.Has {
		a.Emit(nfpisa.ALU(a.crc, a.flags, nfpisa.ALUAndNot, nfpisa.Const(1<<bitLock)))
		a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.Const(maxFlags), nfpisa.ALUSub, a.crc))
	} else {
		a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.Const(maxFlags), nfpisa.ALUSub, a.flags))
	}
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), inval)
	m.key(a)
	if m.LRU {
		a.Emit(nfpisa.Immed(a.spare, 0))
	}
	a.Place(begin)
	others := m.walk(a, missing, change)
	a.Branch(nfpisa.BrSet(a.flags, bitNoExist, 0), exists)
	m.markUsed(a)
	stored := a.NewLabel()
	if m.Spin.Has {
		m.storeLocked(a, stored)
	}
	m.storeValue(a, false)
	a.Place(stored)
	m.unlock(a)
	if m.LRU {
		a.Branch(nfpisa.Br(0).WithDefer(1), fail.unlocked)
		a.Emit(nfpisa.Immed(a.answer, 0))
	} else {
		a.Branch(nfpisa.Br(0), done)
	}

	others()
	a.Place(missing)
	a.Branch(nfpisa.BrSet(a.flags, bitExist, 0), noent)
	m.newEntry(a, full)
	m.clearCopies(a)
	// The value comes first, for memory takes commands in order: who still stands on
	// the entry finds the key with its own value.
	posted := m.storeValue(a, !m.long() && !m.Compared)
	m.fillEntry(a)
	written := a.waits(sigEntry)
	if posted {
		written |= a.waits(sigLink)
	}
	m.publish(a, written, done)

	if m.LRU {
		a.Place(full)
		m.unlock(a)
		m.evict(a)
		a.Branch(nfpisa.Br(0), begin)
	} else {
		fail.at(full, err2Big, false)
	}
	fail.at(exists, errExist, false)
	fail.at(noent, errNoEnt, true)
	fail.end()
	a.Place(inval)
	a.ret(errInval)
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
	missing, inside, kept, done := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	within := m.Layout().Inside
	m.key(a)
	others := m.walk(a, missing, remove)
	a.Emit(pointer(a.number, nfpisa.X(0)), nfpisa.Shf(nfpisa.X(0), nfpisa.NoOperand, nfpisa.ShfB, a.number, nfpisa.Rsh(maplayout.HashShift)))
	if within {
		a.Emit(nfpisa.Mov(a.temp, a.bucket), nfpisa.ALU(nfpisa.NoOperand, a.entry, nfpisa.ALUXor, a.temp))
		a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), inside)
	}
	// That there is room is said before the entry goes: a map from which a key was taken
	// is not full.
	m.count(a, nfpisa.MemTestAdd, maplayout.HashFree, xferFree, sigFree)
	signals := a.waits(sigFree, sigLink)
	if within {
		m.count(a, nfpisa.MemAdd, maplayout.HashLeft, xferLeft, sigEntry)
		signals |= a.waits(sigEntry)
	}
	// The chain passes the entry by. Where its bucket points at it, that gives the lock
	// back, too.
	a.Emit(nfpisa.Mem40(nfpisa.MemWrite32Swap, 0, a.high, a.link, 1).SigDone(a.sig[sigLink]),
		nfpisa.CtxArb(signals), nfpisa.Mov(a.temp, a.bucket), nfpisa.ALU(nfpisa.NoOperand, a.link, nfpisa.ALUXor, a.temp))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), kept)
	m.unlock(a)
	a.Place(kept)
	m.give(a, a.entry)
	a.Place(done)
	a.ret(0)
	if within {
		// Without its bucket the entry is none. The same command gives the lock back.
		a.Place(inside)
		m.count(a, nfpisa.MemAdd, maplayout.HashLeft, xferLeft, sigFree)
		a.Emit(nfpisa.Immed(nfpisa.X(1), 0),
			nfpisa.Mem40(nfpisa.MemWrite32Swap, 0, a.high, a.bucket, 2).SigDone(a.sig[sigLink]),
			nfpisa.CtxArb(a.waits(sigFree, sigLink)))
		a.Branch(nfpisa.Br(0), done)
	}
	others()
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

// A pointer to an entry is where a chain goes on, too, and the bucket that an entry names
// is behind it.
var (
	_ = [1]struct{}{maplayout.HashNext: {}}
	_ = [1]struct{}{maplayout.HashBucket - maplayout.HashNext - 4: {}}
)

// word returns the transfer register of a word of an entry that was read.
func word(at maplayout.Offset) nfpisa.Operand { return nfpisa.X(int(at / 4)) }

// off returns an offset as an operand.
func off(at maplayout.Offset) nfpisa.Operand { return nfpisa.Const(int(at)) }

// lastMask is the mask of the bytes that count in the last word of n bytes.
func lastMask(n uint32) uint32 { return ^uint32(0) >> (8 * (-n & 3)) }

// head is the number of words of an entry before its key.
func (m Map) head() int { return int(m.Layout().Key / 4) }

// key loads the key's words and leaves the low address of its bucket in a.bucket. All of
// it is in front of the first read, and nothing else is.
func (m Map) key(a *assembler) {
	if m.long() {
		a.Emit(nfpisa.CSRRd(nfpisa.CSRActLMAddr(int(a.next3.Index))), nfpisa.Immed(a.lm, 0))
	}
	a.Emit(nfpisa.Immed(a.crc, maplayout.SumStart), nfpisa.CSRWr(nfpisa.CSRCRCRemainder, a.crc))
	a.Load(a.high, uint32(m.Base>>32)<<24)
	if m.KeySize%4 != 0 {
		a.Load(a.mask, lastMask(m.KeySize))
	}
	m.point(a, a.addr, m.Layout().Heads)
	far, near, sign, ok := maplayout.PowersOf(m.Layout().BucketStride())
	if !ok {
		panic("BUG: buckets at a distance that takes a multiplication")
	}
	if sign == 0 {
		near = far
	}
	a.Load(a.temp, (m.Layout().Buckets-1)<<near)
	if m.long() {
		m.sumLong(a)
	}
	step := func(dst, src nfpisa.Operand) {
		a.Emit(nfpisa.CRCStep(nfpisa.CRCiSCSI|nfpisa.CRCLittle, dst, src))
	}
	for i, k := range a.keys {
		if i == len(a.keys)-1 && m.KeySize%4 != 0 {
			a.Emit(nfpisa.ALU(k, a.mask, nfpisa.ALUAnd, a.conv.KeyWord(i)))
			step(nfpisa.NoOperand, k)
		} else {
			step(k, a.conv.KeyWord(i)) // which it passes on
		}
	}
	a.Emit(nfpisa.CSRRd(nfpisa.CSRCRCRemainder), nfpisa.Immed(a.crc, 0), nfpisa.Shf(a.temp, a.temp, nfpisa.ShfAnd, a.crc, nfpisa.Lsh(near)))
	switch {
	case sign > 0:
		a.Emit(nfpisa.Shf(a.crc, nfpisa.NoOperand, nfpisa.ShfB, a.temp, nfpisa.Lsh(far-near)), nfpisa.ALU(a.temp, a.crc, nfpisa.ALUAdd, a.temp))
	case sign < 0:
		a.Emit(nfpisa.Shf(a.crc, nfpisa.NoOperand, nfpisa.ShfB, a.temp, nfpisa.Lsh(far-near)), nfpisa.ALU(a.temp, a.crc, nfpisa.ALUSub, a.temp))
	}
	a.Emit(nfpisa.ALU(a.bucket, a.addr, nfpisa.ALUAdd, a.temp))
}

// purpose is what a walk is for.
type purpose uint8

const (
	search purpose = iota
	change
	remove
)

// pointer returns what makes dst the low address that a pointer means; 0 is none.
func pointer(dst, from nfpisa.Operand) nfpisa.Instr {
	return nfpisa.Shf(dst, nfpisa.NoOperand, nfpisa.ShfB, from, nfpisa.Lsh(maplayout.HashShift))
}

// walk follows the chain of the bucket until a.entry is the key's entry, with its first
// words in transfer registers, or goes to missing. It returns what appends the way on,
// from entries of other keys, which comes behind the code for the one that was found.
//
// Changes take the lock of the bucket. a.head keeps what the bucket points at,
// a.first whether the bucket has an entry in itself. For a removal a.link becomes
// the low address of the pointer to the entry. An entry that was given to another bucket
// meanwhile leads astray: who has no lock begins again.
func (m Map) walk(a *assembler, missing micro.Label, why purpose) (others func()) {
	inside := m.Layout().Inside
	n := m.reads(why)
	first := 1
	if inside {
		first = n
	}
	again, step, other, foreign, compare := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	follow := func() {
		a.Emit(pointer(a.entry, nfpisa.X(0)))
		a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), missing)
		if !m.long() {
			a.move(nfpisa.MemRead32Swap, a.entry, n)
		}
	}
	a.Place(again)
	switch {
	case why != search:
		m.lock(a, a.bucket, first, func() { a.LoadImmediate(a.ref, maplayout.HashLockAtomic) })
	case inside:
		a.MoveBeside(nfpisa.MemRead32Swap, a.high, a.bucket, first, a.sig[signal], nfpisa.Mov(a.entry, a.bucket))
	case m.LRU:
		a.MoveBeside(nfpisa.MemRead32Swap, a.high, a.bucket, first, a.sig[signal], micro.Immediate(a.ref, maplayout.HashLockAtomic)...)
	default:
		a.move(nfpisa.MemRead32Swap, a.bucket, first)
	}
	if why == change {
		a.Emit(pointer(a.head, nfpisa.X(0)))
	}
	if why == remove {
		a.Emit(nfpisa.Mov(a.link, a.bucket))
	}
	if inside {
		if why == change {
			a.Emit(nfpisa.Mov(a.first, word(maplayout.HashBucket)))
		}
		if why != search {
			a.Emit(nfpisa.Mov(a.entry, a.bucket))
		}
		a.Place(compare)
		a.Emit(nfpisa.ALU(nfpisa.NoOperand, word(maplayout.HashBucket), nfpisa.ALUXor, a.bucket))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), foreign)
	} else {
		a.Place(step)
		follow()
	}
	if m.long() {
		found := a.NewLabel()
		m.compareLong(a, other, again, found, why == search)
		a.Place(found)
	}
	for i := range a.keys {
		a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.X(m.head()+i), nfpisa.ALUXor, a.keys[i]))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), other)
	}
	return func() {
		if inside {
			// A bucket without an entry in itself leads on.
			a.Place(foreign)
			if why == search {
				a.Emit(nfpisa.Mov(a.temp, a.bucket), nfpisa.ALU(nfpisa.NoOperand, a.entry, nfpisa.ALUXor, a.temp))
				a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), again)
			}
		}
		a.Place(other)
		if why == search && !inside {
			a.Emit(nfpisa.ALU(nfpisa.NoOperand, word(maplayout.HashBucket), nfpisa.ALUXor, a.bucket))
			a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), again)
		}
		if why == remove {
			a.Emit(nfpisa.Mov(a.link, a.entry))
		}
		if inside {
			follow()
			a.Branch(nfpisa.Br(0), compare)
		} else {
			a.Branch(nfpisa.Br(0), step)
		}
	}
}

// reads returns how many words of an entry a walk reads: up to the end of its key, or of
// what is returned of its value.
func (m Map) reads(why purpose) int {
	if at, _ := m.Near(); why == search && m.Taken > 0 {
		return at + m.Taken
	}
	return m.head() + int(words(m.KeySize))
}

// lock takes the lock of the bucket at a low address and reads the first n words there,
// by commands that are on their way together, so that what is read is read under the
// lock. beside appends what is done meanwhile.
func (m Map) lock(a *assembler, bucket nfpisa.Operand, n int, beside func()) {
	a.LockBit(maplayout.HashLockAtomic, xferLock, a.crc, func() {
		a.Emit(nfpisa.Mem40(nfpisa.MemTestSet, xferLock, a.high, bucket, 1).SigDone(a.sig[sigFree]))
		a.Post(nfpisa.MemRead32Swap, 0, a.high, bucket, n, a.sig[signal])
		beside()
		a.Emit(nfpisa.CtxArb(a.waits(sigFree, signal)))
	})
}

// unlock gives the bucket's lock back.
func (m Map) unlock(a *assembler) { a.ClearBits(a.high, a.bucket, a.ref) }

// leave gives the lock back and returns.
func (m Map) leave(a *assembler, v int32) {
	m.unlock(a)
	a.ret(v)
}

// count sends an operation of the atomic engine with 1 to a word of the region on its
// way, with the transfer register for its operand and the word as it was.
func (m Map) count(a *assembler, op nfpisa.MemOp, at maplayout.Offset, xfer, sig int) {
	m.point(a, a.addr, uint64(at))
	a.Emit(nfpisa.Immed(nfpisa.X(xfer), 1), nfpisa.Mem40(op, xfer, a.high, a.addr, 1).SigDone(a.sig[sig]))
}

// newEntry makes a.entry an entry for a key that is new to the bucket, or goes to full.
func (m Map) newEntry(a *assembler, full micro.Label) {
	have := a.NewLabel()
	op, at := nfpisa.MemTestSubSat, maplayout.HashFree
	if m.Layout().Inside {
		m.count(a, op, maplayout.HashLeft, xferLeft, sigFree)
		a.Emit(nfpisa.CtxArb(a.waits(sigFree)), nfpisa.Mov(nfpisa.NoOperand, nfpisa.X(xferLeft)))
		a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), full)
		a.Emit(nfpisa.Mov(a.entry, a.bucket), nfpisa.Mov(nfpisa.NoOperand, a.first))
		a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), have)
		op = nfpisa.MemTestSub // whoever may still come finds an entry
	}
	if m.LRU {
		a.Emit(nfpisa.Mov(a.entry, a.spare))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), have)
	}
	m.count(a, op, at, xferFree, sigFree)
	a.Emit(nfpisa.CtxArb(a.waits(sigFree)), nfpisa.Mov(a.number, nfpisa.X(xferFree)))
	if !m.Layout().Inside {
		a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), full)
	}
	// Its slot is the one below.
	m.slot(a, -1)
	a.Emit(nfpisa.Immed(nfpisa.X(xferFree), 0))
	again := a.NewLabel()
	a.Place(again)
	a.Emit(nfpisa.Mem40(nfpisa.MemSwap, xferFree, a.high, a.addr, 1).CtxSwap(a.sig[signal]), nfpisa.Mov(a.entry, nfpisa.X(xferFree)))
	// Whoever gives it has said so and is about to write it.
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), again)
	a.Place(have)
}

// slot makes a.addr the low address of the slot of the stack of free entries whose number
// a.number has, or of one beside it.
func (m Map) slot(a *assembler, beside int) {
	m.point(a, a.addr, uint64(int64(m.Layout().Slot(0))+4*int64(beside)))
	a.Emit(nfpisa.Shf(a.temp, nfpisa.NoOperand, nfpisa.ShfB, a.number, nfpisa.Lsh(2)), nfpisa.ALU(a.addr, a.addr, nfpisa.ALUAdd, a.temp))
}

// give puts an entry into the slot of the stack of free entries whose number is in the
// transfer register. Where there is still another, for which somebody comes, both are
// put in.
func (m Map) give(a *assembler, entry nfpisa.Operand) {
	again := a.NewLabel()
	a.Emit(nfpisa.Mov(a.number, nfpisa.X(xferFree)))
	m.slot(a, 0)
	a.Emit(nfpisa.Mov(nfpisa.X(xferFree), entry))
	a.Place(again)
	a.Emit(nfpisa.Mem40(nfpisa.MemSwap, xferFree, a.high, a.addr, 1).CtxSwap(a.sig[signal]), nfpisa.Mov(nfpisa.X(xferFree), nfpisa.X(xferFree)))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), again)
}

// publish waits for the signals of the entry's words and has the bucket point at it, which gives
// the lock back, and returns. An entry in its bucket is there with its words. done is
// where it returns.
func (m Map) publish(a *assembler, written uint16, done micro.Label) {
	// The value's last words may still have to be taken from their registers.
	a.Emit(nfpisa.CtxArb(written))
	if m.Layout().Inside {
		a.Emit(nfpisa.Mov(nfpisa.NoOperand, a.first))
		a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), done)
	}
	a.Emit(nfpisa.Shf(nfpisa.X(chunk), nfpisa.NoOperand, nfpisa.ShfB, a.entry, nfpisa.Rsh(maplayout.HashShift)),
		nfpisa.Mem40(nfpisa.MemWrite32Swap, chunk, a.high, a.bucket, 1).CtxSwap(a.sig[signal]))
	a.Place(done)
	a.ret(0)
}

// fillEntry sends the entry's words before its value on their way; sigEntry
// tells when they have come.
func (m Map) fillEntry(a *assembler) {
	out := func(at maplayout.Offset) nfpisa.Operand { return nfpisa.X(xferOut + int(at/4)) }
	a.Emit(nfpisa.Shf(out(maplayout.HashNext), nfpisa.NoOperand, nfpisa.ShfB, a.head, nfpisa.Rsh(maplayout.HashShift)), nfpisa.Mov(out(maplayout.HashBucket), a.bucket))
	if m.LRU {
		a.Emit(nfpisa.Immed(out(maplayout.HashUsed), 0))
	}
	if m.long() {
		m.fillLong(a, out(m.Layout().Turns))
	}
	for i, k := range a.keys {
		a.Emit(nfpisa.Mov(out(m.Layout().Key+maplayout.Offset(4*i)), k))
	}
	a.Post(nfpisa.MemWrite32Swap, xferOut, a.high, a.entry, m.head()+len(a.keys), a.sig[sigEntry])
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
		m.point(a, a.value, uint64(maplayout.HashCompare))
		a.Lock(a.high, a.value, a.crc, a.sig[signal])
	}
	m.pointAt(a, a.value, a.entry, m.Layout().Value)
	m.ofCPU(a, a.value, m.cpu())
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
		m.point(a, a.value, uint64(maplayout.HashCompare))
		a.LoadOne(a.temp)
		a.Unlock(a.high, a.value, a.temp)
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
// flags ask for that, and goes to stored; else it goes on. Who holds a value's lock
// calls no routine, so that it never waits for the bucket's.
func (m Map) storeLocked(a *assembler, stored micro.Label) {
	plain := a.NewLabel()
	a.Branch(nfpisa.BrClr(a.flags, bitLock, 0), plain)
	point := func() { m.pointAt(a, a.value, a.entry, m.Layout().Value+maplayout.Offset(m.Spin.At)) }
	point()
	a.Lock(a.high, a.value, a.crc, a.sig[signal])
	m.storeValue(a, false)
	point()
	a.LoadOne(a.temp)
	a.Unlock(a.high, a.value, a.temp)
	a.Branch(nfpisa.Br(0), stored)
	a.Place(plain)
}
