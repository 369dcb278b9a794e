package trace

import (
	"io"

	pp "github.com/google/pprof/profile"

	"github.com/skipsw/skipsw/nfpisa/image"
)

// builder makes a pprof profile of an image's words.
type builder struct {
	img   *image.Image
	prof  *pp.Profile
	funcs map[funcKey]*pp.Function
	locs  map[int]*pp.Location
}

type funcKey struct{ name, file string }

func newBuilder(img *image.Image) *builder {
	b := &builder{img: img, funcs: map[funcKey]*pp.Function{}, locs: map[int]*pp.Location{}}
	b.prof = &pp.Profile{
		SampleType:        []*pp.ValueType{{Type: "instructions", Unit: "count"}, {Type: "cycles", Unit: "count"}},
		DefaultSampleType: "cycles",
		PeriodType:        &pp.ValueType{Type: "cycles", Unit: "count"},
		Period:            1,
		Mapping: []*pp.Mapping{{
			ID: 1, Start: uint64(img.Machine.CodeStart), Limit: uint64(img.Machine.CodeStart) + uint64(len(img.Words)),
			File: img.Target.Name, HasFunctions: true, HasFilenames: true, HasLineNumbers: true,
		}},
	}
	return b
}

// location returns a word's place.
func (b *builder) location(word int) *pp.Location {
	if loc := b.locs[word]; loc != nil {
		return loc
	}
	k := funcKey{name: SymbolOf(b.img, word)}
	line := b.img.LineOf(word)
	if line != nil {
		k.file = line.File
	}
	f := b.funcs[k]
	if f == nil {
		f = &pp.Function{ID: uint64(len(b.prof.Function) + 1), Name: k.name, SystemName: k.name, Filename: k.file}
		b.funcs[k] = f
		b.prof.Function = append(b.prof.Function, f)
	}
	loc := &pp.Location{
		ID: uint64(len(b.prof.Location) + 1), Mapping: b.prof.Mapping[0], Address: uint64(b.img.Machine.CodeStart) + uint64(word),
		Line: []pp.Line{{Function: f}},
	}
	if line != nil {
		loc.Line[0].Line, loc.Line[0].Column = int64(line.LineNo), int64(line.Column)
	}
	b.locs[word] = loc
	b.prof.Location = append(b.prof.Location, loc)
	return loc
}

// sample adds a sample of a word.
func (b *builder) sample(word int, count, cycles uint64) *pp.Sample {
	s := &pp.Sample{Location: []*pp.Location{b.location(word)}, Value: []int64{int64(count), int64(cycles)}}
	b.prof.Sample = append(b.prof.Sample, s)
	return s
}

func (b *builder) write(w io.Writer) error {
	if err := b.prof.CheckValid(); err != nil {
		panic("BUG: profile is not valid: " + err.Error())
	}
	return b.prof.Write(w)
}
