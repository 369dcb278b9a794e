package coverage

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Totals counts what can be reached, and what was.
type Totals struct {
	Lines            int `json:"lines"`
	LinesReached     int `json:"lines_reached"`
	Branches         int `json:"branches"` // ways, two for each condition
	BranchesReached  int `json:"branches_reached"`
	Functions        int `json:"functions"`
	FunctionsReached int `json:"functions_reached"`
}

// Totals sums up a report.
func (r *Report) Totals() Totals {
	var t Totals
	for k := range r.Files {
		f := &r.Files[k]
		t.Lines += len(f.Lines)
		t.Branches += 2 * len(f.Branches)
		t.Functions += len(f.Functions)
		t.LinesReached += f.linesReached()
		t.BranchesReached += f.branchesReached()
		t.FunctionsReached += f.functionsReached()
	}
	return t
}

func (f *File) linesReached() (n int) {
	for _, l := range f.Lines {
		n += reached(l.Count)
	}
	return n
}

func (f *File) branchesReached() (n int) {
	for _, b := range f.Branches {
		n += reached(b.Falls) + reached(b.Jumps)
	}
	return n
}

func (f *File) functionsReached() (n int) {
	for _, fn := range f.Functions {
		n += reached(fn.Count)
	}
	return n
}

func reached(count uint64) int {
	if count > 0 {
		return 1
	}
	return 0
}

// Missed returns the lines that no run has reached, "acl.c:12, 15-17", and those with
// conditions that went one way only; "" for none.
func (r *Report) Missed() (lines, oneWay string) {
	var never, half []string
	for k := range r.Files {
		f := &r.Files[k]
		var n, h []int
		for _, l := range f.Lines {
			if l.Count == 0 {
				n = append(n, l.Number)
			}
		}
		for _, b := range f.Branches {
			if (b.Falls == 0) != (b.Jumps == 0) && (len(h) == 0 || h[len(h)-1] != b.Line) {
				h = append(h, b.Line)
			}
		}
		never, half = append(never, ranges(f.Name, f.near(n))...), append(half, ranges(f.Name, each(h))...)
	}
	return strings.Join(never, "; "), strings.Join(half, "; ")
}

// near joins lines between which there is no other line with code.
func (f *File) near(numbers []int) (out [][2]int) {
	code := map[int]int{} // index by number
	for k, l := range f.Lines {
		code[l.Number] = k
	}
	for k, n := range numbers {
		if k > 0 && code[n] == code[numbers[k-1]]+1 {
			out[len(out)-1][1] = n
			continue
		}
		out = append(out, [2]int{n, n})
	}
	return out
}

func each(numbers []int) (out [][2]int) {
	for _, n := range numbers {
		out = append(out, [2]int{n, n})
	}
	return out
}

// ranges returns what names lines of a file, nothing for none.
func ranges(file string, all [][2]int) []string {
	var parts []string
	for _, r := range all {
		if r[0] == r[1] {
			parts = append(parts, fmt.Sprint(r[0]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", r[0], r[1]))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{filepath.Base(file) + ":" + strings.Join(parts, ", ")}
}
