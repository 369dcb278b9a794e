package sim

// Checks selects the rules that end a run with a fault when they are broken.
type Checks uint32

// The rules.
const (
	// CheckUndefined tracks bits that nobody wrote, and faults when they show.
	// Packet bytes read beyond the packet's end, registers a firmware routine
	// may have lost, and flags an operation does not define count as unwritten.
	CheckUndefined Checks = 1 << iota
	// CheckSignals faults when a transfer register is used before the signal of
	// its command was waited for.
	CheckSignals
	// CheckPointerLatency faults when an index register is used within three
	// cycles of its write. Without it the old value is used, as the core does.
	CheckPointerLatency
	// CheckLocalMemory keeps a context inside its packet vector and stack.
	CheckLocalMemory
	// CheckPacketWrites keeps writes inside the packet, as the packet vector
	// describes it at that moment. Without it the whole buffer is writable.
	CheckPacketWrites
	// CheckMapValues keeps accesses to array maps inside one value. Without it
	// the map's whole region will do.
	CheckMapValues
	// CheckHazards faults on sequences that the core does not define.
	CheckHazards

	// AllChecks is every rule that compiled programs keep.
	AllChecks Checks = 1<<iota - 1

	// CheckExact keeps reads inside the packet, and accesses to a map value
	// out of the padding behind its last byte. Programs that are proven safe
	// read whole words and blocks and use what they may of them, so they break
	// this rule; those compiled with translate.Options.Unproven keep it as
	// long as they do no wrong.
	CheckExact Checks = AllChecks + 1
)

// Latency describes the timing of one memory unit, in core cycles.
type Latency struct {
	// Read, Write and Atomic run from the issue of a command to its signal, for
	// the first eight bytes.
	Read, Write, Atomic uint32
	// PerWord is added for each further 8 bytes.
	PerWord uint32
	// Busy is how long the unit is taken for each 8 bytes: the inverse of its
	// throughput.
	Busy uint32
}

// Routine is the cost of a firmware routine in core cycles: Busy on the core,
// Wait asleep for memory. Branches in and out are not included.
type Routine struct{ Busy, Wait uint32 }

// Firmware is the cost of the firmware's routines.
type Firmware struct {
	LookupArray, LookupHash, Update, Delete, Event Routine
}

// Spec holds every parameter of a machine. Each number's source, rationale and
// impact stand in docs/timing.md.
type Spec struct {
	// Interface is the target whose entry, exit and firmware the machine
	// provides, "agilio" or "skipsw". "" takes the one that the image names;
	// a vendor's image, which names another, runs with the one given here.
	Interface string
	Checks    Checks
	// CorrectECC repairs single flipped bits of a word, as the control store
	// does. Otherwise any wrong check bit is a fault.
	CorrectECC bool
	// Budget is the number of cycles after which a packet is a runaway.
	Budget uint64
	// PacketBuffer is the size of a packet buffer in bytes, a power of two up
	// to 8192.
	PacketBuffer int
	// PacketOffset is where a received frame begins in its buffer, in bytes.
	PacketOffset int
	// PointerLatency is the number of cycles between a write of an index
	// register (ActLMAddr, T_INDEX, ByteIndex) and its first use.
	PointerLatency uint32
	// SwapSlots is the number of cycles that a context swap costs when no defer
	// slot is filled.
	SwapSlots uint32

	CTM, EMEM Latency
	Firmware  Firmware
	// Worker is the cost of the worker's loop around a packet: taking it in,
	// acting on the verdict.
	Worker Routine

	// Unwritten is what an unwritten word holds. No program that passes
	// CheckUndefined can tell.
	Unwritten uint32
	// Seed starts the pseudo random number CSR.
	Seed uint64
	// Profile counts executions and cycles of each word.
	Profile bool
	// Trace, when set, is called before each instruction.
	Trace func(Step)
	// Switched, when set, is called when a context begins or ends a packet,
	// gives up the core or gets it back.
	Switched func(Switch)
}

// Step is what a trace sees before an instruction executes.
type Step struct {
	Context int
	Word    int // offset in the image, in words
	Cycle   uint64
}

// SwitchKind is what happens to a context.
type SwitchKind uint8

// The kinds, in the order in which they happen to a packet.
const (
	SwitchBegin SwitchKind = iota // a packet begins
	SwitchSleep                   // the context gives up the core
	SwitchWake                    // it has the core again
	SwitchEnd                     // the packet ends
)

// Switch is one change of what a context does.
type Switch struct {
	Kind    SwitchKind
	Context int
	Word    int // where the context is, in words from the image's start
	Cycle   uint64
}

// DefaultSpec returns the parameters of one worker core of an Agilio card with
// all checks on.
func DefaultSpec() Spec {
	return Spec{
		Checks:         AllChecks,
		Budget:         10_000_000,
		PacketBuffer:   8192,
		PacketOffset:   128,
		PointerLatency: 3,
		SwapSlots:      2,
		CTM:            Latency{Read: 60, Write: 55, Atomic: 60, PerWord: 1, Busy: 1},
		EMEM:           Latency{Read: 200, Write: 180, Atomic: 200, PerWord: 2, Busy: 2},
		Firmware: Firmware{
			LookupArray: Routine{Busy: 40, Wait: 200},
			LookupHash:  Routine{Busy: 80, Wait: 400},
			Update:      Routine{Busy: 120, Wait: 600},
			Delete:      Routine{Busy: 100, Wait: 600},
			Event:       Routine{Busy: 200, Wait: 600},
		},
		Worker:    Routine{Busy: 240, Wait: 300},
		Unwritten: 0xa5a5a5a5,
		Seed:      1,
	}
}
