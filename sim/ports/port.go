package ports

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/skipsw/skipsw/sim/traffic"
)

// MaxFrame is the most bytes of a frame, without the check sequence, which
// nobody sees here.
const MaxFrame = traffic.MaxFrame - traffic.FCS

// Frame is a frame that came in.
type Frame struct {
	Data []byte // valid during the call
	// Due is when it came in, or for a source of frames when it should have.
	Due time.Time
}

// Port is the far end of a card's cable. Receive and Send may run at once, each
// in one goroutine.
type Port interface {
	// Receive gives every frame that comes in to take, until take says no, the
	// port is closed (nil) or frames cannot come in any more. A finite port
	// returns nil behind its last frame.
	Receive(take func(f Frame) bool) error
	// Send sends a frame. An error says that this one is lost: ErrNoPeer, ErrSize
	// or another of the system.
	Send(frame []byte) error
	// Finite reports whether the port has a last frame.
	Finite() bool
	// Patient reports whether frames wait for take, so that none has to be lost.
	Patient() bool
	// Close ends Receive and Send and removes what Open has made.
	Close() error
}

// Errors of Send.
var (
	ErrNoPeer = errors.New("nobody is at the other end")
	ErrSize   = errors.New("the frame is longer than the other end takes")
)

// Options say how ports are opened.
type Options struct {
	// Paced makes sources keep to their rate, or the times of the capture;
	// otherwise they are as fast as the card takes frames.
	Paced bool
	// Force allows the interface of the default route.
	Force bool
	// UID and GID will be those of the process, when it has rights to drop:
	// sockets are theirs. -1 leaves them.
	UID, GID int
	// Log is told what happens to the port.
	Log func(format string, args ...any)
}

func (o *Options) logf(format string, args ...any) {
	if o.Log != nil {
		o.Log(format, args...)
	}
}

// fits reports whether a frame of n bytes that came in by a port can be taken, and
// says that one is dropped.
func (o *Options) fits(port string, n int) bool {
	if n > MaxFrame {
		o.logf("%s: a frame of %d bytes is dropped; ports take up to %d", port, n, MaxFrame)
	}
	return n <= MaxFrame
}

// Kind is a kind of port.
type Kind struct {
	Form  string // "unix:PATH[,client|,dgram=REMOTE]"
	Short string
	open  func(arg string, o Options) (Port, error)
}

// How ports are written whose words have several forms.
const (
	unixForm = "unix:PATH[,client|,dgram=REMOTE]"
	pcapForm = "pcap:[IN][,OUT]"
)

// kinds are the kinds of port by what stands before the colon. Those that one
// system alone has are added by its files.
var kinds = map[string]Kind{
	"unix": {
		unixForm, "QEMU's socket networking: a stream socket that waits for the other end, goes to it, or datagrams",
		openUnix,
	},
	"pcap": {pcapForm, "the frames of a capture come in; what leaves goes to OUT, a new file", openPcap},
	"gen":  {"gen:KEY=VALUE,...", "generated frames: " + genKeys(), openGen},
}

// Kinds returns the kinds of port, sorted by their form.
func Kinds() []Kind {
	var all []Kind
	for _, k := range kinds {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b Kind) int { return strings.Compare(a.Form, b.Form) })
	return all
}

// Open opens a port by its words.
func Open(words string, o Options) (Port, error) {
	name, arg, ok := strings.Cut(words, ":")
	k, known := kinds[name]
	if !known || !ok {
		var forms []string
		for _, k := range Kinds() {
			forms = append(forms, k.Form)
		}
		return nil, fmt.Errorf("port %q: ports are %s", words, strings.Join(forms, ", "))
	}
	p, err := k.open(arg, o)
	if err != nil {
		return nil, fmt.Errorf("port %q: %w", words, err)
	}
	return p, nil
}
