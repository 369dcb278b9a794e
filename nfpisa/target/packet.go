package target

// Packet is what a packet pointer is: a memory address whose low bits are the
// offset in the packet's buffer and whose upper bits name the buffer.
type Packet struct {
	// Memory is the memory that packets are in.
	Memory string `yaml:"memory"`
	// PointerBits is the width of a packet pointer.
	PointerBits uint8 `yaml:"pointer_bits"`
	// PointerSet are the bits that are set in every packet pointer.
	PointerSet uint64 `yaml:"pointer_set"`
	// OffsetBits is the number of low bits that are the offset in the buffer.
	OffsetBits uint8 `yaml:"offset_bits"`
	// NumberLow is the lowest bit of the buffer's number.
	NumberLow uint8 `yaml:"number_low"`
}

// OffsetMask returns the bits of a packet pointer that are the offset in the
// buffer.
func (p *Packet) OffsetMask() uint32 { return 1<<p.OffsetBits - 1 }

// PacketVector is where the packet's description is in local memory. A field
// that is nil is not there.
type PacketVector struct {
	Words    int    `yaml:"words"`               // of the whole vector
	Length   Field  `yaml:"length"`              // packet length in bytes; other bits of its word are the firmware's
	Pointer  Field  `yaml:"pointer"`             // packet pointer
	QueueSet *Field `yaml:"queue_set,omitempty"` // set when a queue was selected
	Queue    *Queue `yaml:"queue,omitempty"`     // the selected queue
	Ingress  *Field `yaml:"ingress,omitempty"`   // ingress interface index
	RxQueue  *Field `yaml:"rx_queue,omitempty"`  // receive queue index
}

// Queue is the field of the selected queue.
type Queue struct {
	Field `yaml:",inline"`
	// OutOfRange is the value for a queue that the field cannot hold.
	OutOfRange uint32 `yaml:"out_of_range"`
}

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
		add("queue", &v.Queue.Field)
	}
	add("ingress", v.Ingress)
	add("rx_queue", v.RxQueue)
	return names, fields
}
