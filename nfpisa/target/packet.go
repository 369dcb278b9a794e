package target

import "slices"

// Packet is what a packet pointer is: a memory address whose low bits are the
// offset in the packet's buffer and whose upper bits name the buffer.
type Packet struct {
	// Memory is the memory that packets are in.
	Memory string `json:"memory"`
	// PointerBits is the width of a packet pointer.
	PointerBits uint8 `json:"pointer_bits"`
	// PointerSet are the bits that are set in every packet pointer.
	PointerSet uint64 `json:"pointer_set"`
	// OffsetBits is the number of low bits that are the offset in the buffer.
	OffsetBits uint8 `json:"offset_bits"`
	// NumberLow is the lowest bit of the buffer's number.
	NumberLow uint8 `json:"number_low"`
	// Fragments is where the part of a frame lies that its buffer has no room for;
	// nil where there is no such place.
	Fragments *Fragments `json:"fragments,omitempty"`
}

// Fragments is memory for the rest of long frames, one piece for each packet
// buffer: that of buffer n begins at Base + n << Packet.NumberLow.
type Fragments struct {
	Memory string `json:"memory"` // by name in Target.Memories
	Base   uint64 `json:"base"`   // memory address
	Size   int    `json:"size"`   // bytes of a piece
}

// High returns the upper part of the addresses, as commands take it.
func (f *Fragments) High() uint32 { return uint32(f.Base >> 32 << 24) }

// OffsetMask returns the bits of a packet pointer that are the offset in the
// buffer.
func (p *Packet) OffsetMask() uint32 { return 1<<p.OffsetBits - 1 }

// MaxPacket returns the most bytes of a packet that the packet vector can describe:
// its buffer has no more, and its length is not greater.
func (t *Target) MaxPacket() int {
	return int(min(uint64(1)<<t.PacketVector.Length.Bits-1, 1<<t.Packet.OffsetBits))
}

// PacketVector is where the packet's description is in local memory. A field
// that is nil is not there.
type PacketVector struct {
	Words    int    `json:"words"`               // of the whole vector
	Length   Field  `json:"length"`              // packet length in bytes; other bits of its word are the firmware's
	Pointer  Field  `json:"pointer"`             // packet pointer
	QueueSet *Field `json:"queue_set,omitempty"` // set when a queue was selected
	Queue    *Queue `json:"queue,omitempty"`     // the selected queue
	Ingress  *Field `json:"ingress,omitempty"`   // ingress interface index
	RxQueue  *Field `json:"rx_queue,omitempty"`  // receive queue index
	// CPU is the number of the context on its card, below Card.Contexts; nil where the
	// card counts as one CPU.
	CPU *Field `json:"cpu,omitempty"`
	// Fragment is the bytes of the frame that lie in Packet.Fragments; nil where
	// there is no such place.
	Fragment *Field `json:"fragment,omitempty"`
	// Metadata is the bytes in front of the packet that a program has filled for the
	// host, which the firmware makes 0 before it begins; nil where there are none.
	Metadata *Field `json:"metadata,omitempty"`
	// Redirect is where a program says where its frame goes when its verdict is
	// a redirect; nil where it cannot.
	Redirect *Redirect `json:"redirect,omitempty"`
	// Egress is the interface that the frame leaves by, for a program that runs in an
	// entry of a device map; nil where none do.
	Egress *Field `json:"egress,omitempty"`
	// Skb is what comes with a frame and stays with it, for tc programs; nil where
	// nobody passes that on. Its words may be those of what only XDP programs know of.
	Skb *SkbFields `json:"skb,omitempty"`
}

// SkbFields are the fields of a tc program's context that the card keeps with the frame:
// the firmware writes them before a program begins and reads them when it has ended.
type SkbFields struct {
	Mark         Field `json:"mark"`
	Priority     Field `json:"priority"`
	QueueMapping Field `json:"queue_mapping"`
}

