package maplayout

import "fmt"

// Array is a map of values alone:
//
//	region   +0       value 0
//	         +Stride  value 1, ...
//	behind the last   with Compared: lock of who writes values, 8 bytes
//
// The key is the index, one word. In a per-CPU array there are the values of all CPUs in
// the place of each.
type Array struct {
	Stride  uint32 // from one value to the next, in bytes
	Entries uint32
	Spin    Spin
	Copies  Copies // of each value, for each CPU
	// Compared says that there is a lock behind the values.
	Compared bool
}

// ArrayKey is the size of an array's key in bytes.
const ArrayKey = 4

// NewArray lays out an array.
func NewArray(s Shape) Array {
	c := s.copies()
	stride := c.room(s.ValueSize)
	if c.CPUs > 0 {
		stride = quickStride(stride)
	}
	return Array{Stride: stride, Entries: s.MaxEntries, Spin: s.Spin, Copies: c, Compared: s.Compared}
}

// KindArray names the layout in images.
const KindArray Kind = "array"

var _ = register(KindArray, parser{parse: parseArray})

func parseArray(s Shape, step uint32, params map[string]uint64) (Layout, error) {
	copies, err := parseCopies(KindArray, s, params)
	switch {
	case err != nil:
		return nil, err
	case s.KeySize != ArrayKey:
		return nil, fmt.Errorf("key of %d bytes, an array has %d", s.KeySize, ArrayKey)
	case step < copies.room(s.ValueSize) || step%Align != 0:
		return nil, fmt.Errorf("stride %d does not hold a value of %d bytes, for %d CPUs", step, s.ValueSize, max(copies.CPUs, 1))
	}
	a := Array{Stride: step, Entries: s.MaxEntries, Copies: copies}
	if a.Spin, err = parseSpin(KindArray, s, params); err != nil {
		return nil, err
	}
	if a.Compared, err = parseCompare(KindArray, params, a.CompareLock()); err != nil {
		return nil, err
	}
	return a, known(KindArray, params, ParamSpin, ParamCompare, ParamCPUs, ParamStep)
}

// Value returns the offset of value i.
func (a Array) Value(i uint32) uint64 { return uint64(i) * uint64(a.Stride) }

// Kind implements Layout.
func (a Array) Kind() Kind { return KindArray }

// Size implements Layout.
func (a Array) Size() uint64 {
	if a.Compared {
		return a.CompareLock() + Align
	}
	return a.Value(a.Entries)
}

// CompareLock returns the offset of the lock of an array whose values are compared.
func (a Array) CompareLock() uint64 { return a.Value(a.Entries) }

// Step implements Layout.
func (a Array) Step() uint32 { return a.Stride }

// Values implements Layout.
func (a Array) Values() Values {
	return Values{Stride: uint64(a.Stride), Copies: a.Copies, Spin: a.Spin, Compared: a.Compared, CompareLock: a.CompareLock()}
}

// Params implements Layout.
func (a Array) Params() map[string]uint64 {
	p := a.Copies.param(a.Spin.param(nil))
	if a.Compared {
		if p == nil {
			p = map[string]uint64{}
		}
		p[ParamCompare] = a.CompareLock()
	}
	return p
}
