package maplayout

import "fmt"

// Ring is a ring of values, for queues and stacks. A slot more than there are
// entries tells a full ring from an empty one.
//
//	region   +0       lock: not 0 while a change is made
//	         +8       slot that the next value goes to
//	         +12      slot of the oldest value; the same as at +8 when there is none
//	         +16      slots, one more than entries, Stride bytes apart
//
// A queue gives the oldest value out, a stack the one before the slot at +8.
type Ring struct {
	Slots  uint32 // entries and one
	Stride uint32 // from one slot to the next, in bytes
	Stack  bool
}

// KindQueue and KindStack name the layout in images.
const (
	KindQueue Kind = "queue"
	KindStack Kind = "stack"
)

var _, _ = register(KindQueue, parser{keyless: true, parse: parseRing(false)}), register(KindStack, parser{keyless: true, parse: parseRing(true)})

// Offsets in the region.
const (
	RingLock  Offset = 0
	RingHead  Offset = 8
	RingTail  Offset = 12
	RingFirst Offset = 16 // slot 0
)

// Limits of a ring. Values pass through local memory.
const (
	RingMaxValue   = 64 // bytes
	RingMaxEntries = 1 << 24
)

// NewRing lays out a queue or a stack.
func NewRing(s Shape, stack bool) Ring {
	return Ring{Slots: s.MaxEntries + 1, Stride: up(s.ValueSize), Stack: stack}
}

// CheckRing refuses a ring that cannot be served at its place.
func CheckRing(s Shape, stack bool, base uint64) error {
	r := NewRing(s, stack)
	switch {
	case s.KeySize != 0:
		return fmt.Errorf("%s with keys of %d bytes; it has none", r.Kind(), s.KeySize)
	case s.ValueSize == 0 || s.ValueSize > RingMaxValue:
		return fmt.Errorf("%s with values of %d bytes; 1 to %d are possible", r.Kind(), s.ValueSize, RingMaxValue)
	case s.MaxEntries == 0 || s.MaxEntries > RingMaxEntries:
		return fmt.Errorf("%s with %d entries; 1 to %d are possible", r.Kind(), s.MaxEntries, RingMaxEntries)
	}
	return CheckPlace(base, r.Size())
}

// parseRing takes any ring that programs could walk, whoever made it.
func parseRing(stack bool) func(s Shape, step uint32, params map[string]uint64) (Layout, error) {
	return func(s Shape, step uint32, params map[string]uint64) (Layout, error) {
		r := Ring{s.MaxEntries + 1, step, stack}
		switch {
		case s.MaxEntries == 0 || s.MaxEntries > RingMaxEntries:
			return nil, fmt.Errorf("layout %s with %d entries", r.Kind(), s.MaxEntries)
		case uint64(step) < room(s.ValueSize) || step%Align != 0:
			return nil, fmt.Errorf("layout %s with a value of %d bytes in slots of %d bytes", r.Kind(), s.ValueSize, step)
		}
		return r, known(r.Kind(), params)
	}
}

// Slot returns the offset of slot i.
func (r Ring) Slot(i uint32) uint64 { return uint64(RingFirst) + uint64(i)*uint64(r.Stride) }

// Kind implements Layout.
func (r Ring) Kind() Kind {
	if r.Stack {
		return KindStack
	}
	return KindQueue
}

// Size implements Layout.
func (r Ring) Size() uint64 { return r.Slot(r.Slots) }

// Step implements Layout.
func (r Ring) Step() uint32 { return r.Stride }

// Values implements Layout.
func (r Ring) Values() Values { return Values{First: uint64(RingFirst), Stride: uint64(r.Stride)} }

// Params implements Layout.
func (r Ring) Params() map[string]uint64 { return nil }
