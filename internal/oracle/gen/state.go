package gen

// kind is what the generator knows a register to hold.
type kind uint8

const (
	dead    kind = iota // not readable, or not known
	scalar              // any number
	ctx                 // the context
	pkt                 // a place in the packet
	pktEnd              // the packet's end
	stackAt             // a place in this function's stack
	memAt               // a place in a buffer that the caller owns
	mapVal              // a place in a map value
)

// reg is the abstract value of a register. An access of n bytes at
// displacement d from a pointer is allowed when lo <= off+d and
// off+d+slack+n <= the region's known size.
type reg struct {
	kind  kind
	off   int // constant part of a pointer
	slack int // largest variable part of a map-value pointer
	id    int // packet pointers: index of the range; map values: map; buffers: size
	key   int // values of hash maps: 1 more than the constant key that found it
}

const maxRanges = 48

// state is what holds at one place of a function.
type state struct {
	regs   [10]reg
	ranges [maxRanges]int // bytes proven behind each packet base
	// init tells for each byte below the frame pointer whether it holds
	// number bytes: init[k] is the byte at r10-1-k.
	init [512]bool
	// spilled holds pointers by their slot: spilled[k] is at r10-8-8k.
	spilled [64]reg
}

// join leaves what holds on both of two paths.
func (s *state) join(o *state) {
	for i := range s.regs {
		if s.regs[i] != o.regs[i] {
			s.regs[i] = reg{}
		}
	}
	for i := range s.ranges {
		s.ranges[i] = min(s.ranges[i], o.ranges[i])
	}
	for i := range s.init {
		s.init[i] = s.init[i] && o.init[i]
	}
	for i := range s.spilled {
		if s.spilled[i] != o.spilled[i] {
			s.spilled[i] = reg{}
		}
	}
}

// clobber forgets the registers that a call destroys.
func (s *state) clobber() {
	for r := 0; r <= 5; r++ {
		s.regs[r] = reg{}
	}
}

// dropPacket forgets all packet pointers: the packet has been moved.
func (s *state) dropPacket() {
	gone := func(r *reg) {
		if r.kind == pkt || r.kind == pktEnd {
			*r = reg{}
		}
	}
	for i := range s.regs {
		gone(&s.regs[i])
	}
	for i := range s.spilled {
		gone(&s.spilled[i])
	}
	s.ranges = [maxRanges]int{}
}

// setStack marks the bytes [off, off+n) as numbers. The rest of a pointer that
// they cut is not readable any more.
func (s *state) setStack(off, n int) {
	for b := off; b < off+n; b++ {
		s.spilled[(-1-b)/8] = reg{}
		s.init[-1-b] = true
	}
}

// setPointer marks the slot at off (a multiple of 8) as a spilled pointer.
func (s *state) setPointer(off int, r reg) {
	for b := off; b < off+8; b++ {
		s.init[-1-b] = false
	}
	s.spilled[(-1-off)/8] = r
}

// readable reports whether all bytes of [off, off+n) are numbers.
func (s *state) readable(off, n int) bool {
	for b := off; b < off+n; b++ {
		if b >= 0 || b < -512 || !s.init[-1-b] {
			return false
		}
	}
	return true
}
