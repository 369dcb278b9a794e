package trace

import (
	"io"
	"slices"

	pp "github.com/google/pprof/profile"

	"github.com/skipsw/skipsw/nfpisa/image"
)

// LineCost is what one C line, or one stretch of runtime code, cost.
type LineCost struct {
	File   string
	LineNo uint32
	Text   string // the C line
	Symbol string // runtime routine or program the words belong to
	Words  int    // words that were executed at least once
	Count  uint64 // instructions executed
	Cycles uint64
}

// Lines adds the profile's words up by C line, the most cycles first. Words
// that the image ties to no line are added up by symbol.
func (p *Profile) Lines(img *image.Image) []LineCost {
	type key struct {
		file, symbol string
		line         uint32
	}
	at := map[key]int{}
	var out []LineCost
	for w, n := range p.Count {
		if n == 0 {
			continue
		}
		k := key{symbol: symbolOf(img, w)}
		text := ""
		if l := img.LineOf(w); l != nil && l.LineNo != 0 {
			k = key{file: l.File, line: l.LineNo}
			text = l.Text
		}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, LineCost{File: k.file, LineNo: k.line, Text: text, Symbol: symbolOf(img, w)})
		}
		out[i].Words++
		out[i].Count += n
		out[i].Cycles += p.Cycles[w]
	}
	slices.SortStableFunc(out, func(a, b LineCost) int {
		switch {
		case a.Cycles > b.Cycles:
			return -1
		case a.Cycles < b.Cycles:
			return 1
		}
		return 0
	})
	return out
}

// symbolOf returns the name of the program or routine that holds a word.
func symbolOf(img *image.Image, word int) string {
	best, name := -1, "code"
	for _, s := range img.Symbols {
		if s.Kind != image.SymLabel && int(s.Word) <= word && int(s.Word) > best && (s.Size == 0 || word < int(s.Word+s.Size)) {
			best, name = int(s.Word), s.Name
		}
	}
	if best >= 0 {
		return name
	}
	for _, p := range img.Programs {
		if int(p.Entry) <= word && int(p.Entry) > best {
			best, name = int(p.Entry), p.Name
		}
	}
	return name
}

// Write writes the counts as a gzipped pprof profile with two values a
// sample: cycles and executed instructions. Addresses are control-store
// addresses, lines are those of the C source.
func (p *Profile) Write(w io.Writer, img *image.Image) error {
	prof := &pp.Profile{
		SampleType:        []*pp.ValueType{{Type: "instructions", Unit: "count"}, {Type: "cycles", Unit: "count"}},
		DefaultSampleType: "cycles",
		PeriodType:        &pp.ValueType{Type: "cycles", Unit: "count"},
		Period:            1,
	}
	mapping := &pp.Mapping{
		ID: 1, Start: uint64(img.Machine.CodeStart), Limit: uint64(img.Machine.CodeStart) + uint64(len(img.Words)),
		File: img.Target.Name, HasFunctions: true, HasFilenames: true, HasLineNumbers: true,
	}
	prof.Mapping = []*pp.Mapping{mapping}
	type fkey struct{ name, file string }
	funcs := map[fkey]*pp.Function{}
	for word, n := range p.Count {
		if n == 0 {
			continue
		}
		k := fkey{name: symbolOf(img, word)}
		line := img.LineOf(word)
		if line != nil {
			k.file = line.File
		}
		f := funcs[k]
		if f == nil {
			f = &pp.Function{ID: uint64(len(prof.Function) + 1), Name: k.name, SystemName: k.name, Filename: k.file}
			funcs[k] = f
			prof.Function = append(prof.Function, f)
		}
		loc := &pp.Location{
			ID: uint64(len(prof.Location) + 1), Mapping: mapping, Address: uint64(img.Machine.CodeStart) + uint64(word),
			Line: []pp.Line{{Function: f}},
		}
		if line != nil {
			loc.Line[0].Line, loc.Line[0].Column = int64(line.LineNo), int64(line.Column)
		}
		prof.Location = append(prof.Location, loc)
		prof.Sample = append(prof.Sample, &pp.Sample{Location: []*pp.Location{loc}, Value: []int64{int64(n), int64(p.Cycles[word])}})
	}
	if err := prof.CheckValid(); err != nil {
		panic("BUG: profile is not valid: " + err.Error())
	}
	return prof.Write(w)
}
