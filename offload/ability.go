package offload

import (
	"context"
	"fmt"
	"net"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Ability names what some devices can do and others not, in the words that
// follow "DEVICE cannot".
type Ability string

// The abilities, each with the interface that a device has it by.
const (
	CanHoldMaps     Ability = "hold maps"                                     // MapStore
	CanHoldPrograms Ability = "hold programs and maps in maps"                // Holder
	CanTypeMaps     Ability = "tell the types of maps"                        // MapTyper
	CanPin          Ability = "keep programs and maps by name"                // Pinner
	CanOpenPins     Ability = "open pinned programs and maps"                 // PinOpener
	CanOpenPrograms Ability = "open loaded programs by their ids"             // ProgramOpener
	CanSendEvents   Ability = "send events"                                   // EventReader
	CanCount        Ability = "tell counters"                                 // Counting
	CanListPrograms Ability = "list programs that are not attached"           // ProgramLister
	CanGiveSource   Ability = "give back the programs that it was given"      // Sourcer
	CanProfile      Ability = "watch the words of its programs"               // Profiler
	CanShowCode     Ability = "give out the code of its programs"             // CodeReader
	CanDescribe     Ability = "describe its link"                             // Describer
	CanBeSet        Ability = "be set up from here"                           // Setter
	CanTryReplace   Ability = "try whether a running program can be replaced" // ReplaceProber
	CanTakePackets  Ability = "take packets from this process"                // PacketRunner
)

// Scope says which maps or programs are meant.
type Scope uint8

// The scopes.
const (
	OnDevice   Scope = iota // those of the device
	Everywhere              // all that live where the device's do, a kernel's for example
)

// Preparer is a device that has to be made ready for a hook.
type Preparer interface {
	// Prepare returns the steps that make the hook usable, none when it is
	// already. Each step that changes the device can be undone.
	Prepare(ctx context.Context, h Hook) ([]Step, error)
}

// Tidier is a device that keeps something for its hooks when they are free.
type Tidier interface {
	// Tidy removes what attachments needed and nobody uses any more.
	Tidy(ctx context.Context) error
}

// ImageTaker is a device that runs machine code and compiles nothing itself.
// Attach and Replace compile a program for it that has no image yet.
type ImageTaker interface {
	// Target is what programs must be compiled for.
	Target() *target.Target
}

// Locker is a device that several processes change.
type Locker interface {
	// Lock waits until no other transaction runs on the device. Transactions
	// take it before they look at what is there.
	Lock(ctx context.Context) (unlock func(), err error)
}

// lock takes a device's lock, if it has one and something is to be changed.
func lock(ctx context.Context, d Device, dryRun bool) (unlock func(), err error) {
	if l, ok := d.(Locker); ok && !dryRun {
		return l.Lock(ctx)
	}
	return func() {}, nil
}

// Journaler is a device that can keep a journal of a transaction outside of
// this process, so that a transaction is undone even when the process is
// killed.
type Journaler interface {
	// Journal begins a journal.
	Journal(ctx context.Context) (Journal, error)
}

// Transient is a device that does not outlive this process.
type Transient interface {
	// Transient says how long it lives: "lives in this process only".
	Transient() string
}

// MapStore is a device with maps.
type MapStore interface {
	// NewMap makes a map where programs of the mode can use it, with its
	// initial entries. Closing it frees it unless a program or pin holds it.
	NewMap(ctx context.Context, m *object.Map, mode Mode) (Map, error)
	// OpenMap opens a map by its identity in a MapInfo.
	OpenMap(ctx context.Context, id uint32) (Map, error)
	// Maps lists maps.
	Maps(ctx context.Context, s Scope) ([]MapInfo, error)
}

// AsMapStore asks for CanHoldMaps.
func AsMapStore(d Device) (MapStore, error) { return as[MapStore](d, CanHoldMaps) }

// Holder is a device whose maps hold programs and other maps. A program array
// loses its entries when nobody holds it open or pinned, so it must be kept as
// long as a program is attached.
type Holder interface {
	// PutProgram writes an entry of a program array.
	PutProgram(array Map, index uint32, p Loaded) error
	// PutMap writes an entry of a map of maps.
	PutMap(outer Map, index uint32, inner Map) error
	// Hold returns the steps that keep program arrays of these names beyond the
	// process; array gives them once the steps run.
	Hold(names []string, array func(i int) Map) ([]Step, error)
	// Release returns the steps that end what Hold did for an attachment: before
	// are done before it goes, after when it has gone.
	Release(ctx context.Context, a Attachment) (before, after []Step, err error)
}

// AsHolder asks for CanHoldPrograms.
func AsHolder(d Device) (Holder, error) { return as[Holder](d, CanHoldPrograms) }

// MapTyper is a device that knows the types of keys and values.
type MapTyper interface {
	// MapTypes returns the types of a map; both nil where none are known.
	MapTypes(ctx context.Context, id uint32) MapTypes
}

// AsMapTyper asks for CanTypeMaps.
func AsMapTyper(d Device) (MapTyper, error) { return as[MapTyper](d, CanTypeMaps) }

// Pinner is a device whose programs and maps can be kept by name in a folder
// of the BPF file system.
type Pinner interface {
	// PinRoot is where the BPF file system is.
	PinRoot() string
	// FindPin returns the map that is pinned in a folder under a map's name, nil
	// for none. It is an error when what is pinned there is no map of this shape
	// that programs of the mode can use.
	FindPin(dir string, m *object.Map, mode Mode) (*MapInfo, error)
	// Pin returns the steps that keep a program and its maps: before makes the
	// pins under other names, after gives them their own. It is an error when a
	// name is none of a file, or when something is there that the request does
	// not own.
	Pin(r PinRequest) (before, after []Step, err error)
}

// PinRequest says what to keep and where.
type PinRequest struct {
	Dir     string // of the program; "" does not keep it
	Program string // name
	Maps    []MapPin
	// Old is the attachment that is replaced, nil for none: pins of its program
	// and maps make room.
	Old *Attachment
	// Force lets a pin of any program make room for the program.
	Force bool
	// Fresh renames what is in the way.
	Fresh bool
	// Loaded gives the program and its maps, by MapPin.Index, once the steps run.
	Loaded func() (Loaded, []Map)
}

// MapPin is a map that is to be kept.
type MapPin struct {
	Name  string
	Dir   string
	Index int // among the program's maps
	// Own marks a map whose contents are the program's own, constants for
	// example: a pin of another program's such map makes room for it.
	Own bool
}

// AsPinner asks for CanPin.
func AsPinner(d Device) (Pinner, error) { return as[Pinner](d, CanPin) }

// PinOpener is a device that opens what was pinned.
type PinOpener interface {
	// OpenPinnedMap opens a map by its file.
	OpenPinnedMap(path string) (Map, error)
	// OpenPinnedProgram opens a program by its file. It can be attached like
	// one that was just loaded.
	OpenPinnedProgram(path string) (Loaded, error)
}

// AsPinOpener asks for CanOpenPins.
func AsPinOpener(d Device) (PinOpener, error) { return as[PinOpener](d, CanOpenPins) }

// ProgramOpener is a device whose loaded programs can be opened.
type ProgramOpener interface {
	// OpenProgram opens a program by its identity in a ProgramInfo.
	OpenProgram(id uint32) (Loaded, error)
}

// AsProgramOpener asks for CanOpenPrograms.
func AsProgramOpener(d Device) (ProgramOpener, error) { return as[ProgramOpener](d, CanOpenPrograms) }

// EventReader is a device whose programs send records to the host.
type EventReader interface {
	// Events reads what programs write to a perf event array map.
	Events(ctx context.Context, mapID uint32) (Events, error)
}

// AsEventReader asks for CanSendEvents.
func AsEventReader(d Device) (EventReader, error) { return as[EventReader](d, CanSendEvents) }

// Counting is a device with counters.
type Counting interface {
	// Stats reads the device's counters.
	Stats(ctx context.Context) ([]Counter, error)
}

// AsCounting asks for CanCount.
func AsCounting(d Device) (Counting, error) { return as[Counting](d, CanCount) }

// ProgramInfo is a program in a listing.
type ProgramInfo struct {
	ID      uint32
	Type    object.Type // UnknownType for the types that are not offloaded
	Name    string
	Tag     string
	Device  string // "" for a program of the host
	Xlated  uint32 // bytes of verified instructions
	Machine uint32 // bytes of machine code
	MapIDs  []uint32
}

// ProgramLister is a device that knows programs that are not attached.
type ProgramLister interface {
	// Programs lists loaded programs. On a device with several ports they stand
	// at the port they were loaded for.
	Programs(ctx context.Context, s Scope) ([]ProgramInfo, error)
}

// AsProgramLister asks for CanListPrograms.
func AsProgramLister(d Device) (ProgramLister, error) {
	return as[ProgramLister](d, CanListPrograms)
}

// Code is the code of a loaded program.
type Code struct {
	Name    string
	Insns   []bpf.Insn    // after verification; nil when the caller may not see them
	Lines   []object.Line // C lines by slot
	Machine []byte        // the device's code, little-endian words; nil when it gives none
	Device  string        // the device it was loaded for, "" for the host
}

// CodeReader is a device that gives out what it runs.
type CodeReader interface {
	// Code reads the code of a loaded program.
	Code(ctx context.Context, id uint32) (*Code, error)
}

// AsCodeReader asks for CanShowCode.
func AsCodeReader(d Device) (CodeReader, error) { return as[CodeReader](d, CanShowCode) }

// Sourcer is a device that runs linked images and keeps what they were made of, so
// that one can be linked anew with other programs in its slots.
type Sourcer interface {
	// Source returns a loaded program with what its program arrays hold now, also
	// in Was. It has no image.
	Source(ctx context.Context, id uint32) (*Program, error)
}

// AsSourcer asks for CanGiveSource.
func AsSourcer(d Device) (Sourcer, error) { return as[Sourcer](d, CanGiveSource) }

// Feature is the state of one feature of a device.
type Feature struct {
	Active     bool
	Wanted     bool // what was asked for last, granted or not
	Changeable bool
}

// String is the state in the words of ethtool -k.
func (f Feature) String() string {
	s := "off"
	if f.Active {
		s = "on"
	}
	if !f.Changeable {
		s += " [fixed]"
	}
	return s
}

// Description is what a listing shows of a device.
type Description struct {
	Name    string
	Ifindex int // 0 for what is no interface of the kernel
	Driver  string
	Bus     string // place on the bus: "netdevsim10", "0000:01:00.0"
	Kind    string // "veth", "" for a plain device
	Up      bool
	Carrier bool // a link partner is there
	// Speed is the link's rate in Mbit/s, 0 when the driver does not tell.
	Speed   int
	MTU     uint32
	Address net.HardwareAddr
	// TCOffload is the state of hw-tc-offload.
	TCOffload Feature
	// CanOffload says that the device may take programs.
	CanOffload bool
}

// Describer is a device that tells more about itself than its name.
type Describer interface {
	// Describe describes the device and its link.
	Describe(ctx context.Context) (*Description, error)
}

// AsDescriber asks for CanDescribe.
func AsDescriber(d Device) (Describer, error) { return as[Describer](d, CanDescribe) }

// Setting is one thing of a device that can be set.
type Setting struct {
	Name   string
	Values []string // the values it takes; nil for none, {"N"} for a number
}

// Setter is a device that can be set up.
type Setter interface {
	// Settings lists what can be set.
	Settings() []Setting
	// Set sets one of Settings to one of its values, "" for one without.
	Set(ctx context.Context, name, value string) error
}

// AsSetter asks for CanBeSet.
func AsSetter(d Device) (Setter, error) { return as[Setter](d, CanBeSet) }

// ReplaceProber is a device that finds out by trying whether it replaces a
// running program without a gap.
type ReplaceProber interface {
	// ProbeReplace attaches programs that pass every packet and removes them.
	ProbeReplace(ctx context.Context) (Capability, error)
}

// AsReplaceProber asks for CanTryReplace.
func AsReplaceProber(d Device) (ReplaceProber, error) { return as[ReplaceProber](d, CanTryReplace) }

// Packet is a frame that is given to a device.
type Packet struct {
	Data []byte
	Port int // the port it comes in by, from 0 on
}

// Outcome is what a device did with a packet.
type Outcome struct {
	Program uint32 // id of the program that saw it, 0 for none
	// Type is the program's, UnknownType for none.
	Type    object.Type
	Verdict uint32 // the program's, an XDP or tc action
	// Redirect is where the frame goes when the verdict is a redirect, nil for
	// others.
	Redirect *Redirect
	Data     []byte // the frame afterwards
	Cycles   uint64 // core cycles, 0 where the device does not tell
}

// Redirect is where a redirected frame goes: to ports, each of which gets a copy,
// or to a queue of the host, and to programs at the far end. Without any it goes
// nowhere.
type Redirect struct {
	Ports []int  // from 0 on; the device need not have them
	Queue string // "cpu 1", "socket 0"; "" for none
	// Ends is what programs in entries of maps made of the frame, or of copies. A place
	// with a program is in neither Ports nor Queue.
	Ends []End
}

// End is what a program at the far end of a redirect made of a frame.
type End struct {
	Port    int    // where it is, from 0 on; -1 for a queue of the host
	Queue   string // "cpu 1"; "" for none
	Program string
	Verdict uint32 // an XDP action
	Data    []byte // the frame afterwards
	// Sent says that the frame goes on there. Aborted says that it is dropped by a
	// verdict that is an error, or because it was to go on too often; others are
	// dropped by verdict, but for those with Redirect.
	Sent, Aborted bool
	// Redirect is where it goes that was redirected again; its Ends stand behind this one.
	Redirect *Redirect
}

// PacketRunner is a device that this process gives packets to.
type PacketRunner interface {
	// RunPacket sends a packet through what is attached. A program that is
	// stopped by the device is an error.
	RunPacket(ctx context.Context, p Packet) (*Outcome, error)
}

// AsPacketRunner asks for CanTakePackets.
func AsPacketRunner(d Device) (PacketRunner, error) { return as[PacketRunner](d, CanTakePackets) }

// Reasoner is a device that says why it lacks an ability.
type Reasoner interface {
	// WhyNot returns the reason, the words that follow "because"; "" for none.
	WhyNot(a Ability) string
}

// as asks a device for an ability. The error matches ErrNotSupported.
func as[T any](d Device, a Ability) (T, error) {
	t, ok := d.(T)
	if ok {
		return t, nil
	}
	return t, Lacks(d, a)
}

// Lacks returns the error of a device that lacks an ability: "not supported:
// DEVICE cannot X, because Y".
func Lacks(d Device, a Ability) error {
	why := ""
	if r, ok := d.(Reasoner); ok {
		why = r.WhyNot(a)
	}
	if why == "" {
		why = "devices of its kind do not offer it"
	}
	return NotSupported(fmt.Sprintf("%s cannot %s", d.Name(), a), why)
}
