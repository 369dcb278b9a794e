package target

// Who keeps maps.
const (
	MapsFirmware = "firmware" // helpers are routines of the firmware
	MapsDirect   = "direct"   // the program addresses map memory itself
)

// Maps is what the target offers for maps.
type Maps struct {
	Kind string `yaml:"kind"`
	// Types are the map types that can be used, by the kernel's names.
	Types []string `yaml:"types"`
	// Regions are the memory that maps are in.
	Regions []Region `yaml:"regions"`
	MaxMaps int      `yaml:"max_maps"`
	// MaxEntries is the most entries of a map, TotalEntries of all together.
	MaxEntries   uint64 `yaml:"max_entries"`
	TotalEntries uint64 `yaml:"total_entries"`
	MaxKey       int    `yaml:"max_key"`
	MaxValue     int    `yaml:"max_value"`
	MaxElement   int    `yaml:"max_element"` // key and value together, each rounded up to 8
	// Atomics are the atomic operations that programs may use on map values:
	// add, or, and, xor, xchg, and fetch for those that return the old value.
	Atomics []string `yaml:"atomics"`
	// Stores says that programs may store to map values; without it only loads
	// and atomic additions are possible.
	Stores bool `yaml:"stores"`
}

// Region is a piece of card memory for maps. The first map begins at Align, so
// that no map's address has a low word of 0.
type Region struct {
	Memory string `yaml:"memory"` // by name in Target.Memories
	Base   uint64 `yaml:"base"`   // memory address
	Size   uint64 `yaml:"size"`   // bytes
	Align  uint64 `yaml:"align"`  // of each map
}

// Region returns the region that maps are in.
func (m *Maps) Region() *Region { return &m.Regions[0] }

// High returns the upper part of the addresses of a region, as commands take
// it: address bits 39:32 in bits 31:24.
func (r *Region) High() uint32 { return uint32(r.Base >> 32 << 24) }
