package maplayout

import "fmt"

// CheckPlace refuses a region whose pointers could not be the low words of
// addresses: it must begin at a multiple of Align that is not a multiple of
// 2^32, and not cross one.
func CheckPlace(base, size uint64) error {
	if base%Align != 0 || base>>AddressBits != 0 || uint32(base) == 0 || size > 1<<32-uint64(uint32(base)) {
		return fmt.Errorf("map of %d bytes at address %#x, which must be a multiple of %d in %d bits and not cross a multiple of 2^32",
			size, base, Align, AddressBits)
	}
	return nil
}

// Arena gives out the memory of a target's region to maps, one after the other.
type Arena struct {
	base, size, align uint64
	next              uint64 // offset from base
}

// NewArena returns a region without maps. The first map lies one alignment
// above the base, so that no map is at an address with a low word of 0.
func NewArena(base, size, align uint64) *Arena { return &Arena{base, size, align, align} }

// Place returns the address for a map of size bytes. It fails when the region
// is full.
func (a *Arena) Place(size uint64) (addr uint64, ok bool) {
	if size > a.size || a.next > a.size-size {
		return 0, false
	}
	addr = a.base + a.next
	a.next += size
	a.next = (a.next + a.align - 1) &^ (a.align - 1)
	return addr, true
}

// Reserve keeps the memory up to an address from being given out.
func (a *Arena) Reserve(end uint64) {
	a.next = max(a.next, (end-a.base+a.align-1)&^(a.align-1))
}

// Inside reports whether a map lies in the region, above its first alignment of
// Align bytes.
func (a *Arena) Inside(base, size uint64) bool {
	return base >= a.base+Align && base-a.base <= a.size && size <= a.size-(base-a.base)
}
