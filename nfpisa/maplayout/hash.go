package maplayout

import "fmt"

// Hash is a hash table with chains, with or without least-recently-used order:
//
//	region   +0       entries in the stack of free ones (a word of the atomic engine)
//	         +4       Inside: entries that may still come (the same)
//	         +8       LRU: how far the hand has gone, in eighths of bytes from +First (the
//	                  same); it may be some entries beyond the last one, which are the first ones again
//	         +12      Compared: lock of who writes values (the same)
//	         +16      stack of free entries: a word for each, its low address or 0 (the same)
//	         +Heads   buckets, a power of two, each the first entry of its chain:
//	                  a pointer, or with Inside the entry itself
//	         +First   entries, Stride bytes apart
//	entry    +0       next entry of the chain, a pointer
//	         +4       low address of its bucket; Inside, of a bucket without an entry: 0
//	         +8       LRU: not 0 when the entry was used since the hand passed
//	         +Turns   long keys: how often the entry has been written, twice
//	         +Key     key, padded with zeros to words
//	         +Value   value, at a multiple of 8; of a per-CPU map that of each CPU
//
// A pointer is an eighth of a low address. Bit 31 of a bucket's is its lock.
type Hash struct {
	Buckets uint32 // number of buckets, a power of two
	Heads   uint64 // offset of bucket 0 in the region
	First   uint64 // offset of entry 0 in the region
	Key     Offset // of the key in an entry
	Value   Offset // of the value in an entry
	Stride  uint32 // from one entry to the next, in bytes
	Entries uint32 // number of entries
	LRU     bool
	Inside  bool   // the first entry of a bucket lies in it
	Turns   Offset // of the word before a long key, 0 for short ones
	Spin    Spin
	Copies  Copies // of the value, for each CPU
	// Compared says that who writes values takes a lock.
	Compared bool
}

// Offsets in the region.
const (
	HashFree    Offset = 0
	HashLeft    Offset = 4
	HashHand    Offset = 8
	HashCompare Offset = 12
	HashStack   Offset = 16
)

// Offsets in an entry.
const (
	HashNext   Offset = 0
	HashBucket Offset = 4
	HashUsed   Offset = 8 // LRU
)

// A pointer of a chain is an address shifted right by HashShift. HashLockBit of a
// bucket's is its lock: as the word reads in the order of bytes that pointers have, and in
// that of the atomic engine.
const (
	HashShift      = 3
	HashLockBit    = 31
	HashLockAtomic = 1 << 7
)

// HashNearKey is the longest key, in bytes, that one command fetches with the words
// before it. Longer ones are written and compared in pieces; a word before them,
// which is odd while they are written, tells whether the pieces are of one key.
const HashNearKey = 64

// Limits of a hash table. Keys and values pass through local memory.
const (
	HashMaxKey     = 512   // bytes
	HashMaxValue   = 65536 // bytes
	HashMaxEntries = 1 << 24
)

// Buckets hold their first entries where that makes a lookup shorter by one command and
// costs little memory: every bucket has the room of an entry then, and every entry
// room of its own beside it, for all keys may be of one bucket.
const (
	hashInsideEntry = 128      // most bytes of an entry
	hashInsideSize  = 64 << 20 // and of the map
)

// NewHash lays out a hash table. There is a bucket for each entry, rounded up
// to a power of two.
func NewHash(s Shape, lru bool) Hash {
	h := Hash{Buckets: 1, Key: HashUsed, LRU: lru, Entries: s.MaxEntries, Spin: s.Spin, Copies: s.copies(), Compared: s.Compared}
	if lru {
		h.Key = HashUsed + wordBytes
	}
	long := s.KeySize > HashNearKey
	if long {
		h.Turns = h.Key
		h.Key += wordBytes
	}
	for h.Buckets < s.MaxEntries && h.Buckets < HashMaxEntries {
		h.Buckets *= 2
	}
	h.Heads = up(uint64(HashStack) + wordBytes*uint64(s.MaxEntries))
	h.Value = up(h.Key + Offset(room(s.KeySize)))
	h.Stride = uint32(h.Value) + h.Copies.room(s.ValueSize)
	if !lru && !long && s.CPUs == 0 { // the hand of LRU goes round entries in use
		in := h
		in.Inside, in.Stride = true, quickStride(h.Stride)
		in.First = in.Bucket(in.Buckets)
		if in.Stride <= hashInsideEntry && in.Size() <= hashInsideSize {
			return in
		}
	}
	h.First = up(h.Bucket(h.Buckets))
	return h
}

