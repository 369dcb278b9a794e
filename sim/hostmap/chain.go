package hostmap

import (
	"bytes"
	"encoding/binary"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// chainTable is a hash table in memory that the program's own code walks.
type chainTable struct {
	maplayout.Hash
	mem     []byte // the region
	lo      uint64 // what a stored pointer to its first byte is
	keySize uint32
}

var _ = register(maplayout.KindHash, func(info *image.Map, l maplayout.Layout) table {
	return &chainTable{Hash: l.(maplayout.Hash), lo: low(info), keySize: info.KeySize}
})

func (t *chainTable) word(off uint64) uint32 { return binary.LittleEndian.Uint32(t.mem[off:]) }

func (t *chainTable) set(off uint64, v uint32) { binary.LittleEndian.PutUint32(t.mem[off:], v) }

// entry returns the offset in the region of the entry that a stored pointer
// means. A pointer that a program has spoilt means none.
func (t *chainTable) entry(p uint32) (uint64, bool) {
	e := uint64(p) - t.lo
	return e, p != 0 && e >= t.First && e < t.Size() && (e-t.First)%uint64(t.Stride) == 0
}

func (t *chainTable) reset(memory []byte) {
	t.mem = memory
	for i := int64(t.Entries) - 1; i >= 0; i-- {
		e := t.Entry(uint32(i))
		t.set(e+uint64(maplayout.HashUnused), t.word(uint64(maplayout.HashFree)))
		t.set(uint64(maplayout.HashFree), uint32(t.lo+e))
	}
	if t.LRU {
		t.set(uint64(maplayout.HashHand), uint32(t.lo+t.First))
	}
}

// bucket returns the offset of a key's bucket.
func (t *chainTable) bucket(key []byte) uint64 { return t.Bucket(t.BucketOf(key)) }

// walk returns the place that points to a key's entry, and the entry or 0.
func (t *chainTable) walk(key []byte) (link, entry uint64) {
	link = t.bucket(key)
	for range t.Entries {
		e, ok := t.entry(t.word(link))
		if !ok {
			return link, 0
		}
		if bytes.Equal(t.mem[e+uint64(t.Key):][:t.keySize], key) {
			return link, e
		}
		link = e + uint64(maplayout.HashNext)
	}
	return link, 0
}

func (t *chainTable) find(key []byte) (uint64, bool) {
	_, e := t.walk(key)
	return e + uint64(t.Value), e != 0
}

func (t *chainTable) exact(key []byte) (uint64, bool) { return t.find(key) }

func (t *chainTable) insert(key []byte) (uint64, bpf.Errno) {
	e, ok := t.entry(t.word(uint64(maplayout.HashFree)))
	switch {
	case ok:
		t.set(uint64(maplayout.HashFree), t.word(e+uint64(maplayout.HashUnused)))
	case t.LRU:
		e, ok = t.evict()
	}
	if !ok {
		return 0, bpf.E2BIG
	}
	b := t.bucket(key)
	t.set(e+uint64(maplayout.HashNext), t.word(b))
	turns := t.word(e + uint64(t.Turns))
	clear(t.mem[e+uint64(maplayout.HashUnused) : e+uint64(t.Value)])
	if t.keySize > maplayout.HashNearKey {
		t.set(e+uint64(t.Turns), turns+2)
	}
	t.set(e+uint64(maplayout.HashUnused), uint32(t.lo+b))
	copy(t.mem[e+uint64(t.Key):], key)
	t.set(b, uint32(t.lo+e))
	return e + uint64(t.Value), 0
}

// evict takes the entry out that the hand comes to and that was not used since
// it came by last.
func (t *chainTable) evict() (uint64, bool) {
	for range 2 * uint64(t.Entries) {
		e, ok := t.entry(t.word(uint64(maplayout.HashHand)))
		if !ok {
			return 0, false
		}
		next := e + uint64(t.Stride)
		if next == t.Size() {
			next = t.First
		}
		t.set(uint64(maplayout.HashHand), uint32(t.lo+next))
		if t.word(e+uint64(maplayout.HashUsed)) != 0 {
			t.set(e+uint64(maplayout.HashUsed), 0)
			continue
		}
		link, found := t.walk(t.mem[e+uint64(t.Key):][:t.keySize])
		if found != e {
			return 0, false
		}
		t.set(link, t.word(e+uint64(maplayout.HashNext)))
		return e, true
	}
	return 0, false
}

func (t *chainTable) remove(key []byte) bpf.Errno {
	link, e := t.walk(key)
	if e == 0 {
		return bpf.ENOENT
	}
	p := t.word(link)
	t.set(link, t.word(e+uint64(maplayout.HashNext)))
	t.set(e+uint64(maplayout.HashUnused), t.word(uint64(maplayout.HashFree)))
	t.set(uint64(maplayout.HashFree), p)
	return 0
}

func (t *chainTable) each(f func([]byte, uint64)) {
	for b := range t.Buckets {
		e, ok := t.entry(t.word(t.Bucket(b)))
		for n := uint32(0); ok && n < t.Entries; n++ {
			f(bytes.Clone(t.mem[e+uint64(t.Key):][:t.keySize]), e+uint64(t.Value))
			e, ok = t.entry(t.word(e + uint64(maplayout.HashNext)))
		}
	}
}

func (t *chainTable) lock() maplayout.Offset { return maplayout.HashLock }
