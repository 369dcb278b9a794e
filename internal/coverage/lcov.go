package coverage

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteLCOV writes the report as a tracefile of lcov, which genhtml, lcov and the
// services of CI read: one record a file with functions (FN, FNDA), conditions (BRDA,
// two branches a block: behind the jump and at its target) and lines (DA). test is the
// name of what ran, path says where the source of a file is.
func (r *Report) WriteLCOV(w io.Writer, test string, path func(file string) string) error {
	b := bufio.NewWriter(w)
	for k := range r.Files {
		f := &r.Files[k]
		fmt.Fprintf(b, "TN:%s\nSF:%s\n", testName(test), path(f.Name))
		for _, fn := range f.Functions {
			fmt.Fprintf(b, "FN:%d,%s\n", fn.Line, fn.Name)
		}
		for _, fn := range f.Functions {
			fmt.Fprintf(b, "FNDA:%d,%s\n", fn.Count, fn.Name)
		}
		fmt.Fprintf(b, "FNF:%d\nFNH:%d\n", len(f.Functions), f.functionsReached())
		for block, br := range f.Branches {
			for way, n := range []uint64{br.Falls, br.Jumps} {
				taken := "-" // the condition was never asked
				if br.Falls+br.Jumps > 0 {
					taken = fmt.Sprint(n)
				}
				fmt.Fprintf(b, "BRDA:%d,%d,%d,%s\n", br.Line, block, way, taken)
			}
		}
		fmt.Fprintf(b, "BRF:%d\nBRH:%d\n", 2*len(f.Branches), f.branchesReached())
		for _, l := range f.Lines {
			fmt.Fprintf(b, "DA:%d,%d\n", l.Number, l.Count)
		}
		fmt.Fprintf(b, "LF:%d\nLH:%d\nend_of_record\n", len(f.Lines), f.linesReached())
	}
	return b.Flush()
}

// testName is a name as lcov takes one: of letters, digits and underscores.
func testName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, s)
}
