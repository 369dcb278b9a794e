package maplayout

import "fmt"

// Array is a map of values alone:
//
//	region   +0       value 0
//	         +Stride  value 1, ...
//
// The key is the index, one word. A per-CPU array is the same, for the card
// counts as one CPU.
type Array struct {
	Stride  uint32 // from one value to the next, in bytes
	Entries uint32
	Spin    Spin
}

// ArrayKey is the size of an array's key in bytes.
const ArrayKey = 4

// NewArray lays out an array.
func NewArray(s Shape) Array { return Array{up(s.ValueSize), s.MaxEntries, s.Spin} }

// KindArray names the layout in images.
const KindArray Kind = "array"

var _ = register(KindArray, parser{parse: parseArray})

func parseArray(s Shape, step uint32, params map[string]uint64) (Layout, error) {
	switch {
	case s.KeySize != ArrayKey:
		return nil, fmt.Errorf("key of %d bytes, an array has %d", s.KeySize, ArrayKey)
	case step < NewArray(s).Stride || step%Align != 0:
		return nil, fmt.Errorf("stride %d does not hold a value of %d bytes", step, s.ValueSize)
	}
	spin, err := parseSpin(KindArray, s, params)
	if err == nil {
		err = known(KindArray, params, ParamSpin)
	}
	return Array{step, s.MaxEntries, spin}, err
}

// Value returns the offset of value i.
func (a Array) Value(i uint32) uint64 { return uint64(i) * uint64(a.Stride) }

// Kind implements Layout.
func (a Array) Kind() Kind { return KindArray }

// Size implements Layout.
func (a Array) Size() uint64 { return a.Value(a.Entries) }

// Step implements Layout.
func (a Array) Step() uint32 { return a.Stride }

// Values implements Layout.
func (a Array) Values() Values { return Values{Stride: uint64(a.Stride), Spin: a.Spin} }

// Params implements Layout.
func (a Array) Params() map[string]uint64 { return a.Spin.param(nil) }
