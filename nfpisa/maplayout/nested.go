package maplayout

import "fmt"

// Nested is an array of maps: a word an entry.
//
//	region   +0  entry 0
//	         +4  entry 1, ...
//
// An entry holds the low word of the address of an inner map's region, 0 for
// none. All inner maps lie alike, and in memory with the same upper part of
// addresses. A hash of maps is a hash table with such words as values.
type Nested struct{ Entries uint32 }

const (
	// KindNested names the layout in images.
	KindNested Kind = "nested"
	// ParamInner is the number of the map of the image that inner maps of a map of
	// maps are like.
	ParamInner = "inner"
)

var _ = register(KindNested, parser{parse: parseNested})

// NewNested lays out an array of maps.
func NewNested(s Shape) Nested { return Nested{s.MaxEntries} }

func parseNested(s Shape, step uint32, params map[string]uint64) (Layout, error) {
	switch {
	case s.KeySize != ArrayKey || s.ValueSize != wordBytes:
		return nil, fmt.Errorf("key of %d and value of %d bytes, an array of maps has %d and %d", s.KeySize, s.ValueSize, ArrayKey, wordBytes)
	case step != wordBytes:
		return nil, fmt.Errorf("stride %d, an entry has %d bytes", step, wordBytes)
	}
	return Nested{s.MaxEntries}, known(KindNested, params, ParamInner)
}

// Entry returns the offset of entry i.
func (n Nested) Entry(i uint32) uint64 { return wordBytes * uint64(i) }

// Kind implements Layout.
func (Nested) Kind() Kind { return KindNested }

// Size implements Layout.
func (n Nested) Size() uint64 { return n.Entry(n.Entries) }

// Step implements Layout.
func (Nested) Step() uint32 { return wordBytes }

// Values implements Layout.
func (Nested) Values() Values { return Values{Stride: wordBytes} }

// Params implements Layout. The number of the inner maps is the image's.
func (Nested) Params() map[string]uint64 { return map[string]uint64{} }
