package maplayout

import "fmt"

// Hash is a hash table with chains, with or without least-recently-used order:
//
//	region   +0       lock: not 0 while a change is made
//	         +4       with Compared: lock of who writes values
//	         +8       first free entry
//	         +12      LRU: the entry that the hand points at
//	         +16      buckets, a power of two, each the first entry of its chain
//	         +First   entries, Stride bytes apart
//	entry    +0       next entry of the chain
//	         +4       next free entry; of one in use, its bucket
//	         +8       LRU: not 0 when the entry was used since the hand passed
//	         +Turns   long keys: how often the entry has been written, twice
//	         +Key     key, padded with zeros to words
//	         +Value   value, at a multiple of 8
type Hash struct {
	Buckets uint32 // number of buckets, a power of two
	First   uint64 // offset of entry 0 in the region
	Key     Offset // of the key in an entry
	Value   Offset // of the value in an entry
	Stride  uint32 // from one entry to the next, in bytes
	Entries uint32 // number of entries
	LRU     bool
	Turns   Offset // of the word before a long key, 0 for short ones
	Spin    Spin
	// Compared says that who writes values takes a lock.
	Compared bool
}

// Offsets in the region.
const (
	HashLock    Offset = 0
	HashCompare Offset = 4
	HashFree    Offset = 8
	HashHand    Offset = 12
	HashBuckets Offset = 16
)

// Offsets in an entry.
const (
	HashNext   Offset = 0
	HashUnused Offset = 4 // next free entry; bucket of an entry in use
	HashUsed   Offset = 8 // LRU
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

// NewHash lays out a hash table. There is a bucket for each entry, rounded up
// to a power of two.
func NewHash(s Shape, lru bool) Hash {
	h := Hash{Buckets: 1, Key: HashUsed, LRU: lru, Entries: s.MaxEntries, Spin: s.Spin, Compared: s.Compared}
	if lru {
		h.Key = HashUsed + wordBytes
	}
	if s.KeySize > HashNearKey {
		h.Turns = h.Key
		h.Key += wordBytes
	}
	for h.Buckets < s.MaxEntries && h.Buckets < HashMaxEntries {
		h.Buckets *= 2
	}
	h.First = up(h.Bucket(h.Buckets))
	h.Value = up(h.Key + Offset(room(s.KeySize)))
	h.Stride = up(uint32(h.Value) + s.ValueSize)
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
	buckets, first, key, value := params["buckets"], params["entries"], params["key"], params["value"]
	lru := params["lru"] != 0
	least := uint64(NewHash(s, lru).Key)
	switch {
	case buckets == 0 || buckets&(buckets-1) != 0 || buckets > HashMaxEntries:
		return nil, fmt.Errorf("layout hash with %d buckets, which must be a power of two up to %d", buckets, HashMaxEntries)
	case first < uint64(HashBuckets)+wordBytes*buckets || first%Align != 0 || first > 1<<32:
		return nil, fmt.Errorf("layout hash with entries at offset %d, among %d buckets", first, buckets)
	case key < least || key%wordBytes != 0 || key > 1<<16:
		return nil, fmt.Errorf("layout hash with keys at offset %d of entries", key)
	case value < key+room(s.KeySize) || value%Align != 0 || value+room(s.ValueSize) > uint64(step) || step%Align != 0:
		return nil, fmt.Errorf("layout hash with a value of %d bytes at offset %d of entries of %d bytes", s.ValueSize, value, step)
	}
	spin, err := parseSpin(KindHash, s, params)
	if err == nil {
		err = known(KindHash, params, "buckets", "entries", "key", "value", "lru", ParamInner, ParamSpin, ParamCompare)
	}
	compared, wrong := parseCompare(KindHash, params, uint64(HashCompare))
	if wrong != nil {
		return nil, wrong
	}
	h := Hash{uint32(buckets), first, Offset(key), Offset(value), step, s.MaxEntries, lru, 0, spin, compared}
	if s.KeySize > HashNearKey {
		h.Turns = h.Key - wordBytes
	}
	return h, err
}

// Entry returns the offset of entry i.
func (h Hash) Entry(i uint32) uint64 { return h.First + uint64(i)*uint64(h.Stride) }

// Bucket returns the offset of bucket i.
func (h Hash) Bucket(i uint32) uint64 { return uint64(HashBuckets) + wordBytes*uint64(i) }

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
	return Values{First: h.First, Stride: uint64(h.Stride), Offset: uint64(h.Value), Key: uint64(h.Key), Keyed: true, Spin: h.Spin, Compared: h.Compared, CompareLock: uint64(HashCompare)}
}

// Params implements Layout.
func (h Hash) Params() map[string]uint64 {
	p := map[string]uint64{"buckets": uint64(h.Buckets), "entries": h.First, "key": uint64(h.Key), "value": uint64(h.Value)}
	if h.LRU {
		p["lru"] = 1
	}
	if h.Compared {
		p[ParamCompare] = uint64(HashCompare)
	}
	return h.Spin.param(p)
}

// The CRC that spreads keys, that of the core's CRC unit with its iSCSI
// polynomial (CRC-32C): most significant bit first, not inverted at the end.
const (
	sumPoly = 0x1edc6f41
	// SumStart is the remainder before a key.
	SumStart = 1<<32 - 1
)

var sumTable = func() (t [256]uint32) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			top := r >> 31
			r = r<<1 ^ top*sumPoly
		}
		t[i] = r
	}
	return t
}()

// Sum returns the CRC of a key, padded with zeros to words.
func Sum(key []byte) uint32 {
	r := uint32(SumStart)
	next := func(b byte) { r = r<<8 ^ sumTable[byte(r>>24)^b] }
	for _, b := range key {
		next(b)
	}
	for n := len(key); n%wordBytes != 0; n++ {
		next(0)
	}
	return r
}
