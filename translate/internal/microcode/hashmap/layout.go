package hashmap

import "fmt"

// Map is one hash map.
type Map struct {
	KeySize    uint32 // bytes, 1..MaxKey
	ValueSize  uint32 // bytes, 1..MaxValue
	MaxEntries uint32
	// Base is the 40-bit memory address of the region, a multiple of 8; its
	// low word is not 0.
	Base uint64
	// Swapped says that the words of values are stored with their bytes
	// reversed, the order of the atomic engine.
	Swapped bool
	// LRU makes an update of a full map throw out an entry that was not used
	// for some time, in place of an error.
	LRU bool
}

// Limits of a map, in bytes and entries.
const (
	MaxKey     = 64
	MaxValue   = 4096
	MaxEntries = 1 << 24
)

// Offsets in the region and in an entry, in bytes.
const (
	offLock    = 0
	offFree    = 8
	offHand    = 12
	offBuckets = 16
	offUnused  = 4
	offUsed    = 8 // with LRU
)

// Layout is where a map's parts are.
type Layout struct {
	Buckets uint32 // number of buckets, a power of two
	Entries uint64 // offset of entry 0 from the base, in bytes
	Key     uint32 // offset of the key in an entry, in bytes
	Value   uint32 // offset of the value in an entry, in bytes
	Stride  uint32 // from one entry to the next, in bytes
	Size    uint64 // of the region, in bytes
	LRU     bool
}

// Params returns the layout's numbers by the names that images use.
func (l Layout) Params() map[string]uint64 {
	p := map[string]uint64{"buckets": uint64(l.Buckets), "entries": l.Entries, "key": uint64(l.Key), "value": uint64(l.Value)}
	if l.LRU {
		p["lru"] = 1
	}
	return p
}

// Layout returns where the parts of the map are. There is a bucket for each
// entry, rounded up to a power of two.
func (m Map) Layout() Layout {
	l := Layout{Buckets: 1, Key: 8, LRU: m.LRU}
	if m.LRU {
		l.Key = 12
	}
	for l.Buckets < m.MaxEntries && l.Buckets < MaxEntries {
		l.Buckets *= 2
	}
	l.Entries = (offBuckets + 4*uint64(l.Buckets) + 7) &^ 7
	l.Value = (l.Key + 4*words(m.KeySize) + 7) &^ 7
	l.Stride = (l.Value + m.ValueSize + 7) &^ 7
	l.Size = l.Entries + uint64(l.Stride)*uint64(m.MaxEntries)
	return l
}

func words(bytes uint32) uint32 { return (bytes + 3) / 4 }

// check refuses a map that the routines cannot serve.
func (m Map) check() error {
	switch {
	case m.KeySize == 0 || m.KeySize > MaxKey:
		return fmt.Errorf("hash map with keys of %d bytes; 1 to %d are possible", m.KeySize, MaxKey)
	case m.ValueSize == 0 || m.ValueSize > MaxValue:
		return fmt.Errorf("hash map with values of %d bytes; 1 to %d are possible", m.ValueSize, MaxValue)
	case m.MaxEntries == 0 || m.MaxEntries > MaxEntries:
		return fmt.Errorf("hash map with %d entries; 1 to %d are possible", m.MaxEntries, MaxEntries)
	case m.Base&7 != 0 || m.Base>>40 != 0 || uint32(m.Base) == 0 || uint64(uint32(m.Base))+m.Layout().Size > 1<<32:
		return fmt.Errorf("hash map at address %#x, which must be a multiple of 8 in 40 bits and not cross a multiple of 2^32", m.Base)
	}
	return nil
}
