// Package microcode is the table of map types for programs that address map
// memory themselves, and of what a firmware's routines do on maps: a row says
// how a map lies in memory and which routines serve it. An empty cell is
// something that cannot be had, and says why.
//
// It never knows eBPF instructions or SSA. Of is the entry point; a map type is
// added by one file here, which registers its row.
package microcode

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// Map is one map at its place.
type Map struct {
	Type bpf.MapType
	maplayout.Shape
	// Target is what the program is for.
	Target *target.Target
	Base   uint64 // address of the first byte
	// Swapped says that the words of values are stored with their bytes reversed,
	// the order of the atomic engine.
	Swapped bool
	// Extra is the map_extra that the object declares.
	Extra uint64
	// Programs is the number of programs of the image, for program arrays.
	Programs uint32
	// Inner says that the map is one that a map of maps holds: routines get the low
	// word of its address as the high word of the flags, and Base is that of one
	// like it.
	Inner bool
	// Taken is how many words of a value its lookup returns, see Kind.Near.
	Taken int
}

// held are registers of bank A that a routine must not use: those given, and the
// argument with the place of an inner map.
func (m Map) held(list ...target.GPR) []target.GPR {
	if m.Inner {
		list = append(list, m.Target.Calls.Flags+1)
	}
	return list
}

// place is where a routine finds its map.
func (m Map) place() micro.Place { return micro.Place{Base: m.Base, Inner: m.Inner} }

// Routine makes the instructions of a helper for a map, linked to start at a
// control-store address.
type Routine func(m Map, start int) ([]nfpisa.Instr, error)

// Kind is the row of a map type.
type Kind struct {
	Type bpf.MapType
	// Layout says how maps lie in memory; nil for types that have no memory of
	// their own or that no program can address.
	Layout func(m Map) maplayout.Layout
	// Routines are what is linked behind programs that call a helper on a map.
	Routines map[bpf.HelperID]Routine
	// Shared are routines that the code of several helpers calls, by the helper
	// that names them in listings.
	Shared map[bpf.HelperID]Routine
	// Inline are the helpers that programs do themselves.
	Inline []bpf.HelperID
	// Firmware are the helpers that a firmware which keeps maps does by its
	// routines.
	Firmware []bpf.HelperID
	// Bytes says that max_entries does not count entries: the host reads records
	// from a queue.
	Bytes bool
	// Nested says that values are maps.
	Nested bool
	// Asked says that map_peek_elem takes a value and tells whether the map has it.
	Asked bool
	// Recent says that a full map gives up the entry that was not used for longest.
	Recent bool
	// Held says that programs reach such maps in maps of maps: their code and
	// routines take the place of the map as an argument.
	Held bool
	// Counters says that programs may change values by atomic operations.
	Counters bool
	// NearKey is the longest key, in bytes, that routines take at the convention's place
	// for keys, 0 for any: a longer one is in front of the value, the rest of its last
	// word 0.
	NearKey uint32
	// Near returns the transfer register that a lookup can leave the first word of the
	// value in, and how many words it can leave, each in the order of bytes that keys
	// have; nil if it leaves none.
	Near func(m Map) (at, words int)
	// Indexed says that entry i is i strides from the base.
	Indexed bool
	// Cannot gives the reason why a helper cannot be had, where it is not that
	// nobody wrote it.
	Cannot map[bpf.HelperID]string
}

var kinds = map[bpf.MapType]*Kind{}

// register adds a row. It returns a value so that files can register what they
// hold where they declare it.
func register(k *Kind) *Kind {
	if kinds[k.Type] != nil {
		panic(fmt.Sprintf("BUG: map type %v has two rows", k.Type))
	}
	kinds[k.Type] = k
	return k
}

// Of returns the row of a map type, nil if there is none.
func Of(t bpf.MapType) *Kind { return kinds[t] }

// Routine returns what is linked behind programs that call it, nil if there is
// none.
func (k *Kind) Routine(h bpf.HelperID) Routine {
	if r := k.Routines[h]; r != nil {
		return r
	}
	return k.Shared[h]
}

// Types returns the types that have a row, by number.
func Types() []bpf.MapType {
	var list []bpf.MapType
	for t := range kinds {
		list = append(list, t)
	}
	slices.Sort(list)
	return list
}

// Why returns the reason why a helper cannot be had on maps of the type, for
// programs that address map memory themselves or not.
func (k *Kind) Why(h bpf.HelperID, direct bool) string {
	if why := k.Cannot[h]; why != "" {
		return why
	}
	if direct {
		return "there is no code for it"
	}
	return "the firmware has no routine for it"
}
