package gen

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/skipsw/skipsw/translate/object"
)

// Feature is a set of things that a generated program may do.
type Feature uint64

// The features. Those that an ISA level does not have are never used at that
// level, whatever Options asks for.
const (
	ALU32        Feature = 1 << iota // 32-bit arithmetic
	Jmp32                            // 32-bit compare and branch (v3)
	Mul                              // multiplication
	Div                              // division and modulo, unsigned and (v4) signed
	RegShift                         // shifts by a register
	Endian                           // byte swaps
	Sext                             // sign-extending moves and loads (v4)
	Stack                            // stack loads and stores at constant offsets
	VarStack                         // stack accesses at variable offsets
	Spill                            // pointers spilled to the stack and filled again
	PacketLoad                       // loads from the packet
	PacketStore                      // stores to the packet
	PacketVar                        // packet pointers with a variable part
	Parse                            // header parsing as compilers emit it
	Context                          // context fields beside data and data_end
	Array                            // array maps: lookups and loads
	Hash                             // hash maps: lookups, updates, deletes
	PerCPU                           // per-CPU arrays
	Global                           // direct addresses of array values
	MapStore                         // stores to map values
	MapVar                           // map-value pointers with a variable part
	MapUpdate                        // the update and delete helpers
	Atomic                           // atomic add on map values
	AtomicFetch                      // the other atomic operations (v3)
	StoreImm                         // stores of constants
	Calls                            // functions
	Loops                            // bounded loops
	Adjust                           // head and tail adjustment (XDP)
	Helpers                          // byte-copy helpers, the length helper, dynptrs (of records, with Events)
	Unaligned                        // packet and map accesses off their natural alignment
	AcqRel                           // load-acquire and store-release (v4)
	CsumDiff                         // the checksum helper
	LegacyLoad                       // loads of classic BPF (tc)
	LPM                              // longest-prefix tries: lookups
	LRU                              // LRU hash maps, far from full
	PerCPUHash                       // per-CPU hash maps
	OddSizes                         // keys and values of any size
	PointerArgs                      // packet and map-value pointers as keys, values and bytes of helpers
	Rodata                           // values that never change
	CtxFields                        // all fields of the context, of all widths
	MetaData                         // the metadata in front of the packet
	StackAtomic                      // atomic operations on the stack
	Noise                            // helpers whose results differ from run to run and reach nothing
	Bytewise                         // words taken apart and put together byte by byte
	Copies                           // copies and comparisons of structures
	Selects                          // flags, minima, ladders of comparisons, rotations
	Walks                            // loops over headers: tags, options, extensions, checksums
	NullChecks                       // pointers that are never null compared with null
	MayGoto                          // may_goto loops (v4)
	Redirect                         // the redirect helpers and their maps
	Queues                           // queue and stack maps
	Events                           // records for the host
	SkbEdit                          // the helpers that change frames (tc)
	AdjustMeta                       // room for metadata (XDP)
	TailCalls                        // tail calls, of functions too, and programs that they lead to
	PrefixUpdate                     // updates of longest-prefix tries
	GlobalCalls                      // functions that are proven on their own
	Aliases                          // stores and loads of the same bytes through different pointers
	Pressure                         // more numbers at a time than there are registers
	Choices                          // pointers that a branch chooses
	OddPlaces                        // arguments of helpers at every offset of the stack
	SkbInPlace                       // the helpers that change checksums, the hash or the length, make room or pull bytes, or keep tunnel keys (tc)
	Arrays                           // arrays on the stack, walked and indexed
	Callbacks                        // functions that helpers call in a loop, maps of maps, and locks in map values

	// AllFeatures holds every feature.
	AllFeatures Feature = 1<<iota - 1
)

var featureNames = []string{
	"alu32", "jmp32", "mul", "div", "regshift", "endian", "sext", "stack", "varstack", "spill", "packetload",
	"packetstore", "packetvar", "parse", "context", "array", "hash", "percpu", "global", "mapstore", "mapvar",
	"mapupdate", "atomic", "atomicfetch", "storeimm", "calls", "loops", "adjust", "helpers", "unaligned", "acqrel",
	"csumdiff", "legacyload", "lpm", "lru", "percpuhash", "oddsizes", "pointerargs", "rodata", "ctxfields", "metadata",
	"stackatomic", "noise", "bytewise", "copies", "selects", "walks", "nullchecks", "maygoto", "redirect", "queues", "events", "skbedit",
	"adjustmeta", "tailcalls", "prefixupdate", "globalcalls", "aliases", "pressure", "choices", "oddplaces", "skbinplace", "arrays", "callbacks",
}

