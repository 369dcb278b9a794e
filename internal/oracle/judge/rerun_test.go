package judge_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/stretchr/testify/require"
)

const found = "../../../testdata/oracle"

// judges returns all judges of our own parts.
func judges(t testing.TB) []oracle.Judge {
	t.Helper()
	v := &judge.Verifier{}
	cards, err := judge.NewCards(v, []string{"skipsw", "agilio"}, []translate.Level{translate.LevelDefault, translate.LevelNone})
	require.NoError(t, err)
	return append([]oracle.Judge{judge.Interpreter{}, v}, cards...)
}

// What once failed must not fail again.
func TestFoundFailuresStayFixed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(found, "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := judges(t)
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".yaml"), func(t *testing.T) {
			r, err := oracle.ReadCase(f)
			require.NoError(t, err)
			h := oracle.Harness{Reference: oracle.Replay{Recorded: r}, Judges: all}
			rep, err := h.Check(&r.Case)
			require.NoError(t, err)
			require.Empty(t, rep.Mismatches, "%s", r.Found)
		})
	}
}

// The recorded answers are the kernel's: it must still give them.
func TestRecordedAnswersAreTheKernels(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	isa := oracle.KernelISA()
	files, err := filepath.Glob(filepath.Join(found, "*.yaml"))
	require.NoError(t, err)
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".yaml"), func(t *testing.T) {
			r, err := oracle.ReadCase(f)
			require.NoError(t, err)
			if slices.ContainsFunc(r.Program.Insns, func(in bpf.Insn) bool { return gen.ISAOf(in) > isa }) {
				return // an old kernel: it has no answer
			}
			h := oracle.Harness{Reference: oracle.Replay{Recorded: r}, Judges: []oracle.Judge{oracle.Kernel{}}}
			rep, err := h.Check(&r.Case)
			require.NoError(t, err)
			if isa < 4 && len(rep.Mismatches) == 1 && rep.Mismatches[0].Kind == oracle.Rejects {
				return // an old kernel, whose verifier proves less
			}
			require.Empty(t, rep.Mismatches)
			require.Equal(t, r.Accept, rep.Accepted)
		})
	}
}
