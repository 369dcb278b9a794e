// Package target holds the contract between compiler, linked routines,
// firmware, simulator, check and devices, as data: the core, the registers that
// programs may use, the calling convention of routines, local memory, the packet
// vector, the exit word, map memory and its limits, helpers, memories. Nobody
// else writes one of these facts down.
//
// A description is one YAML file. Every field is honoured by the part that its
// comment names, or a value other than the honoured ones is refused by name when
// the file is read (honoured.go). A file has every field; what is optional says
// so.
//
// It never knows eBPF programs, encodings or the simulator, nor what the compiler
// has code for, see translate.CheckTarget. Load, Builtin and
// Parse are the entry points.
//
// Stable for importers: target files by their schema; Go fields may be added.
package target

import (
	"slices"

	"github.com/skipsw/skipsw/nfpisa"
)

// Schema is the version of the file format that this package writes.
const Schema = 2

// Target is one description. Sizes are in bytes unless the field says words;
// control-store addresses count words.
type Target struct {
	Schema int    `json:"schema"`
	Name   string `json:"name"`
	// Firmware names the model of the firmware around the core. A vendor's
	// target with a name of its own keeps the model's.
	Firmware string `json:"firmware"`
	// ABI is the version of the interface that the firmware speaks.
	ABI          int          `json:"abi"`
	Card         Card         `json:"card"`
	Core         Core         `json:"core"`
	Registers    Registers    `json:"registers"`
	Entry        Entry        `json:"entry"`
	Calls        Calls        `json:"calls"`
	LocalMemory  LocalMemory  `json:"local_memory"`
	Packet       Packet       `json:"packet"`
	PacketVector PacketVector `json:"packet_vector"`
	Exit         Exit         `json:"exit"`
	Maps         Maps         `json:"maps"`
	// Helpers says by the kernel's helper name, without bpf_, who does the work
	// of a helper. A helper without a row is not there.
	Helpers map[string]Helper `json:"helpers"`
	// Clock is what programs tell the time by; nil without a clock helper.
	Clock *Clock `json:"clock,omitempty"`
	// Event is how the firmware's routine for perf_event_output is called; nil
	// without one.
	Event *Event `json:"event,omitempty"`
	// AdjustHead limits xdp_adjust_head; nil without this helper.
	AdjustHead *AdjustHead `json:"adjust_head,omitempty"`
	// AdjustTail limits xdp_adjust_tail; nil without this helper.
	AdjustTail *AdjustTail `json:"adjust_tail,omitempty"`
	// SkbScratch says that tc programs have the fields of their context that a
	// program may write, as scratch memory that nobody else sees but for those of
	// PacketVector.Skb, and the fields that follow from the frame.
	SkbScratch bool `json:"skb_scratch"`
	// Tunnel is where tunnel keys of frames are kept; nil where the card has no
	// tunnels.
	Tunnel *Tunnel `json:"tunnel,omitempty"`
	// Memories are the memories that programs reach, by name, with their
	// latencies: the simulator's defaults.
	Memories map[string]Memory `json:"memories"`
}

// Card is how the card as a whole deals with programs and maps.
type Card struct {
	// CPUs is what counts as a CPU for per-CPU maps and for
	// get_smp_processor_id: CPUsOne or CPUsContext.
	CPUs string `json:"cpus"`
	// Contexts is the most contexts of a card, with CPUsContext: a per-CPU map has
	// so many values for a key. 0 otherwise.
	Contexts int `json:"contexts,omitempty"`
	// Programs is how many programs the card runs: "one" for all ports.
	Programs string `json:"programs"`
	// Maps is what maps belong to: "program", with which they come and go.
	Maps string `json:"maps"`
	// Idle is what becomes of packets without a program: "none" are taken.
	Idle string `json:"idle"`
}

// What counts as a CPU: the whole card, or each context, whose number is
// PacketVector.CPU.
const (
	CPUsOne     = "one"
	CPUsContext = "context"
)

// PerCPU returns how many values a per-CPU map has for a key.
func (c *Card) PerCPU() int { return max(c.Contexts, 1) }

// maxContexts is the most contexts of a card that a target can have.
const maxContexts = 1 << 10

// cpus looks at what counts as a CPU.
func (c *checker) cpus() {
	k, number := &c.t.Card, c.t.PacketVector.CPU
	if k.CPUs != CPUsContext {
		if k.Contexts != 0 || number != nil {
			c.fail("card.contexts is %d and packet_vector.cpu is %s, which card.cpus %q has no use for", k.Contexts, there(number != nil), k.CPUs)
		}
		return
	}
	if !c.t.Direct() {
		c.fail("card.cpus is %q, which maps.kind %q does not know of", k.CPUs, c.t.Maps.Kind)
	}
	c.within("card.contexts", k.Contexts, 1, maxContexts)
	if number == nil {
		c.fail("packet_vector.cpu is absent, and card.cpus %q needs it", k.CPUs)
	} else if k.Contexts > 0 && uint64(k.Contexts) > 1<<number.Bits {
		c.fail("packet_vector.cpu has %d bits, which do not number %d contexts", number.Bits, k.Contexts)
	}
}

func there(yes bool) string {
	if yes {
		return "there"
	}
	return "absent"
}

// Core is the control store and its entry points.
type Core struct {
	Contexts  int      `json:"contexts"`   // contexts that run: 4 or 8
	CodeStart CodeAddr `json:"code_start"` // address of the first word
	CodeWords int      `json:"code_words"` // words that a program may have
	// CodeSharers is the number of cores that share one control store.
	CodeSharers int      `json:"code_sharers"`
	Done        CodeAddr `json:"done"` // address that ends a packet
	// Padding is the number of no-operation words after the code, which the
	// core may fetch beyond the last instruction.
	Padding int `json:"padding"`
}

