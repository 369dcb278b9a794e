package maplayout

import "fmt"

// Programs is a program array: a word a slot.
//
//	region   +0  slot 0
//	         +4  slot 1, ...
//
// A slot holds the number of a program of the image, from 1 on, or 0 for none.
// The numbers are indexes into a table of branches behind the code, so that code
// addresses stand nowhere but in code, and one write changes a slot for all cores
// that run the image.
type Programs struct {
	Entries uint32
	Count   uint32 // programs of the image
}

const (
	// KindPrograms names the layout in images.
	KindPrograms Kind = "programs"
	// ParamPrograms is the number of programs that slots may name.
	ParamPrograms = "programs"
)

var _ = register(KindPrograms, parser{parse: parsePrograms})

// NewPrograms lays out a program array of an image with count programs.
func NewPrograms(s Shape, count uint32) Programs { return Programs{s.MaxEntries, count} }

func parsePrograms(s Shape, step uint32, params map[string]uint64) (Layout, error) {
	count := params[ParamPrograms]
	switch {
	case s.KeySize != ArrayKey || s.ValueSize != wordBytes:
		return nil, fmt.Errorf("key of %d and value of %d bytes, a program array has %d and %d", s.KeySize, s.ValueSize, ArrayKey, wordBytes)
	case step != wordBytes:
		return nil, fmt.Errorf("stride %d, a slot has %d bytes", step, wordBytes)
	case count == 0 || count > 1<<16:
		return nil, fmt.Errorf("%s is %d, must be the number of programs of the image", ParamPrograms, count)
	}
	return Programs{s.MaxEntries, uint32(count)}, known(KindPrograms, params, ParamPrograms)
}

// Slot returns the offset of slot i.
func (p Programs) Slot(i uint32) uint64 { return wordBytes * uint64(i) }

// Kind implements Layout.
func (p Programs) Kind() Kind { return KindPrograms }

// Size implements Layout.
func (p Programs) Size() uint64 { return p.Slot(p.Entries) }

// Step implements Layout.
func (p Programs) Step() uint32 { return wordBytes }

// Values implements Layout.
func (p Programs) Values() Values { return Values{Stride: wordBytes} }

// Params implements Layout.
func (p Programs) Params() map[string]uint64 {
	return map[string]uint64{ParamPrograms: uint64(p.Count)}
}
