package cli

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/internal/plots"
	"github.com/skipsw/skipsw/sim/nic"
)

// sampleEvery is how many cycles pass between two samples of utilisation.
const sampleEvery = 20_000

// benchPage makes the page of a measurement.
func benchPage(rep *benchReport) *plots.Page {
	p := &plots.Page{Title: "offload bench"}
	if len(rep.Points) > 0 {
		p.Title += " " + rep.Points[0].Program
	}
	table := [][]string{{"", "Mpps", "offered", "Gb/s", "p50 ns", "p99 ns", "p99.9 ns", "bottleneck"}}
	for i := range rep.Points {
		r := &rep.Points[i]
		where := ""
		for _, k := range sortedKeys(r.Point) {
			where += fmt.Sprintf("%s %d ", k, r.Point[k])
		}
		table = append(table, []string{
			where, fmt.Sprintf("%.2f", r.Mpps), fmt.Sprintf("%.2f", r.OfferedMpps), fmt.Sprintf("%.2f", r.Gbps),
			fmt.Sprint(r.Latency.P50), fmt.Sprint(r.Latency.P99), fmt.Sprint(r.Latency.P999), r.Bottleneck,
		})
	}
	s := plots.Section{Title: "Rates", Table: table}
	if rep.Partial {
		s.Text = fmt.Sprintf("Interrupted: these are %d of %d points.", len(rep.Points), rep.Total)
	}
	p.Sections = append(p.Sections, s)
	for _, axis := range []string{"size", "cores", "flows"} {
		if l := throughput(rep, axis); l != nil {
			p.Sections = append(p.Sections, plots.Section{Title: "Throughput by " + axis, Plot: l})
		}
	}
	for i := range rep.Points {
		r := &rep.Points[i]
		where := (&point{at: r.Point}).where()
		p.Sections = append(p.Sections,
			plots.Section{Title: "Latency" + where, Text: "From the last bit in to the last bit out.", Plot: latencies(&r.Result)},
			plots.Section{Title: "Utilisation over time" + where, Text: r.Bottleneck, Plot: utilisation(r.samples)})
		if i+1 == mostDetailed && len(rep.Points) > mostDetailed {
			p.Sections = append(p.Sections, plots.Section{Title: "Further points", Text: fmt.Sprintf("%d further points have their row above alone.", len(rep.Points)-mostDetailed)})
			break
		}
	}
	if len(rep.Points) > 0 {
		r := &rep.Points[0]
		p.Sections = append(p.Sections, plots.Section{
			Title: "Cycles by C line", Text: fmt.Sprintf("A packet alone on one core, mean of %d.", r.Alone.Packets), Plot: aloneBars(r.Alone.Lines),
		}, plots.Section{Title: "Card", Text: fmt.Sprintf("Hash of all its numbers: %s. Estimated are: %s.", r.Spec, join(r.Estimated))})
	}
	return p
}

// mostDetailed is the number of points that have plots of their own.
const mostDetailed = 12

func join(list []string) string {
	s := ""
	for i, l := range list {
		if i > 0 {
			s += "; "
		}
		s += l
	}
	return s
}

// throughput makes a line for each combination of the other axes, nil if the axis
// was not swept.
func throughput(rep *benchReport, axis string) *plots.Lines {
	l := &plots.Lines{XName: axis, YName: "Mpps"}
	for i := range rep.Points {
		x, ok := rep.Points[i].Point[axis]
		if !ok {
			return nil
		}
		if !slices.Contains(l.X, float64(x)) {
			l.X = append(l.X, float64(x))
		}
	}
	if len(l.X) < 2 {
		return nil
	}
	slices.Sort(l.X)
	lines := map[string]map[float64]float64{}
	for i := range rep.Points {
		r := &rep.Points[i]
		name := "Mpps"
		for _, k := range sortedKeys(r.Point) {
			if k != axis {
				name += fmt.Sprintf(", %s %d", k, r.Point[k])
			}
		}
		if lines[name] == nil {
			lines[name] = map[float64]float64{}
		}
		lines[name][float64(r.Point[axis])] = r.Mpps
	}
	for _, name := range sortedKeys(lines) {
		s := plots.Series{Name: name}
		for _, x := range l.X {
			s.Y = append(s.Y, lines[name][x])
		}
		l.Series = append(l.Series, s)
	}
	return l
}

func latencies(r *nic.Result) *plots.Histogram {
	h := &plots.Histogram{XName: "nanoseconds"}
	for _, b := range r.Latencies {
		h.From = append(h.From, b.From)
		h.Count = append(h.Count, float64(b.Packets))
	}
	return h
}

// utilisation makes a line for each part that was ever busy.
func utilisation(samples []nic.Sample) *plots.Lines {
	l := &plots.Lines{XName: "microseconds", YName: "busy %", Most: 100}
	if len(samples) == 0 {
		return l
	}
	for _, s := range samples {
		l.X = append(l.X, s.Seconds*1e6)
	}
	for _, part := range sortedKeys(samples[0].Utilisation) {
		line, most := plots.Series{Name: part}, 0.0
		for _, s := range samples {
			line.Y = append(line.Y, 100*s.Utilisation[part])
			most = max(most, s.Utilisation[part])
		}
		if most >= 0.01 {
			l.Series = append(l.Series, line)
		}
	}
	return l
}

func aloneBars(lines []lineCost) *plots.Stacks {
	out := &plots.Stacks{Parts: []string{"cycles a packet"}, Unit: "cycles"}
	for _, l := range lines[:min(len(lines), mostBars)] {
		name := l.Text
		if l.File != "" {
			name = fmt.Sprintf("%s:%d: %s", l.File, l.Line, l.Text)
		}
		out.Bars = append(out.Bars, plots.Bar{Name: name, Parts: []float64{l.Cycles}})
	}
	return out
}
