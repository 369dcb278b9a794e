package nfp

// Firmware is the BPF firmware of a card: programs, maps and their execution. A
// Card calls it from one goroutine.
type Firmware interface {
	// Reset forgets all programs and maps.
	Reset()
	// Load puts a program's words into the control store of a port, in the place
	// of the one before.
	Load(port int, words []uint64) error
	// Run sends a frame through the program of a port.
	Run(port int, frame []byte) Outcome
	Maps
}

// Outcome is what a program left. Its slices are valid until the next Run.
type Outcome struct {
	Exit   uint32 // the exit word, see Action and counted
	Frame  []byte
	Events []Event
	// QueueSelected and Queue are the program's choice of a receive queue.
	QueueSelected bool
	Queue         uint8
	// Err is a rule of the machine that the program broke: there is no exit word,
	// and the frame is lost.
	Err error
}

// Action is what a program wants done with a frame: bits 19:16 of its exit word.
type Action uint8

// The actions.
const (
	ActPass Action = 1 // to the host
	ActDrop Action = 2
	ActSend Action = 4 // out of the port again
)

// Action returns bits 19:16 of the exit word.
func (o *Outcome) Action() Action { return Action(o.Exit >> 16 & 15) }

// counted returns bits 23:20 of the exit word: the counters of a port that
// count the frame, a bit for each.
func (o *Outcome) counted() uint32 { return o.Exit >> 20 & 15 }

// Event is a record for the host's perf ring.
type Event struct {
	Map    uint64 // the host's number of the map
	Data   []byte
	Packet []byte
}

// Maps are the maps of the firmware, as the host's messages work on them. Keys
// and values have the sizes given to MapAlloc.
type Maps interface {
	MapAlloc(MapRequest) (id uint32, rc Status)
	MapFree(id uint32) Status
	MapSizes(id uint32) (key, value int, ok bool)
	MapLookup(id uint32, key []byte) ([]byte, Status)
	MapUpdate(id uint32, key, value []byte, flags uint32) Status
	MapDelete(id uint32, key []byte) Status
	// MapNext returns the entry after a key, the first one for nil.
	MapNext(id uint32, key []byte) (next, value []byte, rc Status)
}

// MapRequest asks for a map. Sizes are in bytes; Type is the kernel's number.
type MapRequest struct{ Key, Value, Entries, Type, Flags uint32 }

// Status is the result of a map operation (enum nfp_bpf_cmsg_status).
type Status uint32

// The results.
const (
	OK Status = iota
	ErrNoMap
	ErrNoEntry
	ErrInvalid
	ErrParse
	ErrExist
	ErrNoMemory
	ErrTooBig
)

// Wire is the far end of a port's cable. Send takes a frame that left the card;
// the slice is the callee's. It must not wait: a frame for which there is no
// room is lost.
type Wire interface {
	Send(frame []byte)
}
