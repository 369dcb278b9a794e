package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/internal/plots"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/trace"
)

const reportHelp = "write the result as one HTML `FILE` with plots, which needs nothing else and loads nothing; - is standard output"

// runPage makes the page of a run.
func runPage(program string, img *image.Image, sum *packetrun.Summary, stalls *trace.Stalls, h *heat) *plots.Page {
	p := &plots.Page{Title: "offload run " + program}
	table := [][]string{{"", ""}, {"packets", fmt.Sprint(sum.Packets)}}
	for _, v := range sortedKeys(sum.Verdicts) {
		table = append(table, []string{v, fmt.Sprint(sum.Verdicts[v])})
	}
	if sum.Faults > 0 {
		table = append(table, []string{"faults", fmt.Sprint(sum.Faults)}, []string{"first", sum.FirstFault.Error()})
	}
	c := sum.Cycles
	table = append(table, []string{"cycles", fmt.Sprintf("min %d, mean %.1f, p50 %d, p99 %d, max %d", c.Min, c.Mean, c.P50, c.P99, c.Max)})
	s := plots.Section{Title: "Packets", Table: table}
	if sum.Partial {
		s.Text = "Interrupted: this is of a part of the packets."
	}
	counts := &plots.Histogram{XName: "cycles a packet"}
	for _, v := range slices.Sorted(maps.Keys(sum.CycleCounts)) {
		counts.From = append(counts.From, float64(v))
		counts.Count = append(counts.Count, float64(sum.CycleCounts[v]))
	}
	p.Sections = []plots.Section{
		s,
		{Title: "Latency", Text: "Cycles from the first instruction to the exit, on one core with nothing else to do.", Plot: counts},
		{Title: "Stalls by C line", Text: "Cycles of all packets and what they passed with.", Plot: stallBars(img, stalls)},
	}
	if len(h.rows) > 0 {
		p.Sections = append(p.Sections, plots.Section{Title: "Map heat", Text: "Memory commands by place in each map, from its first byte to its last.", Plot: &plots.Heat{Rows: h.rows}})
	}
	return p
}

// mostBars and mostCauses bound a plot.
const (
	mostBars   = 15
	mostCauses = 7
)

// stallBars makes a bar of each C line that took the most cycles.
func stallBars(img *image.Image, s *trace.Stalls) *plots.Stacks {
	causes, lines := map[string]uint64{}, map[string]map[string]uint64{}
	total := map[string]uint64{}
	for at, n := range s.Cycles {
		causes[at.Cause] += n
		name := trace.SymbolOf(img, at.Word)
		if l := img.LineOf(at.Word); l != nil && l.LineNo != 0 {
			name = packetrun.Place(l) + ": " + strings.TrimSpace(l.Text)
		}
		if lines[name] == nil {
			lines[name] = map[string]uint64{}
		}
		lines[name][at.Cause] += n
		total[name] += n
	}
	top := mostFirst(causes)
	out := &plots.Stacks{Unit: "cycles"}
	out.Parts = slices.Clone(top[:min(len(top), mostCauses)])
	if len(top) > mostCauses {
		out.Parts = append(out.Parts, "other")
	}
	names := mostFirst(total)
	for _, n := range names[:min(len(names), mostBars)] {
		b := plots.Bar{Name: n, Parts: make([]float64, len(out.Parts))}
		for cause, cycles := range lines[n] {
			k := slices.Index(out.Parts, cause)
			if k < 0 {
				k = len(out.Parts) - 1
			}
			b.Parts[k] += float64(cycles)
		}
		out.Bars = append(out.Bars, b)
	}
	return out
}

// mostFirst returns the keys by their values, the largest first.
func mostFirst(m map[string]uint64) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
}

// writePage writes a page to a file that a user names.
func writePage(s *streams, file string, p *plots.Page) error {
	return s.write(file, "a report", func(w io.Writer) error { return p.Write(w) })
}
