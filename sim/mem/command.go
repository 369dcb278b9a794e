package mem

// Op is what a command does to memory.
type Op uint8

// The operations. From AtomicRead on they are the atomic engine's.
const (
	Read Op = iota
	Write
	AtomicRead
	AtomicWrite
	Swap
	Set
	Clear
	Xor
	Add
	AddSat
	Sub
	SubSat
)

// Reads reports whether memory is only read.
func (o Op) Reads() bool { return o == Read || o == AtomicRead }

// Command is one request to a memory unit.
type Command struct {
	Op     Op
	Test   bool // the words before are returned
	Imm    bool // the operand is Operand, not words
	Wide   bool // 64-bit operand
	Little bool // first byte of memory is the least significant of a word

	Address uint64
	Bytes   uint32  // length
	Region  *Region // what it reaches, from Offset on
	Offset  uint64
	Operand uint64
	Arrival uint64 // cycle at which it comes to its unit
	Ticket  Ticket
	// Part is the place among System.Parts of what serves it, once that is known.
	Part int
}

// Ticket says who waits for a command. A unit looks at Source alone, to order
// commands that arrive in one cycle.
type Ticket struct {
	Source   uint16
	Context  uint8
	Signal   uint8
	Register uint8 // first of the transfer registers
	Held     bool  // they keep what they have until the signal is taken
	// Of the bytes that a read delivers, those from Lo to Hi are the
	// requester's; it may not use the others.
	Lo, Hi uint32
}

// Returns reports whether the reply has words.
func (c *Command) Returns() bool { return c.Op.Reads() || c.Test }

// Takes reports whether the command has words to write.
func (c *Command) Takes() bool { return !c.Op.Reads() && !c.Imm }

// MaxWords is the most words of a command.
const MaxWords = 32
