package oracle

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/translate/bug"
	"github.com/skipsw/skipsw/translate/object"
)

// Judge says what a program does. Two judges that share no code and agree are
// the point of this package.
type Judge interface {
	// Name is short and constant, such as "kernel" or "skipsw".
	Name() string
	// Load prepares a program. A *Refusal says that the judge does not take
	// it; any other error is a failure of the judge.
	Load(p *object.Program) (Loaded, error)
}

// Loaded is a program that a judge has taken. Maps keep their contents from
// packet to packet.
type Loaded interface {
	// Run runs the program on a packet. ErrCannotRun means that the judge
	// cannot be asked about this packet; any other error is a fault, something
	// that no verified program does.
	Run(packet []byte) (Run, error)
	Close()
}

// Run is what a program did with one packet. Its slices are the caller's.
type Run struct {
	// Verdict is the program's 32-bit return value.
	Verdict uint32
	// Class, if set, says that Verdict stands for a class of verdicts, which is
	// what an exit interface with codes leaves of it, and gives that of another.
	Class func(verdict uint32) uint32
	// Redirect is where the frame goes when the verdict is a redirect, as
	// RedirectText has it; "" where the judge does not say.
	Redirect string
	// Ends says what became of the frame, or of its copies, at the far ends of the
	// redirect that have programs, as EndText has it; nil where the judge does not say.
	Ends []string
	// Packet is the frame afterwards, whatever the verdict.
	Packet []byte
	// Left is the frame as it leaves, where that is another: the kernel keeps a
	// VLAN tag beside it until then. A judge that is a card has nothing else
	// (OnWire) and gives it in Packet.
	Left   []byte
	OnWire bool
	// Meta is the metadata in front of the packet.
	Meta []byte
	// Skb is what stays with the frame of a tc program; nil where the judge does not say.
	Skb *Skb
	// Maps holds the entries of each map of the program in its order, sorted
	// by key; nil for maps without comparable entries.
	Maps [][]object.Entry
	// Events holds, for each map of the program, the bytes of the records that
	// were sent to it, in their order; nil for maps that take none.
	Events [][][]byte
}

// Skb is what stays with a frame from one tc program to the next. QueueMapping is
// NoQueue of the kernel, whose test runs do not tell it.
type Skb struct{ Mark, Priority, QueueMapping uint32 }

// NoQueue is a queue mapping that is not known; no frame has it.
const NoQueue = 1<<32 - 1

// ErrCannotRun is what errors.Is finds when a judge cannot be asked about a
// packet: the kernel runs none below 14 bytes.
var ErrCannotRun = errors.New("the judge cannot run this packet")

// ErrOutside is what errors.Is finds in a fault that is an access outside the
// program's memory, or a jump outside its code: whatever unwritten bytes and
// addresses are, no safe program does that.
var ErrOutside = errors.New("outside the program's memory")

// RefusalKind says what a refusal means.
type RefusalKind uint8

// The kinds of refusal.
const (
	// Rejected programs are not proven safe. Judges must agree on that.
	Rejected RefusalKind = iota
	// NotSupported programs may be good, but are beyond what the judge can do.
	NotSupported
)

// Refusal is a judge's answer that it does not take a program.
type Refusal struct {
	Kind RefusalKind
	Err  error
}

// Error is the judge's reason.
func (r *Refusal) Error() string { return r.Err.Error() }

func (r *Refusal) Unwrap() error { return r.Err }

// guard turns a panic of a judge into an error: the campaign goes on and the
// panic is reported as any other failure.
func guard(judge string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%s panics: %v (%s)", judge, v, bug.Place())
		}
	}()
	return f()
}
