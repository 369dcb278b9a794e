// Package object reads eBPF object files: programs with their sub-programs,
// maps, and the C lines that BTF records.
//
// It never judges safety and never knows the NFP. Load is the entry point.
//
// Stable for importers.
package object

import (
	"maps"
	"slices"
	"sort"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Type is a program type that the compiler takes.
type Type uint8

// The program types.
const (
	UnknownType Type = iota
	XDP
	TC // SCHED_CLS
)

// String returns the name: "xdp" or "tc".
func (t Type) String() string {
	switch t {
	case XDP:
		return "xdp"
	case TC:
		return "tc"
	}
	return "unknown"
}

// ProgType returns the kernel's type of such programs.
func (t Type) ProgType() bpf.ProgType {
	switch t {
	case XDP:
		return bpf.ProgTypeXDP
	case TC:
		return bpf.ProgTypeSchedCLS
	}
	return bpf.ProgTypeUnspec
}

// Program is one entry program, with the functions it calls appended, calls
// resolved (bpf.PseudoCall with relative offsets) and map references resolved
// to indexes into Maps (bpf.PseudoMapFD, bpf.PseudoMapValue).
type Program struct {
	Object  string // file name, for messages
	Name    string
	Section string
	Type    Type
	// Attach is AttachXDPDevMap or AttachXDPCPUMap for a program that runs in an entry
	// of such a map, at the far end of a redirect; 0 for one that runs at a hook.
	Attach  bpf.AttachType
	License string
	// Fragments says that the program takes frames of which only the first part lies
	// between data and data_end: an XDP program by its section, xdp.frags, a tc program
	// by Options.Fragments.
	Fragments bool
	Insns     []bpf.Insn
	Funcs     []Func // Funcs[0] is the program itself, at slot 0; sorted by Start
	Maps      []*Map
	Lines     []Line // sorted by Slot; an entry holds until the next
	// Called are the programs of the object that this one reaches, itself left out:
	// those in the program arrays that it uses, those that entries of the device and
	// CPU maps that it uses may hold (Map.Holds), those that these reach, and so on.
	// They share maps with it by pointer.
	Called []*Program
	// Unprinted is the number of calls that print and that Options.NoPrintk has left
	// out: each gives 0 and does nothing.
	Unprinted int
	// Refused says why the program cannot be taken (a section that names no
	// type, a reference to the kernel); nil for all others. It is a Refusals
	// when the object was read.
	Refused error
}

// Func is a function inside a program.
type Func struct {
	Name   string
	Start  int  // slot
	Global bool // not static: verified on its own
	// Args are the parameters of a global function. Unclear says why they are
	// not known; such a function cannot be called.
	Args    []Arg
	Unclear error
	// NoInt says that the object has no type of a called function, or one that returns no
	// integer: the kernel takes no LD_ABS and LD_IND there.
	NoInt bool
}

// Line ties a slot to a C line.
type Line struct {
	Slot   int    `json:"slot"`
	File   string `json:"file"`
	LineNo int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
}

// Map is one map of the object.
type Map struct {
	Name       string
	Type       bpf.MapType
	KeySize    uint32
	ValueSize  uint32
	MaxEntries uint32
	Flags      uint32
	Extra      uint64    // map_extra: of a Bloom filter the number of hash functions, 0 for the usual one
	Initial    []Entry   // entries that the object defines, .data and .rodata included
	Frozen     bool      // .rodata: the program may take loads from it as constants
	Settings   []Setting // const volatile variables in a frozen map, by Off
	// Inner is, for a map of maps, a map that those which it holds are like.
	Inner *Map
	// Programs holds, for a program array, the names of the programs by index.
	Programs map[uint32]string
	// Ends holds, for a map whose entries may hold programs (Holds), the names of those
	// in Initial, by key: the second word of the value is then the number that a host
	// has for the program.
	Ends map[string]string
	// Inners holds, for a map of maps, the maps that it holds from the start,
	// by index.
	Inners map[uint32]*Map
	// KeyType and ValueType are the C types, nil where the object has none.
	KeyType, ValueType btf.Type `json:"-"` // who sends a map elsewhere has to send them as BTF
	// Pinning is where the object asks the map to be pinned.
	Pinning Pinning
	// refused says why programs that use the map cannot be taken.
	refused error
}

// Pinning is where an object asks a map to be pinned.
type Pinning uint32

// The places, each with the notation that asks for it.
const (
	NotPinned   Pinning = iota
	PinByName           // LIBBPF_PIN_BY_NAME: by its name alone
	PinByObject         // iproute2's PIN_OBJECT_NS: shared by programs of the same file
	PinGlobally         // iproute2's PIN_GLOBAL_NS: shared by all of iproute2's programs
)

// Entry is one key and value.
type Entry struct{ Key, Value []byte }

// Holds returns where programs are attached that entries of the map may hold for
// the far end of a redirect, 0 for maps whose entries hold none.
func (m *Map) Holds() bpf.AttachType {
	if m.ValueSize != bpf.SizeofDevMapVal {
		return bpf.AtHook
	}
	switch m.Type {
	case bpf.MapTypeDevMap, bpf.MapTypeDevMapHash:
		return bpf.AttachXDPDevMap
	case bpf.MapTypeCPUMap:
		return bpf.AttachXDPCPUMap
	}
	return bpf.AtHook
}

// Constant returns the value of a map that has one, which neither programs nor a host change:
// constant data of the object.
func (m *Map) Constant() (value []byte, ok bool) {
	if !m.Frozen || m.Flags&bpf.FRdonlyProg == 0 || len(m.Initial) != 1 {
		return nil, false
	}
	return m.Initial[0].Value, true
}

// AllMaps returns the maps of the program and of those that it reaches by tail
// calls, each once, its own first, and then those that maps of maps among them
// hold from the start.
func (p *Program) AllMaps() []*Map {
	out := slices.Clone(p.Maps)
	add := func(m *Map) {
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	for _, q := range p.Called {
		for _, m := range q.Maps {
			add(m)
		}
	}
	for _, m := range slices.Clone(out) {
		for _, index := range slices.Sorted(maps.Keys(m.Inners)) {
			add(m.Inners[index])
		}
	}
	return out
}

// LineAt returns the C line of a slot, or nil. Its number is 0 where a compiler
// has joined code of several lines.
func (p *Program) LineAt(slot int) *Line {
	if k := p.lineIndex(slot); k >= 0 {
		return &p.Lines[k]
	}
	return nil
}

// PlaceAt returns the C line of a slot for messages, or nil: where the slot's has
// no number it is the nearest line of the function that has one, before the slot
// or, if there is none, after it.
func (p *Program) PlaceAt(slot int) *Line {
	at := p.lineIndex(slot)
	if at < 0 {
		return nil
	}
	start, end := 0, len(p.Insns)
	for _, f := range p.Funcs {
		if f.Start <= slot {
			start = max(start, f.Start)
		} else {
			end = min(end, f.Start)
		}
	}
	for k := at; k >= 0 && (k == at || p.Lines[k].Slot >= start); k-- {
		if p.Lines[k].LineNo > 0 {
			return &p.Lines[k]
		}
	}
	for k := at + 1; k < len(p.Lines) && p.Lines[k].Slot < end; k++ {
		if p.Lines[k].LineNo > 0 {
			return &p.Lines[k]
		}
	}
	return &p.Lines[at]
}

// lineIndex returns the index in Lines of the line that holds at a slot, or -1.
func (p *Program) lineIndex(slot int) int {
	return sort.Search(len(p.Lines), func(k int) bool { return p.Lines[k].Slot > slot }) - 1
}
