package hostmap

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/internal/crc"
	"github.com/skipsw/skipsw/translate/bpf"
)

// arrayKey is the size of an array's key in bytes.
const arrayKey = 4

// arrayTable is an array: value i is at i*stride.
type arrayTable struct {
	stride  uint64
	entries uint32
}

func (t *arrayTable) settle(uint64) {}

func (t *arrayTable) reset([]byte) {}

func (t *arrayTable) find(key []byte) (uint64, bool) {
	i := binary.LittleEndian.Uint32(key)
	return uint64(i) * t.stride, i < t.entries
}

func (t *arrayTable) exact(key []byte) (uint64, bool) { return t.find(key) }

func (t *arrayTable) insert([]byte) (uint64, bpf.Errno) { return 0, bpf.E2BIG }

func (t *arrayTable) remove([]byte) bpf.Errno { return bpf.EINVAL }

func (t *arrayTable) each(f func([]byte, uint64)) {
	for i := range t.entries {
		k := make([]byte, arrayKey)
		binary.LittleEndian.PutUint32(k, i)
		f(k, uint64(i)*t.stride)
	}
}

// firmwareTable is a hash table whose keys only the firmware knows: memory
// holds values, value i at i*stride.
type firmwareTable struct {
	stride  uint64
	entries uint32
	index   map[string]uint32 // key to slot
	keys    [][]byte          // key of each slot, nil when free
	free    []uint32
}

func (t *firmwareTable) settle(uint64) {}

func (t *firmwareTable) reset([]byte) {
	t.index = make(map[string]uint32)
	t.keys = make([][]byte, t.entries)
	t.free = t.free[:0]
	for s := int(t.entries) - 1; s >= 0; s-- {
		t.free = append(t.free, uint32(s))
	}
}

func (t *firmwareTable) value(slot uint32) uint64 { return uint64(slot) * t.stride }

func (t *firmwareTable) find(key []byte) (uint64, bool) {
	s, ok := t.index[string(key)]
	return t.value(s), ok
}

func (t *firmwareTable) exact(key []byte) (uint64, bool) { return t.find(key) }

func (t *firmwareTable) insert(key []byte) (uint64, bpf.Errno) {
	if len(t.free) == 0 {
		return 0, bpf.E2BIG
	}
	s := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	k := bytes.Clone(key)
	t.keys[s] = k
	t.index[string(k)] = s
	return t.value(s), 0
}

func (t *firmwareTable) remove(key []byte) bpf.Errno {
	s, ok := t.index[string(key)]
	if !ok {
		return bpf.ENOENT
	}
	delete(t.index, string(key))
	t.keys[s] = nil
	t.free = append(t.free, s)
	return 0
}

func (t *firmwareTable) each(f func([]byte, uint64)) {
	for s, k := range t.keys {
		if k != nil {
			f(bytes.Clone(k), t.value(uint32(s)))
		}
	}
}

// chainTable is the layout "hash": a hash table in memory that the program's
// own code walks. docs/map-layouts.md describes it.
type chainTable struct {
	mem     []byte // the region
	lo      uint64 // low word of the address of the first byte
	buckets uint32
	first   uint64 // offset of entry 0 in the region
	stride  uint64
	key     uint64 // offset of the key in an entry
	value   uint64 // offset of the value in an entry
	lru     bool
	entries uint32
	keySize uint32
}

// Offsets in a region and in an entry.
const (
	chainFree    = 8  // region: first free entry
	chainHand    = 12 // region: entry that an eviction looks at next
	chainBuckets = 16 // region: buckets
	chainLink    = 0  // entry: next of the bucket
	chainUnused  = 4  // entry: next free one; lru: own bucket while in use
	chainUsed    = 8  // entry: lru: not 0 when used since the hand came by
)

// newChainTable checks the numbers of a layout.
func newChainTable(info *image.Map) (*chainTable, error) {
	t := &chainTable{
		buckets: uint32(info.Params["buckets"]), first: info.Params["entries"],
		stride: uint64(info.Stride), key: info.Params["key"], value: info.Params["value"],
		entries: info.MaxEntries, keySize: info.KeySize, lru: info.Params["lru"] != 0,
	}
	keyEnd := t.key + uint64(info.KeySize+3)&^3
	least := uint64(chainUsed)
	if t.lru {
		least = chainUsed + 4
	}
	switch {
	case t.buckets == 0 || t.buckets&(t.buckets-1) != 0 || info.Params["buckets"] > maxMemory/4:
		return nil, fmt.Errorf("layout hash with %d buckets, which must be a power of two", info.Params["buckets"])
	case t.first < chainBuckets+4*uint64(t.buckets) || t.first&7 != 0 || t.first > maxMemory:
		return nil, fmt.Errorf("layout hash with entries at offset %d, among %d buckets", t.first, t.buckets)
	case t.key < least || t.key&3 != 0 || t.key > maxMemory:
		return nil, fmt.Errorf("layout hash with keys at offset %d of entries", t.key)
	case t.value < keyEnd || t.value&7 != 0 || t.value+uint64(info.ValueSize+3)&^3 > t.stride || t.stride&7 != 0:
		return nil, fmt.Errorf("layout hash with a value of %d bytes at offset %d of entries of %d bytes", info.ValueSize, t.value, t.stride)
	}
	return t, nil
}

