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

// Places in an entry.
const (
	chainNext   = uint64(maplayout.HashNext)
	chainBucket = uint64(maplayout.HashBucket)
	chainUsed   = uint64(maplayout.HashUsed)
)

func (t *chainTable) word(off uint64) uint32 { return binary.LittleEndian.Uint32(t.mem[off:]) }

func (t *chainTable) set(off uint64, v uint32) { binary.LittleEndian.PutUint32(t.mem[off:], v) }

// atomic returns a word of the atomic engine.
func (t *chainTable) atomic(off uint64) uint32 { return binary.BigEndian.Uint32(t.mem[off:]) }

func (t *chainTable) setAtomic(off uint64, v uint32) { binary.BigEndian.PutUint32(t.mem[off:], v) }

// entry returns the offset in the region of the entry at a low address. One that a
// program has spoilt means none.
func (t *chainTable) entry(address uint32) (uint64, bool) {
	e := uint64(address) - t.lo
	return e, address != 0 && e >= t.First && e < t.Size() && (e-t.First)%uint64(t.Stride) == 0
}

// next returns the entry that the pointer at an offset means.
func (t *chainTable) next(link uint64) (uint64, bool) {
	return t.entry(t.word(link) << maplayout.HashShift)
}

// point makes the pointer at an offset mean entry e, and leaves alone what else the word
// says.
func (t *chainTable) point(link, e uint64) {
	t.link(link, uint32(t.lo+e)>>maplayout.HashShift)
}

// link stores a pointer.
func (t *chainTable) link(at uint64, p uint32) {
	const lock = 1 << maplayout.HashLockBit
	t.set(at, t.word(at)&lock|p&^lock)
}

// bucketAt returns what entries of the bucket at an offset say of it.
func (t *chainTable) bucketAt(b uint64) uint32 { return uint32(t.lo + b) }

// holds reports whether the bucket at an offset has its first entry in itself.
func (t *chainTable) holds(b uint64) bool {
	return t.Inside && t.word(b+chainBucket) == t.bucketAt(b)
}

func (t *chainTable) reset(memory []byte) {
	t.mem = memory
	for i := range t.Entries {
		t.setAtomic(t.Slot(i), uint32(t.lo+t.Entry(t.Entries-1-i)))
	}
	t.setAtomic(uint64(maplayout.HashFree), t.Entries)
	if t.Inside {
		t.setAtomic(uint64(maplayout.HashLeft), t.Entries)
	}
}

// take takes a free entry off the stack.
func (t *chainTable) take() (uint64, bool) {
	n := t.atomic(uint64(maplayout.HashFree))
	if n == 0 || n > t.Entries {
		return 0, false
	}
	slot := t.Slot(n - 1)
	e, ok := t.entry(t.atomic(slot))
	if !ok {
		return 0, false
	}
	t.setAtomic(uint64(maplayout.HashFree), n-1)
	t.setAtomic(slot, 0)
	return e, true
}

// give puts a free entry onto the stack.
func (t *chainTable) give(e uint64) {
	n := t.atomic(uint64(maplayout.HashFree))
	if n >= t.Entries {
		return // a program has spoilt it
	}
	t.setAtomic(t.Slot(n), uint32(t.lo+e))
	t.setAtomic(uint64(maplayout.HashFree), n+1)
}

// bucket returns the offset of a key's bucket.
func (t *chainTable) bucket(key []byte) uint64 { return t.Bucket(t.BucketOf(key)) }

// keyOf returns the key of an entry.
func (t *chainTable) keyOf(e uint64) []byte { return t.mem[e+uint64(t.Key):][:t.keySize] }

// walk returns a key's entry, and the place that points to it: none for the entry in a
// bucket.
func (t *chainTable) walk(key []byte) (link, entry uint64, ok bool) {
	link = t.bucket(key)
	if t.holds(link) && bytes.Equal(t.keyOf(link), key) {
		return link, link, true
	}
	for range t.Entries {
		e, ok := t.next(link)
		if !ok {
			break
		}
		if bytes.Equal(t.keyOf(e), key) {
			return link, e, true
		}
		link = e + chainNext
	}
	return 0, 0, false
}

func (t *chainTable) find(key []byte) (uint64, bool) {
	_, e, ok := t.walk(key)
	return e + uint64(t.Value), ok
}

func (t *chainTable) exact(key []byte) (uint64, bool) { return t.find(key) }

