package core

import (
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// FaultKind says what rule a program broke.
type FaultKind uint8

// The fault kinds.
const (
	FaultNone FaultKind = iota
	// FaultInvalidWord is a control-store word that is no instruction.
	FaultInvalidWord
	// FaultECC is a word whose check bits do not match.
	FaultECC
	// FaultUnsupported is an instruction whose behaviour is in no source that
	// the simulator could be built on.
	FaultUnsupported
	// FaultBadPC is a jump outside the code, the exit and the firmware routines.
	FaultBadPC
	// FaultRunaway means that the cycle budget is used up.
	FaultRunaway
	// FaultUndefined is a use of bits that nobody wrote.
	FaultUndefined
	// FaultFlags is a use of condition codes that the last operation left
	// undefined.
	FaultFlags
	// FaultSignal is a transfer register used before its signal, a signal that
	// is waited for and never comes, or one that is in use twice.
	FaultSignal
	// FaultPointerLatency is an index register used too soon after its write.
	FaultPointerLatency
	// FaultLocalMemory is a local-memory access outside packet vector and stack.
	FaultLocalMemory
	// FaultPacket is an access outside the packet buffer, or a write outside
	// the packet.
	FaultPacket
	// FaultMemory is an access to memory that is not a map value's.
	FaultMemory
	// FaultHazard is a sequence that the core forbids: a branch in a defer
	// slot, multiply steps out of order, hidden state that is gone.
	FaultHazard
	// FaultGrant is a use of a register or signal that the target does not give
	// to programs.
	FaultGrant
	// FaultExit is an exit word that means nothing.
	FaultExit
	// FaultInput is a packet that the machine cannot take.
	FaultInput
)

var faultNames = [...]string{
	"no fault", "invalid word", "ECC error", "not supported", "jump outside the code", "runaway",
	"undefined value", "undefined flags", "signal", "index register used too soon", "local memory", "packet", "memory",
	"hazard", "not the program's", "exit word", "input",
}

// String returns a few words for the kind.
func (k FaultKind) String() string {
	if int(k) < len(faultNames) {
		return faultNames[k]
	}
	return fmt.Sprintf("fault kind %d", uint8(k))
}

// Fault is the error that ends a run. Word, Addr and the line are those of the
// instruction that was executing; Word is -1 when there was none.
type Fault struct {
	Kind    FaultKind
	Word    int    // offset in the image, in words
	Addr    uint16 // control-store address
	Text    string // the instruction, as assembly
	Core    int
	Context int // context slot, 0..3
	Cycle   uint64
	Insn    int         // eBPF slot, -1 when unknown or runtime code
	Line    *image.Line // nil when the image records none
	Reason  string
}

// Error returns one line: kind, place, C line when known, and reason.
func (f *Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.Kind.String())
	if f.Word >= 0 {
		fmt.Fprintf(&b, " at word %d (.%d)", f.Word, f.Addr)
	}
	if f.Text != "" {
		fmt.Fprintf(&b, " %s", f.Text)
	}
	if f.Line != nil {
		if f.Line.File != "" {
			fmt.Fprintf(&b, ", %s:%d", f.Line.File, f.Line.LineNo)
		}
		if f.Insn >= 0 {
			fmt.Fprintf(&b, ", eBPF instruction %d", f.Insn)
			if f.Line.BPF != "" {
				fmt.Fprintf(&b, " (%s)", f.Line.BPF)
			}
		}
	}
	fmt.Fprintf(&b, ": %s", f.Reason)
	return b.String()
}

// Unwrap returns "not supported" for a fault of this kind, else nil.
func (f *Fault) Unwrap() error {
	if f.Kind == FaultUnsupported {
		return unsupported.Err
	}
	return nil
}

// Detail returns what Error returns and, on further lines, the C text and the
// cycle.
func (f *Fault) Detail() string {
	var b strings.Builder
	b.WriteString(f.Error())
	if f.Line != nil && f.Line.Text != "" {
		fmt.Fprintf(&b, "\n    %s", strings.TrimSpace(f.Line.Text))
	}
	b.WriteString("\n    ")
	if f.Core > 0 {
		fmt.Fprintf(&b, "core %d, ", f.Core)
	}
	fmt.Fprintf(&b, "context %d, cycle %d", f.Context, f.Cycle)
	return b.String()
}
