package coverage_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/coverage"
	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// twice asks the same condition in two copies of opposite operations, and calls a
// function that has code which no run can reach.
func twice() *object.Program {
	return &object.Program{
		Name: "twice", Type: object.XDP,
		Insns: []bpf.Insn{
			0:  bpf.Load(bpf.SizeW, 6, 1, 4),
			1:  bpf.Load(bpf.SizeW, 2, 1, 0),
			2:  bpf.Sub.Reg(6, 2),
			3:  bpf.Mov.Imm(0, 1),
			4:  bpf.JLt.Imm(6, 60, 1),
			5:  bpf.CallFunc(3),
			6:  bpf.JGe.Imm(6, 60, 1),
			7:  bpf.Mov.Imm(0, 5),
			8:  bpf.Return(),
			9:  bpf.Mov.Imm(0, 2),
			10: bpf.JEq.Imm(0, 3, 1),
			11: bpf.Return(),
			12: bpf.Mov.Imm(0, 9),
			13: bpf.Return(),
		},
		Funcs: []object.Func{{Name: "twice", Start: 0}, {Name: "answer", Start: 9}},
		Lines: []object.Line{
			{Slot: 0, File: "./twice.c", LineNo: 10, Column: 1, Text: "\tvoid *data ="},
			{Slot: 4, File: "./twice.c", LineNo: 12, Column: 5, Text: "\tif (len < 60)"},
			{Slot: 5, File: "./twice.c", LineNo: 13, Column: 1, Text: "\t\tr = answer();"},
			{Slot: 6, File: "./twice.c", LineNo: 12, Column: 5, Text: "\tif (len < 60)"},
			{Slot: 7, File: "./twice.c", LineNo: 15, Column: 1, Text: "\t\tr = 5;"},
			{Slot: 8, File: "./twice.c", LineNo: 16, Column: 1, Text: "\treturn r;"},
			{Slot: 9, File: "./answer.h", LineNo: 20, Column: 1, Text: "\tint r = 2;"},
			{Slot: 10, File: "./answer.h", LineNo: 21, Column: 1, Text: "\tif (r == 3)"},
			{Slot: 12, File: "./answer.h", LineNo: 22, Column: 1, Text: "\t\tr = 9;"},
		},
	}
}

func reportOf(t *testing.T, p *object.Program, lengths ...int) *coverage.Report {
	c, err := coverage.New(p)
	require.NoError(t, err)
	vm, err := c.VM(ebpf.Options{})
	require.NoError(t, err)
	for _, n := range lengths {
		_, err := vm.Run(ebpf.Input{Packet: make([]byte, n)})
		require.NoError(t, err)
	}
	return c.Report()
}

// TestReport has the counts of a program by hand.
func TestReport(t *testing.T) {
	r := reportOf(t, twice(), 60, 60, 20)
	require.Equal(t, &coverage.Report{Files: []coverage.File{
		{
			Name:      "./answer.h",
			Lines:     []coverage.Line{{20, 2, "int r = 2;"}, {21, 2, "if (r == 3)"}},
			Branches:  []coverage.Branch{},
			Functions: []coverage.Function{{"answer", 20, 2}},
		},
		{
			Name:      "./twice.c",
			Lines:     []coverage.Line{{10, 3, "void *data ="}, {12, 3, "if (len < 60)"}, {13, 2, "r = answer();"}, {15, 1, "r = 5;"}, {16, 3, "return r;"}},
			Branches:  []coverage.Branch{{12, 5, "if (len < 60)", 2, 4}},
			Functions: []coverage.Function{{"twice", 10, 3}},
		},
	}}, r)
	require.Equal(t, coverage.Totals{Lines: 7, LinesReached: 7, Branches: 2, BranchesReached: 2, Functions: 2, FunctionsReached: 2}, r.Totals())

	r = reportOf(t, twice(), 20)
	never, oneWay := r.Missed()
	require.Equal(t, "answer.h:20-21; twice.c:13", never)
	require.Equal(t, "twice.c:12", oneWay)
	require.Equal(t, coverage.Totals{Lines: 7, LinesReached: 4, Branches: 2, BranchesReached: 1, Functions: 2, FunctionsReached: 1}, r.Totals())

	never, oneWay = reportOf(t, twice()).Missed()
	require.Equal(t, "answer.h:20-21; twice.c:10-16", never)
	require.Empty(t, oneWay)
}

// TestUnsafe: what is not proven is not counted.
func TestUnsafe(t *testing.T) {
	_, err := coverage.New(&object.Program{Name: "bad", Type: object.XDP, Insns: []bpf.Insn{bpf.Return()}})
	require.ErrorContains(t, err, "bad")
}

// TestLCOV compares the tracefile with one written by hand, and has lcov read it.
func TestLCOV(t *testing.T) {
	var b strings.Builder
	r := reportOf(t, twice(), 20)
	require.NoError(t, r.WriteLCOV(&b, "a-test", func(f string) string { return "/src/" + filepath.Base(f) }))
	require.Equal(t, `TN:a_test
SF:/src/answer.h
FN:20,answer
FNDA:0,answer
FNF:1
FNH:0
BRF:0
BRH:0
DA:20,0
DA:21,0
LF:2
LH:0
end_of_record
TN:a_test
SF:/src/twice.c
FN:10,twice
FNDA:1,twice
FNF:1
FNH:1
BRDA:12,0,0,2
BRDA:12,0,1,0
BRF:2
BRH:1
DA:10,1
DA:12,1
DA:13,0
DA:15,1
DA:16,1
LF:5
LH:4
end_of_record
`, b.String())

	_, err := exec.LookPath("lcov")
	require.NoError(t, err, "lcov reads the file: make deps installs it")
	file := filepath.Join(t.TempDir(), "c.info")
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
	out, err := exec.Command("lcov", "--summary", file, "--rc", "lcov_branch_coverage=1").CombinedOutput()
	require.NoError(t, err, string(out))
	for _, want := range []string{"(4 of 7 lines)", "(1 of 2 functions)", "(1 of 2 branches)"} {
		require.Contains(t, string(out), want)
	}
}