// Check refuses a map that cannot be laid out so.
func (s Shape) checkHash() error {
	switch {
	case s.KeySize == 0 || s.KeySize > HashMaxKey:
		return fmt.Errorf("hash map with keys of %d bytes; 1 to %d are possible", s.KeySize, HashMaxKey)
	case s.ValueSize == 0 || s.ValueSize > HashMaxValue:
		return fmt.Errorf("hash map with values of %d bytes; 1 to %d are possible", s.ValueSize, HashMaxValue)
	case s.MaxEntries == 0 || s.MaxEntries > HashMaxEntries:
		return fmt.Errorf("hash map with %d entries; 1 to %d are possible", s.MaxEntries, HashMaxEntries)
	}
	return nil
}

// CheckHash refuses a hash table that cannot be walked at its place.
func CheckHash(s Shape, lru bool, base uint64) error {
	if err := s.checkHash(); err != nil {
		return err
	}
	return CheckPlace(base, NewHash(s, lru).Size())
}

// KindHash names the layout in images.
const KindHash Kind = "hash"

var _ = register(KindHash, parser{parse: parseHash})

// parseHash takes any table that programs could walk, whoever made it.
func parseHash(s Shape, step uint32, params map[string]uint64) (Layout, error) {
	buckets, heads, first, key, value := params["buckets"], params["heads"], params["entries"], params["key"], params["value"]
	h := Hash{
		Buckets: uint32(buckets), Heads: heads, First: first, Key: Offset(key), Value: Offset(value), Stride: step, Entries: s.MaxEntries,
		LRU: params["lru"] != 0, Inside: params["inside"] != 0,
	}
	copies, err := parseCopies(KindHash, s, params)
	if err != nil {
		return nil, err
	}
	h.Copies = copies
	least := uint64(NewHash(s, h.LRU).Key)
	switch {
	case buckets == 0 || buckets&(buckets-1) != 0 || buckets > HashMaxEntries:
		return nil, fmt.Errorf("layout hash with %d buckets, which must be a power of two up to %d", buckets, HashMaxEntries)
	case heads < uint64(HashStack)+wordBytes*uint64(s.MaxEntries) || heads%Align != 0 || heads > 1<<32:
		return nil, fmt.Errorf("layout hash with buckets at offset %d, among %d free entries", heads, s.MaxEntries)
	case key < least || key%wordBytes != 0 || key > 1<<16:
		return nil, fmt.Errorf("layout hash with keys at offset %d of entries", key)
	case value < key+room(s.KeySize) || value%Align != 0 || value+max(room(s.ValueSize), uint64(copies.Bytes())) > uint64(step) || step%Align != 0:
		return nil, fmt.Errorf("layout hash with a value of %d bytes at offset %d of entries of %d bytes", s.ValueSize, value, step)
	case first < h.Bucket(h.Buckets) || first%Align != 0 || first > 1<<32 || h.Inside && first != h.Bucket(h.Buckets):
		return nil, fmt.Errorf("layout hash with entries at offset %d, among %d buckets", first, buckets)
	case h.LRU && h.Inside:
		return nil, fmt.Errorf("layout hash with the parameters \"lru\" and \"inside\", of which it has one")
	case h.Inside && s.KeySize > HashNearKey:
		return nil, fmt.Errorf("layout hash with the parameter \"inside\" and keys of %d bytes, which one command does not read", s.KeySize)
	}
	spin, err := parseSpin(KindHash, s, params)
	if err == nil {
		err = known(KindHash, params, "buckets", "heads", "entries", "key", "value", "lru", "inside", ParamInner, ParamSpin, ParamCompare, ParamCPUs, ParamStep)
	}
	h.Spin = spin
	compared, wrong := parseCompare(KindHash, params, uint64(HashCompare))
	if wrong != nil {
		return nil, wrong
	}
	h.Compared = compared
	if s.KeySize > HashNearKey {
		h.Turns = h.Key - wordBytes
	}
	return h, err
}