// of returns the vector as programs of tc, or of XDP, know it.
func (v *PacketVector) of(tc bool) PacketVector {
	own := *v
	if !tc {
		own.Skb = nil
		return own
	}
	own.Egress, own.Metadata, own.RxQueue = nil, nil, nil
	if v.Redirect != nil {
		r := *v.Redirect
		r.Program = nil
		own.Redirect = &r
	}
	return own
}

// apart reports whether no program knows of two fields both.
func (v *PacketVector) apart(one, other string) bool {
	for _, tc := range []bool{false, true} {
		own := v.of(tc)
		if names, _ := own.fields(); slices.Contains(names, one) && slices.Contains(names, other) {
			return false
		}
	}
	return true
}

// skb refuses fields of frames that programs cannot write.
func (c *checker) skb() {
	s := c.t.PacketVector.Skb
	if s == nil {
		return
	}
	if !c.t.SkbScratch {
		c.refuse("packet_vector.skb", "with skb_scratch false", "absent", "programs have no fields of the context to write to")
	}
	c.only("packet_vector.skb.mark.bits", s.Mark.Bits, uint8(32), "programs write the whole word")
	c.only("packet_vector.skb.priority.bits", s.Priority.Bits, uint8(32), "programs write the whole word")
	c.only("packet_vector.skb.queue_mapping.bits", s.QueueMapping.Bits, uint8(16), "a queue's number is as wide as in the kernel")
	if s.QueueMapping.Low%8 != 0 {
		c.refuse("packet_vector.skb.queue_mapping.low", s.QueueMapping.Low, "a multiple of 8", "programs write whole bytes")
	}
}

// Ends reports whether programs run in entries of device and CPU maps.
func (v *PacketVector) Ends() bool {
	return v.Egress != nil && v.Redirect != nil && v.Redirect.Program != nil
}

// Free returns the words of the vector that no field is in. On targets whose
// programs address map memory themselves they are the programs' while they have
// the packet; nobody reads them. tc programs have, beside those, what only XDP
// programs know of.
func (v *PacketVector) Free(tc bool) []LMWord {
	own := v.of(tc)
	var out []LMWord
	_, fields := own.fields()
	for w := range LMWord(v.Words) {
		if !slices.ContainsFunc(fields, func(f Field) bool { return f.Word == w }) {
			out = append(out, w)
		}
	}
	return out
}

// Queue is the field of the selected queue.
type Queue struct {
	Word LMWord `json:"word"`
	Low  uint8  `json:"low"`
	Bits uint8  `json:"bits"`
	// OutOfRange is the value for a queue that the field cannot hold.
	OutOfRange uint32 `json:"out_of_range"`
}

// Field returns where the queue is.
func (q *Queue) Field() Field { return Field{q.Word, q.Low, q.Bits} }

// fields lists the fields that are there, with their names.
func (v *PacketVector) fields() (names []string, fields []Field) {
	add := func(name string, f *Field) {
		if f != nil {
			names, fields = append(names, name), append(fields, *f)
		}
	}
	add("length", &v.Length)
	add("pointer", &v.Pointer)
	add("queue_set", v.QueueSet)
	if v.Queue != nil {
		f := v.Queue.Field()
		add("queue", &f)
	}
	add("ingress", v.Ingress)
	add("rx_queue", v.RxQueue)
	add("cpu", v.CPU)
	add("fragment", v.Fragment)
	add("metadata", v.Metadata)
	if v.Redirect != nil {
		add("redirect.kind", &v.Redirect.Kind)
		add("redirect.to", &v.Redirect.To)
		add("redirect.program", v.Redirect.Program)
	}
	add("egress", v.Egress)
	if s := v.Skb; s != nil {
		add("skb.mark", &s.Mark)
		add("skb.priority", &s.Priority)
		add("skb.queue_mapping", &s.QueueMapping)
	}
	return names, fields
}
