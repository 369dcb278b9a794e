package plots

import (
	"fmt"
	"math"
	"strings"
)

// Histogram is how often values came, by ranges of values.
type Histogram struct {
	XName string
	// From has the beginning of each range, ascending, and Count how many values were
	// in it.
	From  []float64
	Count []float64
}

// columns is the most columns of a histogram.
const columns = 80

// draw implements Plot. Values lie on a logarithmic axis if they are far apart.
func (h *Histogram) draw(w *strings.Builder) (width, height int) {
	if len(h.From) == 0 {
		fmt.Fprintf(w, "<text x=\"10\" y=\"20\">nothing was measured</text>\n")
		return plotWidth, 30
	}
	lo, hi := h.From[0], h.From[len(h.From)-1]
	scale, back := func(v float64) float64 { return v }, func(v float64) float64 { return v }
	if lo > 0 && hi > 20*lo {
		scale, back = math.Log, math.Exp
	}
	a, b := scale(lo), scale(hi)
	if b <= a {
		b = a + 1
	}
	sums := make([]float64, columns)
	total := 0.0
	for i, v := range h.From {
		sums[min(columns-1, int((scale(v)-a)/(b-a)*columns))] += h.Count[i]
		total += h.Count[i]
	}
	most := 0.0
	for i := range sums {
		sums[i] *= 100 / max(total, 1)
		most = max(most, sums[i])
	}
	px, py := frame(w, h.XName, "% of packets", 0, columns, ticks(most))
	for i, s := range sums {
		from, to := back(a+(b-a)*float64(i)/columns), back(a+(b-a)*float64(i+1)/columns)
		if s > 0 {
			fmt.Fprintf(w, "<rect class=\"f0\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%.3g %% from %s to %s</title></rect>\n",
				px(float64(i)), py(s), px(1)-px(0)-1, py(0)-py(s), s, number(math.Round(from)), number(math.Round(to)))
		}
		if i%10 == 0 {
			fmt.Fprintf(w, "<text class=\"d\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>\n", px(float64(i)), plotHeight-bottomEdge+18, number(math.Round(from)))
		}
	}
	return plotWidth, plotHeight
}

// Bar is a row of several parts.
type Bar struct {
	Name  string
	Parts []float64 // as many as Stacks has Parts
}

// Stacks are horizontal bars made of parts.
type Stacks struct {
	Parts []string
	Unit  string
	Bars  []Bar
}

const (
	barHeight = 38
	barTop    = 16
)

// draw implements Plot.
func (s *Stacks) draw(w *strings.Builder) (width, height int) {
	most := 0.0
	for _, b := range s.Bars {
		sum := 0.0
		for _, p := range b.Parts {
			sum += p
		}
		most = max(most, sum)
	}
	for i, b := range s.Bars {
		y := i * barHeight
		x, sum := 0.0, 0.0
		fmt.Fprintf(w, "<text x=\"0\" y=\"%d\">%s</text>\n", y+12, text(b.Name))
		for k, p := range b.Parts {
			long := p / max(most, 1e-9) * (plotWidth - 90)
			if long > 0 {
				fmt.Fprintf(w, "<rect class=\"f%d\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"14\"><title>%s: %s %s</title></rect>\n",
					k%8, x, y+barTop, long, text(s.Parts[k]), number(p), text(s.Unit))
			}
			x += long
			sum += p
		}
		fmt.Fprintf(w, "<text class=\"d\" x=\"%.1f\" y=\"%d\">%s</text>\n", x+5, y+barTop+11, amount(sum))
	}
	return plotWidth, len(s.Bars)*barHeight + 4 + legend(w, s.Parts, len(s.Bars)*barHeight+4)
}

// Heat is how often the parts of things were used, from their beginning to their
// end.
type Heat struct{ Rows []HeatRow }

// HeatRow is one thing.
type HeatRow struct {
	Name  string
	Cells []uint64
}

// draw implements Plot. The scale is logarithmic: one command shows.
func (h *Heat) draw(w *strings.Builder) (width, height int) {
	most := uint64(1)
	for _, r := range h.Rows {
		for _, c := range r.Cells {
			most = max(most, c)
		}
	}
	for i, r := range h.Rows {
		y := i * barHeight
		sum := uint64(0)
		for _, c := range r.Cells {
			sum += c
		}
		fmt.Fprintf(w, "<text x=\"0\" y=\"%d\">%s <tspan class=\"d\">%d commands</tspan></text>\n", y+12, text(r.Name), sum)
		fmt.Fprintf(w, "<line class=\"g\" x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n", plotWidth, y+barTop+16, y+barTop+16)
		wide := float64(plotWidth) / float64(max(len(r.Cells), 1))
		for k, c := range r.Cells {
			if c > 0 {
				fmt.Fprintf(w, "<rect class=\"f3\" opacity=\"%.2f\" x=\"%.1f\" y=\"%d\" width=\"%.2f\" height=\"14\"><title>%d commands</title></rect>\n",
					0.15+0.85*math.Log(float64(c)+1)/math.Log(float64(most)+1), float64(k)*wide, y+barTop, wide, c)
			}
		}
	}
	return plotWidth, len(h.Rows)*barHeight + 4
}
