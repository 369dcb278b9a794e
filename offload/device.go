// Package offload attaches eBPF programs to devices that run them: it finds
// out what a device can do, loads programs and maps onto it, attaches,
// replaces and detaches them as transactions, and reads maps, events and
// counters.
//
// The truth about what is attached is always the device's: there is no state
// file. What a device is stands behind the small Device interface; what only
// some can do are interfaces beside it, each with one function that asks for it
// (AsMapStore and the like). Package offload/kernel implements them for network
// interfaces of the Linux kernel, offload/simdev for a simulated card in the
// process, offload/devices has both behind their names. The package never knows
// instruction encodings, nor the flags and words of the command: its errors
// carry codes (Advice). Entry points: a Registry's Open for a device,
// ReadProgram for an object file, then Attach, Replace and Detach.
//
// Stable for importers: what is here changes only with an entry in CHANGELOG.md.
package offload

import (
	"context"
	"io"
	"time"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Device is something that programs can be attached to. A vendor implements it
// for an own kind of device; package offload/devicetest tests an implementation.
// Nothing more is needed to attach, replace, list and detach programs without
// maps; further abilities are optional interfaces.
//
// Methods return errors that say what failed; an *Error where the device gave
// a reason. A device that is gone answers errors that match ErrDeviceGone.
type Device interface {
	// Name is what the user calls the device, "eth0" or "sim:card0".
	Name() string

	// Capabilities tells what the device can run.
	Capabilities(ctx context.Context) (*Capabilities, error)

	// Attached lists what is attached, as the device itself tells it.
	Attached(ctx context.Context) ([]Attachment, error)

	// Load puts a program onto the device; maps are in the order of p.Maps.
	// Closing the result frees it unless it is attached or pinned.
	Load(ctx context.Context, p *Program, mode Mode, maps []Map) (Loaded, error)

	// Attach attaches a program to a free hook; to one that is taken only by
	// force, then in the place of the program there. Without force a hook that
	// is taken is an error that matches ErrBusy.
	Attach(ctx context.Context, l Loaded, h Hook, force bool) error

	// Replace puts a program in the place of the attachment old, in one step:
	// there is no moment without a program. It fails with ErrBusy when old is
	// not there any more.
	Replace(ctx context.Context, l Loaded, old Attachment) error

	// Detach removes an attachment; one that is not there any more is an error.
	Detach(ctx context.Context, a Attachment) error

	// Close ends the use of the device and changes nothing on it.
	Close() error
}

// Loaded is a program on a device.
type Loaded interface {
	ID() uint32
	Tag() string
	// Log is what the verifier and the device said while loading.
	Log() string
	Close() error
}

// Map is a map on a device. Keys and values are bytes in the form the program
// sees. A missing entry is an error that matches fs.ErrNotExist.
type Map interface {
	Info() MapInfo
	// ValueBytes is the width of a value in Lookup and Update: ValueSize, but
	// for a per-CPU map all CPUs' values, each rounded up to 8 bytes.
	ValueBytes() int
	Lookup(key []byte) ([]byte, error)
	// Update writes an entry; flags are the kernel's: 0 any, 1 only a new
	// entry, 2 only one that exists, and with 4 (bpf.FLock) under the bpf_spin_lock
	// of the value, for maps whose values have one.
	Update(key, value []byte, flags uint64) error
	Delete(key []byte) error
	// Next returns the key after key, the first for nil, and io.EOF at the end.
	Next(key []byte) ([]byte, error)
	Close() error
}

// LockedReader is a map whose values may have a bpf_spin_lock. LookupLocked reads one as
// programs leave it, while none holds the lock; values without one are an error that
// matches syscall.EINVAL.
type LockedReader interface {
	LookupLocked(key []byte) ([]byte, error)
}

// Events is a stream of records that programs send.
type Events interface {
	// Read waits for the next record. It returns io.EOF after Close.
	Read() (Event, error)
	io.Closer
}

// Event is one record.
type Event struct {
	CPU  int
	Data []byte
	Lost uint64 // records lost before this one; Data is nil then
}

// Counter is one counter of a device.
type Counter struct {
	Group string // "link", "driver", "tc pref 1 handle 0x1", ...
	Name  string
	Value uint64
}

// MapInfo describes a map.
type MapInfo struct {
	ID   uint32 `json:"id"`
	Name string `json:"name"` // shortened to what the kernel keeps
	// FullName is the name that the object has, where the device knows it.
	FullName   string      `json:"full_name,omitempty"`
	Type       bpf.MapType `json:"type"` // a number in JSON
	KeySize    uint32      `json:"key_size"`
	ValueSize  uint32      `json:"value_size"`
	MaxEntries uint32      `json:"max_entries"`
	Flags      uint32      `json:"flags"`
	// Device is the interface the map lives on: "" for a map of the host. It
	// is "ifindex N" when the interface is in another network namespace.
	Device string `json:"device,omitempty"`
}

// Attachment is one attached program, or a filter that holds one.
type Attachment struct {
	Hook
	ID       uint32    // program's; 0 for a filter without an eBPF program
	Tag      string    // hash of the instructions, hexadecimal
	Name     string    // program's
	Filter   string    // tc: the name the filter carries
	InHW     bool      // the device runs it
	NotInHW  bool      // tc: the kernel says that the device does not run it
	Device   string    // the interface the program was loaded for, "" for none
	Link     bool      // a bpf_link holds it
	Maps     []MapInfo // of the program
	Kept     string    // where its program arrays are kept, "" for none
	LoadedAt time.Time
	Runs     uint64 // packets it has seen, where the kernel counts them
	Orphan   bool   // the device of the program is gone
}

// Capabilities is what a device can run.
type Capabilities struct {
	Device       string          `json:"device"`
	Driver       string          `json:"driver"`
	BusInfo      string          `json:"bus_info,omitempty"`
	Firmware     string          `json:"firmware,omitempty"`
	HWTCOffload  string          `json:"hw_tc_offload"` // "on", "off", "on [fixed]", "off [fixed]"
	Programs     []Capability    `json:"programs"`
	Maps         []MapCapability `json:"maps"`
	Helpers      []Capability    `json:"helpers"`
	LiveReplace  Capability      `json:"live_replace"`
	StackBytes   int             `json:"stack_bytes,omitempty"`   // 0 when the device does not tell
	ProgramWords int             `json:"program_words,omitempty"` // 0 when the device does not tell
}

// Capability says whether the device takes something, and why not.
type Capability struct {
	Name   string `json:"name"`
	ID     uint32 `json:"id"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// MapCapability is a map type with its limits on the device, 0 where the device
// does not tell.
type MapCapability struct {
	Capability
	MaxEntries uint32 `json:"max_entries,omitempty"` // the largest that was accepted
	MaxKey     uint32 `json:"max_key,omitempty"`     // bytes, likewise
	MaxValue   uint32 `json:"max_value,omitempty"`   // bytes, likewise
}
