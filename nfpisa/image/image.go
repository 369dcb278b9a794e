// Package image holds the container of compiled NFP code: an ELF file (EM_NFP)
// with code words, symbols, relocations, maps, a line table and metadata.
//
// It never knows eBPF semantics, the compiler or the simulator: with the target
// that it carries it is the contract between them.
//
// Stable for importers: the Go names, and the format by its version.
package image

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// Image is one linked program with everything that is needed to load and run
// it. All offsets into code are in words from the start of Words; the code is
// linked to run with Words[0] at control-store address Machine.CodeStart.
type Image struct {
	// Target is what the code was made for, whole; nil for bare code, which can
	// be listed and moved but not run.
	Target   *target.Target
	Machine  Machine
	Programs []Program
	Words    []nfpisa.Word
	Symbols  []Symbol
	Relocs   []Reloc
	Maps     []Map
	Lines    []Line // sorted by Word; an entry holds until the next
	// Tails are the tail calls from program to program.
	Tails []Tail
}

// Machine says how the code is linked as it stands, which Relocate changes, and
// what it takes of a core.
type Machine struct {
	Mode      nfpisa.Mode       // context mode
	CodeStart uint16            // control-store address of Words[0]
	Done      uint16            // control-store address that ends a packet
	Helpers   map[uint32]uint16 // eBPF helper id to firmware routine address
	StackSize uint32            // bytes of local memory from the stack base on that the code uses
}

// Program is one entry point.
type Program struct {
	Name    string
	Section string
	Type    string // "xdp" or "tc"
	License string
	Entry   uint32 // word offset
	Insns   uint32 // eBPF slots
	// Stack is the local memory in bytes from the stack base on that it uses itself.
	Stack uint32
	// Fragments says that it takes frames that its packet buffer has no room for.
	Fragments bool
}

// Symbol names a place in the code.
type Symbol struct {
	Name string
	Word uint32 // word offset
	Size uint32 // words
	Kind SymbolKind
}

// SymbolKind tells program code from linked runtime routines.
type SymbolKind uint8

// The symbol kinds.
const (
	SymProgram SymbolKind = iota
	SymRuntime
	SymLabel
)

// RelocKind says how a word depends on where the image is loaded.
type RelocKind uint8

// The relocation kinds.
const (
	RelocBranch RelocKind = iota // branch target += new start - CodeStart
	RelocDone                    // branch target = Done
	RelocHelper                  // branch target = Helpers[Arg]
	RelocImmed                   // 16-bit immed += new start - CodeStart
	RelocMap                     // immed holds map Arg's number
)

// Reloc is one place to change when the image moves.
type Reloc struct {
	Word uint32
	Kind RelocKind
	Arg  uint32
}

// Map describes one map: what the program declared and where its data is.
type Map struct {
	Name       string
	Type       string // the kernel's name: "array", "hash", "percpu_array", ...
	KeySize    uint32 // bytes
	ValueSize  uint32 // bytes
	MaxEntries uint32
	Flags      uint32
	ID         uint32 // firmware maps: table number that the program passes to helpers
	// Initial holds the entries that the object file defines. Those of a program
	// array are numbers of Programs, from 1 on.
	Initial []Entry

	// Layout says where the data is when the program addresses it itself
	// (a target with direct maps). "" means that firmware keeps the map.
	Layout string // "", "array", "hash", ...
	Base   uint64 // 40-bit memory address of entry 0
	Stride uint32 // bytes from one entry to the next
	// Swapped says that each aligned 4-byte word of a value is stored with its
	// bytes reversed, which is the order of the atomic engine. Hosts swap on
	// every access.
	Swapped bool
	// WordUse (firmware maps) is the use of each 4-byte word of a value, the kernel
	// driver's numbers: 0 unused, 1 read, 2 written, 3 atomic counter.
	WordUse []uint8
	// Params are further numbers of a layout, by name.
	Params map[string]uint64
}

// Entry is one key and its value, as the host sees them.
type Entry struct{ Key, Value []byte }

// Line ties a run of words to the eBPF instruction and C line they come from.
type Line struct {
	Word   uint32
	Insn   int32 // eBPF slot, -1 for runtime code
	File   string
	LineNo uint32
	Column uint32
	Text   string // the C line, as BTF records it
	BPF    string // the eBPF instruction's text
}
