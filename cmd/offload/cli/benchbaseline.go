package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
)

// baselineFlags compare a measurement with an earlier one.
type baselineFlags struct {
	file, tolerance string
}

func (f *baselineFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "baseline", "", "compare with the JSON `FILE` that an earlier bench printed; exit status 1 if something is worse")
	cmd.Flags().StringVar(&f.tolerance, "tolerance", "0%", "`SHARE` by which words, cycles and rates may be worse, as 2%")
}

// share reads the tolerance.
func (f *baselineFlags) share() (float64, error) {
	number, ok := strings.CutSuffix(f.tolerance, "%")
	v, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(v >= 0 && v < 1000) {
		return 0, usagef("--tolerance %q: want a share like 2%%", f.tolerance)
	}
	return v / 100, nil
}

// read reads the baseline: nil without one.
func (f *baselineFlags) read(s *streams) (*benchReport, error) {
	if _, err := f.share(); err != nil || f.file == "" {
		return nil, err
	}
	data, err := s.read(f.file, "a baseline", infile.Result)
	if err != nil {
		return nil, err
	}
	rep, err := readBench(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", inName(f.file), err)
	}
	return rep, nil
}

// readBench reads what bench prints with --json, with a sweep or without.
func readBench(data []byte) (*benchReport, error) {
	var rep benchReport
	if err := json.Unmarshal(data, &rep); err != nil {
		return nil, err
	}
	if rep.Points == nil {
		var one benchResult
		if err := json.Unmarshal(data, &one); err != nil {
			return nil, err
		}
		rep = benchReport{Shard: 1, Shards: 1, Total: 1, Points: []benchResult{one}, Partial: one.Partial}
	}
	for i := range rep.Points {
		if rep.Points[i].Spec == "" {
			return nil, fmt.Errorf("is not what bench prints with --json: it names no card")
		}
	}
	return &rep, nil
}

// compare prints baseline and measurement side by side. It is an error if one cannot
// be held against the other, or if something is worse.
func (f *baselineFlags) compare(w io.Writer, base, now *benchReport) error {
	if base == nil {
		return nil
	}
	tolerance, err := f.share()
	if err != nil {
		return err
	}
	name := inName(f.file)
	if base.Partial || now.Partial {
		return fmt.Errorf("%s: an interrupted run cannot be compared", name)
	}
	worse := 0
	for i := range now.Points {
		r := &now.Points[i]
		at := slices.IndexFunc(base.Points, func(b benchResult) bool { return reflect.DeepEqual(b.Point, r.Point) })
		if at < 0 {
			return fmt.Errorf("%s: has no point%s", name, (&point{at: r.Point}).where())
		}
		b := &base.Points[at]
		switch {
		case b.Spec != r.Spec:
			return fmt.Errorf("%s: is of another card or target: its hash is %s, that of this one %s; measure it anew", name, b.Spec, r.Spec)
		case b.Traffic != r.Traffic:
			return fmt.Errorf("%s: is of other traffic; measure it anew", name)
		}
		worse += compareOne(w, b, r, tolerance)
	}
	if worse > 0 {
		return fmt.Errorf("%s: %d figures are worse by more than %s", name, worse, f.tolerance)
	}
	return nil
}

// compareOne prints one point and returns how many figures are worse.
func compareOne(w io.Writer, b, r *benchResult, tolerance float64) (worse int) {
	if where := (&point{at: r.Point}).where(); where != "" {
		fmt.Fprintf(w, "%s\n", strings.TrimPrefix(where, " "))
	}
	fmt.Fprintf(w, "%-8s%12s%12s%12s\n", "", "baseline", "now", "change")
	for _, m := range []struct {
		name   string
		old, v float64
		better float64 // sign of what is better
		format string
	}{
		{"words", float64(b.Words), float64(r.Words), -1, "%.0f"},
		{"cycles", b.Alone.Cycles, r.Alone.Cycles, -1, "%.1f"},
		{"Mpps", b.Mpps, r.Mpps, 1, "%.3f"},
	} {
		change := 0.0
		if m.old != m.v {
			change = (m.v - m.old) / math.Abs(m.old) // infinite from 0
		}
		verdict := ""
		if -change*m.better > tolerance {
			verdict = "  worse"
			worse++
		}
		fmt.Fprintf(w, "%-8s%12s%12s%+10.2f %%%s\n", m.name, fmt.Sprintf(m.format, m.old), fmt.Sprintf(m.format, m.v), 100*change, verdict)
	}
	for _, l := range movedLines(b.Alone.Lines, r.Alone.Lines) {
		fmt.Fprintf(w, "  %+8.1f cycles  %s\n", l.by, l.name)
	}
	return worse
}

// movedLine is a C line whose cost has changed, in cycles a packet.
type movedLine struct {
	name string
	by   float64
}

// mostMoved is how many lines are printed, and leastMoved the change from which one
// counts.
const (
	mostMoved  = 10
	leastMoved = 0.05
)

// movedLines returns the lines that moved the most, known by file and text: their
// numbers change with every edit.
func movedLines(old, now []lineCost) []movedLine {
	type key struct{ file, text string }
	by, names := map[key]float64{}, map[key]string{}
	add := func(list []lineCost, sign float64) {
		for _, l := range list {
			k := key{l.File, l.Text}
			by[k] += sign * l.Cycles
			names[k] = l.Text
			if l.File != "" {
				names[k] = fmt.Sprintf("%s:%d: %s", l.File, l.Line, l.Text)
			}
		}
	}
	add(old, -1)
	add(now, 1)
	var out []movedLine
	for k, d := range by {
		if math.Abs(d) >= leastMoved {
			out = append(out, movedLine{names[k], d})
		}
	}
	slices.SortFunc(out, func(a, b movedLine) int {
		return cmp.Or(cmp.Compare(math.Abs(b.by), math.Abs(a.by)), cmp.Compare(a.name, b.name))
	})
	return out[:min(len(out), mostMoved)]
}
