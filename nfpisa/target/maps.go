package target

// Who keeps maps.
const (
	MapsFirmware = "firmware" // helpers are routines of the firmware
	MapsDirect   = "direct"   // the program addresses map memory itself
)

// Maps is what the target offers for maps.
type Maps struct {
	Kind string `json:"kind"`
	// Types are the map types that can be used, by the kernel's names.
	Types []string `json:"types"`
	// Regions are the memory that maps are in: the first, where the compiler is not
	// asked to choose among them.
	Regions []Region `json:"regions"`
	MaxMaps int      `json:"max_maps"`
	// MaxEntries is the most entries of a map, TotalEntries of all together.
	MaxEntries   uint64 `json:"max_entries"`
	TotalEntries uint64 `json:"total_entries"`
	MaxKey       int    `json:"max_key"`
	MaxValue     int    `json:"max_value"`
	MaxElement   int    `json:"max_element"` // key and value together, each rounded up to 8
	// Atomics are the atomic operations that programs may use on map values:
	// add, or, and, xor, xchg, and fetch for those that return the old value.
	Atomics []string `json:"atomics"`
	// Stores says that programs may store to map values; without it only loads
	// and atomic additions are possible.
	Stores bool `json:"stores"`
}

// Region is a piece of card memory for maps. The first map begins at Align, so
// that no map's address has a low word of 0.
type Region struct {
	Memory string `json:"memory"` // by name in Target.Memories
	Base   uint64 `json:"base"`   // memory address
	Size   uint64 `json:"size"`   // bytes
	Align  uint64 `json:"align"`  // of each map
	// Copies says that each island has a region of its own at these addresses, which
	// the host keeps alike: only maps that no program changes lie there.
	Copies bool `json:"copies,omitempty"`
}

// MaxRegions is the number of regions that the compiler chooses among at most.
const MaxRegions = 6

// Region returns the region that maps are in.
func (m *Maps) Region() *Region { return &m.Regions[0] }

// High returns the upper part of the addresses of a region, as commands take
// it: address bits 39:32 in bits 31:24.
func (r *Region) High() uint32 { return uint32(r.Base >> 32 << 24) }