// Round returns how far the hand goes in one round.
func (h Hash) Round() uint32 { return uint32(uint64(h.Entries) * uint64(h.Stride) >> HashShift) }

// Entry returns the offset of entry i.
func (h Hash) Entry(i uint32) uint64 { return h.First + uint64(i)*uint64(h.Stride) }

// BucketStride returns the distance of buckets in bytes.
func (h Hash) BucketStride() uint32 {
	if h.Inside {
		return h.Stride
	}
	return wordBytes
}

// Bucket returns the offset of bucket i.
func (h Hash) Bucket(i uint32) uint64 { return h.Heads + uint64(h.BucketStride())*uint64(i) }

// Slot returns the offset of word i of the stack of free entries.
func (h Hash) Slot(i uint32) uint64 { return uint64(HashStack) + wordBytes*uint64(i) }

// BucketOf returns the number of the bucket of a key: the low bits of Sum.
func (h Hash) BucketOf(key []byte) uint32 { return Sum(key) & (h.Buckets - 1) }

// Kind implements Layout.
func (h Hash) Kind() Kind { return KindHash }

// Size implements Layout.
func (h Hash) Size() uint64 { return h.Entry(h.Entries) }

// Step implements Layout.
func (h Hash) Step() uint32 { return h.Stride }

// Values implements Layout.
func (h Hash) Values() Values {
	first := h.First
	if h.Inside {
		first = h.Heads
	}
	return Values{First: first, Stride: uint64(h.Stride), Offset: uint64(h.Value), Key: uint64(h.Key), Keyed: true, Copies: h.Copies, Spin: h.Spin, Compared: h.Compared, CompareLock: uint64(HashCompare)}
}

// Params implements Layout.
func (h Hash) Params() map[string]uint64 {
	p := map[string]uint64{"buckets": uint64(h.Buckets), "heads": h.Heads, "entries": h.First, "key": uint64(h.Key), "value": uint64(h.Value)}
	if h.LRU {
		p["lru"] = 1
	}
	if h.Compared {
		p[ParamCompare] = uint64(HashCompare)
	}
	if h.Inside {
		p["inside"] = 1
	}
	return h.Copies.param(h.Spin.param(p))
}

// The CRC that spreads keys, that of the core's CRC unit with its iSCSI
// polynomial (CRC-32C): most significant bit first, not inverted at the end.
const (
	sumPoly = 0x1edc6f41
	// stepPoly is that of CRC-32, for a second one.
	stepPoly = 0x04c11db7
	// SumStart is the remainder before a key.
	SumStart = 1<<32 - 1
)

// crcTable holds what a byte does to a CRC.
type crcTable [256]uint32

func newTable(poly uint32) (t crcTable) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			top := r >> 31
			r = r<<1 ^ top*poly
		}
		t[i] = r
	}
	return t
}

var sumTable, stepTable = newTable(sumPoly), newTable(stepPoly)

// Sum returns the CRC of a key, padded with zeros to words.
func Sum(key []byte) uint32 { return sum(&sumTable, key) }

func sum(t *crcTable, key []byte) uint32 {
	r := uint32(SumStart)
	next := func(b byte) { r = r<<8 ^ t[byte(r>>24)^b] }
	for _, b := range key {
		next(b)
	}
	for n := len(key); n%wordBytes != 0; n++ {
		next(0)
	}
	return r
}