// String lists the features by name, separated by commas.
func (f Feature) String() string {
	var s []string
	for i, n := range featureNames {
		if f>>i&1 != 0 {
			s = append(s, n)
		}
	}
	return strings.Join(s, ",")
}

// ParseFeatures reads a list of names as String writes it.
func ParseFeatures(s string) (Feature, error) {
	var f Feature
next:
	for n := range strings.SplitSeq(s, ",") {
		if n = strings.TrimSpace(n); n == "" {
			continue
		}
		for i, have := range featureNames {
			if n == have {
				f |= 1 << i
				continue next
			}
		}
		return 0, fmt.Errorf("unknown feature %q; the features are %s", n, AllFeatures)
	}
	return f, nil
}

// Options says what programs to make. The zero value means everything, of all
// levels and both types.
type Options struct {
	// ISA is the level of the instruction set, 1 to 4; 0 takes any.
	ISA int
	// MaxISA bounds a level that ISA leaves open; 0 means 4.
	MaxISA int
	// Type is the program type; object.UnknownType takes either.
	Type object.Type
	// Without names features to keep out of all programs.
	Without Feature
	// Only names the features that a program may use; 0 means all.
	Only Feature
	// Size is the aim for the number of instructions of the whole program; 0
	// takes a random one between 8 and 160.
	Size int
	// Card keeps to what the Agilio firmware offers, whoever compiles for it:
	// no AgilioLacks, small map values, and no value word that is both counted
	// in and read. Without it, and without Hidden, a quarter of the programs keep to that.
	Card bool
	// Hidden has the constants of numbers come from a map value, so that nobody knows
	// them before the program runs: nothing is folded away before it is tested. Those that
	// verifiers want to see stay: bounds of loops, lengths, offsets, masks of them.
	Hidden bool
	// NearOnly leaves out what runs at the far end of a redirect, where test runs of a
	// kernel do not get to.
	NearOnly bool
	// NoLegacyInFuncs keeps loads of classic BPF out of called functions, where kernels
	// cannot be asked about them.
	NoLegacyInFuncs bool
	// Network says that all judges have the network of package testnet, into which
	// programs then look.
	Network bool
}

// AgilioLacks holds what programs for the Agilio firmware cannot do, whoever
// compiles them: the firmware has no such map, helper or atomic operation.
const AgilioLacks = PerCPU | Global | MapStore | AtomicFetch | AcqRel | Helpers | MapVar | VarStack | Context | CsumDiff |
	LPM | PrefixUpdate | Queues | LRU | PerCPUHash | PointerArgs | Rodata | CtxFields | Noise | SkbEdit | SkbInPlace | AdjustMeta | Callbacks | Redirect | TailCalls

// Maps holds the features that bring maps.
const Maps = Array | Hash | PerCPU | Global | LPM | LRU | PerCPUHash | Rodata | Redirect | Queues | Events | TailCalls

// pick resolves the random parts of the options for one program. A program
// uses a random subset of the features: programs that do less of one thing do
// more of another, and so reach further into it.
func (o Options) pick(r *rand.Rand) Options {
	if o.ISA == 0 {
		o.ISA = 1 + r.IntN(4)
		if o.MaxISA > 0 {
			o.ISA = min(o.ISA, o.MaxISA)
		}
	}
	if o.Type == object.UnknownType {
		o.Type = object.XDP
		if r.IntN(3) == 0 {
			o.Type = object.TC
		}
	}
	f := AllFeatures
	if o.Only != 0 {
		f = o.Only
	}
	f &^= o.Without
	if o.ISA < 3 {
		f &^= Jmp32 | AtomicFetch
	}
	if o.ISA < 4 {
		f &^= Sext | AcqRel | MayGoto
	}
	if o.Type == object.XDP {
		f &^= LegacyLoad | SkbEdit | SkbInPlace
	} else {
		f &^= Adjust | AdjustMeta
	}
	o.Card = o.Card || !o.Hidden && r.IntN(4) == 0
	if o.Hidden {
		f &^= Rodata
	}
	if o.Card {
		f &^= AgilioLacks
	}
	keep := 40 + r.IntN(60)
	for i := range featureNames {
		if r.IntN(100) >= keep {
			f &^= 1 << i
		}
	}
	o.Only, o.Without = f, 0
	if o.Size == 0 {
		o.Size = 8 + r.IntN(40)
		if r.IntN(3) == 0 {
			o.Size += r.IntN(112)
		}
	}
	return o
}

// has reports whether all of the given features are on.
func (o *Options) has(f Feature) bool { return o.Only&f == f }
