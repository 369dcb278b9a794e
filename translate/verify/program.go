// Package verify proves that an eBPF program is safe to run and collects what
// the proof learnt about each register and stack byte at each instruction.
//
// Verify is the entry point, VerifyContext the one with a deadline; they alone
// can make a *Program, which is what the compiler accepts. A refusal is an *Error
// that says why, where and on which path.
//
// Behind it lie translate/internal/number (numbers of which bits and ranges are
// known) and translate/internal/platform (helpers, map types and limits as rows
// of data). Here is the shape of the code (structure.go), the walk over its paths
// (walk.go, step.go), what ends a path early (prune.go), and what is said of all
// paths together (facts.go).
//
// It never knows the NFP, nor how helpers and maps are made.
//
// Stable for importers: Verify, VerifyContext, Options, Program, Reg, Kind and
// Error with its classes. The facts that a Program gives out grow with the proof,
// the text of refusals may change.
package verify

import (
	"math"
	"math/bits"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/number"
	"github.com/skipsw/skipsw/translate/object"
)

// Kind says what a register holds.
type Kind uint8

// The register kinds.
const (
	Uninit Kind = iota // never written, or not readable
	Scalar
	PtrCtx
	PtrPacket
	PtrPacketMeta
	PtrPacketEnd
	PtrStack
	PtrMapValue
	PtrMapValueOrNull
	PtrMap // the map itself, from a 64-bit immediate load
	PtrMem // memory returned by a helper
	PtrMemOrNull
	PtrFunc
	Mixed        // different kinds on different paths
	PtrMapOrNull // an inner map of a map-in-map, before its null check
	PtrMapKey    // a key of a map, which a callback got
	PtrNum       // the number of an iterator, in the iterator's stack slot
	PtrNumOrNull // of a fact only: the same on some paths, null on others
	// PtrSlice is memory of a dynptr of the packet. In facts it is PtrPacket.
	PtrSlice
	PtrSliceOrNull
	PtrSocket // a socket of a map of sockets
	PtrSocketOrNull
	PtrDynptr // a dynptr that a global function got, where it is proven on its own
)

// Tnum is a number of which some bits are known: bits set in Mask are unknown
// and zero in Value.
type Tnum = number.Tnum

// Reg is the join over all paths of what a register holds before an
// instruction. For pointers Off is the constant part of the offset and the
// ranges describe the variable part; the true offset is Off + variable part.
type Reg struct {
	Kind Kind
	// OffKnown says that Off is the same on all paths and there is no variable
	// part: a stack or map-value pointer is then a compile-time address.
	OffKnown bool
	Off      int32
	// Range is, for a packet pointer, the number of bytes from Off=0 (the
	// pointer without its constant part) proven to be inside the packet.
	Range uint16
	// Map is the index of the map in Source().Maps, for map pointers, or -1
	// when it differs between paths. For PtrNum it is the slot of the iterator in
	// the stack of Frame: slot k is at R10-8*(k+1).
	Map int
	// Among holds the maps that a map pointer may belong to; see MayBe.
	Among MapSet
	// Inner says that Map is a map-in-map and the pointer belongs to one of its
	// inner maps.
	Inner bool
	// Frame is the frame number of a stack pointer, 0 for the main program, or
	// -1 when it differs between paths.
	Frame int

	// kinds are those that meet in a register that is Mixed, see Meets. Bits are then
	// those of the offset where it is a pointer to a map value.
	kinds uint32

	Bits       Tnum // scalars, and the variable part of pointers
	UMin, UMax uint64
	SMin, SMax int64
}

// Int returns the bounds of a number that is taken as an int, of 32 bits; not ok for what
// is no number, or may be one of more bits.
func (r *Reg) Int() (least, most int64, ok bool) {
	switch {
	case r.Kind != Scalar:
	case r.SMin >= math.MinInt32 && r.SMax <= math.MaxInt32:
		return r.SMin, r.SMax, true
	case r.UMin > math.MaxInt32 && r.UMax <= math.MaxUint32:
		return int64(r.UMin) - 1<<32, int64(r.UMax) - 1<<32, true
	}
	return 0, 0, false
}

// MapSet is a set of maps by their index in Source().Maps: bit k stands for map
// k, the last bit for all from its own number on.
type MapSet uint64

// lastInSet is the bit that stands for several maps.
const lastInSet = 63

