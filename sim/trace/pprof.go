package trace

import (
	"io"
	"slices"

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
		k := key{symbol: SymbolOf(img, w)}
		text := ""
		if l := img.LineOf(w); l != nil && l.LineNo != 0 {
			k = key{file: l.File, line: l.LineNo}
			text = l.Text
		}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, LineCost{File: k.file, LineNo: k.line, Text: text, Symbol: SymbolOf(img, w)})
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

// SymbolOf returns the name of the program or routine that holds a word.
func SymbolOf(img *image.Image, word int) string {
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
	b := newBuilder(img)
	for word, n := range p.Count {
		if n > 0 {
			b.sample(word, n, p.Cycles[word])
		}
	}
	return b.write(w)
}
