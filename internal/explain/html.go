package explain

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/skipsw/skipsw/translate"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what the template sees.
type page struct{ R *Report }

// HTML writes the report as one page that asks for nothing else.
func (r *Report) HTML(w io.Writer) error { return pageTemplate.Execute(w, page{r}) }

// Share says what the bars show.
func (p page) Share() string {
	if p.R.Packets > 0 {
		return "cycles, measured"
	}
	return "busy cycles, each word once"
}

// Value is the length of a line's bar, of Most.
func (p page) Value(l *Line) uint64 {
	if p.R.Packets > 0 {
		return l.Cycles
	}
	return uint64(l.Busy)
}

// Most is the length of the longest bar, at least 1.
func (p page) Most() uint64 {
	most := uint64(1)
	for _, l := range p.R.Lines {
		most = max(most, p.Value(l))
	}
	return most
}

// Extra reports whether a use is worth a note.
func (page) Extra(use string) bool { return use != "" && use != "own" }

// Sentence says a remark in words.
func (page) Sentence(k translate.Remark) string { return Sentence(&k) }
