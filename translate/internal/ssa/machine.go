package ssa

// Machine is what a back end tells construction of the machine that programs
// run on.
type Machine struct {
	Name string // as errors say it
	// Direct says that programs address map values themselves. MapHigh is then
	// the high word of pointers to them.
	Direct  bool
	MapHigh uint32
	// Stores says that programs may store to map values. Atomics are the atomic
	// operations they may use there: add, or, and, xor, xchg, and fetch for those
	// that return the old value.
	Stores  bool
	Atomics []string
	// LengthBits is the number of bits that a packet's length may have.
	LengthBits uint8
	// PointerSet are the bits that are set in every packet pointer.
	PointerSet uint32
	// Scratch says that tc programs have the fields of their context that a
	// program may write, as memory that nobody else sees but for those of Carried.
	Scratch bool
	// Carried are fields of a tc program's context that come with the packet and stay
	// with it, with their places in the packet's description.
	Carried []Carried
	// Ingress and RxQueue are where the packet's description has the ingress
	// interface and the receive queue; nil where it has not.
	Ingress, RxQueue *Part
	// CPU is where it has the number of the CPU, nil where the card counts as one.
	CPU *Part
	// Egress is where it has the interface that the frame leaves by, for programs in
	// entries of device maps; nil where it has not.
	Egress *Part
	// Metadata is where a program says how much metadata it has made, a whole word;
	// nil where it cannot.
	Metadata *Part
	// Fragment is where the number of bytes of a frame is that lie behind its buffer, a
	// whole word, and Fragments where these are; nil where frames lie in one piece.
	Fragment  *Part
	Fragments *Fragments
	// Queue is where a program selects a queue, nil where it cannot.
	Queue *Queue
}

// Fragments is where the rest of frames lies: at the high word, and at the low word
// that the bits of Number in the packet pointer make with Low.
type Fragments struct{ High, Low, Number uint32 }

// Part is a part of a word of the packet's description.
type Part struct {
	Word      uint32
	Low, Bits uint8
}

// Carried is a field of the context and its place: a whole word, or some of its bytes.
type Carried struct {
	Field Field
	Part  Part
}

// Queue says what can be selected.
type Queue struct {
	Max        uint32 // greatest number
	OutOfRange uint32 // what stands for greater ones
}

// Part reads a part of the packet's description.
func (b *Builder) Part(p *Part) ID {
	x := b.Shift(Shr, b.Add(Value{Op: VecWord, Imm: p.Word}), uint32(p.Low))
	if p.Bits < 32 {
		x = b.And(x, 1<<p.Bits-1)
	}
	return x
}
