package sim

import (
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/sim/network"
)

// Spec holds the parameters of a machine that its target leaves open; what the
// target says (registers, entry, exit, memories and their latencies) the machine
// takes from there. Each number's source, rationale and
// impact stand in docs/timing.md.
type Spec struct {
	// Interface is the firmware model that the machine provides. "" takes the
	// one of the target that the image names.
	Interface string
	// Models are the firmware models to choose from; nil is those of package
	// firmware.
	Models *firmware.Registry
	// Memory is where maps live that outlast the machine and are shared with
	// others; nil gives the machine memory of its own. An image's own maps are
	// made in it, too.
	Memory *Memory
	// Network is what programs find that look into the host's network; nil is a
	// host without interfaces.
	Network *network.Tables
	Checks  Checks
	// CorrectECC repairs single flipped bits of a word, as the control store
	// does. Otherwise any wrong check bit is a fault.
	CorrectECC bool
	// Budget is the number of cycles after which a packet is a runaway.
	Budget uint64
	// PacketBuffer is the size of a packet buffer in bytes, a power of two that
	// the target's packet pointers reach.
	PacketBuffer int
	// PacketOffset is where a received frame begins in its buffer, in bytes.
	PacketOffset int
	// Linear is how many bytes of a frame its buffer takes at most, for programs that
	// take frames in several pieces; 0 is as many as there is room for.
	Linear int
	// SwapSlots is the number of cycles that a context swap costs when no defer
	// slot is filled.
	SwapSlots uint32

	// Memories replace latencies of the target's memories, by name.
	Memories map[string]Latency
	// Shapes say how memories are built inside, by name: banks, caches, one for
	// each island. One that is not named is one server without a cache. Names that
	// the target has no memory of are left out.
	Shapes map[string]Shape
	// IslandCores is the number of cores of an island; 0 is one island for all.
	IslandCores int
	Firmware    Firmware
	// Worker is the cost of the worker's loop around a packet: taking it in,
	// acting on the verdict.
	Worker Routine
	// WorkerTurns is how often a context has the core for it, with equal parts of
	// the time asleep between; 0 is once.
	WorkerTurns uint32

	// Unwritten is what an unwritten word holds. No program that passes
	// CheckUndefined can tell.
	Unwritten uint32
	// Seed starts the pseudo random number CSR.
	Seed uint64
	// KeepRecords leaves the records of ring buffers and perf event arrays in card
	// memory until Map.Queue takes them out, as a host that is slower than the card
	// does; a packet's Events are then none of them.
	KeepRecords bool
	// Threads is the number of threads in which a System runs its cores; 0 is one.
	// Nothing depends on it but the time that it takes. With hooks or a profile it is
	// one.
	Threads int
	// Profile counts executions and cycles of each word.
	Profile bool
	// Hooks are called at named points of the cores' work.
	Hooks Hooks
	// MemoryHooks are those of the memory units; with Memory, they are the ones
	// that it was made with.
	MemoryHooks MemoryHooks
}

// DefaultSpec returns the parameters of one worker core of an Agilio card with
// all checks on.
func DefaultSpec() Spec {
	return Spec{
		Checks:       AllChecks,
		Budget:       10_000_000,
		PacketBuffer: 8192,
		PacketOffset: 128,
		SwapSlots:    2,
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
