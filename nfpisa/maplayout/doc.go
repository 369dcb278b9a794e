// Package maplayout says how a map of each kind lies in card memory: sizes,
// offsets, alignment, the numbers that an image carries for it. The microcode
// that walks a map and the host's side that fills it both read it here, so
// nobody else writes an offset down. docs/map-layouts.md has the same in words,
// testdata has each kind byte by byte.
//
// It never knows eBPF, instructions or images. NewArray, NewHash and NewLPM lay
// out a map that a program declares; Parse takes the numbers of an image. A
// layout is one file, which registers its parser.
//
// Words are little-endian, except those of values that the atomic engine counts
// in. Pointers in a region are the low words of memory addresses; 0 is none.
//
// Not stable: layouts change with the routines that use them; what a host needs
// of one stands in the image.
package maplayout

import (
	"fmt"
	"maps"
	"slices"

	"github.com/skipsw/skipsw/internal/unsupported"
)

// Kind names a layout, as images do.
type Kind string

// KindFirmware is the kind of a map that the firmware keeps: memory has its
// values. The file of a layout names its kind.
const KindFirmware Kind = ""

// Offset is a distance in bytes from the beginning of a region, of an entry or
// of a node.
type Offset uint32

// Align is the alignment of values and entries, in bytes: that of 64-bit atomic
// commands.
const Align = 8

// wordBytes is the size of a word of memory.
const wordBytes = 4

// AddressBits is the width of a memory address.
const AddressBits = 40

// Shape is what a program declares of a map. Sizes are in bytes.
type Shape struct {
	KeySize, ValueSize, MaxEntries uint32
	// CPUs is how many values a per-CPU map has for a key; 0 for other maps.
	CPUs uint32
	// Spin is the lock that programs take on each value.
	Spin Spin
	// Compared says that programs compare and exchange words of values, under a lock
	// of the map that all take who write such words.
	Compared bool
}

// ParamCompare is the offset in the region of the lock of a map whose values are
// compared and exchanged, a word of the atomic engine, in the numbers of its layout.
const ParamCompare = "compare_lock"

// parseCompare takes the lock from the numbers of a layout that has it at an offset.
func parseCompare(k Kind, params map[string]uint64, at uint64) (compared bool, err error) {
	have, compared := params[ParamCompare]
	if compared && have != at {
		return false, fmt.Errorf("layout %s with the lock of its compared values at offset %d, it is at %d", k, have, at)
	}
	return compared, nil
}

// Spin is where the values of a map have a struct bpf_spin_lock: a word of the
// atomic engine, not 0 while a program holds it. No update writes it.
type Spin struct {
	Has bool
	At  uint32 // byte of the value, a multiple of 4
}

// ParamSpin is the byte of values that a lock begins at, in the numbers of a layout
// whose values have one.
const ParamSpin = "spin_lock"

// param adds the lock to the numbers of a layout.
func (s Spin) param(params map[string]uint64) map[string]uint64 {
	if !s.Has {
		return params
	}
	if params == nil {
		params = map[string]uint64{}
	}
	params[ParamSpin] = uint64(s.At)
	return params
}

// parseSpin takes the lock from the numbers of a layout.
func parseSpin(k Kind, s Shape, params map[string]uint64) (Spin, error) {
	at, has := params[ParamSpin]
	if has && (at%wordBytes != 0 || at > 1<<32-1 || at+wordBytes > uint64(s.ValueSize)) {
		return Spin{}, fmt.Errorf("layout %s with a lock at byte %d of values of %d bytes", k, at, s.ValueSize)
	}
	return Spin{has, uint32(at)}, nil
}

// Layout is where the parts of one map are.
type Layout interface {
	Kind() Kind
	// Size is the number of bytes of the map's region.
	Size() uint64
	// Step is the distance from one entry to the next, in bytes.
	Step() uint32
	// Values says where values are.
	Values() Values
	// Params are the numbers that an image has for the map, beside base and
	// step.
	Params() map[string]uint64
}

// Values says where values are in a region: from First on, Stride bytes apart,
// each at Offset.
type Values struct {
	First, Stride, Offset uint64
	// Size is the bytes of a value, 0 for those that the map declares.
	Size uint32
	// Copies are the values that there are for a key, one for each CPU.
	Copies Copies
	// Key is where an entry has its key, if Keyed says that programs may read it there.
	Key   uint64
	Keyed bool
	// Spin is the lock that programs take on each value.
	Spin Spin
	// Compared says that programs write values under the lock at CompareLock.
	Compared    bool
	CompareLock uint64
}

// Parse returns the layout that an image describes. Errors name the number that
// does not fit the map.
func Parse(k Kind, s Shape, step uint32, params map[string]uint64) (Layout, error) {
	p, ok := parsers[k]
	if !ok {
		return nil, fmt.Errorf("%w: layout %q", unsupported.Err, string(k))
	}
	if !p.records && ((s.KeySize == 0) != p.keyless || s.ValueSize == 0) {
		return nil, fmt.Errorf("layout %s with a key of %d bytes and a value of %d", k, s.KeySize, s.ValueSize)
	}
	return p.parse(s, step, params)
}

// parser takes the numbers of an image to a layout of one kind.
type parser struct {
	keyless bool // its maps have no keys
	records bool // its maps have neither keys nor values
	parse   func(s Shape, step uint32, params map[string]uint64) (Layout, error)
}

var parsers = map[Kind]parser{}

// register adds the parser of a kind. It returns the kind so that the file of a
// layout can register what it holds where it declares it.
func register(k Kind, p parser) Kind {
	if _, ok := parsers[k]; ok {
		panic("BUG: layout " + string(k) + " has two parsers")
	}
	parsers[k] = p
	return k
}

// known refuses numbers that a layout does not have.
func known(k Kind, params map[string]uint64, names ...string) error {
	for _, n := range slices.Sorted(maps.Keys(params)) {
		if !slices.Contains(names, n) {
			return fmt.Errorf("layout %s does not have the parameter %q", k, n)
		}
	}
	return nil
}

// words returns the words that n bytes take.
func words(n uint32) uint32 { return (n + wordBytes - 1) / wordBytes }

// room returns the bytes that n bytes take in whole words.
func room(n uint32) uint64 { return wordBytes * uint64(words(n)) }

// up rounds up to Align.
func up[T uint32 | uint64 | Offset](n T) T { return (n + Align - 1) &^ (Align - 1) }
