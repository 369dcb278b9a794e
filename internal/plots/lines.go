package plots

import (
	"fmt"
	"math"
	"strings"
)

// Series is a line of a plot.
type Series struct {
	Name string
	Y    []float64 // as many as X
}

// Lines are series over common places on the x axis.
type Lines struct {
	XName, YName string
	X            []float64
	Series       []Series
	Most         float64 // end of the y axis; 0 takes the largest value
}

// Sizes of plots, in pixels.
const (
	plotWidth  = 860
	plotHeight = 300
	leftEdge   = 60
	rightEdge  = 30
	bottomEdge = 45
	topEdge    = 10
	legendLine = 20
)

// ticks returns about five round numbers from 0 to at least most.
func ticks(most float64) []float64 {
	if !(most > 0) || math.IsInf(most, 0) {
		most = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most/4)))
	for _, f := range []float64{1, 2, 5, 10} {
		if most/(step*f) <= 5 {
			step *= f
			break
		}
	}
	var out []float64
	for i := 0; ; i++ {
		out = append(out, step*float64(i))
		if step*float64(i) >= most {
			return out
		}
	}
}

// number writes a value of an axis.
func number(v float64) string { return fmt.Sprintf("%.6g", v) }

// amount writes a sum at a bar.
func amount(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// frame draws axes and grid, and returns where values lie.
func frame(w *strings.Builder, xName, yName string, x0, x1 float64, ys []float64) (px, py func(float64) float64) {
	top := ys[len(ys)-1]
	if x1 <= x0 {
		x1 = x0 + 1
	}
	px = func(v float64) float64 { return leftEdge + (v-x0)/(x1-x0)*(plotWidth-leftEdge-rightEdge) }
	py = func(v float64) float64 { return topEdge + (1-v/top)*(plotHeight-topEdge-bottomEdge) }
	for _, y := range ys {
		fmt.Fprintf(w, "<line class=\"g\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text class=\"d\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%s</text>\n",
			leftEdge, plotWidth-rightEdge, py(y), py(y), leftEdge-6, py(y)+4, number(y))
	}
	fmt.Fprintf(w, "<text class=\"d\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", plotWidth-rightEdge, plotHeight-8, text(xName))
	fmt.Fprintf(w, "<text class=\"d\" transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"middle\">%s</text>\n", plotHeight/2, text(yName))
	return px, py
}

// draw implements Plot.
func (l *Lines) draw(w *strings.Builder) (width, height int) {
	most := l.Most
	for _, s := range l.Series {
		for _, y := range s.Y {
			if l.Most == 0 {
				most = max(most, y)
			}
		}
	}
	if len(l.X) == 0 {
		fmt.Fprintf(w, "<text x=\"10\" y=\"20\">nothing was measured</text>\n")
		return plotWidth, 30
	}
	px, py := frame(w, l.XName, l.YName, l.X[0], l.X[len(l.X)-1], ticks(most))
	last := math.Inf(-1)
	for _, x := range l.X {
		if px(x)-last < 45 {
			continue
		}
		last = px(x)
		fmt.Fprintf(w, "<text class=\"d\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>\n", px(x), plotHeight-bottomEdge+18, number(x))
	}
	for i, s := range l.Series {
		var points []string
		for k, y := range s.Y {
			points = append(points, fmt.Sprintf("%.1f,%.1f", px(l.X[k]), py(min(y, most))))
			fmt.Fprintf(w, "<circle class=\"f%d\" r=\"2.5\" cx=\"%.1f\" cy=\"%.1f\"><title>%s: %s at %s</title></circle>\n",
				i%8, px(l.X[k]), py(min(y, most)), text(s.Name), number(y), number(l.X[k]))
		}
		fmt.Fprintf(w, "<polyline class=\"l s%d\" points=\"%s\"/>\n", i%8, strings.Join(points, " "))
	}
	var names []string
	for _, s := range l.Series {
		names = append(names, s.Name)
	}
	return plotWidth, plotHeight + legend(w, names, plotHeight)
}

// legend draws the names of series below a plot and returns its height.
func legend(w *strings.Builder, names []string, y int) int {
	x, lines := leftEdge, 1
	for i, n := range names {
		long := 40 + 7*len([]rune(n))
		if x+long > plotWidth && x > leftEdge {
			x = leftEdge
			lines++
		}
		at := y + (lines-1)*legendLine
		fmt.Fprintf(w, "<rect class=\"f%d\" x=\"%d\" y=\"%d\" width=\"12\" height=\"12\"/><text x=\"%d\" y=\"%d\">%s</text>\n", i%8, x, at, x+17, at+11, text(n))
		x += long
	}
	return lines * legendLine
}
