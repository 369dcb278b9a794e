package mem

import "sort"

// Region is a stretch of memory that belongs to one owner: a packet buffer, or
// the memory of a map.
type Region struct {
	Name string
	Unit UnitID
	Base uint64 // address of the first byte
	Size uint64
	// Data is the memory, or nil: a packet buffer has none before its first
	// packet, and a region that was freed has lost it.
	Data []byte
	// Copies says that each island has a region of its own here, and all hold the same:
	// programs do not change it.
	Copies bool

	Values Values
}

// End returns the address behind the last byte.
func (r *Region) End() uint64 { return r.Base + r.Size }

// Values says where in a region values lie that programs may reach: from First
// on, Stride bytes apart, each at Offset. What else is in the region is for
// linked routines only.
type Values struct {
	First, Stride, Offset uint64
	Size                  uint32 // bytes of a value
	// Copies are the bytes of the values that lie one behind the other at Offset, each
	// Copy bytes from the next; 0 where there is one.
	Copies, Copy uint64
	// Key is where an entry has its key, before the value. Programs may read it, if
	// Keyed says so, and it with the value.
	Key   uint64
	Keyed bool
	// Reversed says for each word of a value that its bytes are stored in
	// reverse order.
	Reversed []bool
	// Lock is a word of the region that programs set and clear bits of, if Locked says
	// that there is one.
	Lock   uint64
	Locked bool
}

// Mixed reports whether the region holds more than values.
func (v *Values) Mixed() bool { return v.First != 0 || v.Offset != 0 }

// Inside reports whether n bytes at offset off of the region lie in the words
// of one value, and how far from the value's beginning.
func (v *Values) Inside(off uint64, n uint32) (in uint64, ok bool) {
	if off < v.First || v.Locked && off < v.Lock+lockBytes && v.Lock < off+uint64(n) {
		return 0, false
	}
	words := (uint64(v.Size) + 3) &^ 3
	if in = (off-v.First)%v.Stride - v.Offset; in < v.Copies {
		in %= v.Copy
	}
	return in, in+uint64(n) <= words && in < words
}

// lockBytes is the size of the word at Lock.
const lockBytes = 4

// IsLock reports whether a command sets or clears bits of the lock, at offset off of
// the region, and touches nothing else.
func (v *Values) IsLock(op Op, off uint64, n uint32) bool {
	return v.Locked && off == v.Lock && n == lockBytes && (op == Set || op == Clear)
}

// WithKey reports whether n bytes at offset off of the region lie in the words of a
// key, or in those of a key and its value.
func (v *Values) WithKey(off uint64, n uint32) bool {
	if off < v.First || !v.Keyed {
		return false
	}
	words := v.Offset - v.Key + (uint64(v.Size)+3)&^3
	in := (off-v.First)%v.Stride - v.Key
	return in+uint64(n) <= words && in < words
}

// Holds reports whether n bytes from offset in of a value on, which lie in its
// words, are bytes of the value and not padding.
func (v *Values) Holds(in uint64, n uint32) bool {
	for k := in; k < in+uint64(n); k++ {
		at := k
		if k/4 < uint64(len(v.Reversed)) && v.Reversed[k/4] {
			at = k ^ 3
		}
		if at >= uint64(v.Size) {
			return false
		}
	}
	return true
}

// Map is an address map: regions that do not overlap, in the order of their
// addresses.
type Map struct{ regions []*Region }

// Add places a region. It returns the one that is in the way, or nil.
func (m *Map) Add(r *Region) *Region {
	i := m.search(r.Base)
	if i < len(m.regions) && m.regions[i].Base < r.End() {
		return m.regions[i]
	}
	m.regions = append(m.regions, nil)
	copy(m.regions[i+1:], m.regions[i:])
	m.regions[i] = r
	return nil
}

// Remove takes a region out.
func (m *Map) Remove(r *Region) {
	for i, o := range m.regions {
		if o == r {
			m.regions = append(m.regions[:i], m.regions[i+1:]...)
			return
		}
	}
}

// search returns the index of the first region that ends behind addr.
func (m *Map) search(addr uint64) int {
	return sort.Search(len(m.regions), func(i int) bool { return m.regions[i].End() > addr })
}

// Find returns the region that holds addr, or nil.
func (m *Map) Find(addr uint64) *Region {
	i := m.search(addr)
	if i == len(m.regions) || addr < m.regions[i].Base {
		return nil
	}
	return m.regions[i]
}

// Before returns the last region that ends at or before addr, or nil.
func (m *Map) Before(addr uint64) *Region {
	if i := m.search(addr); i > 0 {
		return m.regions[i-1]
	}
	return nil
}
