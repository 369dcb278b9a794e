package firmware

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/tunnel"
)

// Input is one packet and what comes with it.
type Input struct {
	// Packet is the frame, 0 bytes up to what the packet buffer holds. Any
	// memory can take the packet's place: the program sees its address and
	// length in the packet vector.
	Packet []byte
	// Program is the index into the image's programs.
	Program        int
	IngressIfindex uint32
	// EgressIfindex is the interface that the frame leaves by, for a program in an entry
	// of a device map.
	EgressIfindex uint32
	// Before is what lies in the buffer in front of a packet that another program has
	// left there, Metadata bytes of metadata at its end; nil for one that was received.
	// Linear is how much of the packet lies in the buffer then.
	Before           []byte
	Metadata, Linear int
	RxQueue          uint32
	// Skb is what a frame for a tc program comes with. Targets that pass it on to
	// nobody do not tell it to programs.
	Skb Skb
	// Tunnel is the key of the tunnel that the frame came out of; nil for none.
	// Targets without tunnel keys do not tell it to programs.
	Tunnel *tunnel.Key
}

// Skb is what stays with a frame from program to program, as the context of tc programs
// has it.
type Skb struct{ Mark, Priority, QueueMapping uint32 }

// Outcome is what a program left at its exit.
type Outcome struct {
	// Verdict is the eBPF verdict. Where the exit word is a code, it is the
	// least verdict that has the code: for tc on target agilio, pass is
	// TC_ACT_OK, drop TC_ACT_SHOT, uncounted drop TC_ACT_STOLEN.
	Verdict uint32
	// Code is the exit word.
	Code uint32
	// Packet is the frame as the program left it. It is valid until the
	// context's next packet.
	Packet []byte
	// Metadata is what the program put in front of the packet for the host. It is
	// valid as long as the packet.
	Metadata []byte
	// Before is what lies in front of the packet in its buffer, the metadata at its
	// end, valid as long as the packet. Linear is how much of the packet lies there.
	Before []byte
	Linear int
	// QueueSelected and Queue are the program's choice of a receive queue.
	QueueSelected bool
	Queue         uint8
	// Redirect is where the frame goes if the verdict is a redirect.
	Redirect Redirect
	// Tunnel is the tunnel key that the frame has if Tunnelled is true; its options
	// are valid as long as the packet. Of images none of whose programs sets one it
	// is not read.
	Tunnel    tunnel.Key
	Tunnelled bool
	// Skb is what stays with the frame of a tc program if HasSkb is true; other targets
	// forget it.
	Skb    Skb
	HasSkb bool
}

// Event is one record that the program sent to a perf event array or ring. It
// is valid until the context's next packet.
type Event struct {
	Map    uint32 // the number that the program passed: the image's map ID
	Flags  uint32 // low word of the helper's flags
	Data   []byte
	Packet []byte // packet bytes that were appended
}

// Model is the firmware around the programs of one image. A context that it
// cannot serve it ends with core.Context.Fail.
type Model interface {
	// Enter puts a context at the first word of a program with a packet in its
	// buffer.
	Enter(x *core.Context, in *Input)
	// Routines execute what programs branch to.
	core.Routines
	// Leave reads what a context left at its exit; false means that it failed
	// the context.
	Leave(x *core.Context, program int, out *Outcome) bool
	// Events returns what the context's packet has sent.
	Events(x *core.Context) []Event
}

// Costs is what the firmware's routines cost.
type Costs struct {
	LookupArray, LookupHash, Update, Delete, Event core.Cost
}

// Config is what a model is made from. The image has a target.
type Config struct {
	Image *image.Image
	Maps  []*hostmap.Map
	// Tables are maps that live apart from the image, by number. They come and
	// go between packets.
	Tables map[uint32]*hostmap.Map
	Costs  Costs
	// PacketOffset is where a received frame begins in its buffer, in bytes.
	PacketOffset int
	// Linear is how many bytes of a frame its buffer takes, for programs that take
	// frames in several pieces.
	Linear int
	// KeepRecords leaves what programs put into queues in card memory to whoever
	// drains them by hostmap.Queue; a context's Events are then none.
	KeepRecords bool
	// Cores is the number of cores that share the model.
	Cores int
}

// Maker makes a model. An error says what of the image the model has not.
type Maker func(Config) (Model, error)

// Registry is the models that a binary has, by name.
type Registry struct{ makers map[string]Maker }

// Builtin returns a registry with the models of this package.
func Builtin() *Registry {
	r := &Registry{makers: map[string]Maker{}}
	r.Register("agilio", NewAgilio)
	r.Register("skipsw", NewSkipsw)
	return r
}

// Register adds a model. A name that is taken is a mistake of the program that
// calls.
func (r *Registry) Register(name string, make Maker) {
	if r.makers[name] != nil || name == "" {
		panic(fmt.Sprintf("BUG: firmware model %q is registered twice or has no name", name))
	}
	r.makers[name] = make
}

// Names returns the names of all models, sorted.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.makers)) }

// New makes the named model.
func (r *Registry) New(name string, cfg Config) (Model, error) {
	make := r.makers[name]
	if make == nil {
		return nil, unsupported.New(fmt.Sprintf("firmware model %q", name), "this binary has "+strings.Join(r.Names(), ", "))
	}
	return make(cfg)
}
