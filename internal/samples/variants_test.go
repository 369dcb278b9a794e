package samples_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/samples"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

const dir = "../../testdata/bpf"

// levels are the builds that each sample has.
var levels = []string{"clang-22-v1", "clang-22-v2", "clang-22-v3", "clang-22-v4", "clang-v1", "clang-v2"}

// fetches are the samples that the first two levels cannot express.
var fetches = map[string]bool{"lease_bits": true, "token_bucket": true}

// TestVariantsAreWhole: each sample has each build, made of the source that is there.
func TestVariantsAreWhole(t *testing.T) {
	all, of, err := samples.Variants(dir)
	require.NoError(t, err)
	have := map[string]bool{}
	for _, v := range all {
		have[v.Build+"/"+v.Name] = true
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.c"))
	require.NoError(t, err)
	n := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		sum := sha256.Sum256(b)
		require.Equal(t, of.Sums[filepath.Base(f)], hex.EncodeToString(sum[:]), "%s is not what the variants were made of: run make -C testdata/bpf variants, then make -C testdata/bpf", f)
		name := strings.TrimSuffix(filepath.Base(f), ".c")
		for _, l := range levels {
			if old := strings.HasSuffix(l, "-v1") || strings.HasSuffix(l, "-v2"); old && fetches[name] {
				require.False(t, have[l+"/"+name])
				continue
			}
			require.True(t, have[l+"/"+name], "%s has no %s", name, l)
			n++
		}
	}
	require.Len(t, all, n, "there are variants of samples that are gone")
	require.Len(t, of.Compilers, 2)
}

// TestLevels: a variant has the instructions of its level and no later ones, and all
// levels are used.
func TestLevels(t *testing.T) {
	all, _, err := samples.Variants(dir)
	require.NoError(t, err)
	most := map[string]int{}
	for _, v := range all {
		o, err := object.LoadBytes(v.Name+".o", v.Object, object.Options{})
		require.NoError(t, err, v.Build)
		p, err := o.Program(v.Name)
		require.NoError(t, err, "%s: %s", v.Build, v.Name)
		for _, in := range p.Insns {
			l := level(in)
			require.LessOrEqual(t, l, int(v.Build[len(v.Build)-1]-'0'), "%s: %s: %s", v.Build, v.Name, in)
			most[v.Build] = max(most[v.Build], l)
		}
	}
	for _, l := range levels {
		want := int(l[len(l)-1] - '0')
		require.Equal(t, want, most[l], l)
	}
}

// level is the first one that has an instruction.
func level(in bpf.Insn) int {
	switch {
	case in.Class() == bpf.ClassLDX && in.Mode() == bpf.ModeMEMSX, in.IsALU() && in.ALUOp() == bpf.Mov && in.Off != 0,
		in.IsALU() && (in.ALUOp() == bpf.Div || in.ALUOp() == bpf.Mod) && in.Off != 0, in.Class() == bpf.ClassALU64 && in.ALUOp() == bpf.End,
		in.Class() == bpf.ClassJMP32 && in.JumpOp() == bpf.Ja:
		return 4
	case in.Class() == bpf.ClassJMP32, in.IsAtomic() && in.AtomicOp() != bpf.AtomicAdd:
		return 3
	case in.IsCompare() && (in.JumpOp() == bpf.JLt || in.JumpOp() == bpf.JLe || in.JumpOp() == bpf.JSLt || in.JumpOp() == bpf.JSLe):
		return 2
	}
	return 1
}

// TestVariantsUpToDate builds the variants again where both compilers are those of the
// archive; elsewhere the sources' sums are what is compared.
func TestVariantsUpToDate(t *testing.T) {
	want, of, err := samples.Variants(dir)
	require.NoError(t, err)
	for name, version := range of.Compilers {
		out, err := exec.Command(name, "--version").Output()
		if line, _, _ := strings.Cut(string(out), "\n"); err != nil || line != version {
			t.Logf("%s is not %q here: only the sources' sums were compared", name, version)
			return
		}
	}
	if testing.Short() {
		t.Log("-short: the variants are not built again")
		return
	}
	made := t.TempDir()
	require.NoError(t, os.CopyFS(made, os.DirFS(dir)))
	out, err := exec.Command("make", "-C", made, "variants").CombinedOutput()
	require.NoError(t, err, string(out))
	got, _, err := samples.Variants(made)
	require.NoError(t, err)
	require.Equal(t, want, got)
}
