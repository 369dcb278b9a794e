// Package target describes the machines and firmware interfaces that code is
// made for. A description is data, one YAML file each: the core, the
// registers, local memory, the packet vector, the way a program ends, maps and
// helpers with their limits.
//
// It never knows eBPF programs or encodings. Builtin and Load are the entry
// points.
package target

// Target is one description. All sizes are in bytes unless the field says
// words; control-store addresses count words.
type Target struct {
	Name string `yaml:"name"`
	// ABI is the version of the entry and exit interface.
	ABI          int          `yaml:"abi"`
	Core         Core         `yaml:"core"`
	Registers    Registers    `yaml:"registers"`
	LocalMemory  LocalMemory  `yaml:"local_memory"`
	PacketVector PacketVector `yaml:"packet_vector"`
	Exit         Exit         `yaml:"exit"`
	Maps         Maps         `yaml:"maps"`
	// Helpers holds the control-store addresses of firmware routines by eBPF
	// helper name, without the bpf_ prefix.
	Helpers map[string]uint16 `yaml:"helpers"`
	// SkbScratch says that tc programs have the fields of their context that a
	// program may write, as scratch memory that nobody else sees, and the
	// fields that follow from the frame.
	SkbScratch bool `yaml:"skb_scratch"`
	// Inline are the helpers that programs bring as code of their own, by eBPF
	// helper name without the bpf_ prefix.
	Inline []string `yaml:"inline"`
	// AdjustHead limits bpf_xdp_adjust_head; nil when packets cannot change
	// their start.
	AdjustHead *AdjustHead `yaml:"adjust_head"`
	// AdjustTail says that bpf_xdp_adjust_tail can shrink packets.
	AdjustTail bool `yaml:"adjust_tail"`
	// Random says that the pseudo-random number register may be read.
	Random bool `yaml:"random"`
	// Latency holds typical latencies in core cycles by memory name: lm, cls,
	// ctm, imem, emem.
	Latency map[string]int `yaml:"latency"`
}

// Core is the control store and its entry points.
type Core struct {
	Contexts  int    `yaml:"contexts"`   // contexts that run: 4 or 8
	CodeStart uint16 `yaml:"code_start"` // control-store address of the first word
	CodeWords int    `yaml:"code_words"` // words that a program may have
	Done      uint16 `yaml:"done"`       // control-store address that ends a packet
	// Padding is the number of no-operation words after the code, which the
	// core may fetch beyond the last instruction.
	Padding int `yaml:"padding"`
}

// Registers is what the program may use of the register files.
type Registers struct {
	GPRs     int   `yaml:"gprs"`      // registers 0..GPRs-1 of both banks
	KeepA    []int `yaml:"keep_a"`    // of these, registers of bank A that must not change
	KeepB    []int `yaml:"keep_b"`    // of these, registers of bank B that must not change
	XferIn   int   `yaml:"xfer_in"`   // transfer-in registers 0..XferIn-1
	XferOut  int   `yaml:"xfer_out"`  // transfer-out registers 0..XferOut-1
	StackGPR int   `yaml:"stack_gpr"` // register of bank A with the stack base at entry
}

// LocalMemory is the part of local memory that belongs to the program.
type LocalMemory struct {
	// Stack is the number of bytes from the stack base on, for the stack of
	// the program and for spilled registers.
	Stack int `yaml:"stack"`
	// PointerDelay is the number of instructions that must separate a write of
	// a local-memory pointer from its first use.
	PointerDelay int `yaml:"pointer_delay"`
}

// PacketVector gives word numbers in the packet vector at ActLMAddr1; -1 where
// the target has no such word.
type PacketVector struct {
	Length   int `yaml:"length"`    // word with the packet length
	LenBits  int `yaml:"len_bits"`  // low bits of that word that are the length
	Pointer  int `yaml:"pointer"`   // word with the packet pointer
	Flags    int `yaml:"flags"`     // word with the queue-selected bit 4
	Queue    int `yaml:"queue"`     // word with the selected queue in bits 7:0
	Ingress  int `yaml:"ingress"`   // word with the ingress interface index
	RxQueue  int `yaml:"rx_queue"`  // word with the receive queue index
	MaxQueue int `yaml:"max_queue"` // queue value that means out of range
}

// Exit says how a program hands back its verdict.
type Exit struct {
	// Kind is "code" (A0 holds action and counter bits) or "value" (A0 holds
	// the low word of R0).
	Kind string `yaml:"kind"`
	// XDP and TC are the bits 23:16 of A0 by verdict, for Kind "code".
	XDP []uint8 `yaml:"xdp"`
	TC  []uint8 `yaml:"tc"`
	// XDPOther and TCOther are the codes of verdicts beyond these tables.
	XDPOther uint8 `yaml:"xdp_other"`
	TCOther  uint8 `yaml:"tc_other"`
}

// Maps is what the target offers for maps.
type Maps struct {
	// Kind is "firmware" (helpers are routines of the firmware) or "direct"
	// (the program addresses map memory itself).
	Kind string `yaml:"kind"`
	// Types are the map types that can be used, by the kernel's names.
	Types []string `yaml:"types"`
	// Base is the 40-bit address of map memory, for Kind "direct".
	Base uint64 `yaml:"base"`
	// Size is the number of bytes of map memory, for Kind "direct".
	Size       uint64 `yaml:"size"`
	MaxMaps    int    `yaml:"max_maps"`
	MaxEntries uint64 `yaml:"max_entries"` // of all maps together
	MaxKey     int    `yaml:"max_key"`
	MaxValue   int    `yaml:"max_value"`
	MaxElement int    `yaml:"max_element"` // key and value together, each rounded up to 8
	// Atomics are the atomic operations that programs may use on map values:
	// add, or, and, xor, xchg, and fetch for those that return the old value.
	Atomics []string `yaml:"atomics"`
	// Stores says that programs may store to map values; without it only loads
	// and atomic additions are possible.
	Stores bool `yaml:"stores"`
}

// AdjustHead is what the packet start may become, as offsets in the packet
// buffer, and the smallest packet that may be left.
type AdjustHead struct {
	OffMin    int `yaml:"off_min"`
	OffMax    int `yaml:"off_max"`
	MinLength int `yaml:"min_length"`
}

// Direct reports whether the program addresses map memory itself.
func (t *Target) Direct() bool { return t.Maps.Kind == "direct" }

// HasMap reports whether maps of the named type can be used.
func (t *Target) HasMap(typ string) bool {
	for _, m := range t.Maps.Types {
		if m == typ {
			return true
		}
	}
	return false
}
