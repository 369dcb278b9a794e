package plots_test

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/plots"
)

// drawn writes a page with a plot and returns the SVG's elements by name, after
// reading it by the rules of XML.
func drawn(t *testing.T, p plots.Plot) map[string]int {
	t.Helper()
	var b strings.Builder
	page := plots.Page{Title: "t", Sections: []plots.Section{{Title: "s", Plot: p}}}
	require.NoError(t, page.Write(&b))
	from, to := strings.Index(b.String(), "<svg"), strings.Index(b.String(), "</svg>")
	require.Positive(t, from)
	dec := xml.NewDecoder(strings.NewReader(b.String()[from : to+len("</svg>")]))
	out := map[string]int{}
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return out
		}
		require.NoError(t, err)
		if e, ok := tok.(xml.StartElement); ok {
			out[e.Name.Local]++
			for _, a := range e.Attr {
				require.NotContains(t, a.Value, "NaN", "%s of %s", a.Name.Local, e.Name.Local)
				require.NotContains(t, a.Value, "Inf", "%s of %s", a.Name.Local, e.Name.Local)
			}
		}
	}
}

func TestPlots(t *testing.T) {
	for _, c := range []struct {
		name    string
		plot    plots.Plot
		element string
		n       int
	}{
		{"lines", &plots.Lines{X: []float64{64, 128, 256}, Series: []plots.Series{{"a", []float64{1, 2, 3}}, {"b", []float64{0, 0, 0}}}}, "polyline", 2},
		{"points", &plots.Lines{X: []float64{64, 128, 256}, Series: []plots.Series{{"a", []float64{1, 2, 3}}}}, "circle", 3},
		{"one point", &plots.Lines{X: []float64{64}, Series: []plots.Series{{"a", []float64{1}}}}, "circle", 1},
		{"no point", &plots.Lines{}, "text", 1},
		{"nothing but zeros", &plots.Lines{X: []float64{0, 1}, Series: []plots.Series{{"a", []float64{0, 0}}}}, "polyline", 1},
		{"histogram", &plots.Histogram{From: []float64{10, 20, 5000}, Count: []float64{1, 2, 3}}, "rect", 3},
		{"histogram from 0", &plots.Histogram{From: []float64{0, 5000}, Count: []float64{1, 2}}, "rect", 2},
		{"one value", &plots.Histogram{From: []float64{7}, Count: []float64{1}}, "rect", 1},
		{"no value", &plots.Histogram{}, "text", 1},
		{"bars", &plots.Stacks{Parts: []string{"x", "y"}, Bars: []plots.Bar{{"a", []float64{1, 0}}, {"b", []float64{1, 2}}}}, "rect", 3 + 2},
		{"no bars", &plots.Stacks{}, "rect", 0},
		{"heat", &plots.Heat{Rows: []plots.HeatRow{{"m", []uint64{0, 1, 1 << 60}}, {"n", nil}}}, "rect", 2},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.n, drawn(t, c.plot)[c.element]) })
	}
}

// TestText: what comes from outside is text in every place of a page.
func TestText(t *testing.T) {
	const evil = "<b>&\"'\x00\u202e\xff"
	var b strings.Builder
	page := plots.Page{Title: evil, Sections: []plots.Section{
		{Title: evil, Text: evil, Table: [][]string{{evil}, {evil}}, Plot: &plots.Lines{XName: evil, YName: evil, X: []float64{1, 2}, Series: []plots.Series{{evil, []float64{1, 2}}}}},
		{Title: evil, Plot: &plots.Histogram{XName: evil, From: []float64{1}, Count: []float64{1}}},
		{Title: evil, Plot: &plots.Stacks{Parts: []string{evil}, Unit: evil, Bars: []plots.Bar{{evil, []float64{1}}}}},
		{Title: evil, Plot: &plots.Heat{Rows: []plots.HeatRow{{evil, []uint64{1}}}}},
	}}
	require.NoError(t, page.Write(&b))
	const want = "&lt;b&gt;&amp;&#34;&#39;\\u0000\\u202e\ufffd"
	require.NotContains(t, b.String(), "<b>")
	require.NotContains(t, b.String(), "\u202e")
	require.GreaterOrEqual(t, strings.Count(b.String(), want), 20)
	require.Contains(t, b.String(), "Content-Security-Policy\" content=\"default-src 'none';")
}
