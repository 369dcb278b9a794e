// Package offload attaches eBPF programs to devices that run them: it finds
// out what a device can do, loads programs and maps onto it, attaches,
// replaces and detaches them as transactions, and reads maps, events and
// counters.
//
// The truth about what is attached is always the device's: there is no state
// file. What a device is stands behind the Device interface; package
// offload/kernel implements it for network interfaces of the Linux kernel.
// It never knows instruction encodings. Entry points: Open for an object file,
// then Attach, Replace and Detach.
package offload

import (
	"context"
	"io"
	"time"

	"github.com/skipsw/skipsw/translate/object"
)

// Device is something that programs can be attached to. A vendor implements it
// for an own kind of device; nothing in this package asks for more.
//
// Methods return errors that say what failed; an *Error where the device gave
// a reason. A device that is gone answers errors that match ErrDeviceGone.
type Device interface {
	// Name is what the user calls the device, "eth0".
	Name() string

	// Capabilities tells what the device can run.
	Capabilities(ctx context.Context) (*Capabilities, error)

	// Attached lists what is attached, as the device itself tells it.
	Attached(ctx context.Context) ([]Attachment, error)

	// Prepare returns the steps that make the hook usable, none when it is
	// already. Each step that changes the device can be undone.
	Prepare(ctx context.Context, h Hook) ([]Step, error)

	// NewMap makes a map where programs of the mode can use it, with its
	// initial entries. Closing it frees it unless a program or pin holds it.
	NewMap(ctx context.Context, m *object.Map, mode Mode) (Map, error)

	// OpenMap opens a map by its identity in an Attachment.
	OpenMap(ctx context.Context, id uint32) (Map, error)

	// Load puts a program onto the device; maps are in the order of p.Maps.
	// Closing the result frees it unless it is attached or pinned.
	Load(ctx context.Context, p *Program, mode Mode, maps []Map) (Loaded, error)

	// Attach attaches a program to a free hook; to one that is taken only by
	// force, then in the place of the program there.
	Attach(ctx context.Context, l Loaded, h Hook, force bool) error

	// Replace puts a program in the place of the attachment old, in one step:
	// there is no moment without a program. It fails when old is not there any
	// more.
	Replace(ctx context.Context, l Loaded, old Attachment) error

	// Detach removes an attachment.
	Detach(ctx context.Context, a Attachment) error

	// Events reads what programs write to a perf event array map.
	Events(ctx context.Context, mapID uint32) (Events, error)

	// Stats reads the device's counters.
	Stats(ctx context.Context) ([]Counter, error)

	// Close ends the use of the device and changes nothing on it.
	Close() error
}

// Pinner is a device whose programs and maps can be kept by name in a folder
// of the BPF file system.
type Pinner interface {
	// Pin returns the steps that keep a program and its maps in dir: before
	// makes the pins under other names, after puts them in the place of older
	// ones. loaded gives the program and its maps once the steps run.
	Pin(dir, program string, maps []string, loaded func() (Loaded, []Map)) (before, after []Step)
}

// Journaler is a device that can keep a journal of a transaction outside of
// this process, so that a transaction is undone even when the process is
// killed.
type Journaler interface {
	// Journal begins a journal.
	Journal(ctx context.Context) (Journal, error)
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
	// entry, 2 only one that exists.
	Update(key, value []byte, flags uint64) error
	Delete(key []byte) error
	// Next returns the key after key, the first for nil, and io.EOF at the end.
	Next(key []byte) ([]byte, error)
	Close() error
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
	ID         uint32 `json:"id"`
	Name       string `json:"name"` // shortened to what the kernel keeps
	Type       uint32 `json:"type"` // enum bpf_map_type
	KeySize    uint32 `json:"key_size"`
	ValueSize  uint32 `json:"value_size"`
	MaxEntries uint32 `json:"max_entries"`
	Flags      uint32 `json:"flags"`
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
	LoadedAt time.Time
	Runs     uint64 // packets it has seen, where the kernel counts them
	Orphan   bool   // the device of the program is gone
}

// Capabilities is what a device can run.
type Capabilities struct {
	Device       string `json:"device"`
	Driver       string `json:"driver"`
	BusInfo      string `json:"bus_info,omitempty"`
	Firmware     string `json:"firmware,omitempty"`
	HWTCOffload  string `json:"hw_tc_offload"` // "on", "off", "on [fixed]", "off [fixed]"
	Programs     []Capability
	Maps         []MapCapability
	Helpers      []Capability
	LiveReplace  Capability
	StackBytes   int `json:",omitempty"` // 0 when the device does not tell
	ProgramWords int `json:",omitempty"` // 0 when the device does not tell
}

// Capability says whether the device takes something, and why not.
type Capability struct {
	Name   string `json:"name"`
	ID     uint32 `json:"id"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// MapCapability is a map type with its limits on the device.
type MapCapability struct {
	Capability
	MaxEntries uint32 `json:"max_entries,omitempty"` // the largest that was accepted
	MaxKey     uint32 `json:"max_key,omitempty"`     // bytes, likewise
	MaxValue   uint32 `json:"max_value,omitempty"`   // bytes, likewise
}
