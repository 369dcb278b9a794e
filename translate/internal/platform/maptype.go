package platform

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Map is a row of the table of map types: how maps of a
// type are made, and what works on them.
type Map struct {
	Type bpf.MapType
	// Create is what the kernel makes.
	Create  Create
	Helpers []bpf.HelperID // that take such a map
	// Refused are helpers that take such a map on a host, but are not supported,
	// with the reason.
	Refused map[bpf.HelperID]string
	// Direct says that an address inside a value may stand in the code (of maps
	// with one entry).
	Direct bool
	// ReadOnly says that programs do not write to values through pointers.
	ReadOnly bool
	// Locks says that values may have a struct bpf_spin_lock (btf_parse_fields'
	// callers in map_check_btf).
	Locks bool
	// Inner says that values are maps.
	Inner bool
	// Sockets says that a lookup gives a socket.
	Sockets bool
	// Dense says that there is an entry for every key below the number of
	// entries.
	Dense bool
	// ReadsPeek says that map_peek_elem reads the memory that it fills for other
	// maps.
	ReadsPeek bool
}

// Takes reports whether a helper works on maps of the type.
func (m *Map) Takes(id bpf.HelperID) bool { return slices.Contains(m.Helpers, id) }