// Registers is what programs and the routines linked to them may use.
type Registers struct {
	GPRs    int      `json:"gprs"`     // registers 0..GPRs-1 of both banks
	KeepA   []GPR    `json:"keep_a"`   // of these, registers of bank A that must not change
	KeepB   []GPR    `json:"keep_b"`   // of these, registers of bank B that must not change
	XferIn  int      `json:"xfer_in"`  // transfer-in registers 0..XferIn-1
	XferOut int      `json:"xfer_out"` // transfer-out registers 0..XferOut-1
	Signals []Signal `json:"signals"`  // programs wait with the first one
}

// Entry is what a program finds when it begins, beside the packet vector.
type Entry struct {
	Stack       Reg     `json:"stack"`        // register with the stack base, a byte address in local memory
	StackIndex  LMIndex `json:"stack_index"`  // index register that points there
	VectorIndex LMIndex `json:"vector_index"` // index register that points at the packet vector
}

// Calls is the calling convention of routines, the firmware's as well as linked
// ones.
type Calls struct {
	Return Reg `json:"return"` // register with the return address
	// Map is the register with the map's number, for routines that serve more
	// than one map; nil where each map has routines of its own.
	Map *Reg `json:"map,omitempty"`
	// Flags is the register of both banks with the low word of the flags of an
	// update; the high word is in the next.
	Flags GPR `json:"flags"`
	// Result is the register of both banks with the low word of the result; the
	// high word is in the next.
	Result GPR `json:"result"`
	// Key is where the key lies. Word counts from the stack base.
	Key LMPlace `json:"key"`
	// Value is where the value of an update lies. Word counts from the stack
	// base.
	Value LMPlace `json:"value"`
	// Kept are the registers of both banks that a routine does not change.
	Kept []GPR `json:"kept"`
	// KeptIndexes are the index registers that a routine does not change.
	KeptIndexes []LMIndex `json:"kept_indexes"`
}

// Event is how the firmware's event routine takes its arguments: registers of
// both banks with the low word, the high word being in the next, and what the
// data pointer may be.
type Event struct {
	Map   GPR `json:"map"`   // number of the event array
	Flags GPR `json:"flags"` // flags; bits of the high word count packet bytes
	Data  GPR `json:"data"`  // pointer to the data
	Size  GPR `json:"size"`  // bytes of data
	Kind  Reg `json:"kind"`  // register with the kind of the data pointer
	// MapValue and Stack are the kinds of pointers to map values and to the
	// stack.
	MapValue uint8 `json:"map_value"`
	Stack    uint8 `json:"stack"`
}

// LocalMemory is the part of local memory that belongs to a context, and of
// that the program's.
type LocalMemory struct {
	Context   int `json:"context"`    // bytes of a context
	Vector    int `json:"vector"`     // where the packet vector is in them
	StackBase int `json:"stack_base"` // where the stack base is in them
	// Stack is the number of bytes from the stack base on, for the stack of
	// the program and for spilled registers.
	Stack int `json:"stack"`
	// PointerDelay is the number of instructions that must separate a write of
	// an index register from its first use.
	PointerDelay int `json:"pointer_delay"`
}

// AdjustHead is what the packet start may become, as offsets in the packet
// buffer, and the smallest packet that may be left.
type AdjustHead struct {
	OffMin    int `json:"off_min"`
	OffMax    int `json:"off_max"`
	MinLength int `json:"min_length"`
}

// AdjustTail is the smallest packet that may be left, and where the longest one
// may end.
type AdjustTail struct {
	MinLength int `json:"min_length"`
	// EndMax is the greatest offset in the packet buffer that a packet may be
	// made to end at; 0 for packets that cannot grow at their end.
	EndMax int `json:"end_max,omitempty"`
}

// Memory is the timing of a memory as one core sees it, in core cycles.
type Memory struct {
	// Read, Write and Atomic are the cycles from a command to its signal for the
	// first eight bytes.
	Read   uint32 `json:"read"`
	Write  uint32 `json:"write"`
	Atomic uint32 `json:"atomic"`
	// PerWord is added for each further eight bytes.
	PerWord uint32 `json:"per_word"`
	// Busy is how long the memory is taken for each eight bytes.
	Busy uint32 `json:"busy"`
	// InOrder says that the memory takes the commands of a context in the order
	// in which they are issued, so that the signal of one tells that those
	// before it are done, too.
	InOrder bool `json:"in_order,omitempty"`
}

// Direct reports whether the program addresses map memory itself.
func (t *Target) Direct() bool { return t.Maps.Kind == MapsDirect }

// Grants reports whether programs may write a register.
func (t *Target) Grants(r Reg) bool {
	keep := t.Registers.KeepA
	if r.Bank == nfpisa.BankB {
		keep = t.Registers.KeepB
	}
	return int(r.Num) < t.Registers.GPRs && !slices.Contains(keep, r.Num)
}

// HasMap reports whether maps of the named type can be used.
func (t *Target) HasMap(typ string) bool { return slices.Contains(t.Maps.Types, typ) }

// Helper returns who does the work of a helper, named without bpf_; a helper
// that has no row is done by none.
func (t *Target) Helper(name string) Helper { return t.Helpers[name] }

// HasHelper reports whether a helper can be called.
func (t *Target) HasHelper(name string) bool { return t.Helpers[name].By != HelperNone }
