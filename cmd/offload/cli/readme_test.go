package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadme types the commands of README's first program, and compares what
// they print with what stands there. Other compilers than clang 14 make other
// instructions; then the commands have to work.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	_, block, ok := strings.Cut(string(text), "```console\n")
	require.True(t, ok)
	block, _, ok = strings.Cut(block, "```")
	require.True(t, ok)

	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o755))
	require.NoError(t, os.Rename(filepath.Join(command(t), "offload"), filepath.Join(dir, "bin", "offload")))
	captures, err := filepath.Abs("../../../testdata")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(captures, filepath.Join(dir, "testdata")))

	version, err := exec.Command("clang", "--version").Output()
	require.NoError(t, err, "apt install clang")
	same := strings.Contains(string(version), "clang version 14.")

	steps := strings.Split(block, "\n$ ")
	steps[0] = strings.TrimPrefix(steps[0], "$ ")
	require.Len(t, steps, 5)
	require.Equal(t, "go build -o bin/offload ./cmd/offload", steps[0])
	for _, step := range steps[1:] {
		typed, want, _ := strings.Cut(step, "\n")
		if strings.Contains(typed, "<<'END'") {
			document, rest, ok := strings.Cut(want, "\nEND")
			require.True(t, ok, typed)
			typed, want = typed+"\n"+document+"\nEND\n", strings.TrimPrefix(rest, "\n")
		}
		cmd := exec.Command("sh", "-c", typed)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s\n%s", typed, out)
		if same {
			require.Equal(t, strings.TrimSpace(want), strings.TrimSpace(string(out)), typed)
		}
	}
}