// size is the length of the region in bytes.
func (t *chainTable) size() uint64 { return t.first + t.stride*uint64(t.entries) }

func (t *chainTable) word(off uint64) uint32 { return binary.LittleEndian.Uint32(t.mem[off:]) }

func (t *chainTable) set(off uint64, v uint32) { binary.LittleEndian.PutUint32(t.mem[off:], v) }

// entry returns the offset in the region of the entry that a stored pointer
// means. A pointer that a program has spoilt means none.
func (t *chainTable) entry(p uint32) (uint64, bool) {
	e := uint64(p) - t.lo
	return e, p != 0 && e >= t.first && e < t.size() && (e-t.first)%t.stride == 0
}

func (t *chainTable) settle(base uint64) { t.lo = base & (1<<32 - 1) }

func (t *chainTable) reset(memory []byte) {
	t.mem = memory
	for i := int64(t.entries) - 1; i >= 0; i-- {
		e := t.first + uint64(i)*t.stride
		t.set(e+chainUnused, t.word(chainFree))
		t.set(chainFree, uint32(t.lo+e))
	}
	t.set(chainHand, uint32(t.lo+t.first))
}

// crcStart is the remainder before the first word of a key.
const crcStart = 1<<32 - 1

// bucket returns the offset of a key's bucket: CRC-32C, most significant bit
// first, over the key padded with zeros to words.
func (t *chainTable) bucket(key []byte) uint64 {
	step := crc.Bytes(nfpisa.CRCiSCSI, 0, 3) | crc.Little
	rem := uint32(crcStart)
	for ; len(key) > 0; key = key[min(4, len(key)):] {
		var w [4]byte
		copy(w[:], key)
		rem = step.Next(rem, binary.LittleEndian.Uint32(w[:]))
	}
	return chainBuckets + 4*uint64(rem&(t.buckets-1))
}

// walk returns the place that points to a key's entry, and the entry or 0.
func (t *chainTable) walk(key []byte) (link, entry uint64) {
	link = t.bucket(key)
	for range t.entries {
		e, ok := t.entry(t.word(link))
		if !ok {
			return link, 0
		}
		if bytes.Equal(t.mem[e+t.key:][:t.keySize], key) {
			return link, e
		}
		link = e + chainLink
	}
	return link, 0
}

func (t *chainTable) find(key []byte) (uint64, bool) {
	_, e := t.walk(key)
	return e + t.value, e != 0
}

func (t *chainTable) exact(key []byte) (uint64, bool) { return t.find(key) }

func (t *chainTable) insert(key []byte) (uint64, bpf.Errno) {
	e, ok := t.entry(t.word(chainFree))
	switch {
	case ok:
		t.set(chainFree, t.word(e+chainUnused))
	case t.lru:
		e, ok = t.evict()
	}
	if !ok {
		return 0, bpf.E2BIG
	}
	b := t.bucket(key)
	t.set(e+chainLink, t.word(b))
	clear(t.mem[e+chainUnused : e+t.value])
	if t.lru {
		t.set(e+chainUnused, uint32(t.lo+b))
	}
	copy(t.mem[e+t.key:], key)
	t.set(b, uint32(t.lo+e))
	return e + t.value, 0
}

// evict takes the entry out that the hand comes to and that was not used since
// it came by last.
func (t *chainTable) evict() (uint64, bool) {
	for range 2 * uint64(t.entries) {
		e, ok := t.entry(t.word(chainHand))
		if !ok {
			return 0, false
		}
		next := e + t.stride
		if next == t.size() {
			next = t.first
		}
		t.set(chainHand, uint32(t.lo+next))
		if t.word(e+chainUsed) != 0 {
			t.set(e+chainUsed, 0)
			continue
		}
		link, found := t.walk(t.mem[e+t.key:][:t.keySize])
		if found != e {
			return 0, false
		}
		t.set(link, t.word(e+chainLink))
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
	t.set(link, t.word(e+chainLink))
	t.set(e+chainUnused, t.word(chainFree))
	t.set(chainFree, p)
	return 0
}

func (t *chainTable) each(f func([]byte, uint64)) {
	for b := range t.buckets {
		e, ok := t.entry(t.word(chainBuckets + 4*uint64(b)))
		for n := uint32(0); ok && n < t.entries; n++ {
			f(bytes.Clone(t.mem[e+t.key:][:t.keySize]), e+t.value)
			e, ok = t.entry(t.word(e + chainLink))
		}
	}
}
