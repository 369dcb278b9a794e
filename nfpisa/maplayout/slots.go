package maplayout

import "fmt"

// Slots is an array whose entries may be empty, for maps of the targets of
// redirects. An entry is empty when its first word is 0.
//
//	region   +0       entry 0
//	         +Stride  entry 1, ...
type Slots struct{ Array }

// NewSlots lays out an array of entries that may be empty.
func NewSlots(s Shape) Slots { return Slots{NewArray(s)} }

// KindSlots names the layout in images.
const KindSlots Kind = "slots"

var _ = register(KindSlots, parser{parse: parseSlots})

func parseSlots(s Shape, step uint32, params map[string]uint64) (Layout, error) {
	if s.ValueSize < wordBytes {
		return nil, fmt.Errorf("layout slots with values of %d bytes, which have no first word", s.ValueSize)
	}
	l, err := parseArray(s, step, params)
	if err != nil {
		return nil, err
	}
	return Slots{l.(Array)}, nil
}

// Kind implements Layout.
func (Slots) Kind() Kind { return KindSlots }