// setOf returns the set with a map; that of -1 has all.
func setOf(k int) MapSet {
	if k < 0 {
		return ^MapSet(0)
	}
	return 1 << min(k, lastInSet)
}

// MayBe reports whether a map pointer can belong to map k.
func (r *Reg) MayBe(k int) bool { return r.Map == k || r.Map < 0 && r.Among&setOf(k) != 0 }

// Meets reports whether a Mixed register has each of some kinds on some path, and
// no other.
func (r *Reg) Meets(kinds ...Kind) bool {
	want := uint32(0)
	for _, k := range kinds {
		want |= 1 << k
	}
	return r.Kind == Mixed && r.kinds == want
}

// Program is a program that has been proven safe, or, when Options.Unproven
// asked for it and Proven says so, one that has not. Only Verify makes one.
type Program struct {
	src      *object.Program
	unproven bool
	facts    []fact
	depth    []int // stack bytes used, by function index

	funcs []object.Func
	fn    []int32 // function of each slot
	fps   []Reg   // R10 by function
	uses  stackUses
	// callbacks gives the function that a helper call calls back
	callbacks map[int]int
	dynptrs   map[int]Dynptr // by call

	walked, kept int
	log          string
}

// Walked returns the number of instructions that the proof walked, and of
// states that it kept for comparison.
func (p *Program) Walked() (insns, states int) { return p.walked, p.kept }

// Log returns the log of the last path in the kernel's notation, when
// Options.Log asked for it.
func (p *Program) Log() string { return p.log }

type fact struct {
	// regs holds the registers whose bits are set in has, in their order.
	regs    []Reg
	has     bpf.RegSet
	reached bool
	// branch tells which ways of a conditional jump were walked: bit 0 fall
	// through, bit 1 taken.
	branch uint8
	// regLive has bit r set when the value of Rr after this instruction may
	// be read.
	regLive bpf.RegSet
	// stackLive is a bit for each of the 512 bytes below the frame pointer:
	// bit k is byte R10-1-k, set when a later instruction may read it.
	stackLive [8]uint64
}

// reg returns the fact of a register, or nil when there is none.
func (f *fact) reg(r int) *Reg {
	if f.has>>r&1 == 0 {
		return nil
	}
	return &f.regs[bits.OnesCount16(uint16(f.has&(1<<r-1)))]
}

// Proven reports whether the program is safe to run without checks.
func (p *Program) Proven() bool { return !p.unproven }

// WithMap returns the program with a map that it does not name, for what a compiler
// adds to it.
func (p *Program) WithMap(m *object.Map) *Program {
	q, src := *p, *p.src
	src.Maps = append(slices.Clone(src.Maps), m)
	q.src = &src
	return &q
}

// Source returns the program that was proven.
func (p *Program) Source() *object.Program { return p.src }

// Reached reports whether any path executes the slot. The second slot of a
// 64-bit immediate load is never reached.
func (p *Program) Reached(slot int) bool { return p.facts[slot].reached }

// Reg returns what register r (0..10) holds before the slot's instruction. It
// is true of every run that goes on to read the register before it is written;
// Uninit says that no run does.
func (p *Program) Reg(slot, r int) *Reg {
	f := &p.facts[slot]
	if x := f.reg(r); x != nil {
		return x
	}
	if r == 10 && f.reached {
		x := p.fps[p.fn[slot]]
		return &x
	}
	return &Reg{}
}

// Branches reports which ways of the conditional jump at slot some path takes.
func (p *Program) Branches(slot int) (fall, taken bool) {
	b := p.facts[slot].branch
	return b&1 != 0, b&2 != 0
}

// LiveAfter reports whether register r may be read after slot's instruction
// before it is written.
func (p *Program) LiveAfter(slot, r int) bool { return p.facts[slot].regLive>>r&1 != 0 }

// StackLive reports whether the stack byte at off (-512..-1 from the frame
// pointer of slot's function) may be read at slot or later.
func (p *Program) StackLive(slot, off int) bool {
	k := -1 - off
	return p.facts[slot].stackLive[k>>6]>>(k&63)&1 != 0
}

// Funcs returns the program's functions in the order of their slots: those of
// Source().Funcs, and callees that are missing there.
func (p *Program) Funcs() []object.Func { return p.funcs }

// StackDepth returns the bytes of stack that function f (an index into
// Funcs()) uses.
func (p *Program) StackDepth(f int) int { return p.depth[f] }
