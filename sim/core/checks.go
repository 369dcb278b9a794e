package core

import "github.com/skipsw/skipsw/translate/bpf"

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
	// CheckGrant faults when an instruction writes a register, or uses a signal,
	// that is not the program's.
	CheckGrant

	// AllChecks is every rule that compiled programs keep.
	AllChecks Checks = 1<<iota - 1

	// CheckExact keeps reads inside the packet, and accesses to a map value
	// out of the padding behind its last byte. Programs that are proven safe
	// read whole words and blocks and use what they may of them, so they break
	// this rule; those compiled with translate.Options.Unproven keep it as
	// long as they do no wrong.
	CheckExact Checks = AllChecks + 1
)

// Config holds the parameters of a core.
type Config struct {
	Checks Checks
	// Budget is the number of cycles after which a packet is a runaway.
	Budget uint64
	// PointerLatency is the number of cycles between a write of an index
	// register (ActLMAddr, T_INDEX, ByteIndex) and its first use.
	PointerLatency uint32
	// WorkerWaits says that the worker, which takes the packet when the program
	// ends, waits for the program's writes.
	WorkerWaits bool
	// SwapSlots is the number of cycles that a context swap costs when no defer
	// slot is filled.
	SwapSlots uint32
	// Unwritten is what an unwritten word holds.
	Unwritten uint32
	// Seed starts the pseudo random number CSR.
	Seed uint64
	// PacketBuffer is the size of a packet buffer in bytes.
	PacketBuffer int
	// View is where a packet's place stands.
	View PacketView

	Hooks Hooks
}

// PacketView says what a packet pointer is, and where in a context's local
// memory the place of its packet stands.
type PacketView struct {
	// Set are the bits that are set in every packet pointer and Mask those that
	// tell one from other addresses.
	Set, Mask uint64
	// Pointer and Length are words from the beginning of the packet vector.
	Pointer, Length LocalField
	// Metadata is how many bytes in front of the packet are the program's, too; nil
	// for none.
	Metadata *LocalField
	// BesideLow and BesideHigh are the bytes of the buffer, from the first to the one
	// behind the last, that the firmware keeps beside the packet for the program; 0
	// and 0 are none.
	BesideLow, BesideHigh uint32
	// Fragment is how many bytes of the packet lie behind its buffer; nil for none.
	Fragment *LocalField
}

// LocalField is a field of the packet vector.
type LocalField struct {
	Word int
	Low  uint8
	Mask uint32 // in the word
}

// Get returns the field's value in a word.
func (f LocalField) Get(word uint32) uint32 { return word & f.Mask >> f.Low }

// Grant is what of a core is the program's.
type Grant struct {
	GPRA, GPRB uint32 // registers of the banks
	XferIn     int    // transfer-in registers 0..XferIn-1
	XferOut    int
	Signals    uint16
}

// Everything is the grant of the whole core.
func Everything() Grant {
	return Grant{GPRA: 1<<gprs - 1, GPRB: 1<<gprs - 1, XferIn: xfers, XferOut: xfers, Signals: 1<<numSignals - 1}
}

// Cost is the cost of something that is not simulated word by word, in core
// cycles: Busy on the core, Wait asleep.
type Cost struct{ Busy, Wait uint32 }

// Routines are what lies at the control-store addresses outside the code.
type Routines interface {
	// Call executes the routine of an eBPF helper. It returns the control-store
	// address at which the program goes on; false means that the context has
	// failed.
	Call(x *Context, helper bpf.HelperID) (back uint32, cost Cost, ok bool)
}
