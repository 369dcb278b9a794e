// Package peer reads the corpus in testdata/peer: small eBPF programs, the
// words that the kernel's nfp JIT emits for them, and what the kernel answers
// when it runs them. Tests of the simulator, the compiler, the verifier and
// the interpreter share it.
//
// It never knows any of them; it only holds the data and says how an outcome
// differs from the kernel's.
package peer

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Bytes is a byte string, in hexadecimal in the file.
type Bytes []byte

// UnmarshalText reads hexadecimal digits.
func (h *Bytes) UnmarshalText(b []byte) error {
	*h = make([]byte, hex.DecodedLen(len(b)))
	_, err := hex.Decode(*h, b)
	return err
}

// Entry is one key of a map and its value.
type Entry struct{ Key, Value Bytes }

// Event is a record that a program sent to a perf event array, with the bytes
// of the packet that were appended.
type Event struct{ Data, Packet Bytes }

// Queue is a program's choice of a receive queue.
type Queue struct {
	Selected bool
	Value    uint8
}

// Map is a map as the program declares it. Array entries that Initial leaves
// out are zero.
type Map struct {
	Name       string
	Type       string // "hash", "array" or "perf_event_array"
	KeySize    uint32 `json:"key_size"`
	ValueSize  uint32 `json:"value_size"`
	MaxEntries uint32 `json:"max_entries"`
	Initial    []Entry
}

// Case is a program with its runs.
type Case struct {
	Name     string
	ProgType string `json:"prog_type"` // "xdp" or "sched_cls"
	EBPF     []Bytes
	Maps     []Map
	NFP      Words
	Runs     []Run
}

// Words is what the kernel's JIT makes of a program.
type Words struct {
	Words      []string
	StartOff   uint16 `json:"start_off"` // control-store address of word 0
	TgtDone    uint16 `json:"tgt_done"`  // address that ends a packet
	Helpers    map[string]uint16
	StackSize  uint32 `json:"stack_size"`
	Tids       []uint32
	MapWordUse map[string][]uint8 `json:"map_word_use"`
}

// Run is one packet and the kernel's answer. Maps start from their initial
// entries in every run.
type Run struct {
	PacketIn  Bytes `json:"packet_in"`
	Verdict   uint32
	PacketOut Bytes              `json:"packet_out"`
	MapsAfter map[string][]Entry `json:"maps_after"`
	NFPCode   string             `json:"nfp_code"` // bits 23:16 of the exit word
	Events    []Event
	Queue     *Queue // nil where the program has none to choose
	// Undefined holds ranges [from, to) of PacketOut that the program does not
	// define.
	Undefined [][2]int
	// Comparable is false where the card need not, or cannot, give this
	// answer; Why is the reason.
	Comparable bool
	Why        string
}

// Load reads corpus.json of a folder.
func Load(dir string) ([]Case, error) { return LoadFile(filepath.Join(dir, "corpus.json")) }

// LoadFile reads a file of cases.
func LoadFile(path string) ([]Case, error) {
	var cases []Case
	if err := read(path, &cases); err != nil {
		return nil, err
	}
	return cases, nil
}

// Refused is a program that the kernel's driver does not take.
type Refused struct {
	Case
	VerifierLine string `json:"verifier_line"` // the driver's line in the log
}

// LoadRefused reads refused.json of a folder.
func LoadRefused(dir string) ([]Refused, error) {
	var cases []Refused
	if err := read(filepath.Join(dir, "refused.json"), &cases); err != nil {
		return nil, err
	}
	return cases, nil
}

func read(path string, to any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
