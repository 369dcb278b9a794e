package platform

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Span is the sizes that something may have, in bytes: from Min to Max. Step,
// if not 0, leaves only those that are whole steps above Min.
type Span struct{ Min, Max, Step uint32 }

func exactly(n uint32) Span { return Span{Min: n, Max: n} }

// String returns the span in words.
func (s Span) String() string {
	switch {
	case s.Max == 0:
		return "none"
	case s.Min == s.Max:
		return fmt.Sprintf("%d bytes", s.Min)
	case s.Step != 0 && s.Min+s.Step == s.Max:
		return fmt.Sprintf("%d or %d bytes", s.Min, s.Max)
	case s.Max == 1<<32-1:
		return fmt.Sprintf("%d bytes or more", s.Min)
	}
	return fmt.Sprintf("%d to %d bytes", s.Min, s.Max)
}

func (s Span) has(n uint32) bool {
	return s.Min <= n && n <= s.Max && (s.Step == 0 || (n-s.Min)%s.Step == 0)
}

// Create is what BPF_MAP_CREATE takes for a type: the map_alloc_check and
// map_alloc of its operations.
type Create struct {
	Key, Value Span
	// Together, if not 0, bounds the sum of both sizes: less than this.
	Together uint64
	// Flags may be set, and Needs must be.
	Flags, Needs uint32
	// Extra are the bits that map_extra may have.
	Extra uint64
	// Apart are flags of which only one may be set.
	Apart uint32
	// Most, if not 0, bounds the number of entries.
	Most uint32
	// Pages says that the number of entries is a number of bytes: a power of
	// two, and whole pages.
	Pages bool
	// Unset says that a loader puts a number of its own for 0 entries.
	Unset bool
}

// Sizes of the kernel that bound maps, in bytes.
const (
	// kmallocMax is KMALLOC_MAX_SIZE with pages of 4 KiB.
	kmallocMax = 4 << 20
	// perCPUMax is PCPU_MIN_UNIT_SIZE, which a value for each processor may take.
	perCPUMax = 32 << 10
	// pageSize is that of most machines; rings are whole pages.
	pageSize = 4096
	// htabElem is sizeof(struct htab_elem).
	htabElem = 48
	// lpmNode is sizeof(struct lpm_trie_node), lpmPrefix what stands before the
	// bytes of a key.
	lpmNode, lpmPrefix, lpmBytes = 40, 4, 256
	anySize                      = 1<<32 - 1
	intMax                       = 1<<31 - 1
)

// The flags that many types take.
const (
	fileAccess = bpf.FRdonly | bpf.FWronly
	progAccess = bpf.FRdonlyProg | bpf.FWronlyProg
	access     = fileAccess | progAccess
)

// flagNames are the names of the flags, by bit.
var flagNames = []string{
	"BPF_F_NO_PREALLOC", "BPF_F_NO_COMMON_LRU", "BPF_F_NUMA_NODE", "BPF_F_RDONLY", "BPF_F_WRONLY", "BPF_F_STACK_BUILD_ID",
	"BPF_F_ZERO_SEED", "BPF_F_RDONLY_PROG", "BPF_F_WRONLY_PROG", "BPF_F_CLONE", "BPF_F_MMAPABLE", "BPF_F_PRESERVE_ELEMS", "BPF_F_INNER_MAP",
}

// flagText returns the names of flags; those without a name are numbers.
func flagText(flags uint32) string {
	var names []string
	for ; flags != 0; flags &= flags - 1 {
		if k := bits.TrailingZeros32(flags); k < len(flagNames) {
			names = append(names, flagNames[k])
		} else {
			names = append(names, fmt.Sprintf("%#x", uint32(1)<<k))
		}
	}
	return strings.Join(names, ", ")
}

// Shape is a map as its definition gives it. Sizes are in bytes.
type Shape struct {
	Key, Value, Entries, Flags uint32
	Extra                      uint64
}

// NoEntries is what Refuses says of a map without entries, whose number is
// often left to a loader.
const NoEntries = "has 0 entries"

// Refuses says why the kernel does not make a map of the shape, "" if it does.
// How much memory there is does not count.
func (m *Map) Refuses(s Shape) string {
	c := &m.Create
	switch {
	case !c.Key.has(s.Key):
		return fmt.Sprintf("has keys of %d bytes; a map of type %s takes %s", s.Key, m.Type, c.Key)
	case !c.Value.has(s.Value):
		return fmt.Sprintf("has values of %d bytes; a map of type %s takes %s", s.Value, m.Type, c.Value)
	case c.Together != 0 && uint64(s.Key)+uint64(s.Value) >= c.Together:
		return fmt.Sprintf("has keys and values of %d bytes together; a map of type %s takes less than %d", uint64(s.Key)+uint64(s.Value), m.Type, c.Together)
	case s.Flags&^c.Flags != 0:
		return fmt.Sprintf("has flags that a map of type %s does not take: %s", m.Type, flagText(s.Flags&^c.Flags))
	case s.Flags&c.Needs != c.Needs:
		return fmt.Sprintf("lacks flags that a map of type %s must have: %s", m.Type, flagText(c.Needs&^s.Flags))
	}
	if s.Extra&^c.Extra != 0 {
		return fmt.Sprintf("has map_extra %#x; of a map of type %s it has the bits %#x", s.Extra, m.Type, c.Extra)
	}
	for _, pair := range []uint32{c.Apart, fileAccess, progAccess} {
		if bits.OnesCount32(s.Flags&pair) > 1 {
			return fmt.Sprintf("has flags that exclude each other: %s", flagText(s.Flags&pair))
		}
	}
	return m.refusesEntries(s.Entries)
}

func (m *Map) refusesEntries(n uint32) string {
	c := &m.Create
	switch {
	case n == 0 && !c.Unset:
		return NoEntries
	case c.Most != 0 && n > c.Most:
		return fmt.Sprintf("has %d entries; a map of type %s takes %d", n, m.Type, c.Most)
	case c.Pages && (n&(n-1) != 0 || n%pageSize != 0):
		return fmt.Sprintf("has %d bytes (max_entries); a map of type %s takes a power of two that is whole pages of %d", n, m.Type, pageSize)
	}
	return ""
}