func (t *chainTable) insert(key []byte) (uint64, bpf.Errno) {
	b := t.bucket(key)
	left := t.atomic(uint64(maplayout.HashLeft))
	e, ok := b, true
	switch {
	case t.Inside && left == 0:
		return 0, bpf.E2BIG
	case t.Inside && !t.holds(b):
	default:
		if e, ok = t.take(); !ok && t.LRU {
			e, ok = t.evict()
		}
	}
	if !ok {
		return 0, bpf.E2BIG
	}
	if t.Inside {
		t.setAtomic(uint64(maplayout.HashLeft), left-1)
	}
	turns := t.word(e + uint64(t.Turns))
	clear(t.mem[e+chainBucket : e+uint64(t.Value)])
	if t.keySize > maplayout.HashNearKey {
		t.set(e+uint64(t.Turns), turns+2)
	}
	t.set(e+chainBucket, t.bucketAt(b))
	copy(t.mem[e+uint64(t.Key):], key)
	if e != b {
		t.set(e+chainNext, t.word(b)&^(1<<maplayout.HashLockBit))
		t.point(b, e)
	}
	return e + uint64(t.Value), 0
}

// evict takes the entry out that the hand comes to and that was not used since
// it came by last. It passes by what a program works on.
func (t *chainTable) evict() (uint64, bool) {
	for range 2 * uint64(t.Entries) {
		hand, round := t.atomic(uint64(maplayout.HashHand)), t.Round()
		if hand%round == 0 && hand > 0 {
			hand -= round
		}
		t.setAtomic(uint64(maplayout.HashHand), hand+t.Stride>>maplayout.HashShift)
		e := t.First + uint64(hand%round)<<maplayout.HashShift
		if (e-t.First)%uint64(t.Stride) != 0 {
			return 0, false // a program has spoilt it
		}
		if t.word(e+chainUsed) != 0 {
			t.set(e+chainUsed, 0)
			continue
		}
		if link, ok := t.evictable(e); ok {
			t.link(link, t.word(e+chainNext))
			return e, true
		}
	}
	return 0, false
}

// evictable returns the place that points to an entry which can be thrown out: it is in
// its chain, which nobody changes.
func (t *chainTable) evictable(e uint64) (link uint64, ok bool) {
	link, found, ok := t.walk(t.keyOf(e))
	return link, ok && found == e && !t.locked(t.bucket(t.keyOf(e)))
}

func (t *chainTable) remove(key []byte) bpf.Errno {
	link, e, ok := t.walk(key)
	switch {
	case !ok:
		return bpf.ENOENT
	case link == e:
		t.set(e+chainBucket, 0)
	default:
		t.link(link, t.word(e+chainNext))
		t.give(e)
	}
	if t.Inside {
		t.setAtomic(uint64(maplayout.HashLeft), t.atomic(uint64(maplayout.HashLeft))+1)
	}
	return 0
}

func (t *chainTable) each(f func([]byte, uint64)) {
	for b := range t.Buckets {
		t.eachOf(t.Bucket(b), func(e uint64) bool {
			f(bytes.Clone(t.keyOf(e)), e+uint64(t.Value))
			return true
		})
	}
}

// eachOf calls f for the entries of the bucket at an offset until it returns false.
func (t *chainTable) eachOf(b uint64, f func(e uint64) bool) bool {
	if t.holds(b) && !f(b) {
		return false
	}
	e, ok := t.next(b)
	for n := uint32(0); ok && n < t.Entries; n++ {
		if !f(e) {
			return false
		}
		e, ok = t.next(e + chainNext)
	}
	return true
}

// after returns the entry behind the one of a key in the order of buckets, or the first
// one if the table does not have the key.
func (t *chainTable) after(key []byte) (next []byte, value uint64, ok bool) {
	from, seen := uint32(0), true
	if key != nil {
		if _, _, there := t.walk(key); there {
			from, seen = t.BucketOf(key), false
		}
	}
	for b := from; b < t.Buckets; b++ {
		t.eachOf(t.Bucket(b), func(e uint64) bool {
			if seen {
				next, value, ok = bytes.Clone(t.keyOf(e)), e+uint64(t.Value), true
				return false
			}
			seen = bytes.Equal(t.keyOf(e), key)
			return true
		})
		if ok {
			break
		}
		seen = true
	}
	return next, value, ok
}

// locked reports whether a program changes the bucket at an offset.
func (t *chainTable) locked(b uint64) bool { return t.word(b)>>maplayout.HashLockBit != 0 }

// busy reports whether a program is about something that a change of a key needs: the
// lock of its bucket, a place of the stack of free entries, or all entries that could go.
func (t *chainTable) busy(key []byte) bool {
	if key != nil && t.locked(t.bucket(key)) {
		return true
	}
	n := t.atomic(uint64(maplayout.HashFree))
	switch {
	case n > 0 && n <= t.Entries && t.atomic(t.Slot(n-1)) == 0, n < t.Entries && t.atomic(t.Slot(n)) != 0:
		return true
	case !t.LRU || n > 0:
		return false
	}
	for i := range t.Entries { // the first one will do nearly always
		if _, ok := t.evictable(t.Entry(i)); ok {
			return false
		}
	}
	return true
}

// held reports whether any lock is held.
func (t *chainTable) held() bool {
	for b := range t.Buckets {
		if t.locked(t.Bucket(b)) {
			return true
		}
	}
	return t.busy(nil)
}
