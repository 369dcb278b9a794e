package hashmap

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// Order of a routine's signals: the one of commands that are waited for at
// once, and those of commands that others follow.
const (
	signal = iota
	sigFree
	sigEntry
	sigLink
)

// Transfer registers that survive reading an entry, which takes up to 19 from
// 0 on.
const (
	xferLock = 29 // a bucket's lock
	xferLeft = 30 // how many entries may still come
	xferFree = 31 // a number of free entries, or one of them
	xferOut  = 10 // an entry's words before its value, on their way out
	xfers    = 32 // that are used
)

// assembler is an Assembler with a routine's registers. Key words are in bank
// B; flags, of an update, stay until they are read.
type assembler struct {
	micro.Assembler
	conv *micro.Convention

	head   nfpisa.Operand // pointer to the first entry of the bucket's chain
	crc    nfpisa.Operand
	entry  nfpisa.Operand // low address of the entry that is looked at
	addr   nfpisa.Operand
	value  nfpisa.Operand
	lm     nfpisa.Operand
	flags  nfpisa.Operand
	bucket nfpisa.Operand
	link   nfpisa.Operand // low address of the pointer that led to the entry
	mask   nfpisa.Operand
	first  nfpisa.Operand // 0: the bucket has no entry in itself
	spare  nfpisa.Operand // LRU: an entry that was thrown out, 0 for none
	answer nfpisa.Operand // the result of an update
	number nfpisa.Operand // a number of free entries, or something else for a moment
	keys   []nfpisa.Operand
	ref    nfpisa.Operand // indirect reference of a command that is posted
	high   nfpisa.Operand // upper part of all addresses
	temp   nfpisa.Operand
	next3  nfpisa.Operand // runs through the key
	turns  nfpisa.Operand // of a long key's entry
	count  nfpisa.Operand // pieces of a long key to come
	next2  nfpisa.Operand // runs through the value
	sig    []int          // by order
}

// newAssembler takes the registers of a routine for keys of n words. changes
// says that the routine changes the map, update that it takes value and flags.
func (m Map) newAssembler(start int, changes, update bool) (*assembler, error) {
	held := []target.GPR{m.Target.Calls.Result, m.Target.Calls.Flags}
	if m.Inner {
		held = append(held, m.Target.Calls.Flags+1)
	}
	c := micro.For(m.Target, held...)
	a := &assembler{Assembler: micro.Assembler{Start: start}, conv: c, next3: c.Key()}
	for _, r := range []*nfpisa.Operand{
		&a.head, &a.crc, &a.entry, &a.addr, &a.value, &a.lm, &a.bucket, &a.mask, &a.first, &a.spare,
	} {
		*r = c.A()
	}
	// Registers are few: the mask of the key is used before there is a link, the place of
	// a short key before there is a number.
	a.link, a.number = a.mask, a.lm
	if m.long() {
		a.number = c.A()
	}
	a.answer = a.first // known when the bucket is of no interest any more
	a.temp, a.high, a.ref = c.LastB(), c.LastB(), c.LastB()
	if m.long() {
		a.turns, a.count, a.next3 = c.A(), c.A(), c.Value()
	} else {
		for range words(m.KeySize) {
			a.keys = append(a.keys, c.B())
		}
	}
	signals := signal + 1
	if changes {
		signals = sigLink + 1
	}
	for k := range signals {
		a.sig = append(a.sig, c.Signal(k))
	}
	if update {
		a.flags, a.next2 = c.Flags(), c.Value()
	}
	switch {
	case changes:
		c.Xfer(xfers, xfers)
	case m.long():
		c.Xfer(xferPiece+chunk, 0)
	default:
		c.Xfer(m.reads(search), 0)
	}
	return a, c.Err()
}

// waits returns the set of signals of these orders.
func (a *assembler) waits(orders ...int) (set uint16) {
	for _, o := range orders {
		set |= 1 << a.sig[o]
	}
	return set
}

// move emits a command of n words at an address and waits for it.
func (a *assembler) move(op nfpisa.MemOp, addr nfpisa.Operand, n int) {
	a.Move(op, a.high, addr, n, a.sig[signal])
}

// ret returns a constant: 0 or a negative errno.
func (a *assembler) ret(v int32) { a.conv.Return(&a.Assembler, v) }
